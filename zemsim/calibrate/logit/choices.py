"""Who had which alternatives and chose which: the rows of a survey put together as cases.

Axes: N cases, J alternatives. A cell of a case and an alternative is a row of a long file; a wide file has one row for
all cells of a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zemsim.calibrate.logit.specification import Data, Keep, ModelFile, codes
from zemsim.calibrate.logit.survey import Float, Rows, Survey
from zemsim.core.errors import InputError, clean, did_you_mean, raise_all
from zemsim.core.notices import Notices

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Choices:
    """The cases of a survey.

    Attributes
    ----------
    row : int64 [N, J] row of the survey of a cell, -1 where there is none.
    available : bool [N, J].
    chosen : int64 [N] position of the chosen alternative.
    weight : float64 [N] with a mean of 1.
    cluster : int64 [N] number of the person; the number of the case where people are not told apart.
    notices : what was left out, counted.
    """

    row: Rows
    available: Bool
    chosen: Rows
    weight: Float
    cluster: Rows
    notices: Notices

    @property
    def n(self) -> int:
        """How many cases there are."""
        return int(self.chosen.size)

    @property
    def n_clusters(self) -> int:
        """How many people there are."""
        return int(np.unique(self.cluster).size)


def read_choices(survey: Survey, model: ModelFile) -> Choices:
    """Put the rows of a survey together.

    Raises
    ------
    InputError, InputErrors
        One for each kind of fault, with the first rows and how many there are: a column that the file does not have,
        an unknown alternative, a case without or with two choices, a choice that was not available, a bad weight.
    """
    data = model.data
    asked = [data.choice, data.case, data.alternative, data.available, data.weight, data.cluster]
    wanted = [name for name in asked if name is not None] + [keep.column for keep in data.keep]
    wanted += [name for table in model.alternative.values() for name in table.available]
    raise_all(survey.need(wanted))
    notices = Notices()
    kept = _kept_rows(survey, data.keep)
    notices.add("estimate.not_kept", "rows do not meet the conditions of data.keep", survey.n_rows - kept.size)
    if kept.size == 0:
        raise survey.fault("no row meets the conditions of data.keep")
    reader = _long if data.layout == "long" else _wide
    row, available, chosen = reader(survey, model, kept, notices)
    first = row[np.arange(chosen.size), chosen]
    weight = _weights(survey, data, row, first)
    cluster = _clusters(survey, data, row, first)
    alone = np.flatnonzero(available.sum(axis=1) == 1)
    notices.add("estimate.no_alternative", "cases have one alternative only and tell nothing", alone.size)
    return Choices(row, available, chosen, weight, cluster, notices)


def _kept_rows(survey: Survey, conditions: Sequence[Keep]) -> Rows:
    kept = np.ones(survey.n_rows, np.bool_)
    for keep in conditions:
        if all(isinstance(value, str) for value in keep.values):
            wanted = set(keep.values)
            kept &= np.array([text in wanted for text in survey.texts(keep.column)], np.bool_)
        else:
            kept &= np.isin(survey.numbers(keep.column), [float(value) for value in keep.values])
    return np.flatnonzero(kept)


def _yes_or_no(survey: Survey, name: str, rows: Rows, faults: list[InputError]) -> Bool:
    """A column of 1 and 0, in the kept rows."""
    values = survey.numbers(name)[rows]
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        faults.append(survey.fault(f"column {name}: must be 1 or 0", rows[wrong]))
    return np.asarray(values == 1)


def _places(names: Sequence[str], known: dict[str, int]) -> Rows:
    """Position of each name, -1 of an unknown one."""
    return np.array([known.get(name, -1) for name in names], np.int64)


def _unknown(survey: Survey, column: str, names: Sequence[str], rows: Rows, model: ModelFile) -> InputError:
    """The fault of alternatives that the model does not know; ``rows`` are those rows."""
    first = names[int(rows[0])]
    if first == "":
        return survey.fault(f"column {column}: no alternative is written", rows)
    known = codes(model)
    hint = f"{did_you_mean(first, known)}; data.leave_out drops an alternative and who chose it"
    return survey.fault(f"column {column}: unknown alternative “{clean(first, 40)}”", rows, hint)


def _long(survey: Survey, model: ModelFile, kept: Rows, notices: Notices) -> tuple[Rows, Bool, Rows]:
    data = model.data
    assert data.case is not None
    assert data.alternative is not None
    names = survey.texts(data.alternative)
    faults: list[InputError] = []
    chosen = _yes_or_no(survey, data.choice, kept, faults)
    offered = np.ones(kept.size, np.bool_)
    if data.available is not None:
        offered = _yes_or_no(survey, data.available, kept, faults)
    cases = survey.texts(data.case)
    blank = kept[np.array([cases[row] == "" for row in kept], np.bool_)]
    if blank.size:
        faults.append(survey.fault(f"column {data.case}: no case is written", blank))
    raise_all(faults)

    numbers: dict[str, int] = {}
    case = np.array([numbers.setdefault(cases[row], len(numbers)) for row in kept], np.int64)
    left = np.array([names[row] in data.leave_out for row in kept], np.bool_)
    dropped = np.zeros(len(numbers), np.bool_)
    dropped[case[left & chosen]] = True
    notices.add("estimate.left_out", "cases chose an alternative that is left out", int(dropped.sum()))
    use = ~left & ~dropped[case]
    position = _places(names, codes(model))[kept]
    if (use & (position < 0)).any():
        faults.append(_unknown(survey, data.alternative, names, kept[use & (position < 0)], model))
    use &= position >= 0
    _, case = np.unique(case[use], return_inverse=True)
    cells = _Cells(kept[use], case, position[use], chosen[use], offered[use])
    return cells.arrays(survey, len(model.alternative), data.case, cases, faults)


@dataclass(frozen=True)
class _Cells:
    """Kept rows of a long file: row of the survey, case, alternative, whether chosen, whether available."""

    row: Rows
    case: Rows
    alternative: Rows
    chosen: Bool
    offered: Bool

    def arrays(
        self, survey: Survey, alternatives: int, column: str, names: Sequence[str], faults: list[InputError]
    ) -> tuple[Rows, Bool, Rows]:
        """The cells as arrays over cases and alternatives; ``names`` are those of the cases in all rows."""
        if self.row.size == 0:
            raise_all(faults)
            raise survey.fault("no case is left")
        n = int(self.case.max()) + 1
        key = self.case * alternatives + self.alternative
        _, first, count = np.unique(key, return_index=True, return_counts=True)
        if (count > 1).any():
            twice = np.flatnonzero(~np.isin(np.arange(key.size), first))
            faults.append(survey.fault("an alternative of a case occurs twice", self.row[twice]))
        begin = self.row[np.unique(self.case, return_index=True)[1]]
        choices = np.bincount(self.case, self.chosen, n)
        for wrong, words in ((choices == 0, "no chosen alternative"), (choices > 1, "more than one choice")):
            if wrong.any():
                rows = begin[wrong]
                case = clean(names[int(rows[0])], 40)
                faults.append(survey.fault(f"{column} “{case}” has {words}: {wrong.sum():,} of {n:,} cases", rows))
        refused = self.chosen & ~self.offered
        if refused.any():
            faults.append(survey.fault("the chosen alternative was not available", self.row[refused]))
        raise_all(faults)
        row = np.full((n, alternatives), -1, np.int64)
        available = np.zeros((n, alternatives), np.bool_)
        row[self.case, self.alternative] = self.row
        available[self.case, self.alternative] = self.offered
        chosen = np.empty(n, np.int64)
        chosen[self.case[self.chosen]] = self.alternative[self.chosen]
        return row, available, chosen


def _wide(survey: Survey, model: ModelFile, kept: Rows, notices: Notices) -> tuple[Rows, Bool, Rows]:
    data = model.data
    names = survey.texts(data.choice)
    left = np.array([names[row] in data.leave_out for row in kept], np.bool_)
    notices.add("estimate.left_out", "cases chose an alternative that is left out", int(left.sum()))
    kept = kept[~left]
    if kept.size == 0:
        raise survey.fault("no case is left")
    faults: list[InputError] = []
    chosen = _places(names, codes(model))[kept]
    if (chosen < 0).any():
        faults.append(_unknown(survey, data.choice, names, kept[chosen < 0], model))
    available = np.ones((kept.size, len(model.alternative)), np.bool_)
    for position, table in enumerate(model.alternative.values()):
        for column in table.available:
            available[:, position] &= _yes_or_no(survey, column, kept, faults)
    refused = (chosen >= 0) & ~available[np.arange(kept.size), chosen]
    if refused.any():
        faults.append(survey.fault("the chosen alternative was not available", kept[refused]))
    raise_all(faults)
    return np.repeat(kept[:, None], len(model.alternative), axis=1), available, chosen


def _weights(survey: Survey, data: Data, row: Rows, first: Rows) -> Float:
    """Weights [N] with a mean of 1; ``first`` is a row of each case."""
    if data.weight is None:
        return np.ones(first.size)
    values = survey.numbers(data.weight)
    raise_all(_changes(survey, data.weight, values, row, first))
    weight = values[first]
    wrong = ~(np.isfinite(weight) & (weight > 0))
    if wrong.any():
        raise survey.fault(f"column {data.weight}: a weight must be greater than 0", first[wrong])
    return np.asarray(weight / weight.mean())


def _clusters(survey: Survey, data: Data, row: Rows, first: Rows) -> Rows:
    if data.cluster is None:
        return np.arange(first.size)
    numbers: dict[str, int] = {}
    values = np.array([numbers.setdefault(text, len(numbers)) for text in survey.texts(data.cluster)], np.int64)
    raise_all(_changes(survey, data.cluster, values, row, first))
    if "" in numbers and (values[first] == numbers[""]).any():
        raise survey.fault(f"column {data.cluster}: is blank", first[values[first] == numbers[""]])
    return values[first]


def _changes(survey: Survey, name: str, values: Float | Rows, row: Rows, first: Rows) -> list[InputError]:
    """A fault if a column that belongs to a case differs between the rows of a case."""
    here = row >= 0
    differs = here & (values[np.where(here, row, 0)] != values[first][:, None])
    blank = np.isnan(values[first]) if values.dtype.kind == "f" else np.zeros(first.size, np.bool_)
    rows = row[differs & ~blank[:, None]]
    return [survey.fault(f"column {name}: differs inside a case", rows)] if rows.size else []
