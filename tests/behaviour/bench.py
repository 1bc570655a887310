"""A small model on which one parameter at a time is tried: it has driven the days of 2024 and stands in 2025."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.model import small_world as small
from zemsim.core.names import Alternative, DayType
from zemsim.model.coefficients import choice_parameters, rain_utilities
from zemsim.model.day_plan import DayPlan
from zemsim.model.model import MobilityModel
from zemsim.model.year import set_conditions

if TYPE_CHECKING:
    from zemsim.behaviour.parameters import Parameters
    from zemsim.model.world import World

#: Grants, parking fees and electric city buses are in force, so that what weighs them can be seen.
POLICY = (
    {**small.GRANT, "from_year": 2024},
    {**small.PAID_PARKING, "from_year": 2024},
    {
        "lever": "electric_city_buses",
        "from_year": 2024,
        "network": "city_bus_jelgava",
        "electric_share": 0.5,
        "cost_eur_per_vehicle_km": 0.15,
    },
)
#: What is put back after a probe.
_TABLES = ("residents", "households", "stations", "operators")
_STATE = ("parameters", "year", "season", "temperature_c", "traffic", "moves", "book", "today")


class Bench:
    """The model, and ways to look at it under other parameters; nothing that a probe does stays.

    Attributes
    ----------
    model : MobilityModel
        Walked through 2024, the conditions of 2025 set; days are simulated in 2024 alone.
    """

    def __init__(self, world: World) -> None:
        self.world = small.with_settings(world, years=(2024, 2025, 2026, 2027), days_in=(2024,))
        self.model = MobilityModel(self.world, 1)
        self.model.start("bench", small.measures(*POLICY))
        self.model.run_year()
        self.model.year = 2025
        set_conditions(self.model)
        for plan in self.model.plans.values():
            self._offer(plan)

    def close(self) -> None:
        self.model.close()

    @contextmanager
    def under(self, parameters: Parameters) -> Iterator[MobilityModel]:
        """The model under other parameters, in all that it works out from now on."""
        model = self.model
        kept = {name: getattr(model, name).table.snapshot() for name in _TABLES}
        vehicles, state = model.vehicles.snapshot(), {name: getattr(model, name) for name in _STATE}
        plans = [
            (plan, plan.parameters, plan.alternative.copy(), plan.columns.parking_eur.copy())
            for plan in model.plans.values()
        ]
        model.parameters = parameters
        try:
            yield model
        finally:
            for name, value in state.items():
                setattr(model, name, value)
            for name, columns in kept.items():
                getattr(model, name).table.restore(columns)
            model.vehicles.restore(vehicles)
            for plan, coefficients, chosen, parking_eur in plans:
                plan.set_coefficients(**coefficients._asdict())
                plan.alternative[:], plan.columns.parking_eur[:] = chosen, parking_eur
                self._offer(plan)

    def _offer(self, plan: DayPlan) -> None:
        """Fees, e-bikes, waits and crowding of a plan as they are in the year."""
        model, c = self.model, self.model.conditions
        plan.set_parking(c.parking_eur_h, c.parking_ev_eur_h)
        shared = c.shared_ebike_share[int(model.season)]
        plan.set_ebikes(model.residents.table.ebike, shared, c.shared_ebike_eur_trip)
        plan.prepare(model.temperature_c, model.crowding[plan.day_type], model.further_wait_min[plan.day_type])

    def chosen(
        self,
        parameters: Parameters,
        ebikes: str = "few",
        parking_eur_h: float | None = None,
        celsius: float = 10.0,
        rain_mm_day: float = 0.0,
    ) -> np.ndarray:
        """Tours of a weekday by alternative, float64 [7], chosen with frozen luck under other parameters.

        ``ebikes``: "few" as they are, "own" for everybody, "shared" for everybody.
        """
        with self.under(parameters) as model:
            plan, table, zones = model.plans[DayType.WEEKDAY], model.residents.table, len(model.world.region.zones)
            if ebikes != "few":
                everybody = np.full(len(table.ebike), ebikes == "own")
                plan.set_ebikes(everybody, np.full(zones, float(ebikes == "shared")), np.full(zones, 0.5))
            if parking_eur_h is not None:
                plan.set_parking(np.full(zones, parking_eur_h), np.full(zones, parking_eur_h))
                plan.columns.parking_eur[:] = plan.allotment.parking_eur
            plan.set_coefficients(**choice_parameters(parameters)._asdict())
            plan.set_coefficients(**rain_utilities(parameters, rain_mm_day))
            plan.prepare(celsius, model.crowding[DayType.WEEKDAY], model.further_wait_min[DayType.WEEKDAY])
            model.today = plan
            table.tour_start[:], table.tour_end[:] = plan.tour_start, plan.tour_end
            model.residents.do("choose_mode")
            return np.bincount(plan.alternative + 1, minlength=len(Alternative) + 1)[1:].astype(np.float64)

    def fresh_plan(self, parameters: Parameters) -> DayPlan:
        """The plan of a weekday made anew under other parameters, with today's people, roads and parking fees."""
        world, model = self.world, self.model
        plan = DayPlan(
            world.region, world.population, world.tours[model.seed], DayType.WEEKDAY, model.seed, parameters, 1
        )
        plan.set_people(model.residents.table.columns)
        c, skim = model.conditions, world.road_skim
        plan.set_road_times(skim.time_min, model.peak_skim.time_min, skim.terminal_min)
        plan.set_parking(c.parking_eur_h, c.parking_ev_eur_h)
        return plan


def mean(values: Any) -> float:
    """Mean of what is finite; there must be some."""
    values = np.asarray(values, np.float64)
    assert np.isfinite(values).any()
    return float(values[np.isfinite(values)].mean())
