"""Repeating a part of a finished run to look at it closely: only where it would come out as it did."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Final

import numpy as np

from zemsim.core.errors import InputError, UsageError
from zemsim.experiment.experiment import Experiment
from zemsim.experiment.prepare import SpineEngine, program_digests
from zemsim.experiment.run_writer import Identity

if TYPE_CHECKING:
    from zemsim.experiment.run_folder import Run

#: Parts of a run's identity in words.
_WORDS: Final = {
    "code": "other code of zemsim",
    "tables": "other tables of parameters and factors",
    "libraries": "another Python or other libraries",
    "region": "another region pack",
    "experiment": "another experiment",
}


def repeatable(run: Run, region: str | PathLike[str] | None = None) -> Experiment:
    """Return the experiment of a run after checking that nothing has changed that could change a byte of its tables.

    Parameters
    ----------
    run : Run
        A finished run.
    region : path, optional
        Folder of its region pack, if it is not an embedded one.

    Raises
    ------
    InputError
        If code, tables, libraries, region or experiment are not those of the run's fingerprint; it says which.
    """
    made_with = dict(run.manifest["fingerprint_parts"])
    program = Identity({**made_with, **program_digests()})
    _refuse(run, program.differs_in(made_with))
    asked = Experiment.from_resolved(run.experiment)
    experiment = asked.with_settings(region=region)
    now = SpineEngine(experiment).identity().parts | {"experiment": asked.digest()}  # the folder's name is no question
    _refuse(run, Identity(now).differs_in(made_with))
    return experiment


def _refuse(run: Run, differs: list[str]) -> None:
    if differs:
        words = ", ".join(_WORDS.get(name, name) for name in differs)
        raise InputError(
            f"the run was made with {words}, so what is repeated now need not be what happened in it",
            run.folder,
            hint="run the experiment again, or use the versions that its manifest.json names",
        )


def check_seed(run: Run, seed: int | None) -> int:
    """Return a seed of the run, the first one without a wish; another one is an error that names them all."""
    if seed is not None and seed not in run.seeds:
        raise UsageError(f"the run has no seed {seed}: its seeds are {', '.join(map(str, run.seeds))}")
    return run.seeds[0] if seed is None else seed


def check_resident(run: Run, resident_id: int, seed: int) -> None:
    """Raise an InputError for a resident that the run does not have; it names the nearest number that it has."""
    known = run.tables("persons", seed=seed, columns=["resident_id"])["resident_id"].to_numpy(np.int64)
    if resident_id in known:
        return
    nearest = int(known[np.argmin(np.abs(known - resident_id))])
    raise InputError(
        f"the run has no resident {resident_id}",
        run.folder,
        hint=f"the nearest number is {nearest}; the table persons has all of them as resident_id",
    )
