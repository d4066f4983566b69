"""Scans, clips, windows and gaze: the data set and its way into a model."""
