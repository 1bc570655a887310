"""Fill the table "Baseline against the facts" of README.md from a run: ``python docs/make_baseline.py RUN``.

Facts that constants or the population were fitted to come first, those that were held out after them. Facts that are
scored by the order of their group (the main modes of a city) count once per group; those that are only reported do not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from zemsim import open_run
from zemsim.evidence.scores import counted
from zemsim.experiment.compare import baseline_facts

README = Path(__file__).resolve().parents[1] / "README.md"
START, END = "<!-- baseline-table: start", "<!-- baseline-table: end -->"
UNITS = {"cars per 1000 residents": "cars/1,000", "passenger trips per driver trip": "per driver trip"}
USES = {"fit": "fitted", "hold-out": "held out"}
STANDS = {"inside": "in", "in_order": "order kept", "out_of_order": "other order"}
AGREES = ("inside", "in_order")


def number(value: float) -> str:
    """Three significant digits, thousands with commas."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def target(row: pd.Series) -> str:
    """The fact, and its range where the source gives one."""
    text = number(row["fact_value"])
    return text if row["low"] == row["high"] else f"{text} ({number(row['low'])} to {number(row['high'])})"


def cells(row: pd.Series) -> tuple[str, ...]:
    """One line of the table."""
    place = f" ({row['place']})" if row["place"] not in ("Latvia", "Zemgale") else ""
    year = f", {int(row['year'])}" if pd.notna(row["year"]) else ""
    return (
        f"{row['fact'].replace('_', ' ')}{place}",
        number(row["value"]),
        target(row),
        f"{round(100 * row['difference_share']) + 0:+d} %".replace("+0 %", "0 %"),
        STANDS.get(row["stands"], row["stands"]),
        row["accepted"],
        UNITS.get(row["unit"], row["unit"]),
        USES[row["use"]],
        f"{row['source']} ({row['grade']}{year})",
    )


def table(facts: pd.DataFrame) -> str:
    """The facts as a Markdown table, and how many are met."""
    lines = [
        "| what | model | fact (range) | difference | range or order | 1 point, 10 % or order | unit | use | source |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    counts, near = [], []
    for use, word in USES.items():
        rows = facts[facts["use"] == use]
        scored = counted(rows)
        counts.append(f"{scored['stands'].isin(AGREES).sum()} of {len(scored)} {word} facts")
        near.append(f"{(scored['accepted'] == 'met').sum()} of {len(scored)} {word}")
        lines += ["| " + " | ".join(cells(row)) + " |" for _, row in rows.iterrows()]
    order = "the main modes of a city in the order of its answers, which count once per city"
    met = f"Shares within 1 point of the fact, all else within 10 %, {order}: {' and '.join(near)} facts."
    ranged = f"In the range of the source or in its order: {' and '.join(counts)}."
    note = "For the range the model's figure is rounded as the source rounds; without one it must be the same figure."
    return "\n".join([*lines, "", f"{met} {ranged} {note}"])


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
