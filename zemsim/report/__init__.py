"""What a planner sees: the page, the terminal table, the map and the figures. Reads run folders; computes no science.

Nothing heavy is imported here: ``zemsim.report.write_report`` and the others are loaded at first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "write_report": "zemsim.report.page",
    "print_table": "zemsim.report.terminal",
    "print_region": "zemsim.report.region_page",
    "write_region_page": "zemsim.report.region_page",
}

__all__ = ["print_region", "print_table", "write_region_page", "write_report"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
