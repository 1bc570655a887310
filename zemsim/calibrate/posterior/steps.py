"""The steps of a calibration, in order: constants, weights, e-bikes, electric cars, report; the package stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from zemsim.behaviour.parameters import Parameters
from zemsim.calibrate.constants import base_model, fit_mode_constants, read_targets, write_modes, write_purchases
from zemsim.calibrate.posterior import report
from zemsim.calibrate.posterior.identify import identified
from zemsim.calibrate.posterior.layers import EbikeLayer, EvLayer, Layer
from zemsim.calibrate.posterior.matching import SIZES, Posterior, posterior
from zemsim.calibrate.posterior.travel import SETS, TravelLayer, TravelModel, asked, weight_rows
from zemsim.calibrate.purchases import fit_purchase_constants
from zemsim.core.atomic import check_can_write, make_folder
from zemsim.evidence.places import REGION
from zemsim.experiment.compare import baseline_facts
from zemsim.experiment.experiment import BASELINE
from zemsim.experiment.progress import Progress
from zemsim.experiment.run_folder import Run
from zemsim.model.model import MobilityModel

STEPS: Final = ("constants", "travel", "ebike", "ev")
#: Indicators whose spread between seeds the report tells.
_NOISE: Final = ("car_km_year", "bus_trips_year", "train_trips_year", "ev_share", "co2_ttw_kg_year")


def calibrate(
    folder: Path,
    steps: Sequence[str],
    run: Run | None,
    show: Progress,
    sizes: tuple[int, ...] = SIZES,
    travel: Callable[[], TravelModel] = TravelModel,
    sets: int = SETS,
) -> Path:
    """Do the steps and write what they find and a report into a folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    steps : sequence of str
        Some of :data:`STEPS`.
    run : Run or None
        A finished run of the default experiment, for fitted and held-out error of the baseline and the noise of seeds.
    show : callable
        Progress.
    sizes : tuple of int
        Sets tried in each wave of a posterior.
    travel : callable
        Makes the model that answers for the weights.
    sets : int
        Sets of weights that it is asked.

    Returns
    -------
    Path
        The report.
    """  # fmt: skip
    make_folder(folder)
    check_can_write(folder / report.REPORT)
    show(0, 0, "the baseline of the default experiment")
    model, parts = base_model(), []
    if "constants" in steps:
        parts.append(_constants(folder, model, show))
    if "travel" in steps:
        parts.append(_weights(folder, travel(), sets, sizes, show))
    if "ebike" in steps:
        parts.append(_layer(folder, EbikeLayer(model), model.parameters, sizes, show))
    if "ev" in steps:  # it walks into the second year, so it is the last
        parts.append(_layer(folder, EvLayer(model), model.parameters, sizes, show))
    if run is not None:
        parts.append(report.baseline_lines(baseline_facts(run)))
        parts.append(report.seed_lines(_by_seed(run)))
    return report.write_report(folder, parts)


def _constants(folder: Path, model: MobilityModel, show: Progress) -> list[str]:
    """Fit both kinds of constants, write them, and let the model go on with those that it came with."""
    show(0, 0, "constants")
    targets = read_targets()
    usual = {day_type: plan.parameters.constants for day_type, plan in model.plans.items()}
    modes, found = fit_mode_constants(model, targets)
    for day_type, plan in model.plans.items():
        plan.set_constants(usual[day_type])
    purchases, none, _, _ = fit_purchase_constants(model, targets)
    write_modes(modes, folder)
    write_purchases(purchases, none, folder)
    return report.constants_lines(targets, found)


def _weights(folder: Path, model: TravelModel, sets: int, sizes: tuple[int, ...], show: Progress) -> list[str]:
    """Ask for sets of weights, tell their posterior, and try the set that is nearest to all bands."""
    answers = asked(model, sets, lambda n: show(n, sets + 2, "sets of weights"))
    lines = _layer(folder, TravelLayer(answers.emulator), model.world.parameters, sizes, show)
    proposed = answers.proposed()
    show(sets + 1, sets + 2, "the set nearest to all bands")
    said = model(proposed)
    report.write_weights(folder, weight_rows(answers, proposed))
    return [*lines, *report.weights_lines(answers, proposed, said)]


def _layer(folder: Path, layer: Layer, parameters: Parameters, sizes: tuple[int, ...], show: Progress) -> list[str]:
    table = parameters.table
    low, high = (np.array([getattr(table[symbol], end) for symbol in layer.free]) for end in ("low", "high"))
    told: Callable[[int], None] = lambda n: show(n, sum(sizes), f"sets of the layer {layer.name}")  # noqa: E731
    found: Posterior = posterior(layer, low, high, sizes, told)
    report.write_draws(folder, found)
    report.draw_pairs(folder, found)
    return report.layer_lines(found, identified(found))


def _by_seed(run: Run) -> dict[str, list[float]]:
    """Indicators of the region under the baseline in the last simulated year, one value a seed."""
    table = run.indicators
    rows = table[
        (table["policy"] == BASELINE)
        & (table["year"] == max(run.simulated_years))
        & (table["group"] == "all")
        & (table["place"] == REGION)
    ]
    return {name: rows.loc[rows["indicator"] == name, "value"].tolist() for name in _NOISE}
