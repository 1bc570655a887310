"""A small run for tests of the report. EVERY FIGURE IS INVENTED; titles say so. Nothing here may leave the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zemsim.report.results import MAIN_KEYS, MODES, TOTAL_CO2, Results, interval_over_seeds
from zemsim.report.sources import Inputs, Place

YEARS = tuple(range(2024, 2036))
DAYS_IN = (2024, 2030, 2035)
SEEDS = (1, 2, 3)
#: id, Latvian and English title, effect on car km, EV share, bus trips; public cost in EUR.
POLICIES: tuple[tuple[str, str, str, float, float, float, float], ...] = (
    ("baseline", "Bez pasākumiem (TESTS)", "No measures (TEST)", 0, 0, 0, 0),
    ("ev-grant", "Elektroauto grants 4 500 EUR", "EV grant of 4,500 EUR", 0.001, 0.03, 0, 14.2e6),
    ("yards", "Uzlāde daudzdzīvokļu māju pagalmos", "Charging in apartment yards", 0.0, 0.02, 0, 6.4e6),
    ("fuel", "Degviela par 30 % dārgāka", "Fuel 30 % dearer", -0.05, 0.025, 0.06, -21.0e6),
    ("fares", "Autobusa biļete par puscenu", "Bus fares halved", -0.012, 0, 0.17, 22.7e6),
    ("frequency", "Divreiz biežāki reisi starp pilsētām", "Twice the town buses", -0.016, 0, 0.21, 31.5e6),
    ("parking", "Maksas stāvvietas centros", "Paid parking in centres", -0.009, 0.004, 0.02, -3.1e6),
    ("ebikes", "E-velosipēdu atbalsts", "E-bike grant", -0.006, 0, -0.01, 2.2e6),
    ("signs", "Pasākums gandrīz bez ietekmes", "A measure that does next to nothing", 0, 0, 0, 0.05e6),
)
MODE_BASE = dict(zip(MODES, (0.24, 0.07, 0.01, 0.12, 0.03, 0.40, 0.03, 0.10), strict=True))
MUNICIPALITIES = (
    "Dobeles novads",
    "Jelgava",
    "Jelgavas novads",
    "Bauskas novads",
    "Aizkraukles novads",
    "Jēkabpils novads",
)
#: Changes every name that comes from a data file.
Naming = Callable[[str], str]


def plain(name: str) -> str:
    """Leave names as they are."""
    return name


@dataclass
class SampleRun:
    """What the report needs of a run, from memory."""

    folder: Path
    manifest: dict[str, Any]
    indicators: pd.DataFrame
    verdicts: list[dict[str, Any]]
    zones: pd.DataFrame = field(default_factory=pd.DataFrame)

    def tables(self, name: str) -> pd.DataFrame:
        assert name == "zones"
        return self.zones


def policy_id(policy: str, name: Naming = plain) -> str:
    """The baseline keeps its id."""
    return policy if policy == "baseline" else name(policy)


def sample_zones(side: int = 12, name: Naming = plain) -> pd.DataFrame:
    """``side * side`` squares of 4 km, a town of 32 squares of 1 km (one of 3 residents) and a gate, EPSG:3035."""
    rows = [
        (5_250_000 + 4000 * i, 3_790_000 + 4000 * j, 4000, "countryside", 40 + (i * 37 + j * 91) % 400)
        for i in range(2 * side)
        for j in range(side // 2)
    ]
    x0, y0 = 5_250_000 - 2000 + 500, 3_790_000 + 4000 * (side // 2) + 500 - 2000
    rows += [
        (x0 + 1000 * i, y0 + 1000 * j, 1000, "city", 3 if i == j == 0 else 900 + 211 * i)
        for i in range(8)
        for j in range(4)
    ]
    zones = pd.DataFrame(rows, columns=["x_m", "y_m", "size_m", "area_type", "population"])
    width = (zones["x_m"].max() - zones["x_m"].min()) / 6 + 1
    owner = ((zones["x_m"] - zones["x_m"].min()) // width).astype(int)
    zones["municipality"] = [name(MUNICIPALITIES[k]) for k in owner]
    zones["settlement_id"] = [f"s{k}" for k in owner]
    zones["zone_id"] = [name(f"Z{k:04d}") for k in range(len(zones))]
    zones["kind"] = "populated"
    gate = {**zones.iloc[0].to_dict(), "kind": "gate", "zone_id": "GATE", "population": 0, "municipality": ""}
    return pd.concat([zones, pd.DataFrame([gate])], ignore_index=True)


def sample_outline(zones: pd.DataFrame) -> dict[str, Any]:
    """Boxes around each municipality's zones, as GeoJSON in WGS 84."""
    from pyproj import Transformer

    back = Transformer.from_crs("EPSG:3035", "EPSG:4326", always_xy=True)
    features = []
    for name, group in zones[zones["kind"] == "populated"].groupby("municipality"):
        half = group["size_m"] / 2
        left, right = (group["x_m"] - half).min(), (group["x_m"] + half).max()
        low, high = (group["y_m"] - half).min(), (group["y_m"] + half).max()
        ring = [(left, low), (right, low), (right, high), (left, high), (left, low)]
        lon, lat = back.transform([p[0] for p in ring], [p[1] for p in ring])
        geometry = {"type": "Polygon", "coordinates": [[list(pair) for pair in zip(lon, lat, strict=True)]]}
        features.append({"type": "Feature", "properties": {"municipality": name}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def sample_indicators(zones: pd.DataFrame, seeds: Sequence[int] = SEEDS, name: Naming = plain) -> pd.DataFrame:
    """Invented indicators: the region by year, municipalities and zones in the last year."""
    rows: list[tuple[Any, ...]] = []
    rng = np.random.default_rng(20240101)
    luck = {(seed, year): float(rng.normal(0, 0.004)) for seed in seeds for year in YEARS}
    for policy, _, _, car, ev, bus, cost in POLICIES:
        shown = policy_id(policy, name)
        for seed in seeds:
            noise = 1 + rng.normal(0, 0.0012)
            for year in YEARS:
                ramp = (year - 2024) / 11
                share = 0.008 + 0.15 * ramp**1.7 + ev * ramp + luck[seed, year] * ramp
                rows.append((shown, seed, year, "ev_share", "share", "all", "region", share))
                if year in DAYS_IN:
                    effects = (car * ramp, bus * ramp, cost * ramp)
                    rows += _year(shown, seed, year, effects, share, noise * (1 + luck[seed, year]))
            rows += _places(shown, seed, zones, (car, ev, bus), rng)
    columns = ["policy", "seed", "year", "indicator", "unit", "group", "place", "value"]
    return pd.DataFrame(rows, columns=columns)


def _year(
    policy: str, seed: int, year: int, effects: tuple[float, float, float], ev: float, level: float
) -> list[tuple[Any, ...]]:
    car, bus, cost = effects
    km = 1.21e9 * (1 + car) * level * (1 + 0.01 * (year - 2024) / 11)
    co2 = km * (0.19 * (1 - ev) + 0.021 * ev)
    values = {
        "residents": 225_123.0,
        "car_km_year": km,
        "co2_wtw_kg_year": co2,
        "bus_trips_year": 21.3e6 * (1 + bus) * level,
        "charging_wait_mean_min": 1.9 + 14 * ev * level,
        "public_cost_eur": cost * level,
        TOTAL_CO2: co2 * 7.3,
    }
    load = [
        (policy, seed, year, "charging_load_kw", "kW", f"{place} winter weekday {hour:02d}", "region", kw * level)
        for place, kw in (
            ("home", 900.0),
            ("work", 200.0),
            ("public_slow", 80.0),
            ("public_fast", 120.0),
            ("all", 1300.0),
        )
        for hour in range(24)
    ]
    shares = {**MODE_BASE}
    shares["bus"] *= 1 + bus
    shares["car"] *= 1 + car - ev
    shares["ev"] += shares["car"] * ev
    total = sum(shares.values())
    rows = [(policy, seed, year, key, "", "all", "region", value) for key, value in values.items()]
    rows += load
    return rows + [(policy, seed, year, "mode_share", "share", mode, "region", v / total) for mode, v in shares.items()]


def _places(
    policy: str, seed: int, zones: pd.DataFrame, effects: tuple[float, float, float], rng: np.random.Generator
) -> list[tuple[Any, ...]]:
    car, ev, bus = effects
    rows: list[tuple[Any, ...]] = []
    populated = zones[zones["kind"] == "populated"]
    west = (populated["x_m"] - populated["x_m"].min()) / (populated["x_m"].max() - populated["x_m"].min())
    by_owner = west.groupby(populated["municipality"]).mean()
    for places, weights in ((populated["zone_id"], west), (by_owner.index, by_owner)):
        for place, w in zip(places, weights, strict=True):
            km = (17 + 9 * w) * (1 + car * (0.3 + 1.8 * w) + rng.normal(0, 0.001))
            rows += [
                (policy, seed, 2035, "car_km_per_resident_day", "km/day", "all", place, km),
                (policy, seed, 2035, "ev_share", "share", "all", place, 0.2 - 0.08 * w + ev * (1.6 - w)),
                (policy, seed, 2035, "bus_trip_share", "share", "all", place, (0.15 - 0.08 * w) * (1 + bus)),
            ]
    return rows


def sample_headline(indicators: pd.DataFrame) -> pd.DataFrame:
    """The columns of ``zemsim.experiment.compare.headline`` (contracts, section 7), computed the slow way."""
    region = indicators[(indicators["place"] == "region") & (indicators["year"] == 2035)]
    values: dict[tuple[str, str], dict[int, float]] = {}
    for row in region.to_dict("records"):
        key = row["indicator"] if row["group"] == "all" else f"{row['indicator']}_{row['group']}"
        values.setdefault((row["policy"], key), {})[row["seed"]] = row["value"]
    rows = [_headline_row(policy, values) for policy in dict.fromkeys(region["policy"])]
    table = pd.DataFrame(rows)
    table.attrs["year"] = 2035
    return table


def _headline_row(policy: str, values: dict[tuple[str, str], dict[int, float]]) -> dict[str, Any]:
    row: dict[str, Any] = {"policy": policy}
    for key in (TOTAL_CO2, *MAIN_KEYS, *(f"mode_share_{mode}" for mode in MODES)):
        if key == "eur_per_tonne":
            continue
        own, base = values[policy, key], values["baseline", key]
        differences = [own[seed] - base[seed] for seed in own]
        low, high = interval_over_seeds(differences)
        found = (float(np.mean(differences)), low, high) if policy != "baseline" else (np.nan,) * 3
        row[key] = float(np.mean(list(own.values())))
        row |= dict(zip((f"{key}_diff", f"{key}_low", f"{key}_high"), found, strict=True))
    cost, co2, base = values[policy, "public_cost_eur"], values[policy, TOTAL_CO2], values["baseline", TOTAL_CO2]
    each = [cost[seed] / ((base[seed] - co2[seed]) / 1000) for seed in cost if base[seed] != co2[seed]]
    low, high = interval_over_seeds(each)
    clear = row[f"{TOTAL_CO2}_high"] < 0
    found = (float(np.mean(each)), np.nan, low, high) if clear else (np.nan,) * 4
    return row | dict(zip((f"eur_per_tonne{end}" for end in ("", "_diff", "_low", "_high")), found, strict=True))


def sample_manifest(name: Naming = plain) -> dict[str, Any]:
    """A manifest as the contracts describe it."""
    yards = {"lever": "yard_chargers", "points_per_100_flats": 3, "power_kw": 7.4, "places": [name("Jelgava")]}
    policies = [
        {
            "id": policy_id(p[0], name),
            "title": {"lv": name(p[1]), "en": name(p[2])},
            "measures": [] if p[0] == "baseline" else [{**yards, "from_year": 2026, "source": name("invented")}],
        }
        for p in POLICIES
    ]
    experiment = {
        "id": name("test-2035"),
        "title": {"lv": name("TESTA dati 2035"), "en": name("TEST data 2035")},
        "region": "zemgale",
        "years": [2024, 2035],
        "days_in": list(DAYS_IN),
        "seeds": list(SEEDS),
        "policies": policies,
    }
    shares = {
        "population": ("persons", 225_123, (0.62, 0.35, 0.03)),
        "road_length": ("km", 9123.4, (0.28, 0.72, 0.0)),
        "timetable": ("departures", 1840, (0.11, 0.886, 0.004)),
        name("something new"): (name("widgets"), 19, (0.63, 0.16, 0.21)),
    }
    summary = [
        {"item": item, "unit": unit, "total": total}
        | dict(zip(("reported_share", "estimate_share", "assumption_share"), parts, strict=True))
        for item, (unit, total, parts) in shares.items()
    ]
    return {
        "experiment": experiment,
        "region": {
            "name": name("zemgale"),
            "title": {"lv": name("Zemgale"), "en": name("Zemgale")},
            "digest": "0" * 16,
        },
        "region_summary": summary,
        "fingerprint": "f" * 64,
        "versions": {"zemsim": "0.1.0", "python": "3.11", name("numpy"): name("2.4.6")},
        "timings": {"total_s": 151.2, "cases": {"baseline-seed-1": {"s": 1.0}}},
    }


def sample_verdicts(name: Naming = plain) -> list[dict[str, Any]]:
    """Three checks, one of which failed in one of two cases."""
    every = {"lv": name("Visiem ir vismaz viens pārvietošanās veids."), "en": name("Everybody has a way to travel.")}
    return [
        {"check": "no_alternative", "passed": True, "value": 0, "text": every},
        {"check": "gap", "passed": True, "value": 0.0021, "text": name("Mode changes stay below 0.01.")},
        {"check": "gap", "passed": False, "value": 0.0123, "text": name("Mode changes stay below 0.01.")},
        {"check": "soc", "passed": True, "value": name("none"), "text": every},
    ]


def sample_facts(name: Naming = plain) -> pd.DataFrame:
    """Rows of the baseline against facts."""
    base = {"year": 2017.0, "place": name("Nowhere"), "source": name("INVENTED survey"), "grade": "x", "note": ""}
    base |= {"score": "near", "group": ""}
    trips = {"fact": "trips_per_person_day", "value": 2.64, "fact_value": 2.8, "low": 2.7, "high": 2.8}
    odd = {"fact": name("odd_share"), "value": np.nan, "fact_value": 0.25, "low": 0.25, "high": 0.25}
    return pd.DataFrame(
        [
            {**base, **trips, "unit": "trips/day", "difference": -0.16, "use": "fit", "stands": "below"},
            {**base, **odd, "unit": "share", "difference": np.nan, "use": "hold-out", "year": np.nan}
            | {"stands": "unknown"},
        ]
    )


def sample_run(folder: Path, side: int = 6, seeds: Sequence[int] = SEEDS, name: Naming = plain) -> SampleRun:
    """A run with zones, in memory."""
    zones = sample_zones(side, name)
    indicators = sample_indicators(zones, seeds, name)
    return SampleRun(folder, sample_manifest(name), indicators, sample_verdicts(name), zones)


def sample_inputs(folder: Path, side: int = 6, seeds: Sequence[int] = SEEDS, name: Naming = plain) -> Inputs:
    """All that the page shows, with map, chargers and added chargers."""
    run = sample_run(folder, side, seeds, name)
    results = Results(run.manifest, run.indicators, sample_headline(run.indicators), run.verdicts)
    zones = run.zones
    some = zones.iloc[[3, 20, 50]]
    names = [name(f"Stacija {letter}") for letter in "ABC"]
    chargers = pd.DataFrame({"x_m": some["x_m"], "y_m": some["y_m"], "name": names})
    owners = [name(owner) for owner in MUNICIPALITIES]
    settlements = pd.DataFrame({"settlement_id": [f"s{k}" for k in range(6)], "name": owners})
    place = Place(zones, sample_outline(zones), chargers, settlements)
    extra = {
        policy_id("yards", name): [(float(x), float(y)) for x, y in zones[["x_m", "y_m"]].iloc[[8, 30]].to_numpy()]
    }
    return Inputs(results, place, sample_facts(name), extra, [name("INVENTED source · 2024")])
