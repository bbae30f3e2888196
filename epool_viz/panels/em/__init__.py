"""EM, one step at a time."""
