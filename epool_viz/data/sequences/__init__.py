"""Sets of DNA, RNA and protein sequences: read, written, simulated, fetched."""
