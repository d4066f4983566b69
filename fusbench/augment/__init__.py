"""Augmentation of windows and their gaze: policies are drawn once a window and can be replayed."""
