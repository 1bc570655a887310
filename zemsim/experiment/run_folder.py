"""The run folder: what lies where, and reading it back only if it is whole.

A finished folder holds ``manifest.json``, ``verdicts.json``, the Parquet tables of ``core/schemas`` and, written last,
``DONE`` with the checksum of the manifest, which holds the checksum of everything else.
"""

from __future__ import annotations

import html
import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd

from zemsim.core import fingerprint
from zemsim.core.errors import EXIT_OK, EXIT_SOME_FAILED, InputError, OutputError, clean, did_you_mean
from zemsim.core.schema import case_tables, schema, seed_tables, table_names
from zemsim.evidence.publication import hide_small_cells
from zemsim.experiment.table_store import read_table

MANIFEST: Final = "manifest.json"
VERDICTS: Final = "verdicts.json"
DONE: Final = "DONE"
OUTLINE: Final = "outline.geojson"
WORK: Final = ".work"

#: Version of this layout.
FORMAT: Final = 1

#: Tables of a seed that only a run has whose population follows a forecast.
FORECAST_TABLES: Final = ("residence", "tour_spans")

#: Table that only a run has whose seeds draw parameters.
DRAWS_TABLE: Final = "draws"

#: What may be part of a file name: nothing that leaves the folder.
SAFE_ID: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_SAFE_FILE: Final = re.compile(r"(?:[a-z_]+/)?[a-z0-9_-]+\.(?:parquet|json|geojson)")


class DamagedRunError(OutputError):
    """A run folder is not whole; the message names the file."""


class Run:
    """A finished run: tables, indicators, verdicts and the manifest that proves where they came from.

    Made by :func:`open_run`, which has checked every file.

    Attributes
    ----------
    folder : Path
        Where it lies.
    manifest : dict
        ``manifest.json``.
    verdicts : list of dict
        ``verdicts.json``: rows of ``check, passed, value, text, policy, seed``.
    reused : bool
        Whether it was asked to run and found finished, so that nothing was simulated.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], verdicts: list[dict[str, Any]]) -> None:
        self.folder = folder
        self.manifest = manifest
        self.verdicts = verdicts
        self.reused = False

    def __repr__(self) -> str:
        done = len(self.cases) - len(self.failed)
        return (
            f"<Run {self.title()} · {len(self.policies)} policies · {done} of {len(self.cases)} cases · {self.folder}>"
        )

    @property
    def experiment(self) -> dict[str, Any]:
        """The experiment as it was resolved, a plain mapping."""
        return dict(self.manifest["experiment"])

    @property
    def policies(self) -> list[str]:
        """Policy ids in the order of the experiment."""
        return list(self.manifest["policies"])

    @property
    def seeds(self) -> list[int]:
        return list(self.manifest["seeds"])

    @property
    def simulated_years(self) -> list[int]:
        """Years whose days were simulated."""
        return list(self.manifest["simulated_years"])

    @property
    def cases(self) -> list[dict[str, Any]]:
        """Rows of ``policy, seed, status, reason``."""
        return list(self.manifest["cases"])

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The cases that did not finish."""
        return [case for case in self.cases if case["status"] != "ok"]

    @property
    def exit_code(self) -> int:
        """0, or 3 if some cases failed."""
        return EXIT_SOME_FAILED if self.failed else EXIT_OK

    def title(self, language: str = "en") -> str:
        """Return the experiment's title, or its id where it has none."""
        return _in_language(self.experiment.get("title"), language) or str(self.experiment["id"])

    def policy_title(self, policy: str, language: str = "en") -> str:
        """Return a policy's title, or its id where it has none."""
        for row in self.experiment.get("policies", []):
            if row["id"] == policy:
                return _in_language(row.get("title"), language) or policy
        return policy

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """The long table of indicators, all cells; for what is shown to others take :attr:`published`."""
        return read_table(self.folder / "indicators.parquet", "indicators")

    @cached_property
    def published(self) -> pd.DataFrame:
        """The indicators with the values of groups and places of fewer than ten residents left blank."""
        return hide_small_cells(self.indicators)

    @cached_property
    def short_run(self) -> pd.DataFrame:
        """What policies do at once, of the whole region; as the indicators, see the schema of ``short_run``.

        No rows in a run of an earlier zemsim, which did not ask.
        """
        if schema("short_run").path not in self.manifest["files"]:
            return schema("short_run").empty()
        return read_table(self.folder / "short_run.parquet", "short_run")

    def tables(
        self,
        name: str,
        policy: str | None = None,
        seed: int | None = None,
        columns: list[str] | None = None,
        year: int | None = None,
    ) -> pd.DataFrame:
        """Read a table.

        Parameters
        ----------
        name : str
            One of :func:`zemsim.core.schema.table_names`.
        policy : str, optional
            For tables of a policy; without it all policies, with a column ``policy`` in front.
        seed : int, optional
            For tables of a seed; without it all seeds, with a column ``seed`` in front.
        columns : list of str, optional
            Only these.
        year : int, optional
            Only this one.

        Raises
        ------
        InputError
            If there is no such table, policy or seed, or the case did not finish.
        """
        if name not in table_names():
            raise InputError(f"no table is called “{clean(name, 80)}”", hint=did_you_mean(name, table_names()))
        wanted = [key for key in self._keys(name) if _matches(key, policy, seed)]
        if not wanted:
            raise InputError(f"the run has no table {name} for policy {policy!r}, seed {seed!r}", hint=self._have(name))
        parts = []
        for case_policy, case_seed in wanted:
            path = self.folder / schema(name).file(case_policy or "", case_seed or 0)
            part = read_table(path, name, columns, year)
            if case_seed is not None and seed is None:
                part.insert(0, "seed", case_seed)
            if case_policy is not None and policy is None:
                part.insert(0, "policy", case_policy)
            parts.append(part)
        return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)

    def _keys(self, name: str) -> list[tuple[str | None, int | None]]:
        if name in case_tables():
            return [(case["policy"], case["seed"]) for case in self.cases if case["status"] == "ok"]
        if name in FORECAST_TABLES and not self.follows_forecast:
            return []
        if name == DRAWS_TABLE and not self.draws_parameters:
            return []
        if name in seed_tables():
            return [(None, seed) for seed in self.seeds]
        return [(None, None)]

    @property
    def follows_forecast(self) -> bool:
        """Whether residents age, come and go."""
        return bool(self.experiment.get("population") == "forecast")

    @property
    def draws_parameters(self) -> bool:
        """Whether each seed draws parameters, so that differences between seeds hold those of parameters too."""
        return "behaviour_draws" in self.experiment

    def _have(self, name: str) -> str:
        keys = self._keys(name)
        policies = sorted({policy for policy, _ in keys if policy is not None})
        seeds = sorted({seed for _, seed in keys if seed is not None})
        return f"policies {', '.join(policies) or 'none'}; seeds {', '.join(map(str, seeds)) or 'none'}"

    def _repr_html_(self) -> str:
        from zemsim.experiment.compare import headline

        rows = headline(self).drop(columns="policy").T
        rows.columns = [self.policy_title(policy) for policy in self.policies]
        table = rows.to_html(float_format=lambda value: f"{value:,.4g}", na_rep="")
        return f"<p><b>{html.escape(self.title())}</b></p>{table}"


def open_run(folder: str | Path) -> Run:
    """Open a finished run after checking that every file is the one that was written.

    Parameters
    ----------
    folder : path
        A run folder.

    Raises
    ------
    InputError
        If there is no such folder, or it is no run.
    DamagedRunError
        If the run did not finish, or a file is missing, truncated, changed or foreign; the message names it.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InputError("is a file, not a run folder" if root.exists() else "there is no such run folder", path=root)
    manifest = _read_manifest(root)
    for name, about in sorted(manifest["files"].items()):
        _check_file(root, name, about)
    _check_strangers(root, set(manifest["files"]))
    verdicts = json.loads((root / VERDICTS).read_text(encoding="utf-8"))
    return Run(root, manifest, verdicts)


def _read_manifest(root: Path) -> dict[str, Any]:
    done, path = root / DONE, root / MANIFEST
    if not done.is_file():
        if path.is_file() or (root / WORK).is_dir():
            raise DamagedRunError(f"{root}: the run did not finish ({DONE} is missing); run it again to finish it")
        raise InputError(f"this is no run folder: it has no {DONE}", path=root)
    if not path.is_file():
        raise DamagedRunError(f"{path}: is missing; run it again")
    try:
        expected = str(json.loads(done.read_text(encoding="utf-8"))["manifest"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedRunError(f"{done}: is damaged; run it again") from error
    if fingerprint.of_file(path) != expected:
        raise DamagedRunError(f"{path}: was changed after the run; run it again")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if manifest["format"] != FORMAT:
        raise DamagedRunError(f"{path}: has format {manifest['format']}, this zemsim reads {FORMAT}; run it again")
    return manifest


def _check_file(root: Path, name: str, about: dict[str, Any]) -> None:
    if _SAFE_FILE.fullmatch(name) is None:
        raise DamagedRunError(f"{root / MANIFEST}: names a file that no run writes: {clean(name, 80)}")
    path = root / name
    if path.is_symlink() or not path.is_file():
        raise DamagedRunError(f"{path}: is missing; run it again")
    size = path.stat().st_size
    if size != about["bytes"]:
        verb = "is truncated" if size < about["bytes"] else "has grown"
        raise DamagedRunError(f"{path}: {verb} ({size:,} bytes where {about['bytes']:,} were written); run it again")
    if fingerprint.of_file(path) != about["blake2b"]:
        raise DamagedRunError(f"{path}: was changed after the run; run it again")


def tables_in(root: Path) -> list[Path]:
    """Return the Parquet files that lie where tables lie, whether a run knows them or not, sorted."""
    homes = {(root / schema(name).path).parent for name in table_names()}
    return sorted(path for home in homes for path in home.glob("*.parquet"))


def _check_strangers(root: Path, known: set[str]) -> None:
    for path in tables_in(root):
        if path.relative_to(root).as_posix() not in known:
            raise DamagedRunError(f"{path}: does not belong to this run; remove it")


def _matches(key: tuple[str | None, int | None], policy: str | None, seed: int | None) -> bool:
    return (policy is None or key[0] in (None, policy)) and (seed is None or key[1] in (None, seed))


def _in_language(title: Any, language: str) -> str:
    if isinstance(title, dict):
        return str(title.get(language) or title.get("en") or "")
    return str(title or "")
