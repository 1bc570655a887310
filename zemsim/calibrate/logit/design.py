"""The columns of the terms: what each coefficient is multiplied by, for every case and alternative.

Axes: N cases, J alternatives, K coefficients. A column is [N, J], or [N, 1] where it does not differ between
alternatives. What is not available may be blank.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from zemsim.calibrate.logit.choices import Bool, Choices
from zemsim.calibrate.logit.specification import Derived, ModelFile, Term
from zemsim.calibrate.logit.survey import Float, Rows, Survey
from zemsim.core.errors import InputError, did_you_mean, raise_all

#: Squares of larger numbers, summed over cases, would not be finite.
_LARGEST: Final = 1e60


class Columns:
    """Columns of a survey and derived ones, by name, computed when they are first asked for."""

    def __init__(self, survey: Survey, model: ModelFile, row: Rows) -> None:
        self._survey = survey
        self._row = row
        self._wide = model.data.layout == "wide"
        self._mapped = [table.columns for table in model.alternative.values()]
        self._derived = {column.name: column for column in model.column}
        self._known: dict[str, Float] = {}

    @property
    def names(self) -> set[str]:
        """All names that a term may use."""
        mapped = {name for columns in self._mapped for name in columns}
        return mapped | set(self._derived) | set(self._survey.names)

    def faults(self) -> list[InputError]:
        """Names that stand for two things, and columns that the file does not have."""
        found = self._survey.need([column for columns in self._mapped for column in columns.values()])
        mapped = {name for columns in self._mapped for name in columns}
        for name in self._derived:
            if name in mapped or name in self._survey.names:
                found.append(InputError(f"derived column “{name}” has the name of a column of the data"))
        for column in self._derived.values():
            found += [
                InputError(f"derived column “{column.name}”: no column “{name}”", hint=did_you_mean(name, self.names))
                for name in column.inputs
                if name not in self.names
            ]
        return found

    def __getitem__(self, name: str) -> Float:
        if name not in self._known:
            derived = self._derived.get(name)
            self._known[name] = self._read(name) if derived is None else self._derive(derived)
        return self._known[name]

    def _read(self, name: str) -> Float:
        """A column of the file: float64 [N, J], or [N, 1] of a wide file that has one for all alternatives."""
        if not self._wide:
            return _cells(self._survey.numbers(name), self._row)
        if not any(name in columns for columns in self._mapped):
            return _cells(self._survey.numbers(name), self._row[:, :1])
        found = np.full(self._row.shape, np.nan)
        for position, columns in enumerate(self._mapped):
            if name in columns:
                found[:, position] = self._survey.numbers(columns[name])[self._row[:, position]]
        return found

    def _derive(self, column: Derived) -> Float:
        with np.errstate(all="ignore"):
            return self._combined(column)

    def _combined(self, column: Derived) -> Float:
        if column.dummy is not None and all(isinstance(value, str) for value in column.values) and column.values:
            values = self._among_texts(column.dummy, {str(value) for value in column.values})
        else:
            parts = [self[name] for name in column.inputs]
            values = parts[0]
            if column.ratio is not None:
                values = parts[0] / parts[1]
            elif column.exponent is not None:
                values = (parts[0] / column.reference) ** column.exponent
            elif column.dummy is not None:
                values = _indicator(parts[0], column)
            else:
                for part in parts[1:]:
                    values = values + part if column.sum is not None else values * part
        values = np.asarray(values * column.scale, np.float64)
        return values if column.cap is None else np.minimum(values, column.cap)

    def _among_texts(self, name: str, wanted: set[str]) -> Float:
        if any(name in columns for columns in self._mapped) or name in self._derived:
            raise InputError(f"a dummy of words is made of a column of the file, and “{name}” is none")
        here = np.array([text in wanted for text in self._survey.texts(name)], np.float64)
        return _cells(here, self._row[:, :1] if self._wide else self._row)


def _cells(values: Float, row: Rows) -> Float:
    """Values of rows as cells; NaN where a case has no row."""
    return np.where(row >= 0, values[np.where(row >= 0, row, 0)], np.nan)


def _indicator(values: Float, column: Derived) -> Float:
    """1 where values are among those of a dummy or in its range, NaN where they are unknown."""
    if column.values:
        numbers = [float(value) for value in column.values]
        inside = np.isin(values, numbers)
    else:
        inside = np.ones(values.shape, np.bool_)
        if column.at_least is not None:
            inside &= values >= column.at_least
        if column.at_most is not None:
            inside &= values <= column.at_most
    return np.where(np.isnan(values), np.nan, inside.astype(np.float64))


def design(survey: Survey, model: ModelFile, choices: Choices) -> Float:
    """What the coefficients are multiplied by: float64 [N, J, K], 0 where an alternative is not available.

    Raises
    ------
    InputError, InputErrors
        For a column that does not exist, and for a value that is unknown where an available alternative needs it.
    """
    columns = Columns(survey, model, choices.row)
    faults = columns.faults()
    names = list(model.alternative)
    for number, term in enumerate(model.term):
        if term.column is not None and term.column not in columns.names:
            hint = did_you_mean(term.column, columns.names)
            faults.append(InputError(f"term[{number + 1}]: there is no column “{term.column}”", survey.path, hint=hint))
    raise_all(faults)
    out = np.zeros((*choices.available.shape, len(model.coefficients)))
    for term in model.term:
        within = np.array([not term.alternatives or name in term.alternatives for name in names], np.bool_)
        cells = choices.available & within
        values = np.broadcast_to(1.0 if term.column is None else columns[term.column], cells.shape)
        with np.errstate(invalid="ignore"):
            wrong = cells & ~(np.abs(values) <= _LARGEST)
        if wrong.any():
            faults.append(_blank(survey, term, names, choices.row, wrong))
        out[:, :, model.coefficients.index(term.coefficient)] += np.where(cells, term.scale * values, 0.0)
    raise_all(faults)
    return out


def _blank(survey: Survey, term: Term, names: list[str], row: Rows, wrong: Bool) -> InputError:
    """The fault of values that a term needs and that are unknown or not finite."""
    position = int(np.flatnonzero(wrong.any(axis=0))[0])
    message = (
        f"column {term.column} is blank or not finite where coefficient {term.coefficient} needs it, "
        f"for {names[position]}: {wrong[:, position].sum():,} cases"
    )
    hint = f"fill it, or say that the alternative is not available there; numbers go up to {_LARGEST:g}"
    return survey.fault(message, row[wrong[:, position], position], hint)
