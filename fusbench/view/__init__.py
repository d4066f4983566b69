"""Looking: one self-contained HTML page with clips, gaze, empirical and predicted maps, scores."""
