"""The E-step of one kernel on one sequence, stage by stage."""
