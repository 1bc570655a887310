"""The made-up survey of the how-to page: tours whose choices are drawn with the values of `TRUTH`.

``python -m tests.unit.calibrate.made_up_survey`` writes the file again. Nobody was asked: it is an example of a format.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

PATH = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "made-up-survey.csv"
TOURS = 900
SEED = 20240501
MODES = ("walk", "bike", "ebike", "bus", "train", "driver", "passenger")
#: What the draws are made with; the model's parameters were these when the file was made.
TRUTH = {
    "b_cost": -0.33, "lambda_c": -0.4, "eta_vot_income": 0.6, "b_car": -0.03, "b_pt": -0.027, "b_wait": -0.045,
    "b_acc": -0.05, "b_head": -0.012, "b_tr": -0.35, "b_walk": -0.085, "b_bike": -0.065, "k_ebike": 0.76,
    "w_temp": 0.026, "lam_act": 0.8, "lam_pt": 0.7, "lam_car": 0.8,
}  # fmt: skip
#: Constants of the draws.
CONSTANTS = dict(zip(MODES, (1.6, -0.6, 1.0, 0.4, 0.6, 0.0, -2.6), strict=True))
NESTS = {"lam_act": MODES[:3], "lam_pt": MODES[3:5], "lam_car": MODES[5:]}


def offers(rng: np.random.Generator) -> pd.DataFrame:
    """What each tour could be made by: a row for a mode that was available, minutes one way, euros both ways."""
    tour = np.arange(1, TOURS + 1)
    km = np.exp(rng.normal(1.4, 0.9, TOURS)).clip(0.4, 45).round(2)
    income = np.exp(rng.normal(0, 0.45, TOURS)).round(2)
    cold = -rng.choice([2, 8, 16, 22], TOURS).astype(float)
    head = rng.choice([6, 8, 10, 15, 20, 30, 60, 120], TOURS).astype(float)
    access = rng.uniform(3, 16, (TOURS, 2)).round(1)
    change = rng.choice([0, 1], TOURS, p=[0.75, 0.25]).astype(float)
    car = rng.random(TOURS) < 0.72
    common = {"tour": tour, "person": (tour + 1) // 2, "km": km, "income": income, "cold_c": cold}
    minutes = {
        "walk": 12.5 * km, "bike": 4.1 * km, "ebike": 3.3 * km, "bus": 2.1 * km + 3, "train": 1.2 * km + 2,
        "driver": 1.1 * km + 4, "passenger": 1.1 * km + 5,
    }  # fmt: skip
    there = {
        "walk": km < 9, "bike": (km < 25) & (rng.random(TOURS) < 0.7), "ebike": (km < 35) & (rng.random(TOURS) < 0.3),
        "bus": rng.random(TOURS) < 0.85, "train": (km > 4) & (rng.random(TOURS) < 0.5), "driver": car,
        "passenger": rng.random(TOURS) < 0.6,
    }  # fmt: skip
    there["walk"] |= ~np.any([there[mode] for mode in MODES], axis=0)
    money = {"bus": 1.4 + 0.16 * km, "train": 1.2 + 0.14 * km, "driver": 0.24 * km + rng.choice([0, 0, 2], TOURS)}
    tables = []
    for mode in MODES:
        transit = mode in ("bus", "train")
        own = {
            "mode": mode, "min": minutes[mode].round(1), "eur": np.round(money.get(mode, 0.0 * km), 2),
            "headway_min": head * (1 if mode == "bus" else 2) if transit else np.nan,
            "access_min": access[:, 0 if mode == "bus" else 1] if transit else np.nan,
            "transfers": change if mode == "bus" else 0.0 if transit else np.nan,
        }  # fmt: skip
        tables.append(pd.DataFrame({**common, **own})[there[mode]])
    return pd.concat(tables).sort_values("tour", kind="stable").reset_index(drop=True)


def utilities(table: pd.DataFrame) -> np.ndarray:
    """Utilities of the rows as the model has them, see zemsim/kernels/tour_choice.py."""
    p, mode = TRUTH, table["mode"]
    value = mode.map(CONSTANTS)
    per_min = {"walk": p["b_walk"], "bike": p["b_bike"], "ebike": p["k_ebike"] * p["b_bike"], "bus": p["b_pt"]}
    per_min |= {"train": p["b_pt"], "driver": p["b_car"], "passenger": p["b_car"]}
    value = value + 2 * mode.map(per_min) * table["min"]
    value = value + p["w_temp"] * table["cold_c"] * mode.isin(["bike", "ebike"])
    wait = 2 * p["b_wait"] * np.minimum(table["headway_min"] / 2, 6) + 2 * p["b_head"] * table["headway_min"]
    value = value + (wait + 2 * p["b_acc"] * table["access_min"] + 2 * p["b_tr"] * table["transfers"]).fillna(0.0)
    damping = (table["km"] / 10) ** p["lambda_c"] * table["income"] ** -p["eta_vot_income"]
    return np.asarray(value + p["b_cost"] * damping * table["eur"])


def made_up_survey() -> pd.DataFrame:
    """The survey: choices are exact draws of the nested logit."""
    rng = np.random.default_rng(SEED)
    table = offers(rng)
    table["utility"] = utilities(table)
    table["nest"] = table["mode"].map({mode: nest for nest, modes in NESTS.items() for mode in modes})
    scale = table["nest"].map({nest: TRUTH[nest] for nest in NESTS})
    table["inside"] = table["utility"] / scale + rng.gumbel(size=len(table))
    inclusive = np.exp(table["utility"] / scale).groupby([table["tour"], table["nest"]]).sum()
    upper = np.log(inclusive) * inclusive.index.get_level_values("nest").map({n: TRUTH[n] for n in NESTS})
    upper += rng.gumbel(size=len(upper))
    best = upper.groupby("tour").idxmax().str[1]
    wanted = table[table["nest"] == table["tour"].map(best)]
    chosen = wanted.groupby("tour")["inside"].idxmax()
    table["chosen"] = table.index.isin(chosen).astype(int)
    return table.drop(columns=["utility", "nest", "inside"])


def text() -> str:
    """The file as text."""
    return made_up_survey().to_csv(index=False, lineterminator="\n")


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
