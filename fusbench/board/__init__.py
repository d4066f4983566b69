"""Leaderboards: results under one set of rules, sorted, tested, and drawn as tables and a page."""
