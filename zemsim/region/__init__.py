"""Region: files to checked tables to :class:`~zemsim.region.region.Region`; the embedded packs; what makes them.

``load_region``, ``Region`` and ``describe`` are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zemsim.core.lazy import lazy_names

_HOME = {
    "Region": "zemsim.region.region",
    "load_region": "zemsim.region.region",
    "embedded_packs": "zemsim.region.region",
    "standing_region": "zemsim.region.region",
    "describe": "zemsim.region.summary",
}

__all__ = ["Region", "describe", "embedded_packs", "load_region", "standing_region"]

if TYPE_CHECKING:
    from zemsim.region.region import Region, embedded_packs, load_region, standing_region
    from zemsim.region.summary import describe

__getattr__, __dir__ = lazy_names(globals(), _HOME)
