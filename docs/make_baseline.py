"""Fill the table "Baseline against the facts" of README.md from a run: ``python docs/make_baseline.py RUN``."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from zemsim import open_run
from zemsim.experiment.compare import baseline_facts

README = Path(__file__).resolve().parents[1] / "README.md"
START, END = "<!-- baseline-table: start", "<!-- baseline-table: end -->"
_WORDS = {"unit": {"share": "share", "cars per 1000 residents": "cars/1,000"}}


def number(value: float) -> str:
    """Three significant digits, thousands with commas."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table(facts: pd.DataFrame) -> str:
    """The facts as a Markdown table."""
    lines = ["| what | model | target | difference | unit | used to | source |", "|---|---|---|---|---|---|---|"]
    for row in facts.itertuples():
        unit = _WORDS["unit"].get(row.unit, row.unit)
        place = f" ({row.place})" if row.place != "Latvia" else ""
        year = f", {int(row.year)}" if pd.notna(row.year) else ""
        share = f"{100 * row.difference_share:+.0f} %"
        cells = (
            f"{row.target.replace('_', ' ')}{place}",
            number(row.value),
            number(row.target_value),
            share,
            unit,
            "fit" if row.use == "fit" else "check",
            f"{row.source} ({row.grade}{year})",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Read the run, write the table between its two marks."""
    facts = baseline_facts(open_run(sys.argv[1]))
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(START, 1)
    mark, after = rest.split("-->", 1)
    _old, after = after.split(END, 1)
    README.write_text(f"{before}{START}{mark}-->\n\n{table(facts)}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
