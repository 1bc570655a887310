"""What a planner sees: the page, the terminal table, the map and the figures. Reads run folders; computes no science.

Nothing heavy is imported here: ``zemsim.report.write_report`` and the others are loaded at first use.
"""

from __future__ import annotations

from zemsim.core.lazy import lazy_names

_HOME = {
    "write_report": "zemsim.report.page",
    "print_table": "zemsim.report.terminal",
    "print_region": "zemsim.report.region_page",
    "write_region_page": "zemsim.report.region_page",
}

__all__ = ["print_region", "print_table", "write_region_page", "write_report"]

__getattr__, __dir__ = lazy_names(globals(), _HOME)
