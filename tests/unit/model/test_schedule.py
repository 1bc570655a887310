"""Steps of one's own in the schedule, and the code of the page that shows how."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import zemsim
from tests.architecture.source import ROOT
from tests.unit.model import small_world as small
from zemsim.core.errors import InputError
from zemsim.core.names import Alternative, DayType
from zemsim.model.model import MobilityModel
from zemsim.model.schedule import SCHEDULE, Schedule, Step, as_text

if TYPE_CHECKING:
    from zemsim.model.world import World

PAGE = ROOT / "docs" / "how-to" / "override-a-rule.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S)


def nothing(model: MobilityModel) -> None:
    """A step that does nothing."""


@pytest.mark.parametrize(("after", "part"), [("choose modes", "day"), ("move", "night"), ("observe the fleet", "year")])
def test_a_step_stands_right_after_the_one_that_is_named(after: str, part: str) -> None:
    step = Step("mine", nothing)
    more = SCHEDULE.with_step(step, after=after)
    names = [each.name for each in getattr(more, part)]
    assert names[names.index("mine") - 1] == after
    assert [name for name in names if name != "mine"] == [each.name for each in getattr(SCHEDULE, part)]
    assert Schedule() == SCHEDULE != more
    assert "mine" in as_text(more)
    assert "mine" not in as_text()


def test_a_step_needs_a_place_and_a_new_name() -> None:
    with pytest.raises(InputError, match="no step “chose modes”") as raised:
        SCHEDULE.with_step(Step("mine", nothing), after="chose modes")
    assert raised.value.hint == "did you mean “choose modes”?"
    with pytest.raises(InputError, match="has a step “move” already"):
        SCHEDULE.with_step(Step("move", nothing), after="charge")


def test_a_step_that_does_nothing_changes_no_byte_and_one_that_does_is_felt(world: World) -> None:
    seen: list[tuple[DayType, int]] = []

    def watch(model: MobilityModel) -> None:
        seen.append((model.today.day_type, int((model.today.alternative == Alternative.DRIVER).sum())))

    def no_licences(model: MobilityModel) -> None:
        model.residents.table.licence[:] = False

    short = small.with_settings(world, years=(2024,), days_in=(2024,), day_iterations=1, first_iterations=0)
    plain = small.fresh_run(short)
    watched = MobilityModel(short, 1, schedule=SCHEDULE.with_step(Step("watch", watch), after="choose modes"))
    tables = small.run(watched)
    assert all(table.equals(tables[name]) for name, table in plain.items())
    assert [day for day, _ in seen] == list(DayType)
    assert min(drivers for _, drivers in seen) > 0
    watched.close()
    seen.clear()
    schedule = SCHEDULE.with_step(Step("no licences", no_licences), after="set conditions")
    schedule = schedule.with_step(Step("watch", watch), after="choose modes")
    walking = MobilityModel(short, 1, schedule=schedule)
    small.run(walking)
    assert [drivers for _, drivers in seen] == [0, 0]
    walking.close()


def test_with_a_step_of_ones_own_no_year_is_taken_from_another_policy(world: World) -> None:
    """The state of a step is not in a checkpoint, so a model that has one walks through every year."""
    years: list[int] = []
    step = Step("note the year", lambda model: years.append(model.year))
    model = MobilityModel(world, 1, schedule=SCHEDULE.with_step(step, after="buy cars"))
    small.run(model)
    small.run(model, "fares", small.HALF_FARES)
    assert years == [*world.settings.years] * 2
    model.close()


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_code_of_the_page_runs(number: int, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As written, on the small world instead of the whole region."""
    short = small.with_settings(world, years=(2024,), days_in=(2024,), day_iterations=1, first_iterations=0)

    def few(experiment: Any, policy: str = "baseline", seed: int = 1, **more: Any) -> MobilityModel:
        assert policy in [each.id for each in experiment.policies]
        return MobilityModel(short, seed, **more)

    monkeypatch.setattr(zemsim, "build_model", few, raising=False)
    found: dict[str, Any] = {}
    exec(EXAMPLES[number], found)
    model = found["model"]
    assert len(model.records["trips"]) > 1000
    if "Walker" in found:
        rows = np.flatnonzero(np.arange(len(model.residents)) % 100 == 0)
        plan = model.today
        own = np.isin(plan.column("resident_idx"), rows) & (plan.columns.road_km < 2.0)
        assert own.any()
        assert (plan.alternative[own] == Alternative.WALK).all()
    else:
        residents = model.residents.table
        lost = residents.resident_id % 50 == 2024 % 50
        assert not residents.ebike[lost].any()
        assert residents.ebike[~lost].any()
        assert "lose e-bikes" in model.explain_schedule()
    model.close()
