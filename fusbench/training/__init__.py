"""The training loop, in NumPy, for every backend."""
