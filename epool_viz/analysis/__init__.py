"""What follows from kernels, networks and sequences together: readings, known motifs, sites. No widget, no torch."""
