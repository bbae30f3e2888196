"""Arrays in, picture out. No module here computes a number."""
