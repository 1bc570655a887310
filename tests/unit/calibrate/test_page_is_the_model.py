"""The utilities of the how-to's model file are those of the model: the same tours by both, at the same parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from tests.reference import tour_choice
from tests.unit.calibrate import made_up_survey
from tests.unit.calibrate.made_up_survey import CONSTANTS, MODES, TRUTH
from zemsim.calibrate.logit.choices import read_choices
from zemsim.calibrate.logit.design import design
from zemsim.calibrate.logit.specification import load_specification
from zemsim.calibrate.logit.survey import read_survey

TOURS = 150


def by_the_model(rows: pd.DataFrame) -> dict[str, float]:
    """Utilities of one tour by the slow twin of the model's kernel."""
    first, of = rows.iloc[0], rows.set_index("mode")
    there = {mode: mode in of.index for mode in MODES}
    damping = (first["km"] / 10) ** TRUTH["lambda_c"] * first["income"] ** -TRUTH["eta_vot_income"]
    minutes = {mode: of.loc[mode, "min"] if there[mode] else math.inf for mode in MODES}
    tour: dict[str, Any] = {f"{mode}_min": minutes[mode] for mode in ("walk", "bike", "ebike")}
    tour |= {"cost_factor": damping, "bike": there["bike"], "ebike": int(there["ebike"]), "segment": 0}
    for mode in ("bus", "train"):
        tour[mode] = None
        if there[mode]:
            row = of.loc[mode]
            tour[mode] = {"headway": row["headway_min"], "ride": row["min"], "walk": row["access_min"]}
            tour[mode] |= {"transfers": row["transfers"], "fare": row["eur"] / 2, "wait": 0.0, "fare_share": 1.0}
            tour[mode] |= {"crowding_out": 1.0, "crowding_back": 1.0}
    # Driver and passenger have minutes of their own in the survey and the same ones in the model: one after the other.
    out = {}
    for mode in ("driver", "passenger"):
        road = {"road_out_min": minutes[mode], "road_back_min": minutes[mode], "terminal_from": 0.0, "terminal_to": 0.0}
        drive = of.loc["driver", "eur"] / 2 if there["driver"] else 0.0
        here = {"vehicle": 0 if there["driver"] else -1, "passenger": there["passenger"], "drive_eur": drive}
        world = {"temperature_c": 20 + first["cold_c"]}
        p = TRUTH | {"wait_cap_min": 6.0, "head_power": 1.0, "k_park": 1.0, "constants": [CONSTANTS]}
        found = tour_choice.utilities(tour | road | here | {"parking_eur": 0.0}, world, p)
        out[mode] = found[mode]
    return {mode: out.get(mode, value) for mode, value in found.items()}


def test_the_utilities_of_the_page_are_the_models() -> None:
    model = load_specification(made_up_survey.PATH.with_suffix(".toml"))
    survey = read_survey(made_up_survey.PATH)
    choices = read_choices(survey, model)
    constants = {f"asc_{mode}": CONSTANTS[mode] for mode in ("walk", "bike", "bus", "train", "passenger")}
    known = TRUTH | constants | {"b_ebike": TRUTH["k_ebike"] * TRUTH["b_bike"]}
    known["asc_ebike_minus_bike"] = CONSTANTS["ebike"] - CONSTANTS["bike"]
    found = design(survey, model, choices) @ np.array([known[name] for name in model.coefficients])
    found = np.where(choices.available, found, -math.inf)
    table = pd.read_csv(made_up_survey.PATH)
    for position, (_, rows) in enumerate(table[table["tour"] <= TOURS].groupby("tour")):
        slow = by_the_model(rows)
        np.testing.assert_allclose(found[position], [slow[mode] for mode in model.alternative], rtol=1e-9, atol=1e-12)
