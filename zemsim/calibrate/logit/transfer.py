"""Estimates as parameters of the model: which of them an experiment can take up, and the file that says so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from zemsim.behaviour.parameters import Parameters, load_parameters
from zemsim.calibrate.logit.estimation import Estimate, Estimation
from zemsim.core.errors import UsageError


@dataclass(frozen=True)
class Transfer:
    """An estimate, and why no parameter of the model takes it up; empty if one does."""

    estimate: Estimate
    why: str

    @property
    def taken(self) -> bool:
        """Whether it is taken."""
        return not self.why


def transfers(estimation: Estimation) -> list[Transfer]:
    """For every estimate whether a parameter has its name and range, in the order of the table."""
    parameters = load_parameters()
    return [Transfer(one, _why_not(one, estimation.model.consistent, parameters)) for one in estimation.estimates]


def _why_not(one: Estimate, consistent: bool, parameters: Parameters) -> str:
    if one.fixed:
        return "was given, not estimated"
    if not consistent:
        return "the model's nests are in the utility-consistent form"
    if one.name not in parameters.table:
        return "the model has no parameter of this name"
    found = parameters.fault(one.name, one.value)
    return "" if found is None else found[0]


def parameter_file(estimation: Estimation) -> str:
    """The text of a TOML file: what an experiment takes up under ``[behaviour]``, then all estimates and their fit.

    Raises
    ------
    UsageError
        If the search found no maximum: there is nothing to take up.
    """
    if not estimation.fit.converged:
        raise UsageError(f"no file of parameters is written: {estimation.fit.said}")
    rows = transfers(estimation)
    lines = [
        "# Written by zemsim estimate. An experiment takes up what stands under [behaviour]: copy that table into it.",
        "# The rest says what was estimated from what; `why_not_taken` says what no parameter of the model takes up.",
        "",
        "[behaviour]",
        *(f"{_key(row.estimate.name)} = {_value(row.estimate.value)}" for row in rows if row.taken),
        "",
        "[estimation]",
        *_pairs(_about(estimation)),
    ]
    for row in rows:
        lines += ["", f"[estimate.{_key(row.estimate.name)}]", *_pairs(_figures(row))]
    return "\n".join(lines) + "\n"


def _about(estimation: Estimation) -> dict[str, Any]:
    return {
        "title": estimation.model.model.title,
        "nest_form": estimation.model.model.nest_form,
        "data": estimation.data_path,
        "data_sha256": estimation.data_sha256,
        "model": estimation.model_path,
        "model_sha256": estimation.model_sha256,
        "search": estimation.fit.said,
        "warnings": estimation.warnings(),
        **estimation.statistics(),
    }


def _figures(row: Transfer) -> dict[str, Any]:
    figures = {key: value for key, value in row.estimate.row().items() if key != "name" and value is not None}
    return figures | ({"taken": True} if row.taken else {"taken": False, "why_not_taken": row.why})


def _pairs(values: dict[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in values.items()]


def _key(name: str) -> str:
    """A key of TOML; letters, digits, - and _ need no quotes."""
    return name if name.isascii() and name.replace("_", "a").replace("-", "a").isalnum() else _value(name)


def _value(value: Any) -> str:
    """A value of TOML; its strings and arrays are written as JSON writes them, its numbers as Python does."""
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)
