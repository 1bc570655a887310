"""Writing a run folder: one case at a time, so that a killed run goes on where it stopped; ``DONE`` comes last.

While a run is at work, ``.work`` holds who it is (``run.json``), what was prepared, and for every finished case its
mark with the checksums of its files. A case whose mark and files are whole, of the same fingerprint, is not redone.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from zemsim.core import atomic, fingerprint
from zemsim.core.errors import InputError, OutputError, clean
from zemsim.core.schema import case_tables, schema, table_names
from zemsim.experiment.run_folder import (
    DONE,
    FORMAT,
    MANIFEST,
    OUTLINE,
    SAFE_ID,
    VERDICTS,
    WORK,
    DamagedRunError,
    Run,
    open_run,
    tables_in,
)
from zemsim.experiment.table_store import describe, read_table, write_table

_IDENTITY: Final = "run.json"

#: Tables of figures: each case writes its rows, which are joined when all are there.
JOINED: Final = ("indicators", "short_run")


@dataclass(frozen=True)
class Identity:
    """What a run is: digests of everything that can change a byte of its tables.

    Attributes
    ----------
    parts : dict
        Name of the part (``code, libraries, region, experiment``) to its digest.
    """

    parts: dict[str, str]

    @property
    def fingerprint(self) -> str:
        """One digest for all parts."""
        return fingerprint.of_json(self.parts)

    def differs_in(self, other: dict[str, str]) -> list[str]:
        """Return the names of the parts whose digests differ, sorted."""
        return sorted(key for key in {*self.parts, *other} if self.parts.get(key) != other.get(key))


@dataclass(frozen=True)
class Opened:
    """How a folder was found: a finished run, or what is to be said of what lay there."""

    finished: Run | None = None
    notes: tuple[str, ...] = field(default=())


def case_name(policy: str, seed: int) -> str:
    """Return the part of file names that stands for a case; an id that could leave the folder is refused."""
    if SAFE_ID.fullmatch(policy) is None:
        raise InputError(f"policy id “{clean(policy, 80)}” cannot be a file name", hint="use a-z, 0-9 and single -")
    return f"{policy}-seed-{seed}"


def begin(folder: Path, identity: Identity, replace: bool = False) -> Opened:
    """Make a locked folder ready for a run.

    A finished run of the same fingerprint is kept and returned, unless cases of it failed and ``replace`` is asked for.
    A half-finished one of the same fingerprint goes on; one of another fingerprint is started anew. A finished one of
    another fingerprint is replaced only if asked for.

    Raises
    ------
    OutputError
        If the folder holds a finished run of another question, or files that are no run.
    """
    atomic.remove_leftovers(folder)
    if (folder / DONE).exists():
        found = _finished(folder, identity, replace)
        if found.finished is not None:
            return found
        (folder / DONE).unlink()
        clear(folder)
        notes = found.notes
    else:
        notes = _half_finished(folder, identity)
    (folder / WORK).mkdir(exist_ok=True)
    atomic.write_json(folder / WORK / _IDENTITY, identity.parts)  # before anything that could pass for foreign
    for name in table_names():
        (folder / schema(name).path).parent.mkdir(exist_ok=True)
    return Opened(notes=notes)


def _finished(folder: Path, identity: Identity, replace: bool) -> Opened:
    try:
        run = open_run(folder)
    except DamagedRunError as error:
        return Opened(notes=(f"the folder held a damaged run, which was done anew: {error}",))
    if run.manifest["fingerprint"] == identity.fingerprint:
        if run.failed and replace:
            return Opened(notes=(f"{len(run.failed)} cases had failed; the run was done anew",))
        shutil.rmtree(folder / WORK, ignore_errors=True)
        return Opened(finished=run)
    what = ", ".join(identity.differs_in(run.manifest["fingerprint_parts"]))
    if not replace:
        raise OutputError(
            f"{folder}: holds a finished run that differs in: {what}; choose another folder with --out, or replace it "
            "with --replace (in Python: replace=True)"
        )
    return Opened(notes=(f"a finished run that differed in {what} was replaced",))


def _half_finished(folder: Path, identity: Identity) -> tuple[str, ...]:
    path = folder / WORK / _IDENTITY
    if not path.is_file():
        strangers = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if strangers:
            raise OutputError(
                f"{folder}: holds files that are no run ({clean(', '.join(strangers[:3]), 200)}); choose another folder"
            )
        return ()
    try:
        differs = identity.differs_in(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, AttributeError):
        differs = ["an unreadable note of what it was"]
    if not differs:
        return ()
    clear(folder)
    return (f"the folder held a half-finished run that differs in {', '.join(differs)}; nothing of it was used",)


def clear(folder: Path) -> None:
    """Remove what a run writes, and nothing else."""
    for name in (DONE, MANIFEST, VERDICTS, OUTLINE):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / WORK, ignore_errors=True)
    for path in tables_in(folder):
        path.unlink()


def write_case(
    folder: Path,
    policy: str,
    seed: int,
    tables: dict[str, pd.DataFrame],
    verdicts: list[dict[str, Any]],
    notes: dict[str, Any],
) -> dict[str, Any]:
    """Write the tables and indicators of a case, and then its mark.

    Parameters
    ----------
    folder : Path
        The run folder.
    policy, seed : str, int
        The case.
    tables : dict of DataFrame
        The tables of :func:`zemsim.core.schema.case_tables` and :data:`JOINED`.
    verdicts : list of dict
        Verdicts of the case.
    notes : dict
        What goes to the manifest's timings.

    Returns
    -------
    dict
        The mark: ``files, verdicts, notes``.
    """
    name = case_name(policy, seed)
    files = {}
    for table in case_tables():
        file = schema(table).file(policy, seed)
        files[file] = write_table(folder / file, tables[table], table)
    for table in JOINED:
        part = f"{WORK}/{table}/{name}.parquet"
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        files[part] = write_table(folder / part, tables[table], table)
    mark = {"files": files, "verdicts": verdicts, "notes": notes}
    path = _mark_path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_json(path, mark)
    return mark


def finished_case(folder: Path, policy: str, seed: int) -> dict[str, Any] | None:
    """Return the mark of a case that is finished and whole, else None."""
    path = _mark_path(folder, case_name(policy, seed))
    try:
        mark: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        files = mark["files"]
        whole = all(_is_whole(folder / file, about) for file, about in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return mark if whole else None


def finish(
    folder: Path,
    manifest: dict[str, Any],
    verdicts: list[dict[str, Any]],
    files: dict[str, dict[str, Any]],
    cases: list[tuple[str, int]],
) -> Run:
    """Join the figures of ``cases``, write verdicts, manifest and ``DONE``, and open the run.

    Parameters
    ----------
    folder : Path
        The run folder.
    manifest : dict
        All but ``format``, ``files`` and ``content``.
    verdicts : list of dict
        All verdicts of the run.
    files : dict
        The tables so far, as :func:`describe` says them.
    cases : list of (policy, seed)
        The finished cases, in order.
    """
    files = {**files, **{schema(name).path: _join(folder, name, cases) for name in JOINED}}
    atomic.write_json(folder / VERDICTS, verdicts)
    files[VERDICTS] = describe(folder / VERDICTS, len(verdicts))
    atomic.remove_leftovers(folder)
    for path in tables_in(folder):
        if path.relative_to(folder).as_posix() not in files:
            path.unlink()  # of a case that failed while it was written
    content = fingerprint.of_json({name: about["blake2b"] for name, about in files.items()})
    atomic.write_json(folder / MANIFEST, {**manifest, "format": FORMAT, "files": files, "content": content})
    atomic.write_json(folder / DONE, {"manifest": fingerprint.of_file(folder / MANIFEST)})
    shutil.rmtree(folder / WORK, ignore_errors=True)
    return open_run(folder)


def _join(folder: Path, name: str, cases: list[tuple[str, int]]) -> dict[str, Any]:
    """Write the rows of all cases, by year, into one table."""
    parts = [read_table(folder / WORK / name / f"{case_name(*case)}.parquet", name) for case in cases]
    joined = pd.concat(parts, ignore_index=True) if parts else schema(name).empty()
    order = joined.sort_values("year", kind="stable", ignore_index=True)
    return write_table(folder / schema(name).path, order, name)


def _mark_path(folder: Path, name: str) -> Path:
    return folder / WORK / "cases" / f"{name}.json"


def _is_whole(path: Path, about: dict[str, Any]) -> bool:
    if not path.is_file() or path.stat().st_size != about["bytes"]:
        return False
    return bool(fingerprint.of_file(path) == about["blake2b"])
