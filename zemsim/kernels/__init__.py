"""Numba kernels: arrays in, arrays out; no pandas, no Mesa, no files."""
