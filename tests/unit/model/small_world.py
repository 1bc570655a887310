"""A small world for tests of the model: some 3,000 residents of Zemgale on its real roads and timetable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zemsim.behaviour.parameters import load_parameters
from zemsim.core.names import Season
from zemsim.model.build import make_supplies, rain, temperatures
from zemsim.model.model import MobilityModel
from zemsim.model.world import RunSettings, TimetableKey, TransitSupply, World
from zemsim.policy.levers import MeasureFile
from zemsim.population import Population, make_tours
from zemsim.travel.road_network import RoadNetwork
from zemsim.travel.roads import road_skim

if TYPE_CHECKING:
    from zemsim.policy.levers import Measure
    from zemsim.region import Region

#: Households taken from each of these settlements, in the order of the population.
HOUSEHOLDS = {"jelgava": 500, "jekabpils": 200, "bauska": 200, "dobele": 100, "ozolnieku-pagasts": 150}
#: All households with an electric car that live in these municipalities come on top.
ELECTRIC_FROM = ("Jelgava", "Jelgavas novads", "Bauskas novads")
SEEDS = (1, 2)
SETTINGS = RunSettings(
    years=(2024, 2025, 2026, 2027), days_in=(2024, 2027), seasons=(Season.WINTER,), day_iterations=2, first_iterations=3
)

#: What every measure must state.
_HEAD = {"from_year": 2026, "source": "a test", "grade": "assumption"}
_COSTED = {"paid_by": "state", "cost_source": "a test", "cost_grade": "assumption"}


class Supplies(Mapping[TimetableKey, TransitSupply]):
    """Timetables of a region, each with its skim, made when they are first asked for."""

    def __init__(self, region: Region) -> None:
        self._region, self._made = region, dict[TimetableKey, TransitSupply]()

    def __getitem__(self, key: TimetableKey) -> TransitSupply:
        if key not in self._made:
            self._made |= make_supplies(self._region, [key], threads=2)
        return self._made[key]

    def __iter__(self) -> Iterator[TimetableKey]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


@dataclass(frozen=True)
class TestPolicy:
    """A policy as a model reads it."""

    __test__ = False

    id: str
    measures: Sequence[Measure]


def subset(population: Population, chosen: np.ndarray) -> Population:
    """The households at the positions ``chosen`` (rising), with their residents and cars, numbered anew."""
    new_idx = np.full(len(population.households), -1, np.int32)
    new_idx[chosen] = np.arange(len(chosen), dtype=np.int32)

    def belonging(table: pd.DataFrame) -> pd.DataFrame:
        kept = table[new_idx[table["household_idx"]] >= 0].reset_index(drop=True)
        return kept.assign(household_idx=new_idx[kept["household_idx"]])

    households = population.households.iloc[chosen].reset_index(drop=True)
    return Population(households, belonging(population.residents), belonging(population.vehicles), population.seed)


def some_households(region: Region, population: Population) -> np.ndarray:
    """Positions of the households of the small world."""
    zone = population.households["zone_idx"].to_numpy()
    settlement = region.zones["settlement_id"].to_numpy()[zone]
    picked = [np.flatnonzero(settlement == name)[:count] for name, count in HOUSEHOLDS.items()]
    home = region.zones["municipality"].to_numpy()[zone]
    cars = population.vehicles
    electric = np.unique(cars["household_idx"].to_numpy()[cars["battery_kwh"].to_numpy() > 0])
    picked.append(electric[np.isin(home[electric], ELECTRIC_FROM)])
    return np.unique(np.concatenate(picked))


def world_of(region: Region, population: Population, seeds: Sequence[int] = SEEDS) -> World:
    """A world of some residents of a region on all its roads and its timetable."""
    network = RoadNetwork.from_region(region)
    skim = road_skim(network, threads=2)
    supplies = Supplies(region)
    supplies[()]
    return World(
        region=region,
        population=population,
        network=network,
        road_skim=skim,
        supplies=supplies,
        tours={seed: make_tours(region, population, skim.distance_km, seed) for seed in seeds},
        parameters=load_parameters(),
        settings=SETTINGS,
        temperature_c=temperatures(region),
        rain_mm_day=rain(region),
    )


_WORLDS: list[World] = []


def small_world(region: Region, population: Population) -> World:
    """The small world; made once in a session."""
    if not _WORLDS:
        _WORLDS.append(world_of(region, subset(population, some_households(region, population))))
    return _WORLDS[0]


def with_settings(world: World, **changes: Any) -> World:
    """The same world with other years, seasons or iterations."""
    return replace(world, settings=replace(world.settings, **changes))


def measures(*rows: Mapping[str, Any]) -> Sequence[Measure]:
    """Measures from their own keys; what every measure must state is added."""
    costed = {
        "public_chargers",
        "yard_chargers",
        "bus_frequency",
        "shared_ebikes",
        "electric_city_buses",
        "electric_buses",
    }
    costed |= {"solar_charging", "new_line", "new_stop", "closed_stop", "bus_speed", "on_demand_bus", "electric_buses"}
    costed |= {"bus_operator_rule", "charger_companies", "points_on_request"}
    full = []
    for number, row in enumerate(rows):
        head = _HEAD | (_COSTED if row["lever"] in costed else {}) | {"id": f"test-{number}"}
        full.append({**head, **row})
    return MeasureFile.of(full)


HALF_FARES = {"lever": "bus_fare", "fare_share": 0.5, "modes": ["bus"], "paid_by": "state"}
DEARER_FUEL = {"lever": "fuel_price", "add_eur_l": 0.5, "revenue_to": "state"}
PAID_PARKING = {
    "lever": "parking_price",
    "price_eur_h": 2.0,
    "places": ["Jelgava"],
    "ev_exempt": False,
    "cost_share": 0.1,
    "cost_source": "a test",
    "cost_grade": "assumption",
}
MORE_BUSES = {"lever": "bus_frequency", "factor": 2.0, "networks": ["regional_bus"], "cost_eur_per_vehicle_km": 1.9}
CHARGERS = {
    "lever": "public_chargers",
    "places": ["Jelgava", "Bauska"],
    "sites_per_place": 2,
    "points_per_site": 2,
    "power_kw": 150,
    "price_eur_kwh": 0.4,
    "kind": "fast",
    "install_lag_months": 0,
    "capex_eur_per_point": 95000,
    "opex_share_year": 0.08,
}
COMPANIES = {
    "lever": "charger_companies",
    "from_year": 2024,
    "busy_hours_day": 0.5,
    "busy_wait_min": 0.0,
    "idle_hours_day": 0.01,
    "idle_years": 2,
    "most_points": 3,
    "grid_kw": 300.0,
    "station_points": 2,
    "budget_eur_year": 120_000.0,
    "install_lag_months": 6,
    "capex_slow_eur_per_point": 6_000.0,
    "capex_fast_eur_per_point": 50_000.0,
    "opex_share_year": 0.1,
    "support_share": 0.25,
}
REQUESTS = {
    "lever": "points_on_request",
    "from_year": 2024,
    "walk_max_m": 250,
    "asking_share": 1.0,
    "cars_per_point": 6,
    "points_per_post": 2,
    "power_kw": 11,
    "price_eur_kwh": 0.05,
    "posts_per_year": 5,
    "budget_eur_year": 40_000,
    "install_lag_months": 6,
    "capex_eur_per_point": 6500,
    "opex_share_year": 0.08,
    "paid_by": "municipality",
}
GRANT = {"lever": "ev_purchase_grant", "grant_new_eur": 9000, "grant_used_eur": 6000, "paid_by": "state"}


def run(model: MobilityModel, policy: str = "baseline", *rows: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """All years of a policy from the start."""
    model.start(policy, measures(*rows) if rows else ())
    return model.run()


def fresh_run(
    world: World, policy: str = "baseline", *rows: Mapping[str, Any], seed: int = 1, threads: int = 1
) -> dict[str, pd.DataFrame]:
    """The tables of a policy by a model of its own, which is let go."""
    model = MobilityModel(world, seed, threads)
    try:
        return run(model, policy, *rows)
    finally:
        model.close()
