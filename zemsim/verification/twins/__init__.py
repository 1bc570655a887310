"""Slow and obvious twins of kernels: plain Python, one thing after another, written from the formulas."""
