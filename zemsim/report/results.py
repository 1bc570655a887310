"""What the page, the figures and the terminal show of a run: policies, effects with intervals, series, places.

Only selects and averages over seeds; the differences and intervals come from :mod:`zemsim.experiment.compare`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from zemsim.report.text import in_language, tidy

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the headline, in order: what the plan is about, then how people travel.
MAIN_KEYS: Final = (
    "car_km_year",
    "co2_wtw_kg_year",
    "ev_share",
    "bus_trips_year",
    "charging_wait_mean_min",
    "public_cost_eur",
    "eur_per_tonne",
)
MODES: Final = ("walk", "bike", "ebike", "bus", "train", "car", "ev", "passenger")
MODE_KEYS: Final = tuple(f"mode_share_{mode}" for mode in MODES)
#: Tonnes for the figure of cost: over all years, as public cost is.
TOTAL_CO2: Final = "co2_wtw_total_kg"
BASELINE: Final = "baseline"
#: Grades of figures from the best to the weakest.
GRADES: Final = ("reported", "estimate", "assumption")
ALL: Final = "all"
REGION: Final = "region"


class RunLike(Protocol):
    """What the report needs of ``zemsim.experiment.run_folder.Run``."""

    @property
    def folder(self) -> Path: ...
    @property
    def manifest(self) -> Mapping[str, Any]: ...
    @property
    def indicators(self) -> pd.DataFrame: ...
    @property
    def short_run(self) -> pd.DataFrame: ...
    @property
    def verdicts(self) -> Sequence[Mapping[str, Any]]: ...
    def tables(self, name: str) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Policy:
    """A policy as it is shown; ``number`` is its place in the experiment, 0 for the baseline."""

    id: str
    number: int
    title: Mapping[str, str] | str
    measures: Sequence[Any] = ()

    @property
    def cost_grade(self) -> str:
        """Return the weakest grade of what its measures cost; of the measure itself where it states no cost apart."""
        stated = [m.get("cost_grade") or m.get("grade") for m in self.measures if isinstance(m, Mapping)]
        return max((g for g in stated if g in GRADES), key=GRADES.index, default="")

    def name(self, language: str) -> str:
        """Return the title, or the id where there is none."""
        return in_language(self.title, language) or tidy(self.id)


@dataclass(frozen=True)
class Effect:
    """A value over seeds, its paired difference to the baseline and the 95 % interval of that difference."""

    value: float = math.nan
    diff: float = math.nan
    low: float = math.nan
    high: float = math.nan

    @property
    def has_interval(self) -> bool:
        """Tell whether both ends are known."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def clear(self) -> bool:
        """Tell whether the interval is known and leaves out zero."""
        return self.has_interval and (self.low > 0 or self.high < 0)

    @property
    def direction(self) -> int:
        """Return -1 or 1 for a clear fall or rise, else 0."""
        return 0 if not self.clear else (1 if self.low > 0 else -1)


def policies_of(manifest: Mapping[str, Any]) -> list[Policy]:
    """Return the policies in the experiment's order; the baseline, wherever it stands, has number 0."""
    stated = manifest.get("experiment", {}).get("policies", [])
    others = [row for row in stated if row.get("id") != BASELINE]
    ordered = [row for row in stated if row.get("id") == BASELINE] + others
    first = 0 if len(ordered) > len(others) else 1
    return [
        Policy(str(row.get("id", "")), position, row.get("title") or str(row.get("id", "")), row.get("measures") or ())
        for position, row in enumerate(ordered, start=first)
    ]


@dataclass(frozen=True)
class Results:
    """The shown side of one run.

    Parameters
    ----------
    manifest : mapping
    indicators : DataFrame
        ``policy, seed, year, indicator, unit, group, place, value``.
    headline : DataFrame
        One row per policy: ``policy``, and ``K, K_diff, K_low, K_high`` for each key.
    verdicts : sequence of mapping
    """

    manifest: Mapping[str, Any]
    indicators: pd.DataFrame
    headline: pd.DataFrame
    verdicts: Sequence[Mapping[str, Any]] = ()
    policies: list[Policy] = field(init=False)

    def __post_init__(self) -> None:
        known = set(self.headline["policy"].astype(str))
        object.__setattr__(self, "policies", [p for p in policies_of(self.manifest) if p.id in known])

    @property
    def measures_of_interest(self) -> list[Policy]:
        """Return the policies without the baseline."""
        return [policy for policy in self.policies if policy.id != BASELINE]

    @cached_property
    def year(self) -> int | None:
        """Return the year of the headline: the last simulated one."""
        if "year" in self.headline.attrs:
            return int(self.headline.attrs["year"])
        days_in = self.manifest.get("experiment", {}).get("days_in") or []
        return int(max(days_in)) if len(days_in) else None

    @cached_property
    def seeds(self) -> list[int]:
        """Return the seeds of the run, sorted."""
        return sorted(int(seed) for seed in self.indicators["seed"].unique())

    @property
    def drawn(self) -> list[str]:
        """Return the symbols of the parameters that each seed draws; none if all seeds have the same."""
        seeds = (self.manifest.get("experiment", {}).get("behaviour_draws") or {}).get("seeds") or {}
        return list(next(iter(seeds.values()))["values"]) if seeds else []

    @property
    def draws_files(self) -> list[str]:
        """Return the names of the files that the seeds draw parameters from."""
        told = self.manifest.get("experiment", {}).get("behaviour_draws") or {}
        return [str(file["name"]) for file in told.get("files", ())]

    @cached_property
    def _effects(self) -> dict[tuple[str, str], Effect]:
        found = {}
        for row in self.headline.to_dict("records"):
            for key in (*MAIN_KEYS, *MODE_KEYS, TOTAL_CO2):
                if key in row:
                    found[str(row["policy"]), key] = Effect(
                        *(_float(row.get(key + end)) for end in ("", "_diff", "_low", "_high"))
                    )
        return found

    def keys(self, keys: Sequence[str]) -> list[str]:
        """Return those of ``keys`` that the headline has a number for."""
        return [key for key in keys if any(math.isfinite(self.effect(p.id, key).value) for p in self.policies)]

    def effect(self, policy: str, key: str) -> Effect:
        """Return value, difference and interval; unknown ones are NaN.

        The interval of ``eur_per_tonne`` is that of the value itself; it has no difference.
        """
        return self._effects.get((policy, key), Effect())

    def residents(self) -> int | None:
        """Return how many residents were simulated, if the run says."""
        rows = self._regional("residents")
        return None if rows.empty else round(float(rows["value"].max()))

    def series(self, key: str) -> pd.DataFrame:
        """Return the regional value by year, policy and seed: index year, columns (policy, seed)."""
        rows = self._regional(key)
        table = rows.pivot_table(index="year", columns=["policy", "seed"], values="value", aggfunc="first")
        return table.sort_index()

    def load_by_hour(self, day: str) -> pd.DataFrame:
        """Return the power of charging in the headline's year: hours by (policy, place or ``all``), mean over seeds.

        ``day`` is a season and a type of day, such as ``winter weekday``; no rows if it was not simulated.
        """
        rows = self.indicators
        rows = rows[(rows["indicator"] == "charging_load_kw") & (rows["year"] == self.year)]
        parts = rows["group"].str.extract(rf"^(?P<at>\w+) {day} (?P<hour>\d\d)$")
        rows = rows.assign(at=parts["at"], hour=parts["hour"]).dropna(subset=["at"])
        return rows.pivot_table(index="hour", columns=["policy", "at"], values="value", aggfunc="mean")

    def _regional(self, key: str) -> pd.DataFrame:
        table = self.indicators
        total = table["group"].isin([ALL, ""]) | table["group"].isna()
        whole = table["place"].isin([REGION, ALL, ""]) | table["place"].isna()
        return table[(table["indicator"] == key) & total & whole]

    def by_place(self, key: str, places: Sequence[str]) -> dict[str, pd.DataFrame]:
        """Return, for each policy, the value of ``key`` by seed (rows) and place (columns) in the headline's year.

        Parameters
        ----------
        key : str
            An indicator.
        places : sequence of str
            The places wanted; those without a value are NaN. Empty if no place has one.
        """
        table = self.indicators
        total = table["group"].isin([ALL, ""]) | table["group"].isna()
        rows = table[(table["indicator"] == key) & total & table["place"].isin(list(places))]
        if self.year is not None:
            rows = rows[rows["year"] == self.year]
        if rows.empty:
            return {}
        import pandas as pd

        wide = rows.pivot_table(index=["policy", "seed"], columns="place", values="value", aggfunc="first")
        wide = wide.reindex(columns=list(places))
        kept = [p.id for p in self.policies if p.id in wide.index.get_level_values(0)]
        return {policy: pd.DataFrame(wide.loc[policy]).sort_index() for policy in kept}


def _float(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan


def interval_over_seeds(values: Sequence[float], *, of_one: bool = False) -> tuple[float, float]:
    """Return the 95 % interval of the mean, or of one more value, by Student's t; NaN with fewer than two values."""
    known = [value for value in values if math.isfinite(value)]
    if len(known) < 2:
        return math.nan, math.nan
    from scipy.stats import t

    n = len(known)
    mean = math.fsum(known) / n
    variance = math.fsum((value - mean) ** 2 for value in known) / (n - 1)
    half = float(t.ppf(0.975, n - 1)) * math.sqrt(variance * (1.0 / n + of_one))
    return mean - half, mean + half
