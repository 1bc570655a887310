"""What the map shows: values by zone, changes against the baseline, classes, legends and the data of the script."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from zemsim.core import numbers
from zemsim.report.classes import (
    CHANGE_CLASSES,
    change_breaks,
    classify_change,
    classify_level,
    level_breaks,
    mark_unclear,
)
from zemsim.report.map import MIN_RESIDENTS, MapGeometry
from zemsim.report.results import BASELINE, Results
from zemsim.report.text import tidy
from zemsim.report.words import Words, indicator

if TYPE_CHECKING:
    import pandas as pd

#: Indicators that the map offers, first one first.
MAP_KEYS: Final = ("car_km_per_resident_day", "ev_share", "bus_trip_share")
#: More digits than the tables show: changes of a zone are small.
MORE_DECIMALS: Final = 1
#: Fewest seeds that give an interval.
MIN_SEEDS: Final = 2


@dataclass(frozen=True)
class Layer:
    """One indicator on the map.

    Attributes
    ----------
    key : str
    by_zone : bool
        False where only municipalities have values.
    level : ndarray of float64 [Z]
        Baseline, mean over seeds, in the unit shown; NaN where not shown.
    changes : dict of str to ndarray of float64 [Z]
        By policy: mean paired difference to the baseline, in the unit shown.
    clear : dict of str to ndarray of bool [Z]
        By policy: whether the interval of the change over seeds leaves out zero (:func:`clear_change`).
    level_breaks, change_breaks : list of float
        Over all zones and policies, so that colours compare.
    """

    key: str
    by_zone: bool
    level: NDArray[np.float64]
    changes: dict[str, NDArray[np.float64]]
    clear: dict[str, NDArray[np.bool_]]
    level_breaks: list[float]
    change_breaks: list[float]

    def classes(self, policy: str) -> str:
        """Return one character per zone: of the level for the baseline, of the change, or ``u``, for others."""
        if policy == BASELINE:
            return classify_level(self.level, self.level_breaks)
        return mark_unclear(classify_change(self.changes[policy], self.change_breaks), self.clear[policy])

    def palette(self, policy: str) -> str:
        """Return ``s`` (sequential) for the baseline, ``d`` (diverging) for others."""
        return "s" if policy == BASELINE else "d"


def _pairs(values: Mapping[str, pd.DataFrame], policy: str) -> pd.DataFrame:
    """Policy minus baseline, seeds (rows) by places (columns)."""
    base, other = values[BASELINE], values[policy]
    seeds = base.index.intersection(other.index)
    return other.loc[seeds] - base.loc[seeds]


def paired_change(values: Mapping[str, pd.DataFrame], policy: str) -> NDArray[np.float64]:
    """Return the mean over seeds of policy minus baseline, seed by seed, per place; float64 [places]."""
    return np.asarray(_pairs(values, policy).mean(axis=0).to_numpy(np.float64))


def clear_change(values: Mapping[str, pd.DataFrame], policy: str, *, of_one: bool = False) -> NDArray[np.bool_]:
    """Return, per place, whether the 95 % interval of the change over seeds leaves out zero; bool [places].

    ``|mean| > t(n - 1) sd sqrt(1 / n)`` by Student's t, or ``sqrt(1 + 1 / n)`` with ``of_one``, where each seed has
    other parameters. With one seed nothing is clear. No change at all, in any of several seeds, is clear too.
    """
    from scipy.special import stdtrit

    pairs = _pairs(values, policy)
    count = pairs.notna().sum(axis=0).to_numpy(np.float64)
    mean = np.abs(pairs.mean(axis=0).to_numpy(np.float64))
    several = count >= MIN_SEEDS
    n = np.where(several, count, MIN_SEEDS)
    half = stdtrit(n - 1, 0.975) * pairs.std(axis=0).to_numpy(np.float64) * np.sqrt(1.0 / n + of_one)
    none = (pairs.fillna(0.0) == 0).all(axis=0).to_numpy()
    return np.asarray(several & ((mean > half) | none))


def layer(results: Results, frame: MapGeometry, key: str) -> Layer | None:
    """Return the layer of ``key``: by zone, else by municipality, else None."""
    zones = frame.zones
    places = [str(place) for place in zones["zone_id"]]
    values = results.by_place(key, places)
    by_zone = BASELINE in values
    if not by_zone:
        owners = [str(name) for name in zones["municipality"]]
        unique = sorted(set(owners))
        by_owner = results.by_place(key, unique)
        if BASELINE not in by_owner:
            return None
        values = {policy: table[owners] for policy, table in by_owner.items()}
    factor = indicator(key).factor
    few = zones["population"].to_numpy(np.float64) < MIN_RESIDENTS
    level = values[BASELINE].mean(axis=0).to_numpy(np.float64) * factor
    changes = {policy: paired_change(values, policy) * factor for policy in values if policy != BASELINE}
    clear = {policy: clear_change(values, policy, of_one=bool(results.drawn)) for policy in changes}
    hidden = {policy: np.where(few, np.nan, change) for policy, change in changes.items()}
    level = np.where(few, np.nan, level)
    together = np.concatenate([*hidden.values(), np.zeros(0)])
    return Layer(key, by_zone, level, hidden, clear, level_breaks(level), change_breaks(together))


def layers(results: Results, frame: MapGeometry) -> list[Layer]:
    """Return the layers that the run has values for."""
    found = (layer(results, frame, key) for key in MAP_KEYS)
    return [one for one in found if one is not None]


def digits(breaks: Sequence[float]) -> int:
    """Return how many decimals tell the breaks apart: two significant digits of the smallest one above zero."""
    sizes = [abs(value) for value in breaks if value]
    return max(0, 1 - math.floor(math.log10(min(sizes)))) if sizes else 0


def change_legend(breaks: Sequence[float], words: Words) -> list[tuple[str, str, str]]:
    """Return (class, range, remark) from the largest fall to the largest rise."""
    language = words.language
    middle = CHANGE_CLASSES // 2
    if not breaks:
        return [(f"d{middle}", "0", words("map_same"))]
    write = [numbers.number(value, digits([value]), language) for value in breaks]
    down, up = [numbers.MINUS + text for text in write], ["+" + text for text in write]
    rows = [(f"d{middle - 3}", f"< {down[2]}", words("map_less"))]
    rows += [(f"d{middle - i}", f"{down[i]} … {down[i - 1]}", "") for i in (2, 1)]
    rows += [(f"d{middle}", f"{down[0]} … {up[0]}", words("map_same"))]
    rows += [(f"d{middle + i}", f"{up[i - 1]} … {up[i]}", "") for i in (1, 2)]
    return [*rows, (f"d{middle + 3}", f"> {up[2]}", words("map_more"))]


def level_legend(breaks: Sequence[float], words: Words) -> list[tuple[str, str, str]]:
    """Return (class, range, remark) from low to high."""
    if not breaks:
        return [("s0", numbers.UNKNOWN, "")]
    places, language = min(digits(breaks), 3), words.language
    write = [numbers.number(value, places, language) for value in breaks]
    rows = [("s0", f"< {write[0]}", words("map_less"))]
    rows += [(f"s{i}", f"{low} … {high}", "") for i, (low, high) in enumerate(pairwise(write), 1)]
    return [*rows, (f"s{len(breaks)}", f"≥ {write[-1]}", words("map_more"))]


def _integers(values: NDArray[np.float64], decimals: int) -> list[int | None]:
    scaled = values * 10**decimals
    return [round(value) if math.isfinite(value) else None for value in scaled.tolist()]


def zone_names(zones: pd.DataFrame, settlements: pd.DataFrame | None) -> list[str]:
    """Return a name per zone: its settlement, else its municipality."""
    names: dict[str, str] = {}
    if settlements is not None:
        names = dict(zip(settlements["settlement_id"].astype(str), settlements["name"].astype(str), strict=True))
    pairs = zip(zones["settlement_id"].astype(str), zones["municipality"].astype(str), strict=True)
    return [tidy(names.get(settlement, municipality), 60) for settlement, municipality in pairs]


def script_data(
    found: Sequence[Layer],
    frame: MapGeometry,
    names: Sequence[str],
    numbered: Mapping[str, str],
    languages: Sequence[str],
) -> dict[str, Any]:
    """Return what the page's script needs to recolour the map and fill the zone card.

    Figures are scaled integers; policies go by their number (``numbered``: id to number), for ids are text of others.
    """
    zones = frame.zones
    shown = {}
    for one in found:
        how = indicator(one.key)
        decimals = how.decimals + MORE_DECIMALS
        shown[one.key] = {
            "decimals": decimals,
            "title": {language: how.title[language] for language in languages},
            "unit": {language: how.unit[language] for language in languages},
            "diffUnit": {language: how.diff_unit[language] for language in languages},
            "level": _integers(one.level, decimals),
            "changes": {numbered[policy]: _integers(change, decimals) for policy, change in one.changes.items()},
            "classes": {numbered[policy]: one.classes(policy) for policy in (BASELINE, *one.changes)},
        }
    return {
        "names": list(names),
        "ids": [tidy(zone, 40) for zone in zones["zone_id"]],
        "residents": [round(value) for value in zones["population"].to_numpy(np.float64).tolist()],
        "x": frame.centres[:, 0].tolist(),
        "y": frame.centres[:, 1].tolist(),
        "baseline": numbered[BASELINE],
        "layers": shown,
    }


def municipality_rows(
    results: Results, frame: MapGeometry, key: str
) -> dict[str, tuple[float, dict[str, tuple[float, bool]]]]:
    """Return, by municipality: the baseline value; by policy the mean paired change, and whether it is clear.

    Figures are in the unit shown.
    """
    owners = sorted({str(name) for name in frame.zones["municipality"]})
    values = results.by_place(key, owners)
    if BASELINE not in values:
        return {}
    factor = indicator(key).factor
    level = values[BASELINE].mean(axis=0) * factor
    others = [policy for policy in values if policy != BASELINE]
    of_one = bool(results.drawn)
    changes = {
        policy: (paired_change(values, policy) * factor, clear_change(values, policy, of_one=of_one))
        for policy in others
    }
    return {
        owner: (
            float(level[owner]),
            {policy: (float(change[i]), bool(clear[i])) for policy, (change, clear) in changes.items()},
        )
        for i, owner in enumerate(owners)
        if math.isfinite(float(level[owner]))
    }
