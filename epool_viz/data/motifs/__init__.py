"""Motifs: read, written, found in JASPAR."""
