"""The dashboard that shows attribution heuristics beside the exact reading."""
