"""Small surveys for the tests of the estimator, drawn with a seed, and the model files that fit them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

NAMES = ("walk", "bus", "car", "lift")
TRUTH = {"asc_bus": -0.6, "asc_car": 0.5, "asc_lift": -0.4, "b_time": -0.08, "b_cost": -0.5, "lam_car": 0.6}

MODEL = """
[model]
title = "A survey drawn by a test"

[data]
layout = "long"
case = "case"
alternative = "mode"
choice = "chosen"
available = "available"

[alternative]
walk = {}
bus = {}
car = {}
lift = {}

[[term]]
coefficient = "asc_bus"
alternatives = ["bus"]
[[term]]
coefficient = "asc_car"
alternatives = ["car"]
[[term]]
coefficient = "asc_lift"
alternatives = ["lift"]
[[term]]
coefficient = "b_time"
column = "time_min"
[[term]]
coefficient = "b_cost"
column = "cost_eur"
"""
NEST = '\n[[nest]]\nname = "car"\nalternatives = ["car", "lift"]\nscale = "lam_car"\n'


def survey(n: int, seed: int, scale: float = TRUTH["lam_car"]) -> pd.DataFrame:
    """A long survey of ``n`` cases whose choices are draws of the nested logit with the values of `TRUTH`."""
    rng = np.random.default_rng(seed)
    time = rng.uniform(5, 60, (n, 4))
    cost = np.column_stack([np.zeros(n), rng.uniform(0.5, 3, n), rng.uniform(1, 8, n), rng.uniform(0, 2, n)])
    available = rng.random((n, 4)) < 0.85
    available[:, 0] = True
    constants = np.array([0.0, TRUTH["asc_bus"], TRUTH["asc_car"], TRUTH["asc_lift"]])
    utility = constants + TRUTH["b_time"] * time + TRUTH["b_cost"] * cost
    utility = np.where(available, utility, -np.inf)
    with np.errstate(divide="ignore"):
        inclusive = scale * np.log(np.exp(utility[:, 2:] / scale).sum(axis=1))
    upper = np.column_stack([utility[:, :2], inclusive]) + rng.gumbel(size=(n, 3))
    chosen = upper.argmax(axis=1)
    inside = 2 + (utility[:, 2:] / scale + rng.gumbel(size=(n, 2))).argmax(axis=1)
    chosen = np.where(chosen == 2, inside, chosen)
    return pd.DataFrame(
        {
            "case": np.repeat(np.arange(1, n + 1), 4),
            "mode": np.tile(NAMES, n),
            "chosen": (np.arange(4) == chosen[:, None]).astype(int).ravel(),
            "available": available.astype(int).ravel(),
            "time_min": time.round(3).ravel(),
            "cost_eur": cost.round(3).ravel(),
        }
    )


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """The same survey with a row for each case."""
    parts = [table.loc[table["chosen"] == 1].set_index("case")["mode"].rename("choice")]
    for name in NAMES:
        own = table.loc[table["mode"] == name].set_index("case")[["available", "time_min", "cost_eur"]]
        parts.append(own.add_suffix(f"_{name}"))
    return pd.concat(parts, axis=1).reset_index()


def wide_model(text: str = MODEL) -> str:
    """The model file for the wide survey."""
    head, _, terms = text.partition("[[term]]")
    head = head.partition("[data]")[0] + '[data]\nlayout = "wide"\nchoice = "choice"\n'
    for name in NAMES:
        columns = f'{{ time_min = "time_min_{name}", cost_eur = "cost_eur_{name}" }}'
        head += f'[alternative.{name}]\navailable = ["available_{name}"]\ncolumns = {columns}\n'
    return f"{head}[[term]]{terms}"


def write(folder: Path, table: pd.DataFrame | str, model: str) -> tuple[Path, Path]:
    """Write a survey and a model file; returns both paths."""
    data, file = folder / "survey.csv", folder / "model.toml"
    data.write_text(table if isinstance(table, str) else table.to_csv(index=False), encoding="utf-8")
    file.write_text(model, encoding="utf-8")
    return data, file


def lines(*rows: Iterable[object]) -> str:
    """Rows of a CSV file."""
    return "".join(",".join(map(str, row)) + "\n" for row in rows)
