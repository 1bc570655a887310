"""Earliest arrivals with any number of vehicles; the twin lives in the package, where `zemsim check` uses it too."""

from __future__ import annotations

from zemsim.verification.twins.transit import earliest_arrivals

__all__ = ["earliest_arrivals"]
