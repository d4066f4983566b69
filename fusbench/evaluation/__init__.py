"""The straight line: from a model and a split to scores that are kept."""
