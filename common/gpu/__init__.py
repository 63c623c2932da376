"""What runs on a GPU otherwise than as NumPy's functions handed to CuPy: fused kernels. docs/gpu.md."""
