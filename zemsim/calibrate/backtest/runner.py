"""Runs a case: builds its region, fits constants to its base, makes the change, and compares with what was seen."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from zemsim.behaviour.parameters import load_parameters
from zemsim.calibrate.backtest.changes import Fare, Side
from zemsim.calibrate.backtest.fit import Fitted, fit_constants, shares_of
from zemsim.calibrate.backtest.inputs import Inputs, Usual, borrowers, prepare, stated_parameters
from zemsim.calibrate.backtest.pack import build_pack
from zemsim.calibrate.backtest.place import Place, place_types
from zemsim.calibrate.backtest.quantities import QUANTITIES, Ran, grant_recipients, mean_fare_eur
from zemsim.calibrate.backtest.settings import CaseFile, Effect
from zemsim.core.names import Powertrain, Season
from zemsim.model.build import make_supplies, rain, temperatures, timetable_keys
from zemsim.model.car_market import car_prices_keur
from zemsim.model.model import MobilityModel
from zemsim.model.world import RunSettings, World
from zemsim.policy.levers import Measure, MeasureFile
from zemsim.policy.routes import Routes
from zemsim.population import make_tours, synthesise
from zemsim.region.region import Region
from zemsim.travel.road_network import RoadNetwork
from zemsim.travel.roads import road_skim

#: Repetitions of the days of a season, and further ones of the first, whose travellers know nothing yet.
_DAY_ITERATIONS, _FIRST_ITERATIONS = 2, 2
_HEAD = {"source": "a back-test", "grade": "assumption"}
#: How often fares are scaled, and constants fitted anew, until the mean fare paid is met.
_FARE_ROUNDS = 2
#: What the model cannot say, by kinds of change and quantities, and why.
_BUYING = ("sales", "sales_share", "stock", "stock_share")
_CANNOT: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("cordon_price", "low_emission_zone"), _BUYING, "no_charge_in_purchases"),
)


@dataclass(frozen=True)
class _Policy:
    """Measures of one side of a change, as a model reads a policy."""

    id: str
    measures: Sequence[Measure]


@dataclass(frozen=True)
class Found:
    """What the model says of an effect.

    Attributes
    ----------
    effect : as the case states it.
    values : by seed; empty where the model cannot say.
    cannot : key of the reason why it cannot, else None.
    """

    effect: Effect
    values: tuple[float, ...]
    cannot: str | None = None

    @property
    def value(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.values)) if self.values else float("nan")

    @property
    def reason(self) -> str | None:
        """Key of the reason why there is no figure: what the model leaves out, or nothing to compare with."""
        return "nothing_to_compare" if self.cannot is None and np.isnan(self.value) else self.cannot

    @property
    def sd(self) -> float:
        """Standard deviation over the seeds; not known of one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else float("nan")

    @property
    def passed(self) -> bool | None:
        """Whether the mean lies in the band; None if the model cannot say."""
        if self.reason is not None:
            return None
        return bool(self.effect.band.low <= self.value <= self.effect.band.high)


@dataclass(frozen=True)
class CaseResult:
    """A case that was run.

    Attributes
    ----------
    case : the file.
    found : one for each effect.
    base_error_points : by seed, the largest difference of a share of the base; empty without shares.
    fitted : the constants of the case.
    without_way_share : tours that no mode could make, of all.
    """

    case: CaseFile
    found: tuple[Found, ...]
    base_error_points: tuple[float, ...]
    fitted: Fitted
    without_way_share: float


def run_case(case: CaseFile, seeds: int, say: Callable[[str], None] = lambda text: None) -> CaseResult:
    """Run a case with the seeds 1 to ``seeds``; the same luck before and after the change."""
    place = place_of(case)
    say("building its region")
    with tempfile.TemporaryDirectory(prefix="zemsim-backtest-") as folder:
        prices = {key: figure.value for key, figure in case.base.prices.items()} | case.change.prices()
        region = build_pack(place, prices, Path(folder) / "region")
        return _Runner(case, place, region, seeds, say).run()


def place_of(case: CaseFile) -> Place:
    """The place of a case, with its figures, those of the change first."""
    types = place_types()
    usual = types[case.place.type]
    own = {
        key: replace(usual[key], value=figure.value, grade=figure.grade, reason=figure.source)
        for key, figure in case.place.figures.items()
    }
    for key, value in case.change.figures().items():
        own[key] = replace(usual[key], value=value, grade=case.change.grade, reason=case.change.source)
    return Place.of(case.place.type, case.place.residents, own)


class _Runner:
    """A case on its region, seed after seed; one model at a time."""

    def __init__(self, case: CaseFile, place: Place, region: Region, seeds: int, say: Callable[[str], None]) -> None:
        self.case, self.place, self.region, self.seeds, self.say = case, place, region, seeds, say
        first, last = case.case.first_year - 1, case.case.first_year + case.case.years - 1
        self.settings = RunSettings(
            years=tuple(range(first, last + 1)),
            days_in=(first, last),
            seasons=tuple(Season[name.upper()] for name in case.case.seasons),
            day_iterations=_DAY_ITERATIONS,
            first_iterations=_FIRST_ITERATIONS,
            adapt=case.case.horizon == "long",
        )
        self.set_fares(1.0)

    def set_fares(self, factor: float) -> None:
        """Make the measures of both sides, at a factor on the fares of the region."""
        side = Side(self.place, self.case.case.first_year, factor)
        self.fare_factor = factor
        self.before, self.after = (self._measures(after, side) for after in (False, True))

    def _measures(self, after: bool, side: Side) -> tuple[Measure, ...]:
        networks = list(Routes.of_folder(self.region.gtfs_folder).network_ids)
        rows = []
        for number, lever in enumerate(self.case.change.levers(after, side)):
            steps = any(isinstance(value, dict) and str(side.year) in value for value in lever.values())
            wanted = {"networks": networks} if lever.get("networks") == "all" else {}
            first = side.year - 1 if steps else side.year
            rows.append({**_HEAD, "id": f"change-{number}", "from_year": first, **lever, **wanted})
        return MeasureFile.of(rows) if rows else ()

    def run(self) -> CaseResult:
        """All seeds; the constants are fitted on the first and hold for the others."""
        population = synthesise(self.region)
        network = RoadNetwork.from_region(self.region)
        skim = road_skim(network)
        policies = [_Policy("before", self.before), _Policy("after", self.after)]
        supplies = make_supplies(self.region, timetable_keys(self.region, policies, self.settings.years))
        world = World(
            region=self.region,
            population=population,
            network=network,
            road_skim=skim,
            supplies=supplies,
            tours={},
            parameters=stated_parameters(load_parameters(), self.case.base, self.case.case.first_year),
            settings=replace(self.settings, adapt=False),  # while constants are fitted
            temperature_c=temperatures(self.region),
            rain_mm_day=rain(self.region),
        )
        fitted: Fitted | None = None
        values: list[list[float]] = [[] for _ in self.case.effect]
        errors, without = [], []
        for seed in range(1, self.seeds + 1):
            tours = {seed: make_tours(self.region, population, skim.distance_km, seed)}
            if fitted is None:
                self.say("fitting constants to its base")
                with closing(_OneSeed(self, replace(world, tours=tours), seed)) as one:
                    fitted = one.fit()
            self.say(f"seed {seed} of {self.seeds}")
            of_seed = replace(world, tours=tours, parameters=fitted.parameters, settings=self.settings)
            with closing(_OneSeed(self, of_seed, seed)) as one:
                found, error, lost = one.effects()
            for position, value in enumerate(found):
                values[position].append(value)
            errors += error
            without.append(lost)
        assert fitted is not None
        results = [
            Found(effect, () if (why := cannot_say(self.case, effect)) else tuple(values[k]), why)
            for k, effect in enumerate(self.case.effect)
        ]
        return CaseResult(self.case, tuple(results), tuple(errors), fitted, float(np.mean(without)))


class _OneSeed:
    """One seed of a case: its model, run before and after the change."""

    def __init__(self, runner: _Runner, world: World, seed: int) -> None:
        self.runner, self.case = runner, runner.case
        self.inputs = Inputs(self.case.change, self.case.case.first_year)
        self.model = MobilityModel(world, seed, schedule=self.inputs.schedule())

    def fit(self) -> Fitted:
        """Fit the constants, and the fares so that the mean of those paid is what the case states."""
        change = self.case.change
        fitted = fit_constants(self.model, self.case.base, self.run_base)
        if not isinstance(change, Fare):
            return fitted
        for _ in range(_FARE_ROUNDS):
            paid = mean_fare_eur(self.run_base())
            self.runner.set_fares(self.runner.fare_factor * change.before_eur / paid)
            fitted = fit_constants(self.model, self.case.base, self.run_base)
        return fitted

    def close(self) -> None:
        """Let go of the model."""
        self.model.close()

    def run_base(self) -> Ran:
        """The year before the change."""
        self._start(False)
        self.model.run_year()
        return self._ran()

    def run(self, after: bool) -> Ran:
        """All years, before or after the change."""
        self._start(after)
        self.model.run()
        return self._ran()

    def _start(self, after: bool) -> None:
        self.inputs.after = after
        self.model.start("after" if after else "before", self.runner.after if after else self.runner.before)

    def _ran(self) -> Ran:
        change = self.case.change
        lent, hybrids = borrowers(self.model, change), change.kind == "purchase_grant" and change.after_phev_eur > 0.0
        scale = 1.0 / self.runner.place.sample_share
        return Ran(self.model, self.model.records, self.case.case.first_year, scale, lent, hybrids)

    def base_error_points(self, base: Ran) -> list[float]:
        """The largest difference of a share of the base, percentage points; none without shares."""
        wanted = self.case.base.mode_share
        if wanted is None:
            return []
        found, target = shares_of(base, wanted), wanted.shares()
        return [100.0 * max(abs(found[name] - target[name]) for name in target)]

    def effects(self) -> tuple[list[float], list[float], float]:
        """Value of each effect, error of the base in percentage points, share of tours without a way."""
        usual = Usual(self.model.parameters, self.model.world)
        error = self.base_error_points(self.run_base())
        tours = sum(plan.n_tours for plan in self.model.plans.values()) * len(self.model.world.settings.seasons)
        lost = self.model.book.counts["no_alternative"] / max(1, tours)
        before = self._count(False, usual)
        change = self.case.change
        after = before if change.kind == "none" else self._count(True, usual)
        prepare(self.model, self.case.change, False, usual)
        ratio = change.ratio() or (before.net_price_eur, after.net_price_eur)
        recipients = change.mixed(0.0, after.recipients_pers)
        values = []
        for k, effect in enumerate(self.case.effect):
            first = 0.0 if effect.of == "grant_recipients" else before.values[k]
            mixed = change.mixed(first, after.values[k])
            values.append(form_value(effect, before.values[k], mixed, ratio, recipients))
        return values, error, lost

    def _count(self, after: bool, usual: Usual) -> _Side:
        """Run one side of the change and count what the effects ask for."""
        prepare(self.model, self.case.change, after, usual)
        ran = self.run(after)
        return _Side(
            [QUANTITIES[effect.of](ran, effect) for effect in self.case.effect],
            grant_recipients(ran, self.case.effect[0]),
            _net_bev_price(self.model, self.case, after),
        )


@dataclass(frozen=True)
class _Side:
    """What was counted before or after the change: for each effect, buyers with a grant, net price of a new BEV."""

    values: list[float]
    recipients_pers: float
    net_price_eur: float


def _net_bev_price(model: MobilityModel, case: CaseFile, after: bool) -> float:
    """Price of a new battery-electric car after the part of the grant that reaches its buyer, EUR."""
    p, change = model.parameters, case.change
    price = 1000.0 * float(car_prices_keur(p, case.case.first_year)[2 * Powertrain.BEV])
    if change.kind != "purchase_grant":
        return price
    return price - p["passthru"] * (change.after_new_eur if after else change.before_new_eur)


def form_value(effect: Effect, before: float, after: float, ratio: tuple[float, float], recipients: float) -> float:
    """An effect in its form, from what was counted before and after.

    ``relative``: 100 (after / before - 1). ``points``: 100 (after - before). ``elasticity``: ln(after / before) over
    the same of the change. ``level``: after; of what a grant adds: (after - before) / buyers with a grant.
    """
    if effect.of == "grant_additional_share":
        return (after - before) / recipients if recipients else float("nan")
    if effect.form == "level":
        return after
    if effect.form == "points":
        return 100.0 * (after - before)
    if not before > 0.0:
        return float("nan")
    if effect.form == "relative":
        return 100.0 * (after / before - 1.0)
    return float(np.log(after / before) / np.log(ratio[1] / ratio[0])) if after > 0.0 else float("nan")


def cannot_say(case: CaseFile, effect: Effect) -> str | None:
    """Key of the reason why the model cannot say an effect; None if it can."""
    for kinds, quantities, reason in _CANNOT:
        if case.change.kind in kinds and effect.of in quantities:
            return reason
    return None


__all__ = ["CaseResult", "Found", "run_case"]
