"""Runs against a reference run: differences by scan and by parts of the data."""
