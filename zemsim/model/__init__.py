"""The Mesa model: residents, households, stations, operators, municipalities, and the ordered day and year."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'zemsim.model' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value
