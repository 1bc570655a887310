"""The form of a model file: data, alternatives, derived columns, terms of the utilities, nests, coefficients.

Nothing in it is run as text: a derived column is one of five declared kinds.
"""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from zemsim.core.errors import did_you_mean, raise_all
from zemsim.core.settings import Settings, check, read_document
from zemsim.core.toml_lines import Loc
from zemsim.policy.lever import Name, Names, key_fault

Value = str | int | float


def _one_sort(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Refuse texts among numbers: a column is compared as one or the other."""
    if len({isinstance(value, str) for value in values}) > 1:
        raise PydanticCustomError("mixed", "must be texts or numbers, not both")
    return values


Number = Annotated[float, Field(ge=-1e12, le=1e12)]
Values = Annotated[tuple[Value, ...], AfterValidator(_one_sort), Field(strict=False, max_length=1000)]
#: Kinds of derived columns.
KINDS = ("product", "sum", "ratio", "dummy", "power")


class Keep(Settings):
    """Cases that are kept: those whose column has one of the values."""

    column: Name
    """Column of the file."""
    values: Annotated[Values, Field(min_length=1)]
    """Values to keep, text or numbers."""


class Data(Settings):
    """Where the file says who chose what."""

    layout: Literal["long", "wide"]
    """long: a row is an alternative of a case. wide: a row is a case."""
    choice: Name
    """long: column with 1 for the chosen alternative and 0 else. wide: column with the chosen alternative."""
    case: Name | None = None
    """long: column that tells the cases apart."""
    alternative: Name | None = None
    """long: column with the alternative of the row."""
    available: Name | None = None
    """long: column with 1 where the alternative was available, 0 where not; without it every row was."""
    weight: Name | None = None
    """Column with the weight of the case; weights are scaled to a mean of 1."""
    cluster: Name | None = None
    """Column that tells people apart who have several cases; robust errors allow for it."""
    leave_out: Names = ()
    """Alternatives, as the file writes them, that are left out with the cases that chose them."""
    keep: Annotated[tuple[Keep, ...], Field(strict=False, max_length=50)] = ()
    """Conditions that the kept cases meet, all of them."""

    @model_validator(mode="after")
    def _layout(self) -> Data:
        for key in ("case", "alternative"):
            if self.layout == "long" and getattr(self, key) is None:
                raise key_fault(key, "is missing", "a long file needs it to put its rows together")
        for key in ("case", "alternative", "available"):
            if self.layout == "wide" and getattr(self, key) is not None:
                raise key_fault(key, "is for long files", "of a wide file every row is a case")
        return self


class AlternativeTable(Settings):
    """One alternative."""

    code: str | int | None = None
    """What the file writes for it; its name without this."""
    available: Annotated[tuple[Name, ...], Field(strict=False, max_length=20)] = ()
    """wide: columns that must all be 1 for it to be available; without them it always is."""
    columns: Annotated[dict[Name, Name], Field(default_factory=dict, max_length=200)]
    """wide: the column of the file that stands behind a name of the terms, for this alternative."""


class Derived(Settings):
    """A column made of others; exactly one of product, sum, ratio, dummy and power says how."""

    name: Name
    """Its name."""
    product: Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=10)] | None = None
    """Columns that are multiplied."""
    sum: Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=20)] | None = None
    """Columns that are added."""
    ratio: Annotated[tuple[Name, Name], Field(strict=False)] | None = None
    """The first column over the second one."""
    dummy: Name | None = None
    """1 where this column has one of the values, or lies from at_least to at_most; 0 elsewhere."""
    power: Name | None = None
    """This column over reference, to the power of exponent."""
    values: Values = ()
    """Of a dummy."""
    at_least: float | None = None
    """Of a dummy."""
    at_most: float | None = None
    """Of a dummy."""
    exponent: Annotated[float, Field(ge=-20, le=20)] | None = None
    """Of a power."""
    reference: Annotated[float, Field(gt=0, le=1e12)] = 1.0
    """Of a power."""
    scale: Number = 1.0
    """The column is multiplied by this."""
    cap: Number | None = None
    """Then it is cut at this largest value."""

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns that it is made of."""
        made_of = getattr(self, self.kind)
        return (made_of,) if isinstance(made_of, str) else tuple(made_of)

    @model_validator(mode="after")
    def _one_kind(self) -> Derived:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            said = " and ".join(given) or "none"
            raise key_fault(given[-1] if given else "name", f"give exactly one of {', '.join(KINDS)}; given: {said}")
        rules = bool(self.values), self.at_least is not None, self.at_most is not None
        if given[0] == "dummy" and (not any(rules) or (rules[0] and any(rules[1:]))):
            raise key_fault("dummy", "needs either values, or at_least, at_most or both")
        if given[0] != "dummy" and any(rules):
            raise key_fault("name", "values, at_least and at_most belong to a dummy")
        if (given[0] == "power") != (self.exponent is not None):
            raise key_fault("name", "power and exponent belong together")
        return self


class Term(Settings):
    """Coefficient times column, in the utility of some or all alternatives; without a column, a constant."""

    coefficient: Name
    """Its coefficient; the same name in several terms is one coefficient."""
    column: Name | None = None
    """Column of the file or derived column; 1 without it."""
    alternatives: Names = ()
    """Alternatives whose utility has the term; all without it."""
    scale: Number = 1.0
    """The column is multiplied by this."""


class Coefficient(Settings):
    """What is known of a coefficient, or of a scale of nests, before the fit."""

    start: Number | None = None
    """Where the search begins; 0 without it, 1 for scales."""
    fixed: Number | None = None
    """Not estimated: it has this value."""

    @model_validator(mode="after")
    def _one(self) -> Coefficient:
        if self.start is not None and self.fixed is not None:
            raise key_fault("start", "is of no use: the coefficient is fixed")
        return self


class NestTable(Settings):
    """Alternatives that are alike."""

    name: Name
    """Its name."""
    alternatives: Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=200)]
    """Alternatives inside; one that is in no nest stands alone."""
    scale: Name
    """Name of its scale lambda; nests that name the same share it."""


class RatioTable(Settings):
    """A figure that is a ratio of two coefficients, such as a value of time."""

    name: Name
    """Its name."""
    numerator: Name
    """Coefficient."""
    denominator: Name
    """Coefficient."""
    scale: Number = 1.0
    """The ratio is multiplied by this: 60 turns EUR/min into EUR/h."""


class Head(Settings):
    """What the model is called, and how its nests are written."""

    title: Annotated[str, Field(min_length=1, max_length=500)]
    """One line."""
    nest_form: Literal["utility_consistent", "not_normalised"] = "utility_consistent"
    """utility_consistent: V / lambda inside a nest. not_normalised: Greene's form, V inside a nest; other figures."""


class ModelFile(Settings):
    """A file that says which model is estimated on which columns."""

    model: Head
    """Title and form."""
    data: Data
    """Where the file says who chose what."""
    alternative: Annotated[dict[Name, AlternativeTable], Field(min_length=2, max_length=200)]
    """Alternatives by name."""
    column: Annotated[tuple[Derived, ...], Field(strict=False, max_length=200)] = ()
    """Derived columns, each of columns of the file and of derived ones above it."""
    term: Annotated[tuple[Term, ...], Field(strict=False, min_length=1, max_length=500)]
    """Terms of the utilities."""
    coefficient: Annotated[dict[Name, Coefficient], Field(default_factory=dict, max_length=500)]
    """Starting values and fixed coefficients."""
    nest: Annotated[tuple[NestTable, ...], Field(strict=False, max_length=100)] = ()
    """Nests; without them the model is multinomial."""
    ratio: Annotated[tuple[RatioTable, ...], Field(strict=False, max_length=100)] = ()
    """Ratios to be reported with their errors."""

    @property
    def consistent(self) -> bool:
        """Whether the nests are in the form that agrees with utility maximisation."""
        return self.model.nest_form == "utility_consistent"

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Names of the coefficients of the utilities, in the order of the terms."""
        return tuple(dict.fromkeys(term.coefficient for term in self.term))

    @property
    def scales(self) -> tuple[str, ...]:
        """Names of the scales of the nests, in the order of the nests."""
        return tuple(dict.fromkeys(nest.scale for nest in self.nest))

    def fixed(self, name: str) -> float | None:
        """The value of a coefficient or scale that is not estimated; None if it is."""
        return self.coefficient[name].fixed if name in self.coefficient else None

    def start(self, name: str) -> float:
        """The value of a coefficient or scale at which the search begins, or where it is fixed."""
        table = self.coefficient.get(name, Coefficient())
        usual = 1.0 if name in self.scales else 0.0
        return next(value for value in (table.fixed, table.start, usual) if value is not None)


def load_specification(path: str | PathLike[str]) -> ModelFile:
    """Read and check a model file.

    Raises
    ------
    InputError, InputErrors
        With file, line and key of every fault, the nearest known name included.
    """
    document = read_document(path)
    model = check(document, ModelFile)
    raise_all([document.fault(*fault) for fault in _faults(model)])
    return model


Fault = tuple[Loc, str, str | None]


def _faults(model: ModelFile) -> Iterator[Fault]:
    yield from _term_faults(model)
    yield from _column_faults(model)
    yield from _nest_faults(model)
    yield from _coefficient_faults(model)
    yield from _layout_faults(model)


def _unknown(loc: Loc, what: str, name: str, known: Any) -> Fault:
    return loc, f"there is no {what} “{name}”", did_you_mean(name, known)


def _term_faults(model: ModelFile) -> Iterator[Fault]:
    for number, term in enumerate(model.term):
        for position, name in enumerate(term.alternatives):
            if name not in model.alternative:
                yield _unknown(("term", number, "alternatives", position), "alternative", name, model.alternative)
        if len(set(term.alternatives)) < len(term.alternatives):
            yield ("term", number, "alternatives"), "has an alternative twice", None
    for number, ratio in enumerate(model.ratio):
        for key in ("numerator", "denominator"):
            name = getattr(ratio, key)
            if name not in model.coefficients:
                yield _unknown(("ratio", number, key), "coefficient", name, model.coefficients)


def _column_faults(model: ModelFile) -> Iterator[Fault]:
    derived = [column.name for column in model.column]
    for number, column in enumerate(model.column):
        if column.name in derived[:number]:
            yield ("column", number, "name"), f"there are two columns “{column.name}”", None
        for name in column.inputs:
            if name in derived[number:]:
                message = f"uses “{name}”, which is not above it"
                yield ("column", number, column.kind), message, "move it below the columns that it is made of"


def _nest_faults(model: ModelFile) -> Iterator[Fault]:
    home: dict[str, str] = {}
    for number, nest in enumerate(model.nest):
        for position, name in enumerate(nest.alternatives):
            place: Loc = ("nest", number, "alternatives", position)
            if name not in model.alternative:
                yield _unknown(place, "alternative", name, model.alternative)
            elif name in home:
                yield place, f"“{name}” is in nest “{home[name]}” already", "an alternative is in one nest"
            home.setdefault(name, nest.name)
        value = model.fixed(nest.scale)
        if value is not None and not (value > 0 and (value <= 1 or not model.consistent)):
            yield ("coefficient", nest.scale, "fixed"), "a scale of nests is greater than 0 and at most 1", None
        elif model.start(nest.scale) <= 0:
            yield ("coefficient", nest.scale, "start"), "a scale of nests is greater than 0", None
        sharing = [other for other in model.nest if other.scale == nest.scale]
        if value is None and model.consistent and all(len(other.alternatives) == 1 for other in sharing):
            message = f"the scale of nest “{nest.name}” cannot be estimated: there is one alternative inside"
            yield ("nest", number, "scale"), message, "leave the nest out, or fix its scale at 1"
    if len({nest.name for nest in model.nest}) < len(model.nest):
        yield ("nest",), "two nests have the same name", None
    if not model.nest and not model.consistent:
        yield ("model", "nest_form"), "there are no nests", "without nests the model is multinomial"


def _coefficient_faults(model: ModelFile) -> Iterator[Fault]:
    known = {*model.coefficients, *model.scales}
    for name in model.coefficient:
        if name not in known:
            yield _unknown(("coefficient", name), "term or nest with", name, known)
    for number, nest in enumerate(model.nest):
        if nest.scale in model.coefficients:
            yield ("nest", number, "scale"), f"“{nest.scale}” is a coefficient of a term, too", None
    if all(model.fixed(name) is not None for name in known):
        yield ("coefficient",), "all coefficients are fixed: nothing is to be estimated", None


def _layout_faults(model: ModelFile) -> Iterator[Fault]:
    codes: dict[str, str] = {}
    for name, table in model.alternative.items():
        code = str(name if table.code is None else table.code)
        if code in codes:
            yield ("alternative", name), f"the file's “{code}” is “{codes[code]}” already", None
        codes.setdefault(code, name)
        if code in model.data.leave_out:
            yield ("alternative", name), f"“{code}” is left out by data.leave_out", None
        if model.data.layout == "long" and (table.available or table.columns):
            yield ("alternative", name), "available and columns are for wide files", "a long file has a row for each"


def codes(model: ModelFile) -> dict[str, int]:
    """What the file writes for each alternative, to its position."""
    return {
        str(name if table.code is None else table.code): position
        for position, (name, table) in enumerate(model.alternative.items())
    }
