"""A small made-up region and a model of a few lines: what the runner, the run folder and the evidence are tested on.

Every table of a run is there with every kind of row, so that the tests know what the indicators must add up to.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zemsim.core import fingerprint
from zemsim.core.names import ChargingPlace, DayType, Mode, Powertrain, Season
from zemsim.evidence.factors import load_factors
from zemsim.evidence.indicators import Setting
from zemsim.experiment.engine import Made, Part
from zemsim.experiment.run_writer import Identity
from zemsim.model.short_run import ShortRun

YEARS = (2024, 2025, 2026, 2027, 2028)
SIMULATED = (2024, 2028)
POLICIES = ("baseline", "bus-free", "ev-grant")
SEEDS = (1, 2, 3)
RESIDENTS = 400
ZONES = 9
CARS = 150


@dataclass
class World:
    """What the fake cases share."""

    zones: pd.DataFrame
    persons: pd.DataFrame


@dataclass
class FakeEngine:
    """An engine whose cases take milliseconds; faults can be asked for.

    Attributes
    ----------
    raises : policy whose cases raise.
    dies_in : file; the case of ``dies`` kills its process as long as this file does not exist.
    dies : policy and seed, or None.
    always_dies : kills its process each time.
    stops : the process of the whole run is killed after this many cases.
    interrupted : the run is interrupted by hand after this many cases.
    variant : part of the identity, to make it another question.
    """

    policies: tuple[str, ...] = POLICIES
    seeds: tuple[int, ...] = SEEDS
    raises: str | None = None
    dies: tuple[str, int] | None = None
    dies_in: Path | None = None
    always_dies: tuple[str, int] | None = None
    stops: int | None = None
    interrupted: int | None = None
    variant: str = "a"
    calls: list[tuple[str, int]] = field(default_factory=list)

    def name(self) -> str:
        return str(self.describe()["experiment"]["id"])

    def identity(self) -> Identity:
        return Identity({"code": fingerprint.of_json("fake"), "experiment": fingerprint.of_json(self.variant)})

    def describe(self) -> dict[str, Any]:
        return {
            "experiment": {
                "id": "fake",
                "title": {"lv": "Izdomāts", "en": "Made up <b>"},
                "policies": [{"id": p, "title": {"lv": p, "en": p.title()}, "measures": []} for p in self.policies],
            },
            "years": list(YEARS),
            "simulated_years": list(SIMULATED),
            "region": {"name": "zemgale", "digest": "made up"},  # the facts are held against runs of this region only
            "factors": load_factors().rows(),
            "outline": {"type": "FeatureCollection", "features": []},
        }

    def cases(self) -> list[tuple[str, int]]:
        return [(policy, seed) for policy in self.policies for seed in self.seeds]

    def parts(self, processes: int) -> list[Part]:
        tours = [Part(f"tours-{seed}", f"tours, seed {seed}", ("population",), seed) for seed in self.seeds]
        return [Part("population", "population"), *tours]

    def prepare(self, work: Path, part: str, threads: int) -> Made:
        folder = work / "prepared"
        folder.mkdir(exist_ok=True)
        zones = make_zones()
        if part == "population":
            verdict = {"check": "roads", "passed": True, "text": {"lv": "Labi", "en": "Fine"}, "value": 0}
            return Made({"zones": zones}, [verdict])
        persons = make_persons(zones)
        return Made({"persons": persons, "tours": make_tours(persons, int(part.removeprefix("tours-")))})

    def open(self, work: Path) -> World:
        assert (work / "prepared").is_dir()
        zones = make_zones()
        return World(zones, make_persons(zones))

    def setting(self, world: World, seed: int, tables: Mapping[str, pd.DataFrame]) -> Setting:
        return Setting(tables["zones"], tables["persons"], tables["tours"], YEARS, SIMULATED, load_factors())

    def build(self, world: World, seed: int, threads: int) -> dict[str, Any]:
        return {"seed": seed, "tours": make_tours(world.persons, seed), "runs": 0}

    def short_run(self, model: Any, policy: str) -> ShortRun | None:
        return None

    def close(self, model: Any) -> None:
        model.clear()

    def simulate(self, world: World, model: Any, policy: str) -> dict[str, pd.DataFrame]:
        case = (policy, model["seed"])
        self.calls.append(case)
        self._maybe_die(case)
        if policy == self.raises:
            raise RuntimeError("the model broke\nwith two lines")
        model["runs"] += 1
        return make_case(model["tours"], policy, model["seed"])

    def verdicts(self, model: Any, tables: Mapping[str, pd.DataFrame], setting: Setting) -> list[dict[str, Any]]:
        return [{"check": "gap", "passed": True, "text": {"lv": "Labi", "en": "Fine"}, "value": 0.5}]

    def _maybe_die(self, case: tuple[str, int]) -> None:
        if self.stops is not None and len(self.calls) > self.stops:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.interrupted is not None and len(self.calls) > self.interrupted:
            raise KeyboardInterrupt
        if case == self.always_dies:
            os._exit(1)
        if case == self.dies and self.dies_in is not None and not self.dies_in.exists():
            self.dies_in.touch()
            os._exit(1)


def make_zones() -> pd.DataFrame:
    """Two zones of a city, two of a town, four of the countryside (one with three residents only), and a gate."""
    kinds = ["city", "city", "town", "town", *["countryside"] * 4, "outside"]
    position = np.arange(ZONES)
    return pd.DataFrame(
        {
            "zone_idx": position,
            "zone_id": [f"z{i}" for i in position[:-1]] + ["riga"],
            "kind": ["populated"] * (ZONES - 1) + ["gate"],
            "municipality": ["Jelgava"] * 2 + ["Bauskas novads"] * 6 + [""],
            "area_type": kinds,
            "settlement_id": ["jelgava"] * 2 + ["bauska"] * 2 + ["code-pagasts"] * 4 + ["riga"],
            "x_m": 5_200_000.0 + 1000.0 * position,
            "y_m": 3_800_000.0 + 1000.0 * position,
            "size_m": [1000.0] * (ZONES - 1) + [np.nan],
            "lon": 24.0 + 0.01 * position,
            "lat": 56.5 + 0.01 * position,
            "population": [float(RESIDENTS)] * (ZONES - 1) + [np.nan],
        }
    )


def make_persons(zones: pd.DataFrame) -> pd.DataFrame:
    """Residents in households of two; the last zone has three."""
    rng = np.random.default_rng(7)
    household = np.arange(RESIDENTS) // 2
    home = np.sort(rng.integers(0, ZONES - 2, household.max() + 1))
    home[-2:] = ZONES - 2
    zone = home[household]
    zone[-4] = ZONES - 3
    household = np.where(np.arange(RESIDENTS) == RESIDENTS - 4, household[-1] + 1, household)
    income = rng.lognormal(0.0, 0.4, RESIDENTS)
    quintile = np.argsort(np.argsort(income)) * 5 // RESIDENTS + 1
    municipality = (zones["municipality"].to_numpy()[zone] == "Jelgava").astype(int)
    return pd.DataFrame(
        {
            "resident_idx": np.arange(RESIDENTS),
            "resident_id": 10 * np.arange(RESIDENTS),
            "household_idx": household,
            "zone_idx": zone,
            "municipality_idx": municipality,
            "work_zone_idx": np.where(rng.random(RESIDENTS) < 0.5, rng.integers(0, ZONES, RESIDENTS), -1),
            "age": rng.integers(5, 90, RESIDENTS),
            "female": rng.random(RESIDENTS) < 0.53,
            "employed": rng.random(RESIDENTS) < 0.5,
            "student": rng.random(RESIDENTS) < 0.2,
            "licence": rng.random(RESIDENTS) < 0.6,
            "income_ratio": income,
            "quintile": quintile,
            "urban": zone < 4,
        }
    )


def make_tours(persons: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One tour for most residents on each day type, two for some."""
    rng = np.random.default_rng(100 + seed)
    parts = []
    for day_type in DayType:
        resident = np.sort(rng.choice(RESIDENTS, int(RESIDENTS * 1.2)))
        road = rng.gamma(2.0, 6.0, len(resident))
        bus = np.where(rng.random(len(resident)) < 0.2, np.nan, road * 1.1)
        train = np.where(rng.random(len(resident)) < 0.7, np.nan, road * 0.9)
        depart = rng.integers(300, 900, len(resident))
        part = pd.DataFrame(
            {
                "day_type": int(day_type),
                "resident_idx": resident,
                "purpose": rng.integers(0, 6, len(resident)),
                "origin_zone_idx": persons["zone_idx"].to_numpy()[resident],
                "dest_zone_idx": rng.integers(0, ZONES, len(resident)),
                "dest_x_m": 5_200_000.0 + rng.random(len(resident)),
                "dest_y_m": 3_800_000.0 + rng.random(len(resident)),
                "depart_min": depart,
                "leave_min": depart + 300,
                "period_out": 0,
                "period_back": 2,
                "road_km": road.astype(np.float32),
                "active_km": (road * 0.95).astype(np.float32),
                "bus_km": bus.astype(np.float32),
                "train_km": train.astype(np.float32),
            }
        )
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def make_case(tours: pd.DataFrame, policy: str, seed: int) -> dict[str, pd.DataFrame]:
    """The tables of a case; the same luck under every policy, so that differences are effects."""
    strength = POLICIES.index(policy) if policy in POLICIES else 0
    rng = np.random.default_rng(1000 + seed)
    tables = {"trips": _trips(tours, rng, strength), "vehicles": _vehicles(rng, strength)}
    tables["destinations"] = _destinations(tours, strength, seed)
    tables["sessions"] = _sessions(rng)
    tables["stations"] = _stations(seed)
    tables["purchases"] = _purchases(rng)
    tables["transit"] = _transit(strength)
    tables["payments"] = _payments(policy, strength, seed)
    tables["bus_fleets"] = _bus_fleets(strength)
    tables["charging_load"] = _charging_load(rng)
    tables["reactions"] = _reactions(strength)
    tables["station_trips"] = _station_trips(tables["trips"], strength)
    tables["shared_car_trips"] = _shared_car_trips(tables["trips"], strength)
    tables["car_stations"] = _car_stations(tables["shared_car_trips"])
    tables["gaps"] = pd.DataFrame(
        [
            (y, s, i, np.nan if i == 0 else 0.01 / i, np.nan if i == 0 else 0.001 / i, 0.002, 0.1, 0.2)
            for y in SIMULATED
            for s in (0, 1)
            for i in range(3)
        ],
        columns=[
            *("year", "season", "iteration", "mode_change_share", "mode_share_gap", "time_gap"),
            *("wait_gap_min", "wait_error_min"),
        ],
    )
    return tables


def _station_trips(trips: pd.DataFrame, strength: int) -> pd.DataFrame:
    """Some tours by bus or train whose first stop is reached by bicycle, e-bike or car."""
    rows = trips[trips["mode"].isin([3, 4])].iloc[:: 7 if strength else 1][: 40 * strength]
    n = np.arange(len(rows))
    return rows[["year", "season", "day_type", "tour_idx"]].assign(
        stop_id="s1",
        access=(1 + n % 3).astype(np.int8),
        vehicle_idx=np.where(n % 3 == 2, n % 5, -1).astype(np.int32),
        access_km=(1.0 + n % 4).astype(np.float32),
        access_min=np.float32(9.0),
        place_eur=np.float32(1.0),
        transit_km=(10.0 + n % 6).astype(np.float32),
    )


def _shared_car_trips(trips: pd.DataFrame, strength: int) -> pd.DataFrame:
    """Some tours by electric car that are made in a shared one, one after the other."""
    rows = trips[trips["mode"] == 6].iloc[:: 5 if strength else 1][: 12 * strength]
    day = rows.groupby(["year", "season", "day_type"])
    turn = day.cumcount().to_numpy()
    return rows[["year", "season", "day_type", "tour_idx"]].assign(
        stop_id="s1",
        car=(turn % 2).astype(np.int32),
        walk_min=np.float32(4.0),
        take_min=60.0 * turn,
        back_min=60.0 * turn + 100.0,
        tour_km=8.0 + turn,
        driven_kwh=0.2 * (8.0 + turn),
        tour_eur=5.0 + turn,
    )


def _car_stations(trips: pd.DataFrame) -> pd.DataFrame:
    """A station with two cars on the days of these trips."""
    day = ["year", "season", "day_type"]
    rows = trips.groupby(day).agg(tours=("tour_idx", "size"), driven_kwh=("driven_kwh", "sum")).reset_index()
    n = np.arange(len(rows))
    return rows.assign(
        **{"measure_id": "m1", "stop_id": "s1", "cars": 2, "refused_no_car": n % 3, "refused_no_charge": n % 2},
        **{"start_kwh": 80.0, "charged_kwh": rows["driven_kwh"], "end_kwh": 80.0, "grid_kwh": rows["driven_kwh"] / 0.9},
    )


def _trips(tours: pd.DataFrame, rng: np.random.Generator, strength: int) -> pd.DataFrame:
    parts = []
    for year in SIMULATED:
        for season in Season:
            luck = rng.random(len(tours))
            mode = np.minimum((luck * 8).astype(int), 7)
            moved = (mode == Mode.CAR) & (luck * 8 % 1 < 0.2 * strength)
            mode = np.where(moved, Mode.BUS if strength == 1 else Mode.EV, mode)
            transit = np.isin(mode, (Mode.BUS, Mode.TRAIN))
            parts.append(
                pd.DataFrame(
                    {
                        "year": year,
                        "season": int(season),
                        "day_type": tours["day_type"].to_numpy(),
                        "tour_idx": np.arange(len(tours)),
                        "mode": mode,
                        "fare_eur": np.where(transit, 1.5, 0.0),
                        "with_pass": transit & (luck * 64 % 2 < 1),
                        "parking_eur": np.where(mode == Mode.CAR, 0.4, 0.0),
                        "door_min": np.where(transit, 40, 15),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def _vehicles(rng: np.random.Generator, strength: int) -> pd.DataFrame:
    luck, parts = rng.random(CARS), []
    for year in YEARS:
        share = 0.05 + 0.02 * (year - YEARS[0]) * (1 + strength)
        others = [luck < share, luck < 0.35, luck < 0.4, luck < 0.5]
        kinds = [Powertrain.BEV, Powertrain.PETROL, Powertrain.HYBRID, Powertrain.PHEV]
        powertrain = np.select(others, kinds, Powertrain.DIESEL)
        km = np.where(year in SIMULATED, 10_000.0 + 1000.0 * luck, np.nan)
        electric = powertrain == Powertrain.BEV
        parts.append(
            pd.DataFrame(
                {
                    "year": year,
                    "vehicle_idx": np.arange(CARS),
                    "household_idx": np.arange(CARS),
                    "powertrain": powertrain,
                    "age_years": (luck * 20).astype(int),
                    "km_year": km,
                    "litres_year": np.where(electric, 0.0 * km, 0.07 * km),
                    "kwh_year": np.where(electric, 0.2 * km, 0.0 * km),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _sessions(rng: np.random.Generator) -> pd.DataFrame:
    n = 60
    place = np.sort(rng.integers(0, 4, n))
    public = np.isin(place, (ChargingPlace.PUBLIC_SLOW, ChargingPlace.PUBLIC_FAST))
    rows = pd.DataFrame(
        {
            "season": rng.integers(0, 2, n),
            "day": rng.integers(0, 7, n),
            "vehicle_idx": rng.integers(0, CARS, n),
            "place": place,
            "site_idx": np.where(public, 3, -1),
            "start_min": rng.integers(0, 1440, n),
            "charge_min": rng.uniform(10.0, 400.0, n),
            "wait_min": np.where(public, rng.exponential(4.0, n), 0.0),
            "left": np.where(public, rng.integers(0, 2, n), 0),
            "kwh": rng.uniform(2.0, 30.0, n),
            "battery_kwh": rng.uniform(1.5, 26.0, n),
            "solar_share": np.where(public, 0.25, 0.0),
            "grid_factor": rng.uniform(0.8, 1.2, n),
            "cost_eur": rng.uniform(1.0, 9.0, n),
        }
    )
    return pd.concat([rows.assign(year=year) for year in SIMULATED], ignore_index=True)


def _destinations(tours: pd.DataFrame, strength: int, seed: int) -> pd.DataFrame:
    """Some tours go elsewhere, the more the stronger the policy, and other ones in each year."""
    rng = np.random.default_rng(3000 + seed)
    parts = []
    for year in SIMULATED:
        rows = np.sort(rng.choice(len(tours), 5 * strength, replace=False))
        part = tours.iloc[rows][["dest_x_m", "dest_y_m", "road_km", "active_km", "bus_km", "train_km"]] * 1.5
        part.insert(0, "dest_zone_idx", rng.integers(0, ZONES, len(rows)))
        part.insert(0, "tour_idx", rows)
        part.insert(0, "year", year)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _stations(seed: int) -> pd.DataFrame:
    """Two sites in two seasons; nobody came to the second in winter."""
    luck = np.random.default_rng(seed)
    site = np.tile([0, 3], 2)
    came = np.where((np.arange(4) == 1), 0, luck.integers(5, 20, 4))
    rows = pd.DataFrame(
        {
            "season": np.repeat([0, 1], 2),
            "site_idx": site,
            "site_id": np.where(site == 0, "c1", "hubs/Jelgava/1"),
            "fast": site == 3,
            "points": 2,
            "came": came,
            "left": came // 3,
            "failed": came // 5,
            "wait_mean_min": np.where(came > 0, luck.uniform(0.0, 20.0, 4), np.nan),
            "energy_kwh": 15.0 * came,
            "peak_kw": np.where(came > 0, 44.0, 0.0),
        }
    )
    return pd.concat([rows.assign(year=year) for year in SIMULATED], ignore_index=True)


def _purchases(rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for year in YEARS:
        houses = [int(house) for house in rng.integers(0, CARS, 6)]
        rows += [
            (
                year,
                h,
                "car",
                h % 5,
                bool(h % 2),
                9000.0,
                450.5 * (h % 5 == 2),
                100.0 * (h % 5 == 2),
                h % 2,
                12 - 13 * (h % 2),
                9000.0,
            )
            for h in houses
        ]
        rows.append((year, 3, "ebike", -1, True, 1800.0, 100.25, 0.0, -1, -1, 0.0))
    columns = ["year", "household_idx", "kind", "powertrain", "new", "price_eur", "grant_eur"]
    columns += ["scrapping_eur", "replaces", "scrapped_age_years", "km_year"]
    return pd.DataFrame(rows, columns=columns)


def _transit(strength: int) -> pd.DataFrame:
    rows = []
    for year in SIMULATED:
        for day in DayType:
            rows.append((year, "jelgava-1", "city_bus_jelgava", Mode.BUS, day, 500.0, 300.0, 0.1 * strength, 0.4))
            rows.append((year, "bus-7352", "regional_bus", Mode.BUS, day, 800.0, 100.0, 0.0, 0.9 + 0.01 * day))
            rows.append((year, "rail-jelgava", "train", Mode.TRAIN, day, 900.0, 700.0, 1.0, 1.5))
            rows.append((year, "rail-daugavpils", "train", Mode.TRAIN, day, 100.0, 50.0, 0.0, 0.2))
    names = ["year", "route_id", "network_id", "mode", "day_type", "vehicle_km_day", "boardings_day"]
    routes = pd.DataFrame(rows, columns=[*names, "electric_share", "max_load_share"])
    fleet = routes["route_id"] == "jelgava-1"  # its buses are followed one by one, those of others are not
    routes["electric_kwh_day"] = np.where(fleet, 700.0 * routes["electric_share"], np.nan)
    return routes.assign(denied_day=5.0 * routes["max_load_share"], left_behind_day=0.5 * routes["max_load_share"])


def _bus_fleets(strength: int) -> pd.DataFrame:
    """One fleet in each season; nothing in the baseline."""
    names = ["driven_kwh_week", "charged_kwh_week", "change_kwh_week", "depot_kwh_week", "terminus_kwh_week"]
    rows = [
        (
            year,
            season,
            "city_bus_jelgava",
            4,
            10,
            12,
            0.5,
            3.0 * season,
            800.0,
            790.0,
            -10.0,
            800.0,
            100.0,
            90.0 + season,
        )
        for year in SIMULATED
        for season in (0, 1)
    ]
    head = ["year", "season", "network_id", "electric_buses", "diesel_buses", "out_buses", "parked_day"]
    table = pd.DataFrame(rows, columns=[*head, "cancelled_week", *names, "depot_peak_kw"])
    return table if strength else table.iloc[:0]


def _charging_load(rng: np.random.Generator) -> pd.DataFrame:
    """The power of every hour, season, day type and place."""
    rows = [
        (year, season, day_type, place, hour)
        for year in SIMULATED
        for season in (0, 1)
        for day_type in DayType
        for place in range(4)
        for hour in range(24)
    ]
    load = pd.DataFrame(rows, columns=["year", "season", "day_type", "place", "hour"])
    return load.assign(kw=rng.uniform(0.0, 500.0, len(load)))


def _reactions(strength: int) -> pd.DataFrame:
    """A company that adds, opens and takes away, a municipality that sets up and refuses; nothing in the baseline."""
    nan = np.nan
    company, town = ("company", "e-mobi (CSDD)", "companies"), ("municipality", "Jelgava", "requests")
    rows = [
        row
        for year in YEARS
        for row in (
            (year, *company, "add", "busy", "c1", 0, nan, nan, 1, year + 1, 0, nan, 6.5, 3.0, 54200.0),
            (year, *company, "open", "busy", "companies/e/1", 1, nan, nan, 2, year + 2, 0, nan, 9.0, 8.0, 108400.0),
            (year, *company, "take_away", "idle", "c2", 2, nan, nan, -1, year + 1, 0, nan, 0.1, 0.0, 0.0),
            (year, *company, "refuse", "no_grid", "c3", 0, nan, nan, 0, -1, 0, nan, 7.0, 4.0, 0.0),
            (year, *town, "open", "asked", "requests/Jelgava/1", 0, 1e6, 2e6, 2, year + 1, 3, 42.0, nan, nan, 13000.0),
            (year, *town, "refuse", "no_budget", "", -1, nan, nan, 0, -1, 4, nan, nan, nan, 0.0),
        )
    ]
    head = ["year", "actor", "actor_name", "measure_id", "action", "why", "site_id", "zone_idx", "x_m", "y_m", "points"]
    more = ["ready_year", "requests", "distance_m", "use_h_day", "wait_min", "cost_eur"]
    table = pd.DataFrame(rows, columns=[*head, *more])
    return table if strength else table.iloc[:0]


def _payments(policy: str, strength: int, seed: int) -> pd.DataFrame:
    names = ["year", "measure_id", "item", "payer", "payee", "basis", "quantity", "unit", "amount_eur"]
    rows: list[tuple[Any, ...]] = []
    if strength:
        for year in YEARS:
            rows.append((year, policy, "grant", "state", "household", "year", 3.0, "cars", 1000.0 * strength + seed))
            rows.append((year, policy, "share", "state", "municipality", "year", 1.0, "sum", 777.0))
        for year in SIMULATED:
            rows.append((year, policy, "fares", "municipality", "operator", "days", 9.0, "EUR", 50.0 * (year - 2020)))
            rows.append((year, policy, "parking", "household", "municipality", "days", 2.0, "EUR", 12.5))
    return pd.DataFrame(rows, columns=names)
