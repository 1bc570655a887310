"""A small run for tests of the report. EVERY FIGURE IS INVENTED; titles say so. Nothing here may leave the tests."""

from __future__ import annotations

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
#: id, title, effect on car km, EV share, bus trips; public cost in EUR.
POLICIES: tuple[tuple[str, dict[str, str], float, float, float, float], ...] = (
    ("baseline", {"lv": "Bez pasākumiem (TESTS)", "en": "No measures (TEST)"}, 0, 0, 0, 0),
    ("ev-grant", {"lv": "Elektroauto grants 4 500 EUR", "en": "EV grant of 4,500 EUR"}, 0.001, 0.03, 0, 14.2e6),
    ("yards", {"lv": "Uzlāde daudzdzīvokļu māju pagalmos", "en": "Charging in apartment yards"}, 0.0, 0.02, 0, 6.4e6),
    ("fuel", {"lv": "Degviela par 30 % dārgāka", "en": "Fuel 30 % dearer"}, -0.05, 0.025, 0.06, -21.0e6),
    ("fares", {"lv": "Autobusa biļete par puscenu", "en": "Bus fares halved"}, -0.012, 0, 0.17, 22.7e6),
    (
        "frequency",
        {"lv": "Divreiz biežāki reisi starp pilsētām", "en": "Twice the buses between towns"},
        -0.016,
        0,
        0.21,
        31.5e6,
    ),
    ("parking", {"lv": "Maksas stāvvietas centros", "en": "Paid parking in centres"}, -0.009, 0.004, 0.02, -3.1e6),
    ("ebikes", {"lv": "E-velosipēdu atbalsts", "en": "E-bike grant"}, -0.006, 0, -0.01, 2.2e6),
    ("signs", {"lv": "Pasākums gandrīz bez ietekmes", "en": "A measure that does next to nothing"}, 0, 0, 0, 0.05e6),
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


def sample_zones(side: int = 12) -> pd.DataFrame:
    """``2 * side * side / 2`` squares of 4 km and a denser town of 1 km squares, on EPSG:3035 near Zemgale."""
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
    owner = np.minimum((zones["x_m"] - zones["x_m"].min()) // (zones["x_m"].max() / 6 - 5_247_000 / 6 + 1), 5).astype(
        int
    )
    zones["municipality"] = [MUNICIPALITIES[k] for k in owner]
    zones["settlement_id"] = [f"s{k}" for k in owner]
    zones["zone_id"] = [f"Z{k:04d}" for k in range(len(zones))]
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
        coordinates = [[list(pair) for pair in zip(lon, lat, strict=True)]]
        features.append(
            {
                "type": "Feature",
                "properties": {"municipality": name},
                "geometry": {"type": "Polygon", "coordinates": coordinates},
            }
        )
    return {"type": "FeatureCollection", "features": features}


def sample_indicators(zones: pd.DataFrame, seeds: tuple[int, ...] = SEEDS) -> pd.DataFrame:
    """Invented indicators: the region by year, municipalities and zones in the simulated years."""
    rows: list[tuple[Any, ...]] = []
    rng = np.random.default_rng(20240101)
    luck = {(seed, year): float(rng.normal(0, 0.004)) for seed in seeds for year in YEARS}
    for policy, _, car, ev, bus, cost in POLICIES:
        for seed in seeds:
            noise = 1 + rng.normal(0, 0.0012)
            for year in YEARS:
                ramp = (year - 2024) / 11
                share = 0.008 + 0.15 * ramp**1.7 + ev * ramp + luck[seed, year] * ramp
                rows.append((policy, seed, year, "ev_share", "share", "all", "region", share))
                if year not in DAYS_IN:
                    continue
                rows += _year(policy, seed, year, car * ramp, bus * ramp, cost * ramp, share, noise, luck[seed, year])
            rows += _places(policy, seed, zones, car, ev, bus, rng)
    columns = ["policy", "seed", "year", "indicator", "unit", "group", "place", "value"]
    return pd.DataFrame(rows, columns=columns)


def _year(
    policy: str, seed: int, year: int, car: float, bus: float, cost: float, ev: float, noise: float, luck: float
) -> list[tuple[Any, ...]]:
    level = (1 + luck) * noise
    km = 1.21e9 * (1 + car) * level * (1 + 0.01 * (year - 2024) / 11)
    co2 = km * (0.19 * (1 - ev) + 0.021 * ev)
    values = {
        "residents": 225_123.0,
        "car_km_year": km,
        "co2_wtw_kg_year": co2,
        "bus_trips_year": 21.3e6 * (1 + bus) * level,
        "charging_wait_mean_min": 1.9 + 14 * ev * level,
        "public_cost_eur": cost * level,
        "co2_wtw_total_kg": co2 * 7.3,
    }
    shares = {**MODE_BASE}
    shares["bus"] *= 1 + bus
    shares["car"] *= 1 + car - ev
    shares["ev"] += shares["car"] * ev
    total = sum(shares.values())
    rows = [(policy, seed, year, key, "", "all", "region", value) for key, value in values.items()]
    rows += [(policy, seed, year, "mode_share", "share", mode, "region", v / total) for mode, v in shares.items()]
    return rows


def _places(
    policy: str, seed: int, zones: pd.DataFrame, car: float, ev: float, bus: float, rng: np.random.Generator
) -> list[tuple[Any, ...]]:
    rows = []
    populated = zones[zones["kind"] == "populated"]
    west = (populated["x_m"] - populated["x_m"].min()) / (populated["x_m"].max() - populated["x_m"].min())
    for name, weights in (("zone_id", west), ("municipality", west.groupby(populated["municipality"]).mean())):
        places = populated["zone_id"] if name == "zone_id" else weights.index
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
    for policy, *_ in POLICIES:
        cost, co2, base = (
            values[p, k]
            for p, k in ((policy, "public_cost_eur"), (policy, "co2_wtw_total_kg"), ("baseline", "co2_wtw_total_kg"))
        )
        values[policy, "eur_per_tonne"] = {
            s: float("nan") if policy == "baseline" else cost[s] / ((base[s] - co2[s]) / 1000) for s in cost
        }
    rows = []
    for policy, *_ in POLICIES:
        row: dict[str, Any] = {"policy": policy}
        for key in (TOTAL_CO2, *MAIN_KEYS, *(f"mode_share_{mode}" for mode in MODES)):
            own, base = values[policy, key], values["baseline", key]
            row[key] = float(np.mean(list(own.values())))
            differences = [own[s] - base[s] for s in own]
            low, high = interval_over_seeds(differences)
            blank = policy == "baseline"
            if key == "eur_per_tonne":
                row |= _eur_per_tonne(own, row["co2_wtw_total_kg_high"])
                continue
            row |= {
                f"{key}_diff": np.nan if blank else float(np.mean(differences)),
                f"{key}_low": np.nan if blank else low,
                f"{key}_high": np.nan if blank else high,
            }
        rows.append(row)
    table = pd.DataFrame(rows)
    table.attrs["year"] = 2035
    return table


def _eur_per_tonne(own: dict[int, float], high: float) -> dict[str, float]:
    low, top = interval_over_seeds(list(own.values()))
    blank = not high < 0
    return {
        "eur_per_tonne": np.nan if blank else float(np.mean(list(own.values()))),
        "eur_per_tonne_diff": np.nan,
        "eur_per_tonne_low": np.nan if blank else low,
        "eur_per_tonne_high": np.nan if blank else top,
    }


def sample_manifest() -> dict[str, Any]:
    measures = {
        "baseline": [],
        "yards": [
            {
                "lever": "yard_chargers",
                "points_per_100_flats": 3,
                "power_kw": 7.4,
                "places": ["Jelgava", "Jēkabpils novads"],
                "from_year": 2026,
            }
        ],
    }
    experiment = {
        "id": "test-2035",
        "title": {"lv": "TESTA dati 2035", "en": "TEST data 2035"},
        "region": "zemgale",
        "years": [2024, 2035],
        "days_in": list(DAYS_IN),
        "seeds": list(SEEDS),
        "policies": [
            {
                "id": p[0],
                "title": p[1],
                "measures": measures.get(
                    p[0], [{"lever": p[0], "value_share": 0.5, "from_year": 2026, "source": "invented"}]
                ),
            }
            for p in POLICIES
        ],
    }
    summary = [
        {
            "item": "population",
            "unit": {"lv": "iedz.", "en": "residents"},
            "total": 225_123,
            "reported_share": 0.62,
            "estimate_share": 0.35,
            "assumption_share": 0.03,
        },
        {
            "item": "road_length",
            "unit": "km",
            "total": 9123.4,
            "reported_share": 0.28,
            "estimate_share": 0.72,
            "assumption_share": 0.0,
        },
        {
            "item": "timetable",
            "unit": {"lv": "reisi dienā", "en": "departures a day"},
            "total": 1840,
            "reported_share": 0.11,
            "estimate_share": 0.82,
            "assumption_share": 0.07,
        },
        {
            "item": "prices",
            "unit": {"lv": "cenas", "en": "prices"},
            "total": 19,
            "reported_share": 0.63,
            "estimate_share": 0.16,
            "assumption_share": 0.21,
        },
    ]
    return {
        "experiment": experiment,
        "region": {"name": "zemgale", "title": {"lv": "Zemgale", "en": "Zemgale"}, "digest": "0" * 16},
        "region_summary": summary,
        "fingerprint": "f" * 64,
        "versions": {"zemsim": "0.1.0", "python": "3.11", "numpy": "2.4.6"},
        "timings": {"total_s": 151.2},
    }


def sample_verdicts() -> list[dict[str, Any]]:
    return [
        {
            "check": "no_alternative",
            "passed": True,
            "value": 0,
            "text": {
                "lv": "Visiem iedzīvotājiem ir vismaz viens pārvietošanās veids.",
                "en": "Every resident has at least one way to travel.",
            },
        },
        {
            "check": "gap",
            "passed": False,
            "value": 0.0123,
            "text": "Mode changes in the last iteration stay below 0.01.",
        },
        {
            "check": "soc",
            "passed": True,
            "value": 12.4,
            "text": {"lv": "Uzlādes līmenis nekad nav zem nulles.", "en": "The state of charge is never below zero."},
        },
    ]


def sample_facts() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "title_lv": ["Braucieni uz iedzīvotāju dienā"],
            "title_en": ["Trips per resident and day"],
            "unit": ["1/d"],
            "model": [2.64],
            "target": [2.7],
            "difference": [-0.06],
            "source": ["INVENTED survey 2017"],
        }
    )


def sample_run(folder: Path, side: int = 12, seeds: tuple[int, ...] = SEEDS) -> SampleRun:
    zones = sample_zones(side)
    return SampleRun(folder, sample_manifest(), sample_indicators(zones, seeds), sample_verdicts(), zones)


def sample_inputs(folder: Path, side: int = 12, seeds: tuple[int, ...] = SEEDS) -> Inputs:
    """All that the page shows, with map, chargers and added chargers."""
    run = sample_run(folder, side, seeds)
    results = Results(run.manifest, run.indicators, sample_headline(run.indicators), run.verdicts)
    zones = run.zones
    some = zones.iloc[[3, 20, 50]]
    chargers = pd.DataFrame({"x_m": some["x_m"], "y_m": some["y_m"], "name": ["Stacija A", "Stacija B", "Stacija C"]})
    settlements = pd.DataFrame({"settlement_id": [f"s{k}" for k in range(6)], "name": list(MUNICIPALITIES)})
    place = Place(zones, sample_outline(zones), chargers, settlements)
    extra = {"yards": [(float(x), float(y)) for x, y in zones[["x_m", "y_m"]].iloc[[8, 30]].to_numpy()]}
    return Inputs(results, place, sample_facts(), extra, ["INVENTED source · 2024"])
