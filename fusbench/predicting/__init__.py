"""Densities for footage without gaze: videos, and frames as they come."""
