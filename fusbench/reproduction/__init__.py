"""The reference paper's tables, figure and claims, set beside one's own runs."""
