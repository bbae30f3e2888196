"""What comes from files and packages: sequences, motifs, bundled examples."""
