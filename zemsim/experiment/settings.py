"""The form of an experiment file: its keys, ranges and meanings."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from zemsim.core.settings import Settings
from zemsim.policy.lever import Identifier, Name, Names, Title, Year, key_fault
from zemsim.policy.levers import Measure

MAX_SEEDS = 1000
MAX_SEED = 2**31 - 1
#: Longest span of years of an experiment.
MAX_YEARS = 60

_SEEDS_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": MAX_SEEDS},
        {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": MAX_SEED}, "minItems": 1},
    ]
}
_UNSAFE_PATH = re.compile(r"^[/\\~]|^[A-Za-z]:|\\|(^|/)\.\.(/|$)|\x00")


def _seeds(value: Any) -> Any:
    """Turn a number of seeds into the seeds 1 to that number."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= MAX_SEEDS:
            context = {
                "most": MAX_SEEDS,
                "value": str(value) if abs(value) < 10**20 else "a number with too many digits",
            }
            raise PydanticCustomError("seeds_range", "must be from 1 to {most}, got {value}", context)
        return tuple(range(1, value + 1))
    return value


def _one_or_more(value: Any) -> Any:
    """Turn one text into a list of one."""
    return (value,) if isinstance(value, str) else value


SeasonName = Literal["winter", "summer"]
DrawsFiles = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=400)], ...],
    BeforeValidator(_one_or_more),
    Field(strict=False, max_length=20),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": 20}]}),
]
Seeds = Annotated[
    tuple[Annotated[int, Field(ge=1, le=MAX_SEED)], ...],
    BeforeValidator(_seeds),
    Field(strict=False, min_length=1, max_length=MAX_SEEDS),
    WithJsonSchema(_SEEDS_SCHEMA),
]


class Head(Settings):
    """What is asked, of which region, in which years, and how often."""

    id: Identifier
    """Short name, in small letters and hyphens."""
    title: Title
    """What people call it."""
    region: Annotated[str, Field(min_length=1, max_length=400)]
    """Name of an embedded region, or a folder with a datapackage.json below the experiment's folder."""
    years: Annotated[tuple[Year, Year], Field(strict=False)]
    """First and last year; vehicles are bought and scrapped in every year."""
    days_in: Annotated[tuple[Year, ...], Field(strict=False, min_length=1, max_length=MAX_YEARS)]
    """Years in which days are simulated."""
    seasons: Annotated[tuple[Literal["winter", "summer"], ...], Field(strict=False, min_length=1)] = (
        "winter",
        "summer",
    )
    """Seasons."""
    seeds: Seeds
    """How many seeds, or a list of them; the same for every policy."""
    day_iterations: Annotated[int, Field(ge=1, le=100)] = 3
    """How often a day is repeated until travellers know times, queues and crowding; the same in every run."""
    first_iterations: Annotated[int, Field(ge=0, le=100)] = 3
    """Further repetitions in the first simulated season, whose travellers begin with empty roads in mind."""
    destinations: Literal["adapt", "fixed"] = "adapt"
    """Whether tours go elsewhere when ways there become better or worse (the long run), or stay as planned."""
    population: Literal["fixed", "forecast"] = "fixed"
    """Whether residents stay as they are in the first year, or age, come and go as the region's forecast says."""
    behaviour_draws: DrawsFiles = ()
    """Sets of parameters, seed s takes row s: "posterior" (those of the package), a CSV file below the experiment's
    folder, or a list of these."""

    short_run_seeds: Annotated[int, Field(ge=0, le=MAX_SEEDS)] = 0
    """Of how many seeds, from the first on, what a policy does at once is told apart: the days of its first simulated
    year with cars, e-bikes, workplaces and what is built as without measures."""

    @model_validator(mode="after")
    def _consistent(self) -> Head:
        first, last = self.years
        if not 0 <= last - first < MAX_YEARS:
            raise key_fault(
                "years", f"must be a first and a last year, at most {MAX_YEARS} years, got {first} and {last}"
            )
        for position, year in enumerate(self.days_in):
            if not first <= year <= last:
                raise key_fault(("days_in", position), f"{year} is not within years {first} to {last}")
        for key in ("days_in", "seasons", "seeds"):
            values = getattr(self, key)
            if len(set(values)) != len(values):
                raise key_fault(key, "has a value twice")
        if self.short_run_seeds > len(self.seeds):
            most = f"must be at most {len(self.seeds)}, the number of seeds, got {self.short_run_seeds}"
            raise key_fault("short_run_seeds", most)
        if list(self.days_in) != sorted(self.days_in):
            raise key_fault("days_in", "must rise")
        _check_region(self.region)
        for position, name in enumerate(self.behaviour_draws):
            _check_draws(name, position)
        return self


def _check_region(value: str) -> None:
    if _UNSAFE_PATH.search(value):
        raise key_fault(
            "region",
            f"must be the name of a region pack, or a folder below the experiment's folder, got “{value[:80]}”",
            "a folder anywhere else can be given on the command line by --region",
        )


def _check_draws(value: str, position: int) -> None:
    if _UNSAFE_PATH.search(value):
        raise key_fault(
            ("behaviour_draws", position),
            f"must be “posterior”, or a file below the experiment's folder, got “{value[:80]}”",
            "a file anywhere else can be given on the command line by --draws",
        )


class PolicyTable(Settings):
    """A policy: measures of the catalogue by id, and measures stated here."""

    id: Identifier
    """Short name, in small letters and hyphens."""
    title: Title
    """What people call it."""
    measures: Names = ()
    """Ids of measures of the catalogue."""
    measure: Annotated[tuple[Measure, ...], Field(strict=False, max_length=200)] = ()
    """Measures stated here."""


class ExperimentFile(Settings):
    """An experiment file."""

    experiment: Head
    """What is asked."""
    behaviour: Annotated[dict[Name, float], Field(default_factory=dict, max_length=500)]
    """Behavioural parameters by symbol that differ from their defaults."""
    policy: Annotated[tuple[PolicyTable, ...], Field(strict=False, min_length=1, max_length=500)]
    """Policies; one is the baseline."""


def experiment_schema() -> dict[str, Any]:
    """Return the JSON Schema of an experiment file, for editors."""
    schema = ExperimentFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "zemsim experiment"}
