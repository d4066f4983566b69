"""The phantom: synthetic first-trimester ultrasound clips with simulated sonographer gaze."""
