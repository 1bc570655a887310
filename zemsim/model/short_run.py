"""The short run: the days of a policy's first year as they are before anybody has bought, moved or built because of it.

What answers at once: modes, ways to stations, departures, passes, places of shopping and leisure, times on the roads,
crowding and queues. What is held as it is without measures: cars, e-bikes, workplaces, habits, and what companies,
operators and municipalities build. The year is the first simulated one since a measure has begun to act: all days
before it are those without measures, so whoever holds everything slow in the long run too gets the same bytes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from zemsim.model.checkpoint import Checkpoint
from zemsim.model.year import choose_destinations

if TYPE_CHECKING:
    import pandas as pd

    from zemsim.model.model import MobilityModel
    from zemsim.model.schedule import Schedule
    from zemsim.policy.levers import Measure

_DESTINATIONS: Final = "choose destinations"
#: Steps of the year without measures, up to its days.
BEFORE: Final = ("set conditions", "renew the population", "buy cars", "buy e-bikes", _DESTINATIONS)
#: Steps of the short run from there; who changes a workplace has done so without measures.
AT_ONCE: Final = (
    "set conditions",
    _DESTINATIONS,
    "take passes",
    "simulate days",
    "observe the fleet",
    "settle payments",
)


@dataclass(frozen=True)
class ShortRun:
    """What came of a short run.

    Attributes
    ----------
    year : int
    tables : mapping of str to DataFrame
        Those of a case, with rows of this year only; purchases and reactions have none.
    counts : mapping of str to float
        What verdicts count, see `zemsim.model.book`.
    """

    year: int
    tables: Mapping[str, pd.DataFrame]
    counts: Mapping[str, float]


def first_year(model: MobilityModel) -> int | None:
    """The first simulated year since the policy of a model that was started changes anything; None if none is."""
    settings = model.world.settings
    changes = (y for y in settings.years if model.conditions_of[y] != model.base_conditions_of[y])
    begin = next(changes, None)
    return None if begin is None else next((y for y in settings.days_in if y >= begin), None)


def short_run(model: MobilityModel, policy: str, measures: Sequence[Measure]) -> ShortRun | None:
    """Run the short run of a policy; None if it acts in no simulated year. The model is then to be started anew."""
    model.start(policy, measures)
    year = first_year(model)
    if year is None:
        return None
    if year not in model.held:
        held = _without_measures(model, year)
        model.held[year] = held  # not before: a run may drop those that it finds
        model.start(policy, measures)
    model.held[year].restore(model)
    for plan in model.plans.values():
        plan.set_year(year, model.residents.table.employed)
    model.book = type(model.book)()
    with _only(model, at_once(model.schedule), year):
        model.run_year()
    return ShortRun(year, model.book.tables(), model.book.counts)


def at_once(schedule: Schedule) -> Schedule:
    """The steps of the short run: nobody changes a workplace."""
    found = schedule.only(AT_ONCE)
    stay = partial(choose_destinations, jobs=False)
    return replace(found, year=tuple(replace(s, run=stay) if s.name == _DESTINATIONS else s for s in found.year))


def _without_measures(model: MobilityModel, year: int) -> Checkpoint:
    """Walk to the days of a year without measures and take down where everybody stands."""
    model.start("baseline", ())
    model.run(last=year - 1)
    model.year = year
    with _only(model, model.schedule.only(BEFORE), year):
        model.run_year()
    return Checkpoint.of(model, year)


@contextlib.contextmanager
def _only(model: MobilityModel, schedule: Schedule, last: int) -> Iterator[None]:
    """Let the model run some steps only, as if the year were the last: nobody learns for later."""
    whole, own = model.world, model.schedule
    settings = whole.settings
    years, days_in = (tuple(y for y in of if y <= last) for of in (settings.years, settings.days_in))
    model.world = replace(whole, settings=replace(settings, years=years, days_in=days_in))
    model.schedule = schedule
    try:
        yield
    finally:
        model.world, model.schedule = whole, own
