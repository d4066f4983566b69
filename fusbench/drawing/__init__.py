"""Pictures: frames, overlays, outlines."""
