"""Read first-layer kernels of model files, without the frameworks that wrote them and without running them."""
