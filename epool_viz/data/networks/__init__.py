"""First-layer kernels of other people's models, read without the frameworks that made them and without running them."""
