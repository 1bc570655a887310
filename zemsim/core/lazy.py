"""Public names of a package that are loaded when they are first used, so that importing the package costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: dict[str, Any], homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for a package.

    Parameters
    ----------
    package : dict
        The package's ``globals()``; a name that was loaded is kept there.
    homes : mapping of str to str
        Public name to the module that has it.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name]), name)
        package[name] = value
        return value

    def names() -> list[str]:
        return sorted({*package, *homes})

    return load, names
