"""Gathers what a page needs from a run folder and the region pack it names; what is missing is None, and is said."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from zemsim.core.errors import ZemsimError
from zemsim.report.results import ALL, REGION, TOTAL_CO2, Results, RunLike

if TYPE_CHECKING:
    import pandas as pd

    from zemsim.experiment.run_folder import Run

OUTLINE = "outline.geojson"


@dataclass(frozen=True)
class Place:
    """What the map draws.

    Attributes
    ----------
    zones : DataFrame
        The contract's ``zones`` (populated ones and gates).
    outline : mapping or sequence or None
        GeoJSON of the municipalities.
    chargers, settlements : DataFrame or None
        The contract's tables, from the region pack.
    """

    zones: pd.DataFrame
    outline: Any = None
    chargers: pd.DataFrame | None = None
    settlements: pd.DataFrame | None = None


@dataclass(frozen=True)
class Inputs:
    """What :func:`zemsim.report.page.render` shows.

    Attributes
    ----------
    results : Results
    place : Place or None
        None if neither the run folder nor a region pack gives zones.
    facts : DataFrame or None
        The baseline against facts, rows of :func:`zemsim.experiment.compare.baseline_facts`.
    extra_sites : mapping of str to list of (x_m, y_m)
        By policy: charging sites that it adds, EPSG:3035.
    sources : sequence of str
        The region pack's sources, one line each.
    short_run : DataFrame or None
        What policies do at once, rows of the table ``short_run``; None if the run does not tell.
    """

    results: Results
    place: Place | None = None
    facts: pd.DataFrame | None = None
    extra_sites: Mapping[str, list[tuple[float, float]]] = field(default_factory=dict)
    sources: Sequence[str] = ()
    short_run: pd.DataFrame | None = None


def gather(run: RunLike) -> Inputs:
    """Read everything that the page shows of ``run``."""
    from zemsim.experiment.compare import baseline_facts

    # Cells of fewer than ten residents are blank in ``published``.
    shown = getattr(run, "published", run.indicators)
    results = Results(run.manifest, shown, headline_of(run), run.verdicts)
    region = _region(run.manifest)
    extra = {} if region is None else extra_sites(results, region)
    facts = baseline_facts(cast("Run", run))
    sources = sources_of(getattr(region, "package", None))
    return Inputs(results, _place(run, region), facts, extra, sources, run.short_run)


def extra_sites(results: Results, region: Any) -> dict[str, list[tuple[float, float]]]:
    """Return the charging sites that each policy adds by the headline's year: centres of their zones, EPSG:3035."""
    from pydantic import TypeAdapter

    from zemsim.policy.conditions import conditions
    from zemsim.policy.levers import Measure

    adapter: TypeAdapter[Any] = TypeAdapter(Measure)
    found = {}
    for policy in results.measures_of_interest:
        measures = [adapter.validate_python(dict(measure)) for measure in policy.measures]
        sites = conditions(region, measures, int(results.year or 0)).extra_sites
        zones = region.zones.iloc[[site.zone_idx for site in sites]]
        points = list(zip(zones["x_m"].astype(float), zones["y_m"].astype(float), strict=True))
        if points:
            found[policy.id] = points
    return found


def headline_of(run: RunLike) -> pd.DataFrame:
    """Return the headline of a run with the total of CO2 over the years, as the figure of cost needs it."""
    from zemsim.experiment.compare import compare, headline

    table = headline(cast("Run", run))
    if not (run.indicators["indicator"] == TOTAL_CO2).any():
        return table
    rows = compare(cast("Run", run), indicator=TOTAL_CO2, group=ALL, place=REGION).set_index("policy")
    columns = {"": "value", "_diff": "diff", "_low": "low", "_high": "high"}
    found = {TOTAL_CO2 + end: table["policy"].map(rows[column]) for end, column in columns.items()}
    return table.assign(**found)


def _region(manifest: Mapping[str, Any]) -> Any:
    from zemsim.region import standing_region

    stated = manifest.get("region") or {}
    name = stated if isinstance(stated, str) else stated.get("folder") or stated.get("name")
    if not name:
        return None
    try:
        region = standing_region(name)
    except (ZemsimError, OSError):
        return None
    digest = None if isinstance(stated, str) else stated.get("digest")
    # A pack that has changed since the run must not be drawn beside its figures.
    return region if digest in (None, region.digest()) else None


def _place(run: RunLike, region: Any) -> Place | None:
    path = run.folder / OUTLINE
    outline = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else getattr(region, "outline", None)
    try:
        zones = run.tables("zones")
    except ZemsimError:
        if region is None:
            return None
        zones = region.zones
    return Place(zones, outline, getattr(region, "chargers", None), getattr(region, "settlements", None))


def sources_of(package: Mapping[str, Any] | None) -> list[str]:
    """Return the sources and licences of a data package as lines of text, each once, in their order."""
    lines: dict[str, None] = {}
    holders = [package or {}, *((package or {}).get("resources") or [])]
    for holder in holders:
        for source in holder.get("sources") or []:
            parts = [source.get("title"), source.get("path"), source.get("version")]
            lines[" · ".join(str(part) for part in parts if part)] = None
    for licence in (package or {}).get("licenses") or []:
        parts = [licence.get("title") or licence.get("name"), licence.get("path")]
        lines[" · ".join(str(part) for part in parts if part)] = None
    return [line for line in lines if line]
