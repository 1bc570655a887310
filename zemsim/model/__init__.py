"""The Mesa model: residents, households, stations, operators, municipalities, and the ordered day and year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zemsim.core.lazy import lazy_names

_HOME = {
    "MobilityModel": "zemsim.model.model",
    "Resident": "zemsim.model.agents",
    "build_model": "zemsim.model.build",
}

__all__ = ["MobilityModel", "Resident", "build_model"]

if TYPE_CHECKING:
    from zemsim.model.agents import Resident
    from zemsim.model.build import build_model
    from zemsim.model.model import MobilityModel

__getattr__, __dir__ = lazy_names(globals(), _HOME)
