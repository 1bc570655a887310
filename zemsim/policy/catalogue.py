"""The catalogue: measures that ship with the package, each from a practice with a source, by their ids."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.resources import as_file, files
from types import MappingProxyType
from typing import Final

from zemsim.core.errors import InputError, did_you_mean
from zemsim.core.settings import check, read_document
from zemsim.policy.levers import Measure, MeasureFile

#: What a measure of the catalogue must say beyond what every measure must.
REQUIRED: Final = ("id", "title", "theme", "category", "origin")


@functools.cache
def catalogue() -> Mapping[str, Measure]:
    """Return all measures of the catalogue by id, in the order of ids.

    Raises
    ------
    InputError, InputErrors
        If a file of the catalogue is faulty; the tests see to it that none is.
    """
    found: dict[str, Measure] = {}
    with as_file(files("zemsim.policy").joinpath("measures")) as folder:
        for path in sorted(folder.glob("*.toml")):
            document = read_document(path)
            for position, measure in enumerate(check(document, MeasureFile).measure):
                loc = ("measure", position)
                for key in REQUIRED:
                    if getattr(measure, key) is None:
                        raise document.fault((*loc, key), "a measure of the catalogue must have this key")
                if measure.name in found:
                    raise document.fault((*loc, "id"), f"the id “{measure.name}” is there twice")
                found[measure.name] = measure
    return MappingProxyType(dict(sorted(found.items())))


def measure_by_id(measure_id: str) -> Measure:
    """Return a measure of the catalogue; an unknown id is an error that names the nearest."""
    measures = catalogue()
    if measure_id not in measures:
        raise InputError(
            f"there is no measure “{measure_id}” in the catalogue", hint=did_you_mean(measure_id, measures)
        )
    return measures[measure_id]
