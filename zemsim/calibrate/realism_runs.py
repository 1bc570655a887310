"""What a model answers to the changes of the realism tests: one model a seed, branched from the end of its first year.

The first year is run without any change, so that travellers know roads, crowding and prices. From there

* the short run is the second year with destinations and fleet as they were: only conditions, passes and days;
* the long run is every year to the last one, with all steps of the model, and counts the last year;
* sales are those of the second year as if every car were replaced in it, summed over several draws of the luck of
  buyers: new electric cars are few.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from zemsim.calibrate.realism_changes import parameters_after, policy_of, scaled, with_parameters
from zemsim.calibrate.realism_counts import Groups, TravelCount, bus_km, count_sales
from zemsim.calibrate.realism_table import Asked, RealismTest
from zemsim.model.checkpoint import Checkpoint
from zemsim.model.model import MobilityModel
from zemsim.model.schedule import SCHEDULE

if TYPE_CHECKING:
    import numpy.typing as npt

    from zemsim.behaviour.parameters import Parameters
    from zemsim.model.world import World

#: Steps of the short run, and of the sales; all others stand still.
_SHORT: Final = ("set conditions", "take passes", "simulate days")
_SALES: Final = ("set conditions", "buy cars")
_HAZARD: Final = "h_repl"
#: Draws of the luck of buyers, and how far apart their seeds are: farther than seeds of runs.
_DRAWS: Final = 8
_NEXT_DRAW: Final = 1_000_003


@dataclass(frozen=True)
class Answer:
    """What came of a question.

    Attributes
    ----------
    count : float64 [measure, purpose, income fifth, municipality, area]
        Measures of `TRAVEL`, or of `SALES` where these were asked.
    bus_km : float
        Kilometres of all buses per year.
    """

    count: npt.NDArray[np.float64]
    bus_km: float


def questions(tests: Sequence[RealismTest]) -> tuple[Asked, ...]:
    """All that the model must be asked for the tests, each once, what is without a change first."""
    asked = [one for test in tests if not test.is_ratio for one in test.asked]
    return tuple(sorted(dict.fromkeys(asked), key=lambda one: bool(one.change)))


class SeedRuns:
    """The model of a seed, at the end of its first year.

    Parameters
    ----------
    world : World
        Its first and last years are simulated.
    seed, threads : int
        Of the model.
    """

    def __init__(self, world: World, seed: int, threads: int) -> None:
        self._model = MobilityModel(world, seed, threads)
        self._groups = Groups.of(world)
        years = world.settings.years
        self._first, self._next, self._last = years[0], years[0] + 1, years[-1]
        self._model.start("baseline", ())
        self._model.run_year()
        self._branch = Checkpoint.of(self._model, self._next)

    def close(self) -> None:
        """Let go of the model."""
        self._model.close()

    def answer(self, asked: Asked) -> Answer:
        """Return what the model says; it stands at the end of its first year again when it is asked next."""
        model = self._model
        policy = policy_of(asked, model.world.region, self._next)
        model.start(policy.id, policy.measures)
        self._branch.restore(model)
        parameters = parameters_after(asked, model.parameters)
        if asked.sales:
            return self._sales(scaled(parameters, {_HAZARD: 1.0 / parameters[_HAZARD]}))
        with with_parameters(model, parameters):
            return self._short() if asked.horizon == "short" else self._long()

    def _sales(self, parameters: Parameters) -> Answer:
        model, seed, counts = self._model, self._model.seed, []
        with with_parameters(model, parameters), self._only(_SALES, days=False):
            try:
                for draw in range(_DRAWS):
                    self._branch.restore(model)
                    model.seed = seed + draw * _NEXT_DRAW
                    model.run_year()
                    counts.append(count_sales(model, self._groups))
            finally:
                model.seed = seed
            return Answer(np.sum(counts, axis=0), bus_km(model))

    def _short(self) -> Answer:
        with self._only(_SHORT, days=True):
            return self._run(self._next)

    def _long(self) -> Answer:
        return self._run(self._last)

    def _run(self, last: int) -> Answer:
        """Run from the model's year to the last one and count that."""
        model, count = self._model, TravelCount(self._groups, last)
        model.observer = count
        try:
            for year in range(model.year, last + 1):
                model.year = year
                model.run_year()
        finally:
            model.observer = None
        return Answer(count.total, bus_km(model))

    @contextlib.contextmanager
    def _only(self, steps: Sequence[str], days: bool) -> Iterator[None]:
        """Let the model run only some steps of the year, and simulate days in its second year, or not."""
        model = self._model
        world, schedule = model.world, model.schedule
        settings = world.settings
        days_in = (self._first, self._next) if days else (self._first,)
        model.world, model.schedule = replace(world, settings=replace(settings, days_in=days_in)), SCHEDULE.only(steps)
        try:
            yield
        finally:
            model.world, model.schedule = world, schedule
