"""The constants of a case: moved until the model has the mode shares and car sales that were known before the change.

Berry's inversion: a constant moves by the logarithm of target over model. There is one shift per mode, the same
for all segments; driving is the reference. All other parameters are those of the one parameter file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zemsim.behaviour.parameters import Parameters
from zemsim.calibrate.backtest.quantities import Ran
from zemsim.calibrate.backtest.settings import BASE_MODES, MODES, Base, ModeShares, Sales
from zemsim.calibrate.constants import Target, read_targets
from zemsim.calibrate.purchases import NONE_TARGETS, fit_purchase_constants
from zemsim.core.names import Alternative, Powertrain, Purpose
from zemsim.model.model import MobilityModel

#: Alternatives whose constants answer to a mode of the base.
ANSWERS: Mapping[str, tuple[Alternative, ...]] = {
    "walk": (Alternative.WALK,),
    "bike": (Alternative.BIKE, Alternative.EBIKE),
    "transit": (Alternative.BUS, Alternative.TRAIN),
    "car": (Alternative.DRIVER,),
    "passenger": (Alternative.PASSENGER,),
}
_ROUNDS, _DAMPING = 30, 1.0
#: Largest difference of a share at which the fit ends.
_NEAR = 0.001
#: A share of the model below this counts as this much: the logarithm of none is no step.
_LEAST = 1e-4


@dataclass(frozen=True)
class Fitted:
    """What a fit found.

    Attributes
    ----------
    parameters : those of the model, with the constants of the case.
    largest_constant_utility : the mode constant that is largest in size.
    """

    parameters: Parameters
    largest_constant_utility: float


def shares_of(ran: Ran, wanted: ModeShares) -> dict[str, float]:
    """Shares of trips by the modes of a base in the last year of a run."""
    tours = ran.tours()
    if wanted.of == "work":
        tours = tours[tours["purpose"] == int(Purpose.WORK)]
    by_mode = tours.groupby("mode")["trips"].sum()
    total = float(by_mode.sum())
    return {name: sum(float(by_mode.get(int(m), 0.0)) for m in MODES[name]) / total for name in BASE_MODES}


def fit_constants(model: MobilityModel, base: Base, run_base: Callable[[], Ran]) -> Fitted:
    """Fit the constants that a base gives shares for.

    Parameters
    ----------
    model : takes the constants.
    run_base : runs the base year of the model anew.
    """
    constants = model.parameters.mode_constants.copy()
    if base.mode_share is not None:
        constants = _fit_modes(model, base.mode_share, run_base, constants)
    if base.sales is not None:
        run_base()
        purchases, none, *_ = fit_purchase_constants(model, _targets(base.sales))
        model.parameters = replace(model.parameters, purchase_constants=purchases, none_constants=none)
    model.parameters = replace(model.parameters, mode_constants=constants)
    return Fitted(model.parameters, float(np.abs(constants).max()))


def _fit_modes(
    model: MobilityModel, wanted: ModeShares, run_base: Callable[[], Ran], constants: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    target, best, least = wanted.shares(), constants, np.inf
    for _ in range(_ROUNDS):
        take_constants(model, constants)
        found = shares_of(run_base(), wanted)
        error = max(abs(found[name] - target[name]) for name in BASE_MODES)
        if error < least:
            best, least = constants, error
        if least < _NEAR:
            break
        step = {name: _DAMPING * float(np.log(target[name] / max(found[name], _LEAST))) for name in BASE_MODES}
        constants = constants.copy()
        for name, alternatives in ANSWERS.items():
            for alternative in alternatives:
                constants[:, alternative] += step[name] - step["car"]
    take_constants(model, best)
    return best


def take_constants(model: MobilityModel, constants: npt.NDArray[np.float64]) -> None:
    """Let the model choose by these mode constants."""
    for plan in model.plans.values():
        plan.set_constants(constants)


def _targets(sales: Sales) -> dict[str, Target]:
    """Targets of the fit of purchases, as the fit of the default region has them; of cars given up they are its own."""
    found = {key: target for key, target in read_targets().items() if key in NONE_TARGETS}
    found |= {"new_share": Target("new_share", sales.new_share.value, sales.new_share.grade, sales.new_share.source)}
    for age in ("new", "used"):
        given = getattr(sales, age)
        for powertrain in Powertrain:
            name = powertrain.name.lower()
            value = given[name].value if name in given else 0.0
            source = given[name].source if name in given else "not named by the case"
            found[f"{name}_{age}"] = Target(f"{name}_{age}", max(value, _LEAST), "case", source)
    return found
