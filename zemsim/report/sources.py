"""Gathers what a page needs from a run folder and the region pack it names; what is missing is None, and is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zemsim.core.errors import ZemsimError
from zemsim.report.results import Results, RunLike

if TYPE_CHECKING:
    import pandas as pd

    from zemsim.report.map import RegionLike


@dataclass(frozen=True)
class Inputs:
    """What :func:`zemsim.report.page.render` shows.

    Attributes
    ----------
    results : Results
    region : RegionLike or None
        Zones, outline and chargers for the map; None if the pack is not found.
    facts : DataFrame or None
        The baseline against facts: ``indicator, unit, model, target, difference, source`` and titles.
    extra_sites : mapping of str to list of (x_m, y_m)
        By policy: charging sites that it adds, EPSG:3035.
    """

    results: Results
    region: RegionLike | None = None
    facts: pd.DataFrame | None = None
    extra_sites: Mapping[str, list[tuple[float, float]]] = field(default_factory=dict)
    package: Mapping[str, Any] = field(default_factory=dict)


def gather(run: RunLike) -> Inputs:
    """Read everything that the page shows of ``run``."""
    from zemsim.experiment.compare import headline

    results = Results(run.manifest, run.indicators, headline(run), run.verdicts)
    region = _region(run.manifest)
    return Inputs(results, region)


def _region(manifest: Mapping[str, Any]) -> Any:
    from zemsim.region import load_region

    stated = manifest.get("region") or {}
    name = stated.get("folder") or stated.get("name")
    if not name:
        return None
    try:
        return load_region(name)
    except (ZemsimError, OSError):
        return None
