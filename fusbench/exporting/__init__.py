"""Data sets written for other programs."""
