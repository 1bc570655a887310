"""Calibration: constants that are fitted to targets, on the model below."""
