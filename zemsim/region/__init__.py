"""Region: files to checked tables to :class:`~zemsim.region.region.Region`; the embedded packs; what makes them.

``load_region``, ``Region`` and ``describe`` are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOME = {"Region": "region", "load_region": "region", "embedded_packs": "region", "describe": "summary"}

__all__ = ["Region", "describe", "embedded_packs", "load_region"]

if TYPE_CHECKING:
    from zemsim.region.region import Region, embedded_packs, load_region
    from zemsim.region.summary import describe


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'zemsim.region' has no attribute {name!r}")
    return getattr(import_module(f"zemsim.region.{_HOME[name]}"), name)
