"""Who lives in the region, where they live, work and learn, and the tours they make on a day."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOME = {
    "Population": "zemsim.population.tables",
    "synthesise": "zemsim.population.synthesis",
    "margins_report": "zemsim.population.margins",
    "make_tours": "zemsim.population.tours",
    "tours_report": "zemsim.population.tours_report",
}

__all__ = ["Population", "make_tours", "margins_report", "synthesise", "tours_report"]

if TYPE_CHECKING:
    from zemsim.population.margins import margins_report
    from zemsim.population.synthesis import synthesise
    from zemsim.population.tables import Population
    from zemsim.population.tours import make_tours
    from zemsim.population.tours_report import tours_report


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'zemsim.population' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
