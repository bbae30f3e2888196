"""The logos of all kernels of a model."""
