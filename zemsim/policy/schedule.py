"""Values that change in steps from year to year: ``share = 0.5`` or ``share = { 2028 = 0.3, 2031 = 0.6 }``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100


@dataclass(frozen=True)
class Schedule:
    """A step function of the calendar year.

    Attributes
    ----------
    steps : tuple of (int, float)
        Years, rising, and the value from that year on. A plain number is one step in the first year of all.
    """

    steps: tuple[tuple[int, float], ...]

    def at(self, year: int, before: float = 0.0) -> float:
        """Return the value in a year; ``before`` is the value before the first step."""
        value = before
        for start, step in self.steps:
            if start > year:
                break
            value = step
        return value

    @property
    def values(self) -> tuple[float, ...]:
        """The values of all steps."""
        return tuple(value for _, value in self.steps)

    def plain(self) -> float | dict[str, float]:
        """Return what would stand in a file."""
        if len(self.steps) == 1 and self.steps[0][0] == FIRST_YEAR:
            return self.steps[0][1]
        return {str(year): value for year, value in self.steps}


@dataclass(frozen=True)
class Steps:
    """Annotation of a :class:`Schedule`: the allowed range of its values.

    Attributes
    ----------
    ge, le : float
        Lowest and highest allowed value.
    whole : bool
        Whether values are whole numbers.
    """

    ge: float
    le: float
    whole: bool = False

    def _number(self) -> CoreSchema:
        if self.whole:
            return core_schema.int_schema(ge=int(self.ge), le=int(self.le), strict=True)
        return core_schema.float_schema(ge=self.ge, le=self.le, strict=True, allow_inf_nan=False)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        year = core_schema.no_info_plain_validator_function(_year)
        table = core_schema.chain_schema(
            [
                core_schema.dict_schema(year, self._number(), min_length=1, strict=False),
                core_schema.no_info_plain_validator_function(_from_table),
            ]
        )
        number = core_schema.chain_schema(
            [self._number(), core_schema.no_info_plain_validator_function(lambda v: Schedule(((FIRST_YEAR, v),)))]
        )
        return core_schema.tagged_union_schema(
            {"table": table, "number": number, "schedule": core_schema.is_instance_schema(Schedule)},
            discriminator=_form,
            serialization=core_schema.plain_serializer_function_ser_schema(Schedule.plain),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        number = {"type": "integer" if self.whole else "number", "minimum": self.ge, "maximum": self.le}
        table = {
            "type": "object",
            "propertyNames": {"pattern": "^[0-9]{4}$"},
            "additionalProperties": dict(number),
            "minProperties": 1,
        }
        return {"anyOf": [number, table]}


def _form(value: Any) -> str:
    if isinstance(value, Schedule):
        return "schedule"
    return "table" if isinstance(value, dict) else "number"


def _year(key: Any) -> int:
    text = str(key)
    if not (text.isascii() and text.isdigit() and FIRST_YEAR <= int(text[:5]) <= LAST_YEAR):
        raise PydanticCustomError(
            "schedule_year",
            "a step begins in a year from {first} to {last}, got “{shown}”",
            {"first": FIRST_YEAR, "last": LAST_YEAR, "shown": text[:40]},
        )
    return int(text)


def _from_table(table: dict[int, float]) -> Schedule:
    return Schedule(tuple(sorted(table.items())))
