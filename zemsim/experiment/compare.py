"""Policies against the baseline, seed by seed: every indicator, and the headline that a planner reads first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from zemsim.core.errors import InputError, UsageError, clean, did_you_mean
from zemsim.core.names import Mode, Season
from zemsim.core.units import KG_PER_T
from zemsim.evidence.baseline import FACTS_OF, baseline_table
from zemsim.evidence.factors import Factors
from zemsim.evidence.horizons import HORIZONS
from zemsim.evidence.indicators import Setting
from zemsim.evidence.residence import Residence
from zemsim.experiment.run_folder import FORECAST_TABLES, Run, open_run
from zemsim.experiment.statistics import Paired, interval, paired

BASELINE: Final = "baseline"

#: Keys of the headline that are regional indicators of the last simulated year.
_YEARLY: Final = ("car_km_year", "co2_wtw_kg_year", "ev_share", "bus_trips_year", "charging_wait_mean_min")
_KEY: Final = ["indicator", "year", "group", "place"]

NO_TONNES: Final = "no CO2 avoided"
UNCLEAR_TONNES: Final = "the CO2 avoided is not beyond its interval"
ONE_SEED: Final = "one seed: no interval"


def compare(
    run: Run | str | Path,
    baseline: str = BASELINE,
    indicator: str | None = None,
    year: int | None = None,
    group: str | None = None,
    place: str | None = None,
    horizon: str = "long",
) -> pd.DataFrame:
    """Compare every policy of a run with its baseline, seed by seed.

    Parameters
    ----------
    run : Run or path
        A finished run.
    baseline : str
        The policy to compare with.
    indicator, year, group, place : optional
        Only these rows.
    horizon : str
        ``long``: with the cars that people buy, the workplaces that they change to, and what is built; or ``short``:
        what happens at once, in the first simulated year of a policy's measures, of the seeds of which it was asked.

    Returns
    -------
    DataFrame
        One row per policy (not the baseline), indicator, year, group and place: ``policy, indicator, year, unit, group,
        place, value`` (mean over seeds)``, baseline`` (mean)``, diff`` (mean of the paired differences)``, sd, low,
        high`` (95 % interval of ``diff``, or of one seed's difference where seeds draw parameters)``, seeds`` (pairs
        that count)``, beyond`` (the interval leaves out zero).

    Raises
    ------
    InputError
        If a policy, indicator, year, group, place or horizon is not in the run.
    """
    run = run if isinstance(run, Run) else open_run(run)
    _known("policy", baseline, run.policies)
    table = run.published if horizon == "long" else _at_once(run, baseline, horizon)
    for column, wanted in (("indicator", indicator), ("year", year), ("group", group), ("place", place)):
        if wanted is not None:
            _known(column, wanted, table[column].unique())
            table = table[table[column] == wanted]
    wide = table.pivot_table(index=[*_KEY, "unit"], columns=["policy", "seed"], values="value", sort=False)
    parts = [
        _differences(wide, policy, baseline, run.draws_parameters)
        for policy in run.policies
        if policy != baseline and policy in wide.columns
    ]
    columns = ["policy", "indicator", "year", "unit", "group", "place"]
    columns += ["value", "baseline", "diff", "sd", "low", "high", "seeds", "beyond"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def check_same_draws(runs: Sequence[Run]) -> None:
    """Refuse runs whose figures stand on different parameters in the same seed: their difference is no effect.

    Raises
    ------
    UsageError
        Naming two of the runs, and the first seed that differs.
    """
    for run in runs[1:]:
        fault = _other_draws(runs[0], run)
        if fault:
            raise UsageError(f"{runs[0].folder} and {run.folder}: {fault}; compare them one at a time")


def _other_draws(one: Run, other: Run) -> str:
    """In what two runs differ in the parameters that their seeds draw; empty if in nothing."""
    if one.draws_parameters != other.draws_parameters:
        return "one draws parameters by seed, the other does not"
    drawn = [run.experiment.get("behaviour_draws", {}).get("seeds", {}) for run in (one, other)]
    for seed in drawn[0]:
        if seed in drawn[1] and drawn[0][seed]["values"] != drawn[1][seed]["values"]:
            return f"seed {seed} drew other parameters"
    return ""


def _at_once(run: Run, baseline: str, horizon: str) -> pd.DataFrame:
    """What policies do at once, beside the figures of the baseline of the same years and seeds."""
    _known("horizon", horizon, HORIZONS)
    if baseline != BASELINE:
        message = f"what happens at once is told from “{BASELINE}” only, not from “{clean(baseline, 80)}”"
        raise InputError(message, hint="what is slow is held as it is without measures")
    short = run.short_run
    if short.empty:
        hint = "set short_run_seeds in the experiment, and let a measure act in a simulated year"
        raise InputError("the run does not tell what happens at once", run.folder, hint=hint)
    asked = [*_KEY, "seed"]
    of_baseline = run.indicators[run.indicators["policy"] == BASELINE]
    same = of_baseline.merge(short[asked].drop_duplicates(), on=asked, how="inner", validate="one_to_one")
    return pd.concat([short, same], ignore_index=True)


def baseline_facts(run: Run | str | Path) -> pd.DataFrame:
    """Hold the baseline of a run against the facts; see :func:`zemsim.evidence.baseline.baseline_table`.

    Parameters
    ----------
    run : Run or path
        A finished run with a policy ``baseline``.

    Returns
    -------
    DataFrame
        No row for a run of a region that the facts are not about.
    """
    run = run if isinstance(run, Run) else open_run(run)
    if run.manifest["region"]["name"] != FACTS_OF:
        return baseline_table({}, {}).iloc[:0]
    zones, factors = run.tables("zones"), Factors.from_rows(run.manifest["factors"])
    seeds = [case["seed"] for case in run.cases if case["policy"] == BASELINE and case["status"] == "ok"]
    cases, settings = {}, {}
    for seed in seeds:
        names = ("trips", "destinations", "vehicles", "sessions", "transit")
        cases[seed] = {name: run.tables(name, BASELINE, seed) for name in names}
        persons, tours = run.tables("persons", seed=seed), run.tables("tours", seed=seed)
        years, simulated = tuple(run.manifest["years"]), tuple(run.simulated_years)
        spans = [run.tables(name, seed=seed) for name in FORECAST_TABLES] if run.follows_forecast else None
        residence = None if spans is None else Residence.of(*spans)
        settings[seed] = Setting(zones, persons, tours, years, simulated, factors, _seasons(run), residence=residence)
    return baseline_table(cases, settings)


def _seasons(run: Run) -> tuple[Season, ...]:
    return tuple(Season[name.upper()] for name in run.experiment.get("seasons", ("winter", "summer")))


def _known(what: str, name: Any, names: Any) -> None:
    if name not in set(names):
        raise InputError(f"the run has no {what} “{clean(name, 80)}”", hint=did_you_mean(str(name), map(str, names)))


def _differences(wide: pd.DataFrame, policy: str, baseline: str, of_one: bool) -> pd.DataFrame:
    if baseline not in wide.columns:
        raise InputError(f"the run has no finished case of “{clean(baseline, 80)}”")
    under, base = wide[policy], wide[baseline]
    seeds = [seed for seed in under.columns if seed in base.columns]
    if not seeds:
        return pd.DataFrame()
    over, below = under[seeds].to_numpy(), base[seeds].to_numpy()
    results = [paired(o, b, of_one=of_one) for o, b in zip(over, below, strict=True)]
    rows = wide.index.to_frame(index=False)
    rows["policy"] = policy
    rows["value"] = _row_means(over)
    rows["baseline"] = _row_means(below)
    rows["diff"] = [r.mean for r in results]
    for name in ("sd", "low", "high"):
        rows[name] = [getattr(r, name) for r in results]
    rows["seeds"] = [r.n for r in results]
    rows["beyond"] = [r.beyond for r in results]
    return rows


def _row_means(values: np.ndarray) -> list[float]:
    return [interval(row).mean for row in values]


def headline(run: Run) -> pd.DataFrame:
    """Return the headline: policies by key indicators, with the paired difference to the baseline and its interval.

    Returns
    -------
    DataFrame
        One row per policy in the experiment's order, in the last simulated year (``attrs["year"]``). For each key K:
        ``K`` (mean over seeds), ``K_diff``, ``K_low``, ``K_high`` (the interval; NaN for the baseline and with one
        seed). The interval is that of the mean difference, or of one seed's where seeds draw parameters. Keys:
        ``mode_share_walk`` to ``mode_share_passenger``, ``car_km_year, co2_wtw_kg_year, ev_share, bus_trips_year,
        charging_wait_mean_min``, ``public_cost_eur`` (sum over the experiment's years) and
        ``eur_per_tonne``: public cost more than in the baseline over tonnes of CO2 less, both summed over the years and
        not discounted; its ``_low`` and ``_high`` are the interval over seeds, its ``_diff`` is blank, and
        ``eur_per_tonne_note`` says why a value is blank.
    """
    year = max(run.simulated_years)
    table = run.indicators
    table = table[table["place"] == "region"]
    values = {key: _by_seed(table, key, "all", year, run) for key in _YEARLY}
    for mode in Mode:
        word = mode.name.lower()
        values[f"mode_share_{word}"] = _by_seed(table, "mode_share", word, year, run)
    cost = _by_seed(table, "public_cost_eur", "all", None, run)
    tonnes = {policy: v / KG_PER_T for policy, v in _by_seed(table, "co2_wtw_total_kg", "all", None, run).items()}
    order = [f"mode_share_{mode.name.lower()}" for mode in Mode] + list(_YEARLY) + ["public_cost_eur"]
    values["public_cost_eur"] = cost
    rows = []
    for policy in run.policies:
        row: dict[str, Any] = {"policy": policy}
        for key in order:
            row |= _columns(key, values[key], policy, run.draws_parameters)
        row |= _eur_per_tonne(policy, cost, tonnes, run.draws_parameters)
        rows.append(row)
    found = pd.DataFrame(rows)
    found.attrs["year"] = year
    return found


def _by_seed(table: pd.DataFrame, name: str, group: str, year: int | None, run: Run) -> dict[str, np.ndarray]:
    rows = table[(table["indicator"] == name) & (table["group"] == group)]
    if year is not None:
        rows = rows[rows["year"] == year]
    wide = rows.pivot_table(index="policy", columns="seed", values="value")
    wide = wide.reindex(index=run.policies, columns=run.seeds)
    return {policy: wide.loc[policy].to_numpy(np.float64) for policy in run.policies}


def _columns(key: str, values: dict[str, np.ndarray], policy: str, of_one: bool = False) -> dict[str, float]:
    result = Paired(0, math.nan, math.nan, math.nan, math.nan)
    if policy != BASELINE and BASELINE in values:
        result = paired(values[policy], values[BASELINE], of_one=of_one)
    return {
        key: interval(values[policy]).mean,
        f"{key}_diff": result.mean,
        f"{key}_low": result.low,
        f"{key}_high": result.high,
    }


def _eur_per_tonne(
    policy: str, cost: dict[str, np.ndarray], tonnes: dict[str, np.ndarray], of_one: bool = False
) -> dict[str, Any]:
    blank = dict.fromkeys((f"eur_per_tonne{end}" for end in ("", "_diff", "_low", "_high")), math.nan)
    if policy == BASELINE or BASELINE not in cost:
        return {**blank, "eur_per_tonne_note": ""}
    spent, avoided = cost[policy] - cost[BASELINE], tonnes[BASELINE] - tonnes[policy]
    less = interval(avoided, of_one=of_one)
    if not less.mean > 0:
        return {**blank, "eur_per_tonne_note": NO_TONNES}
    if less.n > 1 and not less.low > 0:
        return {**blank, "eur_per_tonne_note": UNCLEAR_TONNES}
    each = interval(np.divide(spent, avoided, out=np.full_like(spent, math.nan), where=avoided > 0), of_one=of_one)
    return {
        "eur_per_tonne": interval(spent).mean / less.mean,
        "eur_per_tonne_diff": math.nan,
        "eur_per_tonne_low": each.low,
        "eur_per_tonne_high": each.high,
        "eur_per_tonne_note": "" if less.n > 1 else ONE_SEED,
    }
