"""What an import read, repaired, defaulted, dropped and refused: counts by part, for the pack and for the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

#: What can happen to a thing that was read.
ACTIONS = ("read", "kept", "repaired", "defaulted", "dropped", "outside", "refused", "note")

FILE = "import.json"
_EXAMPLES = 5


@dataclass
class Report:
    """Counts by part, action and text, in the order in which they were first told."""

    rows: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)

    def count(
        self, part: str, action: str, what: str, number: float = 1, unit: str = "", examples: Iterable[str] = ()
    ) -> None:
        """Add to a count. ``examples`` are names of the first few, each once; a count of zero leaves no row."""
        if action not in ACTIONS:
            raise ValueError(f"unknown action {action!r}")
        if number == 0:
            return
        row = self.rows.setdefault(
            (part, action, what),
            {"part": part, "action": action, "what": what, "count": 0, "unit": unit, "examples": []},
        )
        row["count"] += number
        row["examples"] = list(dict.fromkeys([*row["examples"], *map(str, examples)]))[:_EXAMPLES]

    def table(self) -> list[dict[str, Any]]:
        """Rows ``part, action, what, count, unit, examples``; lengths rounded to a tenth."""
        return [{**row, "count": _plain(row["count"])} for row in self.rows.values()]

    def total(self, part: str, action: str, what: str) -> float:
        """Return a count; 0 if nothing of the kind was told."""
        row = self.rows.get((part, action, what))
        return 0.0 if row is None else float(row["count"])


def _plain(number: float) -> float:
    return int(number) if float(number).is_integer() else round(float(number), 1)
