"""Numba kernels: arrays in, arrays out; no pandas, no Mesa, no files."""

from zemsim.kernels import compile_cache

compile_cache.use()
