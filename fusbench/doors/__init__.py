"""The doors by which a model comes in: its name, its Python file."""
