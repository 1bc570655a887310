"""The book of a run: what is written down as it happens, in the tables of the run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.core.names import TRIPS_PER_TOUR, Alternative
from zemsim.core.schema import case_tables, conform, schema
from zemsim.model.accounts import day_tables, purchases_of_year
from zemsim.model.car_use import car_use
from zemsim.model.charging_hours import load_by_hour
from zemsim.model.day import reported_modes
from zemsim.model.door_minutes import door_minutes
from zemsim.model.energy import fuel_l_per_km, grid_kwh_per_km
from zemsim.model.packed_rows import Packed, PackedRows, Positions, Sparse, unpacked
from zemsim.model.shared_car_book import car_station_rows, shared_car_rows
from zemsim.model.station_book import station_rows
from zemsim.model.transit_book import TransitSeason, fleet_rows, route_rows
from zemsim.policy.payments import ledger

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel

#: What verdicts count; the gaps are the largest of any car and day, or receiver and day.
COUNTS = (
    "no_alternative",
    "below_zero",
    "gave_up_charging",
    "charging_overlaps",
    "energy_gap_kwh",
    "money_gap_eur",
    "roads_not_reached",
    "no_place_in_time",
    "zones_off",
    "cars_left",
    "cars_came",
)
#: Tables with a row for each tour or car, which are kept packed.
_PACKED = ("trips", "vehicles")


class Book:
    """Tables of one run while they are written; counts of what could not be simulated."""

    def __init__(self) -> None:
        self._packed: dict[str, list[PackedRows]] = {name: [] for name in _PACKED}
        self._parts: dict[str, list[pd.DataFrame]] = {name: [] for name in case_tables() if name not in _PACKED}
        self.counts: dict[str, float] = dict.fromkeys(COUNTS, 0)
        self._seasons: list[TransitSeason] = []

    def copy(self) -> Book:
        """A book with the same rows so far; what is added to one does not reach the other."""
        twin = Book()
        twin._parts = {name: list(parts) for name, parts in self._parts.items()}
        twin._packed = {name: list(parts) for name, parts in self._packed.items()}
        twin.counts = dict(self.counts)
        return twin

    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables, with the types of their schemas."""
        return {name: conform(self._table(name), name) for name in case_tables()}

    def _table(self, name: str) -> pd.DataFrame:
        return _unpack(self._packed[name], name) if name in _PACKED else _join(self._parts[name], name)

    def of_year(self, name: str, year: int) -> pd.DataFrame:
        """The rows of a year of one table, as they were written down."""
        if name in _PACKED:
            return _unpack([part for part in self._packed[name] if part.year == year], name)
        return _join([part for part in self._parts[name] if len(part) and part["year"].iloc[0] == year], name)

    def add_purchases(self, year: int, **columns: Any) -> None:
        """Cars or e-bikes bought in a year."""
        n = len(columns["household_idx"])
        self._parts["purchases"].append(pd.DataFrame({"year": np.full(n, year), **columns}))

    def add_destinations(self, model: MobilityModel) -> None:
        """Write down the tours that go elsewhere in the model's year than they were planned to."""
        for plan in model.plans.values():
            rows, c = plan.moved, plan.columns
            offers = plan.offer.full.of_mode
            km = {
                f"{mode}_km": np.where(offers[mode]["available"][rows], offers[mode]["km"][rows], np.nan)
                for mode in ("bus", "train")
            }
            self._parts["destinations"].append(
                pd.DataFrame(
                    {
                        "year": np.full(len(rows), model.year, np.int16),
                        "tour_idx": (plan.first_idx + rows).astype(np.int32),
                        "dest_zone_idx": c.dest[rows],
                        "dest_x_m": plan.moved_xy[:, 0],
                        "dest_y_m": plan.moved_xy[:, 1],
                        "road_km": c.road_km[rows],
                        "active_km": plan.active_km[rows],
                        **km,
                    }
                )
            )
        if model.destinations is not None:
            self.counts["no_place_in_time"] += model.destinations.not_moved
            self.counts["zones_off"] += model.destinations.zones_off

    def close_season(self, model: MobilityModel) -> None:
        """Write down the last iteration of a season: trips, sessions, kilometres."""
        for plan in model.plans.values():
            self._add_trips(model, plan)
            self._parts["station_trips"].append(station_rows(model, plan))
            self._parts["shared_car_trips"].append(shared_car_rows(model, plan))
            self._parts["car_stations"].append(car_station_rows(model, plan))
            _add_kilometres(model, plan)
        week = model.week
        sessions = week.sessions
        self._parts["sessions"].append(
            sessions.assign(
                year=model.year,
                season=int(model.season),
                start_min=np.floor(sessions["start_min"]),
                charge_min=sessions["end_min"] - sessions["start_min"],
            ).drop(columns=["end_min", "base_eur", "panel_kwh"])
        )
        self._parts["stations"].append(_sites(model))
        self.counts["below_zero"] += week.below_zero
        self.counts["gave_up_charging"] += week.failed
        self.counts["charging_overlaps"] += week.overlaps
        for name, gap in (("energy_gap_kwh", model.waits.energy_gap_kwh), ("money_gap_eur", week.money_gap_eur)):
            self.counts[name] = max(self.counts[name], gap)
        self.counts["roads_not_reached"] += int(model.traffic is not None and not model.traffic.reached)
        days = model.days_of(model.season)
        model.sessions_of_year += week.sessions_of * sum(days.values()) / 7.0
        self._seasons.append(TransitSeason(days, model.moves.loads, model.bus_weeks))
        self._parts["bus_fleets"].append(fleet_rows(model))

    def _add_trips(self, model: MobilityModel, plan: DayPlan) -> None:
        made = np.flatnonzero(plan.alternative >= 0)
        self.counts["no_alternative"] += int(plan.in_force.sum()) - len(made)
        alternative, c = plan.alternative[made], plan.columns
        fare, with_pass = np.zeros(len(made)), np.zeros(len(made), np.bool_)
        on_pass = plan.tickets.with_pass(made, plan.due_eur(made))
        for k, chosen in enumerate((Alternative.BUS, Alternative.TRAIN)):
            fare = np.where(alternative == chosen, c.fare_eur[k, made], fare)
            with_pass |= (alternative == chosen) & on_pass[:, k]
        driven = alternative == Alternative.DRIVER
        columns: dict[str, Packed] = {
            "year": np.int16(model.year),
            "season": np.int8(model.season),
            "day_type": np.int8(plan.day_type),
            "tour_idx": Positions.of(plan.first_idx, plan.alternative >= 0),
            "mode": reported_modes(plan, model.vehicles.electric)[made],
            "fare_eur": Sparse.of(fare.astype(np.float32)),
            "with_pass": with_pass,
            "parking_eur": Sparse.of(np.where(driven, c.parking_eur[made], 0.0).astype(np.float32)),
            "door_min": door_minutes(plan, made),
        }
        self._packed["trips"].append(PackedRows(model.year, len(made), columns))

    def close_days(self, model: MobilityModel) -> None:
        """Write down the routes of a simulated year, means over the days of its seasons, and the gaps."""
        self._parts["transit"].append(route_rows(model, self._seasons))
        self._seasons = []
        self._parts["gaps"].append(pd.DataFrame(model.gaps))
        model.gaps = []

    def add_fleet(self, model: MobilityModel) -> None:
        """Write down every car at the end of a year."""
        v = model.vehicles
        simulated = model.year in model.world.settings.days_in
        rows = np.flatnonzero(v.owned)
        flows = ("km_year", "litres_year", "kwh_year")
        columns: dict[str, Packed] = {
            "year": np.int16(model.year),
            "vehicle_idx": Positions.of(0, v.owned),
            "household_idx": v.household_idx[rows],
            "powertrain": v.powertrain[rows],
            "age_years": v.age_years[rows],
            **{name: getattr(v, name)[rows].astype(np.float32) if simulated else np.float32("nan") for name in flows},
        }
        self._packed["vehicles"].append(PackedRows(model.year, len(rows), columns))

    def add_payments(self, model: MobilityModel) -> None:
        """The ledger of the year's measures."""
        days = None if model.flows is None else day_tables(model, model.flows)
        points = model.charger_works.points_of_year(model.year)
        self._parts["payments"].append(ledger(model.conditions, purchases_of_year(model), days, points))

    def add_load(self, model: MobilityModel, sessions: pd.DataFrame, by_hour: npt.NDArray[np.float64]) -> None:
        """Mean power of charging by the hour in the week of the model's season; ``by_hour`` [n, 24] is kWh."""
        load = load_by_hour(sessions, by_hour)
        self._parts["charging_load"].append(load.assign(year=model.year, season=int(model.season)))

    def add_reactions(self, model: MobilityModel) -> None:
        """What companies and municipalities decided about charging points in the year."""
        self._parts["reactions"].append(model.charger_works.of_year(model.year))


def _sites(model: MobilityModel) -> pd.DataFrame:
    """The sites in service in the week of the season: who came, who left, what they gave."""
    week, table = model.week, model.stations.table
    rows = np.flatnonzero(table.open)
    site = week.sessions["site_idx"].to_numpy()
    kwh = np.bincount(site[site >= 0], weights=week.sessions["kwh"].to_numpy()[site >= 0], minlength=len(table.open))
    came = week.asked_of[rows]
    return pd.DataFrame(
        {
            "year": model.year,
            "season": int(model.season),
            "site_idx": rows,
            "site_id": [model.sites.site_id[row] for row in rows],
            "fast": table.fast[rows],
            "points": np.maximum(1, table.points[rows]),
            "came": came,
            "left": week.left_of[rows],
            "failed": week.failed_of[rows],
            "wait_mean_min": np.where(came > 0, week.wait_min[rows], np.nan),
            "energy_kwh": kwh[rows],
            "peak_kw": week.peak_kw[rows],
        }
    )


def _unpack(parts: list[PackedRows], name: str) -> pd.DataFrame:
    return unpacked(parts) if any(part.n_rows for part in parts) else schema(name).empty()


def _join(parts: list[pd.DataFrame], name: str) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    if not filled:
        return parts[0] if parts else schema(name).empty()
    return pd.concat(filled, ignore_index=True)


def _add_kilometres(model: MobilityModel, plan: DayPlan) -> None:
    """Add the day type's kilometres and energy, times its days in the season, to the cars."""
    use, v = car_use(plan), model.vehicles
    km = TRIPS_PER_TOUR * use.km.astype(np.float64) * model.days_of(model.season)[plan.day_type]
    by_car = np.bincount(use.vehicle, weights=km, minlength=v.n)
    v.km_year += by_car
    v.litres_year += by_car * fuel_l_per_km(model)
    v.kwh_year += by_car * grid_kwh_per_km(model)
