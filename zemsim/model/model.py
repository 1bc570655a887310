"""The Mesa model: agents over columns, the state of a run, and the walk through the years."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.behaviour.parameters import Parameters
from zemsim.core.names import DAYS_PER_YEAR, DayType, Season
from zemsim.core.randomness import Stream
from zemsim.kernels.charging_tables import Stations
from zemsim.kernels.draws import uniforms
from zemsim.model import day, stations, transit_day
from zemsim.model.accounts import YearFlows
from zemsim.model.agents import BusOperator, ChargerCompany, Household, Municipality, Resident, Station
from zemsim.model.book import Book
from zemsim.model.bus_fleets import FleetWeeks
from zemsim.model.car_habits import CarHabits
from zemsim.model.charger_works import ChargerWorks
from zemsim.model.checkpoint import Checkpoint
from zemsim.model.coefficients import rain_utilities
from zemsim.model.day_plan import DayPlan
from zemsim.model.destinations import DestinationChoice, go_back
from zemsim.model.mesa_versions import forget_model
from zemsim.model.rows import RowSet, RowTable
from zemsim.model.schedule import SCHEDULE, Schedule, Step, as_text
from zemsim.model.tariffs import SiteTariffs, site_tariffs
from zemsim.model.tour_options import TourOptions
from zemsim.model.vehicles import make_vehicles, places_of_households
from zemsim.model.world import TimetableKey, TransitSupply, World
from zemsim.policy.conditions import Conditions, conditions_of_years
from zemsim.policy.draft import PolicyRegion
from zemsim.travel.transit import transit_skim

if TYPE_CHECKING:
    from zemsim.kernels.departures import DayTrips
    from zemsim.model.car_market import CarMarketYear
    from zemsim.model.charging_week import WeekResult
    from zemsim.model.ebike_market import EbikeMarketYear
    from zemsim.model.passes import PassMarket
    from zemsim.model.waits import WaitsMet
    from zemsim.policy.levers import Measure
    from zemsim.policy.rules import ExtraSite
    from zemsim.travel.assignment import Assignment
    from zemsim.travel.electric_buses import BusWeek
    from zemsim.travel.roads import RoadSkim


class MobilityModel(mesa.Model):  # type: ignore[misc]
    """Residents of a region, their days and years.

    Parameters
    ----------
    world : what all runs of an experiment share.
    seed : seed of the run: the luck of everybody. The population has a seed of its own.
    threads : threads of the kernels; results are the same for any number.
    schedule : the steps of days and years; see `Schedule.with_step`.

    Attributes
    ----------
    residents, households, stations, operators, companies, municipalities : AgentSets over rows.
    vehicles : columns of the cars.
    year, season, iteration, conditions : where the run stands.
    today : the `DayPlan` that residents look at.
    observer : called after each day type of each iteration, before anybody learns from it.
    held : what the short run of a year begins with, see `zemsim.model.short_run`.
    """

    today: DayPlan
    conditions: Conditions
    moves: day.Moves
    week: WeekResult
    waits: WaitsMet
    car_market: CarMarketYear  # while cars are bought; then only what was chosen is kept
    ebike_market: EbikeMarketYear  # while e-bikes are bought
    car_choice: npt.NDArray[np.int8]
    ebike_choice: npt.NDArray[np.bool_]
    pass_market: PassMarket
    day_trips: dict[DayType, DayTrips]
    crowding: dict[DayType, npt.NDArray[np.float32]]
    further_wait_min: dict[DayType, npt.NDArray[np.float32]]

    def __init__(self, world: World, seed: int, threads: int = 1, schedule: Schedule = SCHEDULE) -> None:
        super().__init__(rng=int(seed))
        world, seed = world.of_seed(int(seed)), int(seed)
        self.world, self.seed, self.threads, self.schedule = world, seed, threads, schedule
        self.parameters: Parameters = world.parameters
        self.timings: dict[str, float] = {}
        self.observer: Callable[[MobilityModel], None] | None = None
        self._make_people()
        self._make_places()
        self._residents_near = stations.residents_within(world.region, world.parameters["charger_reach_km"])
        self.plans = {
            kind: DayPlan(world.region, world.population, world.tours[seed], kind, seed, self.parameters, threads)
            for kind in DayType
        }
        self._fleet_weeks = FleetWeeks()
        self._own_supplies: dict[TimetableKey, TransitSupply] = {}
        self.tour_options = TourOptions(world, self.supply_of, self.plans, threads)
        self.destinations: DestinationChoice | None = None
        self.think_of_ebikes: dict[tuple[int, ...], npt.NDArray[np.bool_]] = {}
        self._policy_region = PolicyRegion.of(world.region)
        self.base_conditions_of = conditions_of_years(self._policy_region, (), world.settings.years)
        price = self.base_conditions_of[world.settings.years[0]].price["electricity_home_eur_kwh"]
        self.vehicles = make_vehicles(world.population, world.parameters, self.seed, price, world.ever_drives)
        self._start_of_run = {
            "residents": self.residents.table.snapshot(),
            "households": self.households.table.snapshot(),
            "municipalities": self.municipalities.table.snapshot(),
            "operators": self.operators.table.snapshot(),
            "companies": self.companies.table.snapshot(),
        }
        self._vehicles_at_start = self.vehicles.snapshot()
        self._luck_at_start = (self.random.getstate(), self.rng.bit_generator.state)
        self._checkpoints, self.held = dict[int, Checkpoint](), dict[int, Checkpoint]()
        self.stations = RowSet(RowTable(self, Station, 0), np.empty(0, np.int32))
        self._station_classes: dict[str, type[Station]] = {}
        self._checkpoints_of = self._class_changes()
        self.start("baseline", ())

    # --- building -----------------------------------------------------------------------------------------------

    def _make_people(self) -> None:
        population = self.world.population
        homes, people = population.households, population.residents
        zone = homes["zone_idx"].to_numpy(np.int32)
        place_of_zone = self._municipalities_of_zones()
        first = np.searchsorted(people["household_idx"].to_numpy(), np.arange(len(homes)), "left")
        ratio = people["income_ratio"].to_numpy(np.float32)[first]  # one for all members
        edges = self.household_cars = places_of_households(population, self.world.ever_drives).astype(np.int32)
        columns = {n: homes[n].to_numpy() for n in Household.column_definitions() if n in homes}
        columns |= {"municipality_idx": place_of_zone[zone], "income_ratio": ratio}
        columns |= {"first_car": edges[:-1], "last_car": edges[1:]}
        self.households = RowTable(self, Household, len(homes), columns).all_rows()
        columns = {n: people[n].to_numpy() for n in Resident.column_definitions() if n in people}
        columns["zone_idx"] = zone[people["household_idx"].to_numpy()]
        columns["ebike_gain"] = np.full(len(people), self.parameters["gain_ebike_ref"])
        self.residents = RowTable(self, Resident, len(people), columns).all_rows()
        luck = uniforms(self.seed, int(Stream.WORK_CHARGING), people["resident_id"].to_numpy(np.int64))
        self.work_charging = luck < self.parameters["work_access_share"]

    def _municipalities_of_zones(self) -> npt.NDArray[np.int32]:
        """Row of the municipality of each zone, -1 outside."""
        region = self.world.region
        place = {name: i for i, name in enumerate(region.municipalities["municipality"].tolist())}
        zones = region.zones["municipality"].tolist()
        self.municipality_of_zone = np.array([place.get(name, -1) for name in zones], np.int32)
        return self.municipality_of_zone

    def _make_places(self) -> None:
        region, homes = self.world.region, self.households.table
        size = len(region.municipalities)
        population = np.bincount(homes.municipality_idx, weights=homes.size_pers, minlength=size)
        vehicles = self.world.population.vehicles
        home = homes.municipality_idx[vehicles["household_idx"].to_numpy()]
        cars = np.bincount(home, minlength=len(population))
        bevs = np.bincount(home, weights=vehicles["battery_kwh"].to_numpy() > 0, minlength=len(population))
        share = np.divide(bevs, cars, out=np.zeros(len(population)), where=cars > 0)
        columns = {"population": population, "cars": cars, "bev_share": share}
        self.municipalities = RowTable(self, Municipality, len(population), columns).all_rows()
        self.municipality_names = region.municipalities["municipality"].tolist()
        self.network_names = sorted(set(self.world.supplies[()].timetable.routes["network_id"]))
        self.operators = RowTable(self, BusOperator, len(self.network_names)).all_rows()
        self.company_names = stations.companies_of(region)
        self.companies = RowTable(self, ChargerCompany, len(self.company_names)).all_rows()

    # --- a run --------------------------------------------------------------------------------------------------

    def start(self, policy_id: str, measures: Sequence[Measure]) -> None:
        """Go back to the start of the first year, under a policy; nothing of an earlier run is left."""
        settings = self.world.settings
        self.policy_id = policy_id
        base = self.base_conditions_of.values()
        self.conditions_of = conditions_of_years(self._policy_region, measures, settings.years, base)
        for name, snapshot in self._start_of_run.items():
            getattr(self, name).table.restore(snapshot)
        self.vehicles.restore(self._vehicles_at_start)
        self.random.setstate(self._luck_at_start[0])
        self.rng.bit_generator.state = self._luck_at_start[1]
        self.book, self.charger_works, self.car_habits = Book(), ChargerWorks(), CarHabits.none()
        self._build_stations(stations.sites_of(self.world.region, self.conditions_of))
        self.timetable_key: Any = None
        self.gaps: list[dict[str, float | int]] = []
        self.last_choice: npt.NDArray[np.int8] | None = None
        self.peak_time_s = self.world.network.free_flow_s()
        self.use_roads(self.world.road_skim)
        self.traffic: Assignment | None = None
        self.knows_roads = False
        go_back(self)
        self.bus_weeks: dict[str, BusWeek] = {}
        self.departure_factors: dict[str, float] = {}
        self.flows: YearFlows | None = None
        self.sessions_of_year = np.zeros(len(self.stations))
        self.year, self.iteration, self.season = settings.years[0], 0, settings.seasons[0]
        self.last_iteration, self.weeks = settings.day_iterations - 1, 0
        self.temperature_c, self.today = self.world.temperature_c[self.season], self.plans[DayType.WEEKDAY]

    def add_sites(self, more: Sequence[ExtraSite], companies: Sequence[int]) -> None:
        """Build further sites, each of a company (-1 of none); those that are there stay as they are."""
        kept = self.stations.table.snapshot()
        self._build_stations(stations.with_more(self.sites, self.world.region, more, companies))
        for name, values in kept.items():
            self.stations.table.columns[name][: len(values)] = values

    def _build_stations(self, sites: stations.Sites) -> None:
        self._remember_station_classes()
        for agent in self.stations:
            mesa.Agent.remove(agent)
        self.sites, names = sites, sites.site_id
        classes = [self._station_classes.get(name, Station) for name in names]
        self.stations = RowTable(self, Station, len(names), self.sites.columns, classes).all_rows()
        self._near: dict[bytes, Mapping[str, npt.NDArray[np.generic]]] = {}

    def run(self, progress: Callable[[int], None] | None = None, last: int | None = None) -> dict[str, pd.DataFrame]:
        """Walk through all years, or those to the ``last`` one, and return the tables of the run.

        Years in which a policy changes nothing come from a checkpoint where this model has walked through them: the
        same bytes. Once somebody has written into columns after `start`, or with steps of one's own, none is shared.
        """
        years = self.world.settings.years
        changes = [y for y in years if self.conditions_of[y] != self.base_conditions_of[y]]
        shared_until = changes[0] if changes else years[-1]
        if self.schedule != SCHEDULE or not self._is_as_started():
            shared_until = years[0] - 1
        if self._checkpoints_of != self._class_changes():
            self._checkpoints, self.held, self._checkpoints_of = {}, {}, self._class_changes()
        last = years[-1] if last is None else last
        known = [y for y in self._checkpoints if y <= min(shared_until, last + 1)]
        if known:
            self._checkpoints[max(known)].restore(self)
        for year in range(self.year, last + 1):
            if year <= shared_until and year - 1 in self.world.settings.days_in and year not in self._checkpoints:
                self._checkpoints[year] = Checkpoint.of(self, year)
            self.year = year
            self.run_year()
            if progress is not None:
                progress(year)
        return self.records

    def _is_as_started(self) -> bool:
        """Whether all columns are those that `start` set."""
        tables = ((getattr(self, name).table.columns, kept) for name, kept in self._start_of_run.items())
        return all(
            np.array_equal(now[name], values)
            for now, kept in [*tables, (vars(self.vehicles), self._vehicles_at_start)]
            for name, values in kept.items()
        )

    def at_start(self, name: str) -> Mapping[str, npt.NDArray[Any]]:
        """The columns that residents, households, municipalities, operators or vehicles had at the start of a run."""
        return self._vehicles_at_start if name == "vehicles" else self._start_of_run[name]

    def _remember_station_classes(self) -> None:
        """Stations with a class of their own keep it when they are built anew, and where another policy has them."""
        for agent in self.stations.table.agents:
            name, kind = self.sites.site_id[agent.row], type(agent)
            if kind is Station:
                self._station_classes.pop(name, None)
            else:
                self._station_classes[name] = kind

    def _class_changes(self) -> tuple[Any, ...]:
        """What tells whether agents have other rules than when a checkpoint was taken."""
        self._remember_station_classes()
        counts = (getattr(self, name).table.class_changes for name in self._start_of_run)
        return (*counts, *self._station_classes.items())

    @property
    def records(self) -> dict[str, pd.DataFrame]:
        """Tables of the run so far, as in the run folder."""
        return self.book.tables()

    def run_year(self) -> None:
        """Run the schedule's steps of a year for the model's year; set `year` to the next one before the next call."""
        if len(self.book.of_year("vehicles", self.year)):
            raise ValueError(f"the year {self.year} has been run; set model.year, or call start() to begin anew")
        self.flows = None
        self._do(self.schedule.year)

    def simulate_iteration(self) -> None:
        """One iteration of the season: all day types, then the night."""
        for day_type in DayType:
            day.use_day(self, day_type)
            self._do(self.schedule.day)
            if self.observer is not None:
                self.observer(self)
        self._do(self.schedule.night)

    def step(self) -> None:
        """A typical day: an iteration of the season at hand. Conditions of the year are set if they are not yet."""
        if not hasattr(self, "conditions") or self.conditions.year != self.year or self.timetable_key is None:
            self._do(self.schedule.year[:2])
            self._do([step for step in self.schedule.year if step.name == "take passes"])
            self.start_season(self.season)
        self.simulate_iteration()
        self.iteration += 1

    def _do(self, steps: Sequence[Step]) -> None:
        for item in steps:
            started = time.perf_counter()
            item.run(self)
            self.timings[item.name] = self.timings.get(item.name, 0.0) + time.perf_counter() - started

    def explain_schedule(self) -> str:
        """The schedule in words, with the seconds that each step took so far."""
        spent = "\n".join(f"  {name}: {seconds:.2f} s" for name, seconds in self.timings.items())
        return f"{as_text(self.schedule)}\ntime spent\n{spent}"

    # --- what the steps ask for -----------------------------------------------------------------------------------

    def days_of(self, season: Season) -> dict[DayType, int]:
        """Days of a year of each type in a season; one season stands for the whole year if it is the only one."""
        if len(self.world.settings.seasons) == 1:
            return {d: sum(DAYS_PER_YEAR[s][d] for s in Season) for d in DayType}
        return {d: DAYS_PER_YEAR[season][d] for d in DayType}

    def start_season(self, season: Season) -> None:
        """Set the season: temperature, rain, shared e-bikes; the memory of choices starts anew."""
        self.season, self.iteration, self.weeks = season, 0, 0
        self.temperature_c, self.last_choice = self.world.temperature_c[season], None
        self.bus_weeks = self._fleet_weeks.of_season(self)
        c, rain = self.conditions, rain_utilities(self.parameters, self.world.rain_mm_day[season])
        for plan in self.plans.values():
            plan.set_season(self.world.active, season)
            plan.set_coefficients(**rain)
            plan.set_ebikes(self.residents.table.ebike, c.shared_ebike_share[int(season)], c.shared_ebike_eur_trip)

    def use_roads(self, peak_skim: RoadSkim) -> None:
        """Make a skim of the morning peak the one that travellers know."""
        self.peak_skim = peak_skim
        free = self.world.road_skim
        for plan in self.plans.values():
            plan.set_road_times(free.time_min, peak_skim.time_min, free.terminal_min)

    @property
    def supply(self) -> TransitSupply:
        """The timetable in force and its skim."""
        return self.supply_of(self.timetable_key)

    def supply_of(self, key: TimetableKey) -> TransitSupply:
        """A timetable and its skim; those that only a rule of an operator asks for are made here, and kept."""
        if key in self.world.supplies:
            return self.world.supplies[key]
        if key not in self._own_supplies:
            timetable = self.world.supplies[()].timetable.changed(key)
            self._own_supplies[key] = TransitSupply(timetable, transit_skim(timetable, threads=self.threads))
        return self._own_supplies[key]

    def use_timetable(self, key: TimetableKey) -> None:
        """Put a timetable in force; travellers start without any memory of crowding if it is another than before."""
        if key == self.timetable_key:
            return
        self.timetable_key = key
        options = self.tour_options.of(key)
        for day_type, plan in self.plans.items():
            plan.set_transit(*(of[day_type] for of in options))
        self.day_trips = transit_day.trips_of(self.supply.timetable, self.parameters)
        events = {day_type: len(trips.depart_s) for day_type, trips in self.day_trips.items()}
        self.crowding = {day_type: np.ones(n, np.float32) for day_type, n in events.items()}
        self.further_wait_min = {day_type: np.zeros(n, np.float32) for day_type, n in events.items()}

    def open_stations(self) -> None:
        """Open the sites of the year at its prices; without measures these would be ``base_tariffs``."""
        names, base = self.sites.site_id, self.base_conditions_of[self.year]
        built = self.charger_works.in_service(self)
        self.tariffs = site_tariffs(names, self.conditions, self.conditions, built)
        self.base_tariffs = site_tariffs(names, base, self.conditions, built)
        stations.open_sites(self.stations.table, self.tariffs, self.parameters)

    def find_stations_near_zones(self) -> None:
        """Find the open sites near each zone; kept as long as the same sites are open."""
        key = self.stations.table.open.tobytes()
        if key not in self._near:
            self._near[key] = stations.near_zones(self.sites, self.stations.table.open, self.parameters)
        self.near_now = self._near[key]

    def station_view(self, tariffs: SiteTariffs) -> Stations:
        """The stations as the charging kernels read them, at some tariffs."""
        table, near = self.stations.table, self.charger_works.doorsteps(self).near
        return stations.as_stations(table.columns, near, self.municipality_of_zone[table.zone_idx], tariffs)

    def public_points_near(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Public points per 1,000 residents within reach of each zone, and whether a fast site is among them."""
        points, reach_km = self.charger_works.points_for_all(self), self.parameters["charger_reach_km"]
        return stations.points_within(self.sites, points, self.stations.table.open, self._residents_near, reach_km)

    def close(self) -> None:
        """Let go of the model: Mesa before 3.4.2 would keep it for ever."""
        forget_model(self)


__all__ = ["MobilityModel"]
