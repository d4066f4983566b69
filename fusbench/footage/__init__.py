"""Frames with their times, out of video files, DICOM and pictures."""
