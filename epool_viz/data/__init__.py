"""Data of files and packages: sequences, motifs, networks, bundled examples."""
