"""Slow twins of the road kernels; they live in the package, where `zemsim check` uses them too."""

from __future__ import annotations

from zemsim.verification.twins.roads import Link, arcs, shortest

__all__ = ["Link", "arcs", "shortest"]
