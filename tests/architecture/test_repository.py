"""What the repository says is so: commands of the README, paths and links in the documents, no trace of a machine."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.architecture.source import PACKAGE, ROOT, repository_files, text_of

COMMANDS = ("python -m pip install . && zemsim run", 'python -m pip install ".[test]" && pytest -n 2 --dist loadfile')

LOCKS = ("py311.txt", "py312.txt", "py313.txt")

#: Folders and hosts of one machine or registry. Written in parts, so that this file does not find itself.
TRACES = re.compile(
    "|".join(
        [
            r"(?<![\w.])/" + r"work/",
            r"/" + r"tmp/v\w*/",
            r"/" + r"root/",
            r"/" + r"home/\w+/",
            r"/" + r"Users/\w+/",
            r"\.py" + r"env/",
            r"py" + r"pi\.org",
            r"files\.python" + r"hosted\.org",
            r"registry\.npm" + r"js",
            r"deb\.de" + r"bian\.org",
        ]
    )
)

#: ``docs/...`` and the like in back quotes, and the targets of links.
QUOTED = re.compile(r"`((?:zemsim|docs|tests|experiments|benchmarks|calibration|locks|outputs|\.ci)/[\w./{},*-]*)`")
LINKED = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")

#: What the program writes and git does not keep.
WRITTEN = ("outputs/",)


def documents() -> list[Path]:
    return [path for path in repository_files() if path.suffix == ".md"]


def expand(path: str) -> list[str]:
    """``a/{b,c}.md`` as two paths."""
    found = re.search(r"\{([^}]*)\}", path)
    if found is None:
        return [path]
    return [one for part in found[1].split(",") for one in expand(path[: found.start()] + part + path[found.end() :])]


def missing_paths(document: Path, text: str) -> list[str]:
    """Paths in back quotes and targets of links that do not exist."""
    quoted = [path for found in QUOTED.findall(text) for path in expand(found)]
    lost = [path for path in quoted if not path.startswith(WRITTEN) and not any(ROOT.glob(path.rstrip("/")))]
    links = [target for target in LINKED.findall(text) if "://" not in target]
    lost += [f"link to {target}" for target in links if not (document.parent / target).exists()]
    return [f"{document.relative_to(ROOT)}: {path}" for path in lost]


def test_readme_has_both_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert [command for command in COMMANDS if command not in lines] == []


def test_ci_calls_the_test_command_of_the_readme() -> None:
    assert COMMANDS[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_paths_in_documents_exist() -> None:
    assert not [fault for document in documents() for fault in missing_paths(document, document.read_text("utf-8"))]


def test_no_text_names_a_machine_or_a_registry() -> None:
    found = []
    for path in repository_files():
        text = text_of(path)
        if text is not None and path != Path(__file__).resolve():
            found += [f"{path.relative_to(ROOT)}: {hit[0]}" for hit in TRACES.finditer(text)]
    assert not found


@pytest.mark.parametrize("name", LOCKS)
def test_locks_hold_versions_and_hashes_and_no_address(name: str) -> None:
    text = (ROOT / "locks" / name).read_text(encoding="utf-8")
    assert not re.search(r"http|://|file:|--index|--find-links", text)
    pinned = re.findall(r"^([a-z0-9-]+)==\S+(?: ;[^\\\n]*)? \\\n    --hash=sha256:[0-9a-f]{64}", text, flags=re.M)
    assert len(pinned) == len(re.findall(r"^[^\s#]", text, flags=re.M))
    assert {"mesa", "numpy", "numba", "pytest", "hypothesis", "ruff", "mypy", "import-linter"} <= set(pinned)


def test_locks_agree_with_the_requirements() -> None:
    """Every requirement of pyproject.toml is pinned at a version that it allows."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    extras = project["optional-dependencies"]
    wanted = [Requirement(text) for text in [*project["dependencies"], *extras["test"], *extras["dev"]]]
    for name in LOCKS:
        text = (ROOT / "locks" / name).read_text(encoding="utf-8")
        pinned = dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", text, flags=re.M))
        wrong = [str(r) for r in wanted if r.name not in pinned or pinned[r.name] not in r.specifier]
        assert not wrong, f"{name}: renew the locks with locks/renew.sh"


def test_package_data_stays_small() -> None:
    """No file over 200 kB outside the region packs, and no pack over 5 MB."""
    large = [
        str(path.relative_to(ROOT))
        for path in repository_files()
        if path.is_relative_to(PACKAGE) and "packs" not in path.parts and path.stat().st_size > 200_000
    ]
    assert not large
    for pack in sorted((PACKAGE / "region" / "packs").iterdir()):
        files = [path for path in repository_files() if path.is_relative_to(pack)]
        assert sum(path.stat().st_size for path in files) < 5_000_000, pack.name


def test_the_checks_see_a_missing_path_and_a_trace() -> None:
    document = ROOT / "docs" / "x.md"
    assert missing_paths(document, "see `docs/nowhere.md` and [this](nowhere.md)") == [
        "docs/x.md: docs/nowhere.md",
        "docs/x.md: link to nowhere.md",
    ]
    assert not missing_paths(document, "see `zemsim/core/{names,errors}.py` and [all](../README.md)")
    assert TRACES.search("cd /" + "work/main")
    assert not TRACES.search("zemsim/work/places")
