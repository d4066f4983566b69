"""Real recordings in: video and an eye tracker's file become clips of a data set folder."""
