"""Experiments: reading the file, resolving its measures, and checking it against region and parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from zemsim.core import fingerprint
from zemsim.core.errors import InputError, UsageError, did_you_mean, raise_all
from zemsim.core.settings import Document, check, read_document
from zemsim.core.toml_lines import Loc
from zemsim.experiment.settings import MAX_SEEDS, ExperimentFile, Head, PolicyTable
from zemsim.policy.catalogue import catalogue
from zemsim.policy.levers import Measure, MeasureFile

if TYPE_CHECKING:
    from zemsim.behaviour.draws import Draws
    from zemsim.region import Region

#: Id of the policy that all others are compared with.
BASELINE: Final = "baseline"
#: File of the default experiment in the package.
DEFAULT: Final = "zemgale-2035.toml"


@dataclass(frozen=True)
class Policy:
    """A policy with all its measures, those of the catalogue included.

    Attributes
    ----------
    id : str
        Short name.
    title : mapping
        ``lv`` and ``en``.
    measures : tuple of Measure
        Each with an id of its own.
    places : tuple of Loc
        Where in the file each measure stands.
    """

    id: str
    title: dict[str, str]
    measures: tuple[Measure, ...]
    places: tuple[Loc, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class Experiment:
    """What is asked: policies, years, seeds, and what differs from the defaults.

    Attributes
    ----------
    id, title : str, mapping
        Name and titles in ``lv`` and ``en``.
    region : str
        What :func:`zemsim.load_region` is given: name of an embedded region pack, or a folder.
    years : (int, int)
        First and last year.
    days_in, seasons : tuple
        Simulated years, seasons (``winter, summer``); weekdays and weekends are simulated in each.
    seeds : tuple of int
        The same for every policy.
    day_iterations, first_iterations : int
        Repetitions of a day; further ones in the first simulated season.
    behaviour : mapping of str to float
        Parameters that differ from their defaults.
    policies : tuple of Policy
        In the order of the file.
    path : str or None
        File; None for the default.
    destinations : str
        ``adapt`` to the ways there, or ``fixed``.
    population : str
        ``fixed``: the residents of the first year in all years; or as the region's ``forecast``.
    draws : Draws or None
        Sets of parameters that the seeds take; None if all seeds have the same.
    short_run_seeds : int
        Of how many seeds, from the first on, what policies do at once is told apart.
    """

    id: str
    title: dict[str, str]
    region: str
    years: tuple[int, int]
    days_in: tuple[int, ...]
    seasons: tuple[str, ...]
    seeds: tuple[int, ...]
    day_iterations: int
    first_iterations: int
    behaviour: dict[str, float]
    policies: tuple[Policy, ...]
    path: str | None = field(default=None, compare=False)
    destinations: str = "adapt"
    population: str = "fixed"
    draws: Draws | None = None
    short_run_seeds: int = 0

    @property
    def region_name(self) -> str:
        """The name of the region, without its folder."""
        return Path(self.region).name

    @property
    def all_years(self) -> tuple[int, ...]:
        """Every year from the first to the last."""
        return tuple(range(self.years[0], self.years[1] + 1))

    @property
    def first_change(self) -> int | None:
        """First year in which a measure of any policy begins; None without measures."""
        starts = [measure.from_year for policy in self.policies for measure in policy.measures]
        return max(min(starts), self.years[0]) if starts else None

    def policy(self, policy_id: str) -> Policy:
        """Return a policy by id; an unknown id is an error that names the nearest."""
        for policy in self.policies:
            if policy.id == policy_id:
                return policy
        hint = did_you_mean(policy_id, [p.id for p in self.policies])
        raise InputError(f"experiment “{self.id}” has no policy “{policy_id}”", self.path, hint=hint)

    def with_settings(
        self,
        seeds: int | Sequence[int] | None = None,
        region: str | PathLike[str] | None = None,
        policies: Sequence[str] | None = None,
        draws: Sequence[str | PathLike[str]] | None = None,
    ) -> Experiment:
        """Return the experiment with other seeds, another region, only some policies, or draws from other files.

        Raises
        ------
        UsageError
            If a value is out of range.
        InputError
            If a file of draws is at fault.
        """
        changes: dict[str, Any] = {}
        if draws:
            from zemsim.behaviour.draws import read_draws

            changes["draws"] = read_draws(draws, self.behaviour)
        if seeds is not None:
            chosen = tuple(range(1, seeds + 1)) if isinstance(seeds, int) else tuple(seeds)
            if not chosen or len(set(chosen)) != len(chosen) or min(chosen) < 1 or len(chosen) > MAX_SEEDS:
                raise UsageError(f"seeds must be 1 to {MAX_SEEDS} different positive numbers, got {seeds}")
            changes["seeds"] = chosen
        if region is not None:
            changes["region"] = fspath(region)
        if policies is not None:
            changes["policies"] = tuple(self.policy(policy_id) for policy_id in policies)
        changed = dataclasses.replace(self, **changes)
        fault = None if changed.draws is None else changed.draws.fault(changed.seeds)
        if fault is not None:
            raise UsageError(fault)
        return changed

    def resolved(self) -> dict[str, Any]:
        """Return everything that was asked as a plain mapping, for the manifest."""
        plain = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        del plain["path"], plain["draws"]
        plain["region"] = self.region_name
        if self.draws is not None:
            plain["behaviour_draws"] = self.draws.resolved(self.seeds)
        plain["policies"] = [
            {
                "id": policy.id,
                "title": dict(policy.title),
                "measures": [measure.model_dump(mode="json", exclude_none=True) for measure in policy.measures],
            }
            for policy in self.policies
        ]
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}

    @classmethod
    def from_resolved(cls, resolved: Mapping[str, Any]) -> Experiment:
        """Return the experiment that :meth:`resolved` described, for example in the manifest of a run."""
        plain = dict(resolved)
        drawn = plain.pop("behaviour_draws", None)
        policies = [
            Policy(row["id"], dict(row["title"]), MeasureFile.of(row["measures"]) if row["measures"] else ())
            for row in plain.pop("policies")
        ]
        names = {item.name for item in dataclasses.fields(cls)}
        values: dict[str, Any] = {
            key: tuple(v) if isinstance(v, list) else v for key, v in plain.items() if key in names
        }
        draws = None
        if drawn:
            from zemsim.behaviour.draws import Draws

            draws = Draws.from_resolved(drawn)
        return cls(**values, policies=tuple(policies), draws=draws)

    def digest(self) -> str:
        """Return the fingerprint of what was asked; the region counts by name only."""
        return fingerprint.of_json(self.resolved())


def load_experiment(
    path: str | PathLike[str] | None = None, *, region: Region | str | PathLike[str] | None = None
) -> Experiment:
    """Read and check an experiment.

    Parameters
    ----------
    path : path, optional
        TOML file, or a folder that holds an ``experiment.toml``; without it the default experiment of the package.
    region : Region or str, optional
        Check against this region, or this name or folder, instead of the one that the file names.

    Returns
    -------
    Experiment

    Raises
    ------
    InputError, InputErrors
        With file, line and key of every fault.
    """
    if path is None:
        with as_file(files("zemsim") / "experiment" / "default" / DEFAULT) as file:
            return _load(file, region, default=True)
    file = Path(path)
    return _load(file / "experiment.toml" if file.is_dir() else file, region, default=False)


def _load(file: Path, region: Region | str | PathLike[str] | None, default: bool) -> Experiment:
    document = read_document(file)
    settings = check(document, ExperimentFile)
    faults: list[InputError] = []
    experiment = _resolve(settings, document, faults)
    faults.extend(_parameter_faults(experiment, document))
    raise_all(faults)
    experiment = _with_draws(experiment, settings.experiment.behaviour_draws, document)
    if isinstance(region, (str, PathLike)):
        experiment = experiment.with_settings(region=region)
    else:
        experiment = dataclasses.replace(experiment, region=_folder_beside(experiment.region, document))
    if default:
        experiment = dataclasses.replace(experiment, path=None)
    loaded = _region(experiment, document, region)
    from zemsim.experiment.checks import region_faults

    raise_all(list(region_faults(experiment, document, loaded)))
    return experiment


def _resolve(settings: ExperimentFile, document: Document, faults: list[InputError]) -> Experiment:
    head = settings.experiment
    seen: dict[str, int] = {}
    policies = []
    for position, table in enumerate(settings.policy):
        if table.id in seen:
            first = document.line(("policy", seen[table.id], "id"))
            faults.append(document.fault(("policy", position, "id"), f"the id “{table.id}” is on line {first} too"))
        seen.setdefault(table.id, position)
        policies.append(_policy(table, position, head.years, document, faults))
    if BASELINE not in seen:
        hint = "all policies are compared with it; without measures it is the region as it stands"
        faults.append(document.fault(("policy",), f"there is no policy with the id “{BASELINE}”", hint))
    faults.extend(_unknown_start(head, policies, document))
    faults.extend(_no_short_run(head, policies, document))
    return Experiment(
        id=head.id,
        title=head.title.model_dump(),
        region=head.region,
        years=head.years,
        days_in=head.days_in,
        seasons=head.seasons,
        seeds=head.seeds,
        day_iterations=head.day_iterations,
        first_iterations=head.first_iterations,
        destinations=head.destinations,
        population=head.population,
        short_run_seeds=head.short_run_seeds,
        behaviour=dict(settings.behaviour),
        policies=tuple(policies),
        path=document.path,
    )


def _policy(
    table: PolicyTable,
    position: int,
    years: tuple[int, int],
    document: Document,
    faults: list[InputError],
) -> Policy:
    loc: Loc = ("policy", position)
    found: list[tuple[Measure, Loc]] = []
    for number, measure_id in enumerate(table.measures):
        place = (*loc, "measures", number)
        if measure_id in catalogue():
            found.append((catalogue()[measure_id], place))
        else:
            hint = did_you_mean(measure_id, catalogue())
            faults.append(document.fault(place, f"there is no measure “{measure_id}” in the catalogue", hint))
    for number, measure in enumerate(table.measure):
        named = measure if measure.id else measure.model_copy(update={"id": f"{table.id}-{number + 1}"})
        found.append((named, (*loc, "measure", number)))
    ids: set[str] = set()
    for measure, place in found:
        if measure.name in ids:
            faults.append(document.fault(place, f"the measure “{measure.name}” is in this policy twice"))
        ids.add(measure.name)
        if measure.from_year > years[1]:
            where = (*place, "from_year") if place[-2] == "measure" else place
            message = f"measure “{measure.name}” begins in {measure.from_year}, after the last year {years[1]}"
            faults.append(document.fault(where, message))
    measures = tuple(measure for measure, _ in found)
    return Policy(table.id, table.title.model_dump(), measures, tuple(place for _, place in found))


def _unknown_start(head: Head, policies: list[Policy], document: Document) -> Iterator[InputError]:
    """Yearly sums would hold effects of measures in years in which none has begun, if no year before is simulated."""
    begins = [measure.from_year for policy in policies for measure in policy.measures]
    first = min(begins, default=head.years[0])
    if head.years[0] < first <= head.days_in[0]:
        before = f"{head.years[0]}" if head.years[0] == first - 1 else f"a year from {head.years[0]} to {first - 1}"
        yield document.fault(
            ("experiment", "days_in"),
            f"the first measure begins in {first}, and no year before it is simulated",
            f"add {before}, or let years begin with {first}",
        )


def _no_short_run(head: Head, policies: list[Policy], document: Document) -> Iterator[InputError]:
    """What is slow is held as it is without measures, so a baseline with measures would be no measure of the rest."""
    if head.short_run_seeds and any(policy.measures for policy in policies if policy.id == BASELINE):
        yield document.fault(
            ("experiment", "short_run_seeds"),
            f"a short run is told from a world without measures, and “{BASELINE}” has some",
            "leave the key out, or take the measures out of the baseline",
        )


def _parameter_faults(experiment: Experiment, document: Document) -> Iterator[InputError]:
    if not experiment.behaviour:
        return
    from zemsim.behaviour.parameters import load_parameters

    parameters = load_parameters()
    for symbol, value in experiment.behaviour.items():
        found = parameters.fault(symbol, value)
        if found is not None:
            yield document.fault(("behaviour", symbol), *found)


def _with_draws(experiment: Experiment, sources: Sequence[str], document: Document) -> Experiment:
    """Return the experiment with the sets that its files hold; a seed without one is a fault of the file."""
    if not sources:
        return experiment
    from zemsim.behaviour.draws import POSTERIOR, read_draws

    home, key = Path(document.path).resolve().parent, ("experiment", "behaviour_draws")
    paths: list[str | Path] = []
    for name in sources:
        path = home / name
        if name != POSTERIOR and home not in path.resolve().parents:
            raise document.fault(key, f"“{name}” leads out of the experiment's folder")
        paths.append(name if name == POSTERIOR else path)
    draws = read_draws(paths, experiment.behaviour)
    fault = draws.fault(experiment.seeds)
    if fault is not None:
        raise document.fault(("experiment", "seeds"), fault)
    return dataclasses.replace(experiment, draws=draws)


def _folder_beside(region: str, document: Document) -> str:
    """Return the region's folder below the experiment's, or the name itself if there is none and a pack is meant."""
    home = Path(document.path).resolve().parent
    folder = (home / region).resolve()
    if not (home / region).is_dir():
        return region
    if home not in folder.parents:
        raise document.fault(("experiment", "region"), f"“{region}” leads out of the experiment's folder")
    return str(folder)


def _region(experiment: Experiment, document: Document, region: Region | str | PathLike[str] | None) -> Region:
    from zemsim.region import standing_region

    if region is not None and not isinstance(region, (str, PathLike)):
        return region
    try:
        return standing_region(experiment.region)
    except InputError as error:
        if region is None and error.path is None:
            raise document.fault(("experiment", "region"), error.message, error.hint) from None
        raise
