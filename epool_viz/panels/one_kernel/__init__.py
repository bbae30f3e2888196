"""The state of one kernel on one sequence, which *One E-step* and *A kernel is a PWM* both show."""
