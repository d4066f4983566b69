"""What a model is, where models come from, and the baselines that every table shows."""
