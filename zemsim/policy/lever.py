"""What all levers share: when, for whom, paid by whom, from which source, and which of e-MOPOLI's themes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from zemsim.core.settings import Settings
from zemsim.policy.schedule import FIRST_YEAR, LAST_YEAR, Schedule

if TYPE_CHECKING:
    from zemsim.core.toml_lines import Loc
    from zemsim.policy.draft import Draft, PolicyRegion

Theme = Literal[
    "charging and tolling policies",
    "charging powered by alternative sources",
    "charging hubs in spatial planning",
    "alternative-fuel vehicles in public transport",
    "e-mobility in niche fleets",
]
Category = Literal["governance and planning", "infrastructure", "economic incentive"]
Grade = Literal["reported", "estimate", "assumption"]
Payer = Literal["state", "municipality", "region", "operator"]

#: Who counts as the public purse in the cost of a measure.
PUBLIC_PAYERS: Final = ("state", "municipality", "region")

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Names = Annotated[tuple[Name, ...], Field(strict=False, max_length=200)]
Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]


class Title(Settings):
    """A text in Latvian and English."""

    lv: Text
    """In Latvian."""
    en: Text
    """In English."""


class Persons(Settings):
    """A group of residents by age; both ends are included."""

    age_min: Annotated[int, Field(ge=0, le=120)] = 0
    """Youngest age in years."""
    age_max: Annotated[int, Field(ge=0, le=120)] = 120
    """Oldest age in years."""

    @model_validator(mode="after")
    def _order(self) -> Persons:
        if self.age_min > self.age_max:
            raise key_fault("age_max", f"must not be below age_min {self.age_min}, got {self.age_max}")
        return self


class Lever(Settings):
    """A measure: one lever kind with its values."""

    #: Names of fields that hold places.
    place_fields: ClassVar[tuple[str, ...]] = ("places",)

    id: Identifier | None = None
    """Short name of the measure, in small letters and hyphens."""
    title: Title | None = None
    """What people call it."""
    theme: Theme | None = None
    """Which of e-MOPOLI's five themes it belongs to."""
    category: Category | None = None
    """Kind of instrument."""
    origin: Text | None = None
    """Where the practice comes from."""
    transfers: Title | None = None
    """What carries over from the origin, and what does not."""
    from_year: Year
    """First year in which the measure holds."""
    until_year: Year | None = None
    """Last year in which the measure holds; without it, it stays."""
    source: Text
    """Where the values come from."""
    grade: Grade
    """How far the values can be trusted."""

    @model_validator(mode="after")
    def _years(self) -> Lever:
        if self.until_year is not None and self.until_year < self.from_year:
            raise key_fault("until_year", f"must not be before from_year {self.from_year}, got {self.until_year}")
        for name, value in self:
            if isinstance(value, Schedule):
                self._check_steps(name, value)
        return self

    def _check_steps(self, name: str, schedule: Schedule) -> None:
        first = schedule.steps[0][0]
        if first > self.from_year:
            raise key_fault(name, f"says nothing for {self.from_year}, the first year; its steps begin in {first}")
        if self.until_year is not None and schedule.steps[-1][0] > self.until_year:
            raise key_fault(name, f"has a step in {schedule.steps[-1][0]}, after until_year {self.until_year}")

    @property
    def name(self) -> str:
        """The id; measures have one once an experiment is read."""
        return self.id or "unnamed"

    def active(self, year: int) -> bool:
        """Return whether the measure holds in a year."""
        return self.from_year <= year and (self.until_year is None or year <= self.until_year)

    def value(self, schedule: Schedule, year: int, lag_months: int = 0) -> float:
        """Return a schedule's value in the middle of a year when it comes ``lag_months`` after its step; 0 before."""
        ready = (12 * year + 6 - lag_months) // 12
        return schedule.at(ready) if ready >= self.from_year and self.active(year) else 0.0

    def faults(self, base: PolicyRegion) -> Iterator[tuple[Loc, str]]:
        """Yield keys whose names the region does not have, and what is wrong, beyond places, networks and routes."""
        yield from ()

    def apply(self, draft: Draft) -> None:
        """Change the draft of a year's conditions; called only in years in which the measure holds."""
        raise NotImplementedError


class Costed(Settings):
    """Costs of a measure, with their own source."""

    paid_by: Payer
    """Who bears the cost."""
    cost_source: Text
    """Where the cost figures come from."""
    cost_grade: Grade
    """How far the cost figures can be trusted."""


def key_fault(key: str | tuple[str | int, ...], message: str, hint: str | None = None) -> PydanticCustomError:
    """Return the error of a check that compares several keys; it is shown at ``key``."""
    context: dict[str, Any] = {"key": key, "message": message}
    if hint is not None:
        context["hint"] = hint
    return PydanticCustomError("key_fault", "{message}", context)


def exactly_one(lever: Settings, *keys: str) -> str:
    """Return the one key of several alternatives that is given; anything else is an error."""
    given = [key for key in keys if getattr(lever, key) is not None]
    if len(given) != 1:
        said = "none is" if not given else "both are"
        raise key_fault(given[-1] if given else keys[0], f"give exactly one of {' and '.join(keys)}; {said} given")
    return given[0]
