"""Arrays in, picture out. Nothing here computes a number of its own."""
