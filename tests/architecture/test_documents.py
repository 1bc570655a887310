"""What the documents promise exists: commands, options, public names, code that runs as it stands."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import click
import pytest

import zemsim
from tests.architecture.source import ROOT, repository_files

FENCED = re.compile(r"```\n(.*?)```", flags=re.S)
QUOTED = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
COMMAND = re.compile(r"(?:^|&& )zemsim ((?:[a-z]+ ?)+)(.*?)$", flags=re.M)
OPTION = re.compile(r"--[a-z][a-z-]*")
EXAMPLE = re.compile(r"```toml\n# (measure|experiment)\n(.*?)```", flags=re.S)
CODE = re.compile(r"```python\n(.*?)```", flags=re.S)

#: An experiment around a measure.
AROUND = """
[experiment]
id = "example"
title = { lv = "-", en = "-" }
region = "zemgale"
years = [2024, 2035]
days_in = [2024]
seeds = 1
[[policy]]
id = "baseline"
title = { lv = "-", en = "-" }
[[policy]]
id = "with"
title = { lv = "-", en = "-" }
"""

#: The contracts name the Python calls of floors, not commands, and are checked where the floors are tested.
DOCUMENTS = [path for path in repository_files() if path.suffix == ".md" and path.name != "contracts.md"]


def root_command() -> click.Command:
    command: click.Command = import_module("zemsim.cli").cli
    return command


def unknown_commands(text: str) -> list[str]:
    """Commands and options in a text that ``zemsim`` does not know."""
    wrong = []
    said = "\n".join([*FENCED.findall(text), *QUOTED.findall(FENCED.sub("", text))])
    for words, rest in COMMAND.findall(said):
        command = root_command()
        path = []
        for word in words.split():
            if not isinstance(command, click.Group):
                break
            path.append(word)
            found = command.get_command(click.Context(command), word)
            if found is None:
                wrong.append(" ".join(path))
                break
            command = found
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        wrong += [f"{' '.join(path)} {option}" for option in OPTION.findall(rest) if option not in {*known, "--help"}]
    return wrong


def unknown_names(code: str) -> list[str]:
    """Public names of zemsim in a piece of code that do not exist."""
    wrong = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "zemsim":
            home = import_module(node.module or "")
            wrong += [f"{node.module}.{alias.name}" for alias in node.names if not hasattr(home, alias.name)]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "zemsim":
            wrong += [f"zemsim.{node.attr}"] if not hasattr(zemsim, node.attr) else []
    return wrong


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_documents_exist(document: Path) -> None:
    assert not unknown_commands(document.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_in_documents_uses_names_that_exist(document: Path) -> None:
    assert not [n for code in CODE.findall(document.read_text(encoding="utf-8")) for n in unknown_names(code)]


def test_examples_of_measures_and_experiments_are_valid(tmp_path: Path) -> None:
    examples = [found for document in DOCUMENTS for found in EXAMPLE.findall(document.read_text(encoding="utf-8"))]
    assert {kind for kind, _ in examples} == {"measure", "experiment"}
    for number, (kind, text) in enumerate(examples):
        file = tmp_path / f"{number}.toml"
        file.write_text(text if kind == "experiment" else AROUND + text.replace("[[measure]]", "[[policy.measure]]"))
        assert zemsim.load_experiment(file).policies[-1].measures


def test_the_checks_see_unknown_commands_options_and_names() -> None:
    assert unknown_commands("`zemsim fly`") == ["fly"]
    assert unknown_commands("```\nzemsim run --faster\n```") == ["run --faster"]
    assert unknown_commands("```\npython -m pip install . && zemsim fly\n```") == ["fly"]
    assert not unknown_commands("zemsim flies with `zemsim run --seeds 1`")
    assert unknown_names("import zemsim\nzemsim.fly()\nfrom zemsim.core import fly\n") == [
        "zemsim.core.fly",
        "zemsim.fly",
    ]
