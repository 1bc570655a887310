"""Who lives in the region, where they live, work and learn, and the tours they make on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zemsim.core.lazy import lazy_names

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

__getattr__, __dir__ = lazy_names(globals(), _HOME)
