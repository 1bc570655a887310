"""A room imports only from floors below it (docs/explanation/architecture.md).

``lint-imports`` checks the same list; this check needs nothing beyond the standard library and so always runs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable

from tests.architecture.source import PACKAGE, ROOT, Module, imported, modules, parse

#: Packages that a room must not import: kernels know arrays only, and only the model floor and above know Mesa.
FOREIGN = {
    "core": {"mesa", "numba", "matplotlib", "rich"},
    "kernels": {"mesa", "pandas", "pyarrow", "matplotlib", "rich", "click", "shapely", "pyproj"},
    "region": {"mesa", "matplotlib", "rich", "click"},
    "population": {"mesa", "matplotlib", "rich", "click"},
    "travel": {"mesa", "matplotlib", "rich", "click"},
    "behaviour": {"mesa", "matplotlib", "rich", "click"},
    "policy": {"mesa", "matplotlib", "rich", "click"},
    "evidence": {"mesa", "matplotlib", "rich", "click"},
    "report": {"mesa"},
}


def floors() -> dict[str, int]:
    """Room to height, 0 the lowest, from the layers of pyproject.toml; siblings share a height."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        layers = tomllib.load(file)["tool"]["importlinter"]["contracts"][0]["layers"]
    heights: dict[str, int] = {}
    for height, layer in enumerate(reversed(layers)):
        for room in layer.split("|"):
            heights[room.strip().removeprefix("zemsim.")] = height
    return heights


def climbs(module: Module, heights: dict[str, int]) -> Iterable[str]:
    """Imports of a module that do not point to a lower floor or into its own room; the front doors may see all."""
    own = module.name.split(".")[1] if "." in module.name else ""
    if own == "__main__":
        return
    if own and own not in heights:
        yield f"{module.path}:1 zemsim.{own} stands on no floor"
        return
    for line, name in imported(module):
        parts = name.split(".")
        if parts[0] != "zemsim" or not own:
            continue
        room = parts[1] if len(parts) > 1 else ""
        if room in ("", "__version__"):
            if room == "":
                yield f"{module.path}:{line} imports the front door of the package, which leads to every floor"
        elif room not in heights:
            yield f"{module.path}:{line} imports zemsim.{room}, which stands on no floor"
        elif room != own and heights[room] >= heights[own]:
            yield f"{module.path}:{line} {own} imports zemsim.{room}, which is not below it"


def foreigners(module: Module) -> Iterable[str]:
    """Imports of packages that the room of a module must not know."""
    room = module.name.split(".")[1] if "." in module.name else ""
    for line, name in imported(module):
        if name.split(".")[0] in FOREIGN.get(room, set()):
            yield f"{module.path}:{line} {room} imports {name}"


def test_every_room_stands_on_a_floor() -> None:
    rooms = {
        p.name.removesuffix(".py") for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()
    }
    assert rooms - {"__init__", "__main__"} == set(floors())


def test_imports_point_downwards() -> None:
    heights = floors()
    assert not [fault for module in modules() for fault in climbs(module, heights)]


def test_rooms_do_not_know_packages_of_other_floors() -> None:
    assert not [fault for module in modules() for fault in foreigners(module)]


def test_the_check_sees_imports_upwards_sideways_relative_and_through_the_front_door() -> None:
    heights = floors()

    def faults(name: str, text: str) -> int:
        path = name.replace(".", "/") + ".py"
        return len(list(climbs(parse(name, path, text), heights)))

    assert faults("zemsim.kernels.roads", "from zemsim.region.pack import load_region") == 1
    assert faults("zemsim.travel.roads", "import zemsim.population.tours") == 1
    assert faults("zemsim.travel.roads", "from ..model import day") == 1
    assert faults("zemsim.travel.roads", "def f():\n    from zemsim import run") == 1
    assert faults("zemsim.travel.roads", "import zemsim") == 1
    assert faults("zemsim.travel.roads", "from zemsim.core import errors\nfrom . import timetable") == 0
    assert len(list(foreigners(parse("zemsim.kernels.roads", "zemsim/kernels/roads.py", "import pandas as pd")))) == 1
