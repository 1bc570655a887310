"""The agents: residents, households, stations, bus operators, municipalities. Rules are written once.

A rule has a body for one agent and one for many rows; both call the same compiled code of `zemsim.kernels`, so
``for r in model.residents: r.choose_mode()`` gives the same bits as ``model.residents.do("choose_mode")``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zemsim.core.names import Alternative
from zemsim.core.randomness import Stream
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.choice_blocks import choose_modes, choose_modes_rows
from zemsim.kernels.ownership import N_CARS, buy_ebikes, buys_ebike, renew_cars, renew_household
from zemsim.kernels.passes import passes_taken, take_passes
from zemsim.model.bus_operators import plan_departures, routes_in_use
from zemsim.model.rows import Column, RowAgent, Rows, RowTable, batched
from zemsim.model.tour_words import describe_tour

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel

_ALTERNATIVES = {alternative.name.lower(): alternative for alternative in Alternative}


class Resident(RowAgent):
    """A person who lives in the region and makes today's tours."""

    model: MobilityModel

    resident_id = Column(np.int64, "", "stable number, the address of all draws")
    household_idx = Column(np.int32, "", "row of the household")
    zone_idx = Column(np.int32, "", "zone of the home")
    age = Column(np.int16, "years", "age; 0 for those who are not there, or not there yet")
    female = Column(np.bool_, "", "")
    employed = Column(np.bool_, "", "has a job")
    student = Column(np.bool_, "", "goes to school or university")
    licence = Column(np.bool_, "", "holds a driving licence for cars")
    bike = Column(np.bool_, "", "owns a bicycle")
    ebike = Column(np.bool_, "", "owns an e-bike")
    ebike_gain = Column(np.float64, "utils/day", "what an e-bike of one's own would add to the days simulated last")
    work_zone_idx = Column(np.int32, "", "zone of the workplace, -1 none", -1)
    works_like_idx = Column(np.int32, "", "row of the resident whose first workplace is this one's, -1 its own", -1)
    school_zone_idx = Column(np.int32, "", "zone of the school, -1 none", -1)
    income_ratio = Column(np.float32, "", "equivalised household income over its mean", 1.0)
    passes = Column(np.int8, "", "monthly passes if it rides to work or school: 1 buses, 2 trains, 3 both")
    rides_by = Column(np.int8, "", "how it rode to work or school on the days simulated last: 1 bus, 2 train, 0 not")
    tour_start = Column(np.int32, "", "first of today's tours")
    tour_end = Column(np.int32, "", "behind the last of today's tours")

    @batched
    def choose_mode(self) -> None:
        """Choose the mode of each of today's tours: nested logit by tour with frozen error terms."""
        day = self.model.today
        choose_modes(
            self.row,
            self.table.tour_start,
            self.table.tour_end,
            day.columns,
            day.crowding,
            day.parameters,
            day.scratch,
            day.alternative,
        )

    @choose_mode.batch  # type: ignore[no-redef]
    def choose_mode(table: RowTable, rows: Rows) -> None:  # noqa: N805
        """Choose for many residents at once."""
        model: MobilityModel = table.model
        day = model.today
        run_blocks(
            choose_modes_rows,
            len(rows),
            model.threads,
            rows,
            table.tour_start,
            table.tour_end,
            day.columns,
            day.crowding,
            day.parameters,
            day.alternative,
        )

    @batched
    def consider_ebike(self) -> None:
        """Once a year: think of buying an e-bike, with a hazard, and decide by price."""
        market = self.model.ebike_market
        market.buys[self.row] = not self.ebike and buys_ebike(
            self.row,
            self.model.seed,
            int(Stream.EBIKE),
            self.model.year,
            self.table.resident_id,
            market.hazard,
            market.utility,
        )

    @consider_ebike.batch  # type: ignore[no-redef]
    def consider_ebike(table: RowTable, rows: Rows) -> None:  # noqa: N805
        """Consider for many residents at once."""
        model: MobilityModel = table.model
        market = model.ebike_market
        without = rows[~table.ebike[rows]]
        market.buys[rows] = False
        run_blocks(
            buy_ebikes,
            len(without),
            model.threads,
            without,
            model.seed,
            int(Stream.EBIKE),
            model.year,
            table.resident_id,
            market.hazard,
            market.utility,
            market.buys,
        )

    @batched
    def take_passes(self) -> None:
        """Once a year: take the passes that cost less than single tickets on the way to work or school."""
        market = self.model.pass_market
        self.passes = passes_taken(self.row, market.rides_month, market.trips)

    @take_passes.batch  # type: ignore[no-redef]
    def take_passes(table: RowTable, rows: Rows) -> None:  # noqa: N805
        """Take them for many residents at once."""
        model: MobilityModel = table.model
        market = model.pass_market
        run_blocks(take_passes, len(rows), model.threads, rows, market.rides_month, market.trips, table.passes)

    @property
    def tours(self) -> list[dict[str, Any]]:
        """Today's tours in words: purpose, zones, kilometres, times and the mode chosen."""
        day = self.model.today
        return [describe_tour(day, tour) for tour in range(self.tour_start, self.tour_end)]

    def use(self, alternative: str | int, tour: int | None = None) -> None:
        """Set the mode of one of today's tours (0 = first), or of all; a subclass calls this from its own rule.

        ``alternative`` is a name ("bus", "driver") or an `Alternative`. Driving needs a car at hand.
        """
        day = self.model.today
        chosen = _ALTERNATIVES[alternative] if isinstance(alternative, str) else Alternative(alternative)
        picked = range(self.tour_start, self.tour_end) if tour is None else [self.tour_start + tour]
        for r in picked:
            if chosen == Alternative.DRIVER and day.columns.vehicle[r] < 0:
                raise ValueError(f"resident {self.resident_id} has no car at hand for tour {r - self.tour_start}")
            day.alternative[r] = chosen


class Household(RowAgent):
    """People who share a home, an income and cars."""

    model: MobilityModel

    household_id = Column(np.int64, "", "stable number")
    zone_idx = Column(np.int32, "", "zone of the home")
    municipality_idx = Column(np.int32, "", "row of the municipality")
    size_pers = Column(np.int8, "persons", "persons in the household")
    income_eur_month = Column(np.float32, "EUR/month", "net income of the household")
    income_ratio = Column(np.float32, "", "equivalised household income over its mean", 1.0)
    flat = Column(np.bool_, "", "lives in a flat")
    home_charging = Column(np.bool_, "", "has a place of its own to plug in")
    yard_charging = Column(np.bool_, "", "has a shared point in the yard")
    first_car = Column(np.int32, "", "first of its places for a car")
    last_car = Column(np.int32, "", "behind the last of its places for a car")

    @batched
    def replace_cars(self) -> None:
        """Once a year: each car may meet its end, and the household may think of another; it then chooses, or none."""
        market = self.model.car_market
        renew_household(
            self.first_car,
            self.last_car,
            self.model.seed,
            int(Stream.REPLACEMENT),
            int(Stream.PURCHASE),
            self.model.year,
            market.hazard,
            market.buyers,
            market.market,
            market.scratch,
            market.choice,
        )

    @replace_cars.batch  # type: ignore[no-redef]
    def replace_cars(table: RowTable, rows: Rows) -> None:  # noqa: N805
        """Replace for many households at once."""
        model: MobilityModel = table.model
        market = model.car_market
        run_blocks(
            renew_cars,
            len(rows),
            model.threads,
            rows,
            table.first_car,
            table.last_car,
            model.seed,
            int(Stream.REPLACEMENT),
            int(Stream.PURCHASE),
            model.year,
            market.hazard,
            market.buyers,
            market.market,
            market.choice,
        )


class Station(RowAgent):
    """A public charging site; it sets its points, and learns how long drivers waited."""

    model: MobilityModel

    site_idx = Column(np.int32, "", "row of the table of sites")
    zone_idx = Column(np.int32, "", "zone of the site")
    fast = Column(np.bool_, "", "direct current, a stop on the way")
    points = Column(np.int32, "points", "cars that charge at once")
    power_kw = Column(np.float32, "kW", "power of a point")
    site_kw = Column(np.float32, "kW", "power that all points share, inf as much as they can")
    price_eur_kwh = Column(np.float32, "EUR/kWh", "price of energy, minutes and session in a usual session")
    open = Column(np.bool_, "", "in service this year")
    wait_min = Column(np.float32, "min", "wait that drivers expect")
    sessions_day = Column(np.float32, "sessions/day", "sessions of a mean day of the last simulated year")
    added_points = Column(np.int32, "points", "points that its operator added by its own rule")
    company_idx = Column(np.int32, "", "row of its company, -1 none", -1)

    def expand(self) -> None:
        """Once a year after simulated days: add a point where each point serves more sessions than the threshold.

        Sites whose company follows a rule of a measure follow that one alone.
        """
        model = self.model
        rules = model.conditions_of[model.year].company_rules if self.company_idx >= 0 else ()
        if any(rule.zones[self.zone_idx] for rule in rules):
            return
        if self.open and self.sessions_day > self.model.parameters["expand_sessions"] * self.points:
            self.points += 1
            self.added_points += 1


class ChargerCompany(RowAgent):
    """Who owns public charging sites; once a year it looks at their use."""

    model: MobilityModel

    spent_eur = Column(np.float64, "EUR", "cost of the points that it ordered in the run, support of others included")

    def plan_points(self) -> None:
        """Once a year, if a measure says so: points where use and waits are high, fewer where nobody comes."""
        self.model.charger_works.company_plans(self.model, self.row)


class BusOperator(RowAgent):
    """Who runs buses or trains: kilometres, passengers, cost and revenue of a year."""

    model: MobilityModel

    vehicle_km_year = Column(np.float64, "km/year", "vehicle kilometres")
    boardings_year = Column(np.float64, "boardings/year", "passengers boarding")
    fare_revenue_eur_year = Column(np.float64, "EUR/year", "fares paid")
    cost_eur_year = Column(np.float64, "EUR/year", "operating cost")

    def account(self, vehicle_km: float, boardings: float, fares_eur: float, cost_eur: float) -> None:
        """Close the books of a simulated year."""
        self.vehicle_km_year, self.boardings_year = vehicle_km, boardings
        self.fare_revenue_eur_year, self.cost_eur_year = fares_eur, cost_eur

    def plan_departures(self) -> None:
        """Once a year after simulated days, if a measure says so: more departures where buses are full, in a budget."""
        network = self.model.network_names[self.row]
        rules = [rule for rule in self.model.conditions.operator_rules if rule.network_id == network]
        if rules:
            self.model.departure_factors |= plan_departures(rules[0], routes_in_use(self.model, network))

    @property
    def subsidy_eur_year(self) -> float:
        """What fares do not cover, EUR a year."""
        return float(self.cost_eur_year - self.fare_revenue_eur_year)


class Municipality(RowAgent):
    """A municipality: what it sees of its fleet and its accounts."""

    model: MobilityModel

    population = Column(np.int64, "persons", "residents")
    cars = Column(np.int64, "vehicles", "cars of its households")
    bev_share = Column(np.float64, "share", "battery electric share of them, last year's end")
    public_points_per_1000 = Column(np.float64, "points/1,000", "public charging points per 1,000 residents")

    def observe(self, cars: int, bevs: int, points: int) -> None:
        """Look at the fleet at the end of a year; neighbours read the share the year after."""
        self.cars = cars
        self.bev_share = bevs / cars if cars else 0.0
        self.public_points_per_1000 = 1000.0 * points / self.population if self.population else 0.0

    def meet_requests(self) -> None:
        """Once a year, if a measure says so: order slow points near flat-dwellers with an electric car who ask."""
        self.model.charger_works.meet_requests(self.model, self.row)


__all__ = ["N_CARS", "BusOperator", "ChargerCompany", "Household", "Municipality", "Resident", "Station"]
