"""Checks of settings against their region: names that the region does not have, and measures that clash."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zemsim.core.errors import InputError, raise_all
from zemsim.core.settings import Document, check, read_document
from zemsim.core.toml_lines import Loc
from zemsim.policy.conditions import conditions
from zemsim.policy.draft import PolicyRegion
from zemsim.policy.levers import Measure, MeasureFile
from zemsim.travel.timetable_changes import Departures

if TYPE_CHECKING:
    from zemsim.experiment.experiment import Experiment
    from zemsim.region import Region


def region_faults(experiment: Experiment, document: Document, region: Region) -> Iterator[InputError]:
    """Yield what the measures name and the region does not have; then what two measures both set."""
    base = PolicyRegion.of(region)
    clean = True
    for policy in experiment.policies:
        for measure, place in zip(policy.measures, policy.places, strict=True):
            for key, message in name_faults(measure, base):
                clean = False
                inline = place[-2] == "measure"
                yield document.fault((*place, *key) if inline else place, f"{message} (measure “{measure.name}”)")
    if clean:
        yield from _conflicts(experiment, document, base)


def name_faults(measure: Measure, base: PolicyRegion) -> Iterator[tuple[Loc, str]]:
    """Yield the keys of a measure whose places, networks or routes the region does not have, and what is wrong."""
    for name in type(measure).place_fields:
        for position, place in enumerate(getattr(measure, name)):
            fault = base.places.fault(place)
            if fault is not None:
                yield (name, position), fault
    networks = getattr(measure, "networks", ())
    route_ids = getattr(measure, "route_ids", ())
    found = base.routes.fault(networks, route_ids)
    if found is not None:
        yield (found[0], found[1]), found[2]
    network = getattr(measure, "network", None)
    found = base.routes.fault((network,), ()) if network is not None else None
    if found is not None:
        yield ("network",), found[2]
    yield from measure.faults(base)


def _conflicts(experiment: Experiment, document: Document, base: PolicyRegion) -> Iterator[InputError]:
    first, last = experiment.years
    for policy in experiment.policies:
        turns = {first}
        for measure in policy.measures:
            turns.update(y for y in (measure.from_year, (measure.until_year or last) + 1) if first <= y <= last)
        for year in sorted(turns):
            try:
                found = conditions(base, policy.measures, year)
                if any(not isinstance(change, Departures) for change in found.timetable):
                    base.timetable.changed(found.timetable)
            except InputError as error:
                position = experiment.policies.index(policy)
                yield document.fault(("policy", position), f"{error.message} (policy “{policy.id}”)", error.hint)
                break


def check_file(path: str | PathLike[str], region: str | PathLike[str] | None = None) -> dict[str, Any]:
    """Check an experiment file or a file of measures and return in short what it holds.

    Raises
    ------
    InputError, InputErrors
        With file, line and key of every fault.
    """
    file = Path(path) / "experiment.toml" if Path(path).is_dir() else Path(path)
    document = read_document(file)
    if "measure" in document.data and not {"experiment", "policy"} & set(document.data):
        return {"measures": _check_measures(document, region)}
    from zemsim.experiment.experiment import load_experiment

    found = load_experiment(file, region=region)
    return {
        "experiment": found.id,
        "policies": len(found.policies),
        "measures": sum(len(policy.measures) for policy in found.policies),
        "seeds": len(found.seeds),
        "fingerprint": found.digest(),
    }


def _check_measures(document: Document, region: str | PathLike[str] | None) -> int:
    from zemsim.region import load_region

    measures = check(document, MeasureFile).measure
    base = PolicyRegion.of(load_region(fspath(region) if region is not None else "zemgale"))
    faults = []
    seen: set[str] = set()
    for position, measure in enumerate(measures):
        loc: Loc = ("measure", position)
        faults += [document.fault((*loc, *key), message) for key, message in name_faults(measure, base)]
        if measure.id in seen:
            faults.append(document.fault((*loc, "id"), f"the id “{measure.id}” is there twice"))
        if measure.id is not None:
            seen.add(measure.id)
    raise_all(faults)
    return len(measures)
