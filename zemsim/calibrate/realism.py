"""The realism tests: how strongly residents answer to prices, times and departures, against published bands.

An elasticity is the arc ``ln(q1 / q0) / ln(p1 / p0)`` of the quantity over what was changed; beside it stands the plain
change ``(q1 / q0 - 1) / (p1 / p0 - 1)``. Every seed is asked the same questions with the same luck before and after, so
its spread is that of an effect. A band holds the mean over the seeds; the spread between them must stay below a
fifth of it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from zemsim.behaviour.parameters import load_parameters
from zemsim.calibrate.realism_changes import policy_of
from zemsim.calibrate.realism_counts import Groups, by_group, of_purposes
from zemsim.calibrate.realism_runs import Answer, SeedRuns, questions
from zemsim.calibrate.realism_table import SALES, TRAVEL, Asked, RealismTest, read_tests, unread
from zemsim.calibrate.sampling import check_share, sampled
from zemsim.experiment.experiment import load_experiment
from zemsim.experiment.progress import Progress, silent

if TYPE_CHECKING:
    from zemsim.model.world import World

#: Largest spread between seeds as a share of the effect.
MAX_SPREAD: Final = 0.2

Answers = Mapping[Asked, Answer]


@dataclass(frozen=True)
class Response:
    """What the model says of an elasticity, over all seeds.

    Attributes
    ----------
    value, plain_value : float
        Mean of the arc elasticity, and of the plain change over the change; NaN where nothing is there to divide.
    sd : float
        Standard deviation of the arc elasticity between the seeds; NaN with one seed.
    seeds : tuple of float
        The arc elasticity of each seed.
    """

    value: float
    plain_value: float
    sd: float
    seeds: tuple[float, ...]

    @property
    def spread_share(self) -> float:
        """The spread between the seeds as a share of the effect."""
        return self.sd / abs(self.value) if self.value else math.nan


@dataclass(frozen=True)
class Line:
    """A test, what the model says, and the verdict.

    Attributes
    ----------
    passed : bool or None
        None where the test is not scored, or the model cannot say it yet.
    steady : bool or None
        Whether the spread between the seeds is below a fifth of the effect; None with one seed, or if not scored.
    verdict : mapping
        The verdict in words, ``lv`` and ``en``.
    """

    test: RealismTest
    response: Response
    passed: bool | None
    steady: bool | None
    verdict: Mapping[str, str]

    def row(self, lang: str = "en") -> dict[str, Any]:
        """The line as a row for JSON."""
        t, r = self.test, self.response
        return {
            "test": t.test,
            "title": t.title[lang],
            "value": r.value,
            "plain_value": r.plain_value,
            "low": t.low,
            "high": t.high,
            "source": t.source,
            "grade": t.grade,
            "note": t.note,
            "horizon": t.horizon if not t.is_ratio else None,
            "spread_share": r.spread_share,
            "seeds": list(r.seeds),
            "passed": self.passed,
            "steady": self.steady,
            "verdict": self.verdict[lang],
            "reason": t.reason[lang] if self.passed is False else "",
        }


@dataclass(frozen=True)
class Realism:
    """All lines, and the same elasticities by group of residents.

    Attributes
    ----------
    lines : tuple of Line
        In the order of the table.
    groups : list of dict
        ``test, kind, group, value, sd``: kind is ``income``, ``area`` or ``place``.
    sample, seeds : float, int
        What was run.
    """

    lines: tuple[Line, ...]
    groups: list[dict[str, Any]]
    sample: float
    seeds: int

    @property
    def passed(self) -> bool:
        """Whether no line fails its band, and none is unsteady."""
        return not any(line.passed is False or line.steady is False for line in self.lines)


def realism(
    sample: float,
    seeds: int,
    threads: int = 1,
    progress: Progress = silent,
    tests: Sequence[RealismTest] | None = None,
    world: World | None = None,
    behaviour: Mapping[str, float] | None = None,
) -> Realism:
    """Ask the model all that the tests need, and compare.

    Parameters
    ----------
    sample : float
        Share of the households.
    seeds : int
        Seeds 1 to this number.
    threads : int
        Threads of the kernels.
    progress : callable
        Told what is done next.
    tests : sequence of RealismTest, optional
        Other tests; those of the table without it.
    world : World, optional
        A world to run, already sampled; that of the default experiment without it.
    behaviour : mapping of str to float, optional
        Parameters of the default experiment by symbol that differ from their values, within their ranges.
    """
    check_share(sample)
    load_parameters().with_values(behaviour or {})
    tests = read_tests() if tests is None else tests
    asked = questions(tests)
    numbers = tuple(range(1, seeds + 1))
    if world is None:
        progress(0, 0, "building the region and its residents")
        world = realism_world(asked, numbers, sample, threads, behaviour or {})
    total = len(numbers) * (len(asked) + 1)
    answers = []
    for position, seed in enumerate(numbers):
        done = position * (len(asked) + 1)
        progress(done, total, f"first year, seed {seed}")
        runs = SeedRuns(world, seed, threads)
        found = {}
        for number, one in enumerate(asked, 1):
            progress(done + number, total, f"{_words(one)}, seed {seed}")
            found[one] = runs.answer(one)
        runs.close()
        answers.append(found)
    progress(total, total, "comparing")
    lines = compared(tests, answers)
    return Realism(lines, _by_groups(tests, answers, Groups.of(world)), sample, seeds)


def realism_world(
    asked: Sequence[Asked], seeds: Sequence[int], sample: float, threads: int, behaviour: Mapping[str, float]
) -> World:
    """The world of the default experiment with the timetables of the changes, its first and last year simulated."""
    from zemsim.model.build import build_world
    from zemsim.region import load_region

    experiment = load_experiment()
    region, (first, last) = load_region(experiment.region), experiment.years
    policies: Any = tuple(policy_of(one, region, first + 1) for one in asked)
    changed = dataclasses.replace(experiment, days_in=(first, last), policies=policies, behaviour=dict(behaviour))
    return sampled(build_world(changed, seeds, threads), sample)


def _words(asked: Asked) -> str:
    what = f"{asked.change} times {asked.factor:g}" if asked.change else "nothing changed"
    return f"{what}, {'sales' if asked.sales else asked.horizon + ' run'}"


def compared(tests: Sequence[RealismTest], answers: Sequence[Answers]) -> tuple[Line, ...]:
    """Return a line for each test from the answers of each seed."""
    said: dict[str, Response] = {}
    for test in tests:
        if not test.is_ratio:
            said[test.test] = _summed([elasticity(test, found) for found in answers])
    for test in tests:
        if test.is_ratio:
            pairs = zip(said[test.of].seeds, said[test.over].seeds, strict=True)
            said[test.test] = _ratio(said[test.of], said[test.over], [_over(a, b) for a, b in pairs])
    return tuple(judged(test, said[test.test]) for test in tests)


def elasticity(test: RealismTest, answers: Answers) -> tuple[float, float]:
    """The arc elasticity of a test and the plain change over the change, in one seed."""
    before, after = (answers[asked] for asked in test.asked)
    q0, q1 = (float(quantity(test, answer).sum()) for answer in (before, after))
    return _arc(q0, q1, step(test, before, after))


def quantity(test: RealismTest, answer: Answer) -> np.ndarray:
    """What a test measures: float64 [income fifth, municipality, area]."""
    names = SALES if test.measure in SALES else TRAVEL
    return of_purposes(answer.count[names.index(test.measure)], test.purposes)


def step(test: RealismTest, before: Answer, after: Answer) -> float:
    """By which factor the change moved: that of the test, for departures that of the vehicle-km."""
    return after.bus_km / before.bus_km if test.change == "bus_frequency" else test.factor


def _arc(q0: float, q1: float, factor: float) -> tuple[float, float]:
    if q0 <= 0.0 or q1 <= 0.0 or factor == 1.0:
        return math.nan, math.nan
    return math.log(q1 / q0) / math.log(factor), (q1 / q0 - 1.0) / (factor - 1.0)


def _over(a: float, b: float) -> float:
    return a / b if b else math.nan


def _summed(found: Sequence[tuple[float, float]]) -> Response:
    arcs = [arc for arc, _ in found]
    sd = float(np.std(arcs, ddof=1)) if len(arcs) > 1 else math.nan
    return Response(float(np.mean(arcs)), float(np.mean([plain for _, plain in found])), sd, tuple(arcs))


def _ratio(of: Response, over: Response, seeds: Sequence[float]) -> Response:
    """A ratio of the means; that of single seeds would be biased where the denominator is small."""
    sd = float(np.std(seeds, ddof=1)) if len(seeds) > 1 else math.nan
    return Response(_over(of.value, over.value), _over(of.plain_value, over.plain_value), sd, tuple(seeds))


def judged(test: RealismTest, response: Response) -> Line:
    """Compare what the model says with the band."""
    if unread(test.needs):
        en, lv = "cannot be said: no part of the model reads {0} yet", "nevar pateikt: modelis {0} vēl nelasa"
        return Line(test, response, None, None, {"en": en.format(test.needs), "lv": lv.format(test.needs)})
    if not test.scored:
        return Line(test, response, None, None, {"en": "not scored", "lv": "netiek vērtēts"})
    steady = None if math.isnan(response.sd) else response.spread_share < MAX_SPREAD
    passed = test.inside(response.value)
    en, lv = _verdict(test, response.value)
    if steady is False:
        en, lv = f"{en}; seeds differ too much", f"{lv}; sēklas pārāk atšķiras"
    return Line(test, response, passed, steady, {"en": en, "lv": lv})


def _verdict(test: RealismTest, value: float) -> tuple[str, str]:
    """The verdict in English and Latvian."""
    if test.inside(value):
        return "inside the band", "robežās"
    if math.isnan(value):
        return "FAILED: nothing to divide by", "NEIZTURĒTS: nav ar ko dalīt"
    below = test.low is not None and value < test.low
    edge = test.low if below else test.high
    if edge is not None and (value * edge < 0.0 or edge == 0.0):
        return "FAILED: the wrong sign", "NEIZTURĒTS: pretēja zīme"
    stronger = abs(value) > abs(edge or 0.0)
    if test.is_ratio:
        high, low = ("FAILED: too high", "NEIZTURĒTS: par lielu"), ("FAILED: too low", "NEIZTURĒTS: par mazu")
        return high if stronger else low
    if stronger:
        return "FAILED: too strong", "NEIZTURĒTS: par stipru"
    return "FAILED: too weak", "NEIZTURĒTS: par vāju"


def _by_groups(tests: Sequence[RealismTest], answers: Sequence[Answers], groups: Groups) -> list[dict[str, Any]]:
    """The elasticities by group: from the sums over all seeds, and the spread between the seeds."""
    rows = []
    for test in tests:
        if test.is_ratio:
            continue
        pairs = [tuple(found[asked] for asked in test.asked) for found in answers]
        folded = [[by_group(quantity(test, answer), groups) for answer in pair] for pair in pairs]
        factor = step(test, *pairs[0])
        for kind, group in folded[0][0]:
            ends = np.array([[one[kind, group] for one in pair] for pair in folded])
            seeds = [_arc(q0, q1, factor)[0] for q0, q1 in ends.tolist()]
            sd = float(np.std(seeds, ddof=1)) if len(seeds) > 1 else math.nan
            value = _arc(float(ends[:, 0].sum()), float(ends[:, 1].sum()), factor)[0]
            rows.append({"test": test.test, "kind": kind, "group": group, "value": value, "sd": sd})
    return rows
