"""Weights of money, headways, parking and destinations: set by how strongly residents answer, the realism tests.

One question to the model takes seconds, so a few dozen sets of weights are asked: some spread evenly over the ranges of
the parameters, then some where the targets are met by what the first ones say (history matching in two waves: Craig et
al. 1997). Polynomials fitted to the answers near the targets stand for the model from there on. With every set the
constants of the mode choice are fitted anew, so that the base year stays what it is and only the answers differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from zemsim.calibrate.constants import fitted_to_days, modelled
from zemsim.calibrate.posterior.emulator import Emulator
from zemsim.calibrate.posterior.layers import layer_targets
from zemsim.calibrate.posterior.matching import misses, posterior, sobol
from zemsim.calibrate.realism import compared, realism_world
from zemsim.calibrate.realism_runs import SeedRuns, questions
from zemsim.calibrate.realism_table import RealismTest, read_tests
from zemsim.model.model import MobilityModel
from zemsim.model.year import set_conditions

if TYPE_CHECKING:
    from zemsim.model.world import World

Floats = npt.NDArray[np.float64]
Told = Callable[[int], None]

NAME: Final = "travel"
#: What is moved, symbols of parameters: weight of money and its fall with distance, headway, parking, destinations.
FREE: Final = ("b_cost", "lambda_c", "b_head", "k_park", "theta_dest")
#: Sets asked of the model, and the share of the households that answer.
SETS: Final = 64
#: Of the sets, these are asked in the first wave, over the whole box.
_FIRST_WAVE: Final = 0.6
#: Answers farther from a target, in its standard deviations, do not carry the polynomials of the second wave.
_NEAR_SD: Final = 3.0
SAMPLE: Final = 0.1
_DEGREE: Final = 2
#: Polynomials of this degree in five weights have 21 terms; with fewer sets than these they would tell nothing.
_LEAST_SETS: Final = 30
_ROUNDS: Final = 8
_SEED: Final = 1


def tests_of_targets() -> tuple[RealismTest, ...]:
    """The realism tests among the targets, and those that their ratios divide; in the order of the table."""
    tests = {test.test: test for test in read_tests()}
    wanted = {target.key for target in layer_targets(NAME)}
    wanted |= {part for key in wanted if tests[key].is_ratio for part in (tests[key].of, tests[key].over)}
    return tuple(test for key, test in tests.items() if key in wanted)


class TravelModel:
    """The model of a sample of residents, which says its targets for one set of weights.

    Parameters
    ----------
    sample : float
        Share of the households.
    threads : int
        Threads of the kernels.
    world : World, optional
        A world to ask, already sampled, with the timetables of the tests; that of the default experiment without it.
    """

    def __init__(self, sample: float = SAMPLE, threads: int = 1, world: World | None = None) -> None:
        self._tests, self._threads = tests_of_targets(), threads
        self._asked = questions(self._tests)
        if world is None:
            world = realism_world(self._asked, (_SEED,), sample, threads, {})
        self.world = world
        self._base = self._figures()

    def _figures(self) -> dict[str, float]:
        model = self._opened(self.world)
        try:
            return modelled(model)
        finally:
            model.close()

    def _opened(self, world: World) -> MobilityModel:
        model = MobilityModel(world, _SEED, self._threads)
        set_conditions(model)
        return model

    def __call__(self, theta: Floats) -> Floats:
        """Answers to one set of weights [free] with constants fitted anew: float64 [targets]."""
        world = self._with_constants(theta)
        runs = SeedRuns(world, _SEED, self._threads)
        try:
            answers = {asked: runs.answer(asked) for asked in self._asked}
        finally:
            runs.close()
        said = {line.test.test: line.response.value for line in compared(self._tests, [answers])}
        return np.array([said[target.key] for target in layer_targets(NAME)])

    def _with_constants(self, theta: Floats) -> World:
        """The world with a set of weights, and constants by which the days of its base year are as they were."""
        free = dict(zip(FREE, theta.tolist(), strict=True))
        p = self.world.parameters.with_values(free)
        world = replace(self.world, parameters=p)
        model = self._opened(world)
        try:
            constants, _ = fitted_to_days(model, self._base, p.mode_constants, _ROUNDS)
        finally:
            model.close()
        return replace(world, parameters=replace(p, mode_constants=constants))


@dataclass(frozen=True)
class TravelAnswers:
    """What the model said to all sets, and the polynomials fitted to it.

    Attributes
    ----------
    low, high : float64 [free], the box.
    now : float64 [free], the weights as they stand; ``says`` : float64 [targets], the model's answer to them.
    theta, outputs : the sets near the targets that carry the polynomials, float64 [n, free] and [n, targets].
    asked, unanswered : sets asked, and those of them to which a target had nothing to divide by.
    emulator : Emulator
    """

    low: Floats
    high: Floats
    now: Floats
    says: Floats
    theta: Floats
    outputs: Floats
    asked: int
    unanswered: int
    emulator: Emulator

    @property
    def narrowed(self) -> bool:
        """Whether enough sets were near the targets to carry the polynomials alone; if not, all with answers do."""
        return len(self.theta) < self.asked - self.unanswered

    @property
    def gap(self) -> float:
        """What the polynomials miss of a set left out, in standard deviations of a target: largest root mean square."""
        sd = np.array([target.sd for target in layer_targets(NAME)])
        off = self.emulator.left_out(self.theta, self.outputs) / sd
        return float(np.sqrt((off**2).mean(axis=0)).max())

    def proposed(self) -> Floats:
        """The weights in the box whose answers are nearest to the middle of the bands, from those that stand."""
        targets = layer_targets(NAME)

        def off(theta: Floats) -> Floats:
            found: Floats = misses(self.emulator(theta[None, :]), targets)[0]
            return found

        width = self.high - self.low
        start = np.clip(self.now, self.low + 1e-3 * width, self.high - 1e-3 * width)
        return np.asarray(least_squares(off, start, bounds=(self.low, self.high), x_scale=width).x, np.float64)


def asked(model: TravelModel, sets: int = SETS, told: Told = lambda _: None) -> TravelAnswers:
    """Ask the model for the weights as they stand and for sets spread over the ranges, and fit the polynomials.

    Parameters
    ----------
    model : TravelModel
        What is asked.
    sets : int
        How many sets, both waves.
    told : callable
        Called with the number of sets asked.
    """
    table = model.world.parameters.table
    low, high = (np.array([getattr(table[symbol], end) for symbol in FREE]) for end in ("low", "high"))
    now = np.array([table[symbol].value for symbol in FREE])
    first = round(_FIRST_WAVE * sets)
    theta = np.vstack([now, low + sobol(first, len(FREE)) * (high - low)])
    outputs = np.array([_told(model(one), told, number) for number, one in enumerate(theta, 1)])
    rough = _emulator(theta, outputs, low, high)
    second = posterior(TravelLayer(rough), low, high).draws(sets - first)
    more = [_told(model(one), told, number) for number, one in enumerate(second, len(theta) + 1)]
    theta, outputs = np.vstack([theta, second]), np.vstack([outputs, *more])
    near = _near(outputs)
    return TravelAnswers(
        low, high, now, outputs[0], theta[near], outputs[near], len(theta),
        int((~np.isfinite(outputs).all(axis=1)).sum()), _emulator(theta[near], outputs[near], low, high),
    )  # fmt: skip


def _told(output: Floats, told: Told, number: int) -> Floats:
    told(number)
    return output


def _near(outputs: Floats) -> npt.NDArray[np.bool_]:
    """Answers that are near every fitted target: bool [n]; all that were given if too few are to carry polynomials."""
    given = np.isfinite(outputs).all(axis=1)
    off: Floats = np.abs(misses(outputs, layer_targets(NAME))).max(axis=1)
    near = np.asarray(given) & (off <= _NEAR_SD)
    return np.asarray(near if near.sum() >= _LEAST_SETS else given, np.bool_)


def _emulator(theta: Floats, outputs: Floats, low: Floats, high: Floats) -> Emulator:
    given = np.isfinite(outputs).all(axis=1)
    return Emulator(theta[given], outputs[given], low, high, _DEGREE)


class TravelLayer:
    """The polynomials as a layer, for a joint posterior."""

    name: str = NAME
    free: tuple[str, ...] = FREE

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def outputs(self, theta: Floats) -> Floats:
        """See :class:`zemsim.calibrate.posterior.layers.Layer`."""
        found: Floats = self._emulator(theta[None, :])[0]
        return found


def weight_rows(answers: TravelAnswers, proposed: Floats) -> Sequence[tuple[str, float, float, float, float]]:
    """Symbol, value as it stands, value proposed, and the range of each weight."""
    return [
        (symbol, float(answers.now[k]), float(proposed[k]), float(answers.low[k]), float(answers.high[k]))
        for k, symbol in enumerate(FREE)
    ]
