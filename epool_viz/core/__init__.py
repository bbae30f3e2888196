"""The mathematics: pure functions over NumPy arrays and torch tensors alike. No files, no drawing, no state.

    alphabet -> motifs -> kernels -> scan -> posterior -> pooling -> trace

Axis order is always (..., letter, position). Logarithms are natural inside; bits appear only in information content.
"""
