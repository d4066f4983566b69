"""Intervals over scans, tests on scan means, and variance between seeds."""
