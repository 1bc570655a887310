"""An experiment on a region as the runner sees it: who it is, what all cases share, and how a case is computed."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from zemsim.core import fingerprint
from zemsim.core.errors import ZemsimError
from zemsim.evidence.factors import Factors, load_factors
from zemsim.evidence.indicators import Setting
from zemsim.evidence.shared_car_checks import shared_car_verdicts
from zemsim.evidence.verdicts import case_verdicts, verdict
from zemsim.experiment import prepared, rehearsal
from zemsim.experiment.engine import Made, Part
from zemsim.experiment.population_years import population_verdicts, residence_of, with_spans
from zemsim.experiment.run_writer import Identity
from zemsim.experiment.shared_tables import draws_table, persons_table, with_transit_km, zones_table

if TYPE_CHECKING:
    from zemsim.behaviour.parameters import Parameters
    from zemsim.experiment.experiment import Experiment
    from zemsim.model.model import MobilityModel
    from zemsim.model.short_run import ShortRun
    from zemsim.model.world import TimetableKey, TransitSupply, World
    from zemsim.region import Region
    from zemsim.travel.roads import RoadSkim
    from zemsim.travel.timetable import Timetable

#: Libraries whose versions can change a bit of the results.
LIBRARIES: Final = ("mesa", "numba", "numpy", "pandas", "pyarrow", "pyproj", "scipy", "shapely")

_TOURS: Final = "tours-"
_COMPILING: Final = "compiling, only the first time"


@dataclass(frozen=True)
class SpineEngine:
    """An experiment as the runner sees it; see :class:`zemsim.experiment.engine.Engine`.

    Attributes
    ----------
    experiment : Experiment
        What is asked.
    """

    experiment: Experiment

    @classmethod
    def of(
        cls,
        experiment: Experiment | str | Path | None,
        region: str | Path | None = None,
        seeds: int | Sequence[int] | None = None,
        draws: Sequence[str | Path] | None = None,
    ) -> SpineEngine:
        """Return the engine of an experiment, its file, or the default one; the others replace what it says."""
        from zemsim.experiment.experiment import load_experiment

        if experiment is None or isinstance(experiment, (str, Path)):
            return cls(load_experiment(experiment, region=region).with_settings(seeds=seeds, draws=draws))
        return cls(experiment.with_settings(region=region, seeds=seeds, draws=draws))

    def __reduce__(self) -> Any:
        return type(self), (self.experiment,)  # what was read stays in its process

    def name(self) -> str:
        """Return the id of the experiment."""
        return self.experiment.id

    def identity(self) -> Identity:
        """Return the digests of code, its tables, libraries, region and experiment."""
        return Identity(
            {
                **program_digests(),
                "region": self._digest_now(),
                "experiment": self.experiment.digest(),
            }
        )

    def describe(self) -> dict[str, Any]:
        """Return what the manifest says besides cases, files and timings."""
        from zemsim import __version__
        from zemsim.region import describe

        region = self._region
        about = describe(region)
        return {
            "experiment": self.experiment.resolved(),
            "years": list(self.experiment.all_years),
            "simulated_years": list(self.experiment.days_in),
            "first_change": self.experiment.first_change,
            "region": {"name": region.name, "title": dict(region.title), "digest": region.digest()},
            "region_summary": about["evidence"],
            "active_ways": about["active_ways"],
            "municipalities": region.municipalities["municipality"].tolist(),
            "factors": factors_of(region).rows(),
            "versions": {"zemsim": __version__, **_versions()},
            "outline": {"type": "FeatureCollection", "features": [dict(feature) for feature in region.outline]},
        }

    def cases(self) -> list[tuple[str, int]]:
        """Return every policy with every seed."""
        return [(policy.id, seed) for policy in self.experiment.policies for seed in self.experiment.seeds]

    def parts(self, processes: int) -> list[Part]:
        """Return population, roads, timetables and tours; where many processes would compile, a rehearsal too."""
        found = [
            Part("population", "population"),
            Part("roads", "roads"),
            Part("timetable", "timetable"),
            Part("timetables", "timetables of the policies", ("timetable",)),
        ]
        before: tuple[str, ...] = ("population", "roads", "timetable")
        if processes > 2 and not rehearsal.is_compiled(_versions()):  # two compile side by side as fast as one before
            found.append(Part("rehearsal-tours", _COMPILING, ("population", "roads")))
            found.append(Part("rehearsal", _COMPILING, ("rehearsal-tours",)))
            before = (*before, "rehearsal-tours")
        seeds = self.experiment.seeds
        return found + [Part(f"{_TOURS}{seed}", f"tours, seed {seed}", before, seed) for seed in seeds]

    def prepare(self, work: Path, part: str, threads: int) -> Made:
        """Build a part."""
        folder = work / prepared.PREPARED
        folder.mkdir(parents=True, exist_ok=True)
        if part.startswith(_TOURS):
            return self._prepare_tours(folder, int(part.removeprefix(_TOURS)), threads)
        if part.startswith("rehearsal"):
            return self._rehearse(folder, with_model=part == "rehearsal")
        builders = {
            "population": self._prepare_population,
            "roads": self._prepare_roads,
            "timetable": self._prepare_timetable,
            "timetables": self._prepare_timetables,
        }
        return builders[part](folder, threads)

    def open(self, work: Path) -> World:
        """Return the world that was prepared; skims are mapped, and shared between workers."""
        folder = work / prepared.PREPARED
        return self._world(folder, prepared.load_supplies(folder, self._timetable))

    def setting(self, world: World, seed: int, tables: Mapping[str, pd.DataFrame]) -> Setting:
        """Return what the indicators of a seed need."""
        settings = world.settings
        return Setting(
            zones=tables["zones"],
            persons=tables["persons"],
            tours=tables["tours"],
            years=settings.years,
            simulated=settings.days_in,
            factors=factors_of(world.region),
            seasons=settings.seasons,
            first_change=self.experiment.first_change,
            residence=residence_of(world, seed),
        )

    def build(self, world: World, seed: int, threads: int) -> MobilityModel:
        """Return a new model of a seed."""
        from zemsim.model.model import MobilityModel

        return MobilityModel(world, seed, threads)

    def simulate(self, world: World, model: MobilityModel, policy: str) -> dict[str, pd.DataFrame]:
        """Run all years of a policy and return its tables."""
        model.start(policy, self.experiment.policy(policy).measures)
        tables: dict[str, pd.DataFrame] = model.run()
        return tables

    def short_run(self, model: MobilityModel, policy: str) -> ShortRun | None:
        """Run what a policy does at once, for the seeds that the experiment names."""
        from zemsim.model.short_run import short_run

        if model.seed not in self.experiment.seeds[: self.experiment.short_run_seeds]:
            return None
        return short_run(model, policy, self.experiment.policy(policy).measures)

    def verdicts(
        self, model: MobilityModel, tables: Mapping[str, pd.DataFrame], setting: Setting
    ) -> list[dict[str, Any]]:
        """Return the checks of the case that the model has just run."""
        own = shared_car_verdicts(
            tables["shared_car_trips"], tables["car_stations"], tables["payments"], setting.season_days
        )
        return case_verdicts(tables, setting, model.book.counts) + own

    def close(self, model: MobilityModel) -> None:
        """Let a model go."""
        model.close()

    def _prepare_population(self, folder: Path, threads: int) -> Made:
        from zemsim.model.build import make_population

        population, change, off = make_population(self._region, self.experiment)
        prepared.save_population(folder, population)
        tables = {"zones": zones_table(self._region), **draws_table(self.experiment, self._parameters)}
        if change is None:
            return Made(tables)
        prepared.save_change(folder, change)
        told = population_verdicts(population, change, off, self.experiment.all_years)
        return Made(tables, told)

    def _prepare_roads(self, folder: Path, threads: int) -> Made:
        from zemsim.travel.road_network import RoadNetwork
        from zemsim.travel.roads import road_skim

        skim = road_skim(RoadNetwork.from_region(self._region), threads=threads)
        prepared.save_roads(folder, skim)
        if self._region.active_links is not None:
            self._prepare_active(folder, threads)
        return Made(verdicts=[self._roads_verdict(skim)])

    def _prepare_active(self, folder: Path, threads: int) -> None:
        from zemsim.travel.active import ActiveRules
        from zemsim.travel.active_ways import ActiveWays

        ways = ActiveWays.of(self._region, self._timetable, ActiveRules.of(self._parameters), threads)
        if ways is not None:
            prepared.save_active(folder, ways)

    def _prepare_timetable(self, folder: Path, threads: int) -> Made:
        from zemsim.model.world import TransitSupply
        from zemsim.travel.transit import transit_skim

        base = self._timetable
        prepared.save_supply(folder, 0, TransitSupply(base, transit_skim(base, threads=threads)))
        return Made()

    def _prepare_timetables(self, folder: Path, threads: int) -> Made:
        from zemsim.model.build import make_supplies, run_settings, timetable_keys

        keys = timetable_keys(self._region, self.experiment.policies, run_settings(self.experiment).years)
        supplies = make_supplies(self._region, keys[1:], threads)
        for position, key in enumerate(keys[1:], 1):
            prepared.save_supply(folder, position, supplies[key])
        prepared.save_keys(folder, keys)
        return Made()

    def _prepare_tours(self, folder: Path, seed: int, threads: int) -> Made:
        from zemsim.model.build import make_tours_in

        world = self._world(folder, {(): prepared.load_supply(folder, 0, self._timetable)})
        detour = None if world.active is None else world.active.detour
        km, change = world.road_skim.distance_km, world.change
        tours = make_tours_in(self._region, world.population, change, world.settings, km, seed, detour)
        told = [_tours_verdict(int(tours.attrs["left_off"]), seed), *_size_verdict(tours.attrs["short_km"], seed)]
        tours = with_transit_km(tours, world.of_seed(seed), threads)
        prepared.Tours.save(folder, seed, tours)
        tables = {"persons": persons_table(self._region, world.population, change), "tours": tours}
        return Made(tables if change is None else with_spans(tables, change), told)

    def _rehearse(self, folder: Path, with_model: bool) -> Made:
        """Let numba compile; where few residents cannot live in this region, the workers compile for themselves."""
        try:
            world = rehearsal.world_of_few(self._world(folder, {}), self._timetable)
            if with_model:
                rehearsal.rehearse(world)
        except ZemsimError as error:
            return Made(notes=(f"kernels were not compiled beforehand: {error}",))
        if with_model:
            rehearsal.mark_compiled(_versions())
        return Made()

    def _world(self, folder: Path, supplies: Mapping[TimetableKey, TransitSupply]) -> World:
        from zemsim.model.build import rain, run_settings, temperatures
        from zemsim.model.world import World
        from zemsim.travel.road_network import RoadNetwork

        region, experiment = self._region, self.experiment
        return World(
            region=region,
            population=prepared.load_population(folder),
            network=RoadNetwork.from_region(region),
            road_skim=prepared.load_roads(folder),
            supplies=supplies,
            tours=prepared.Tours(folder, experiment.seeds),
            parameters=self._parameters,
            settings=run_settings(experiment),
            temperature_c=temperatures(region),
            rain_mm_day=rain(region),
            active=prepared.load_active(folder),
            change=prepared.load_change(folder),
            draws=experiment.draws,
        )

    def _roads_verdict(self, skim: RoadSkim) -> dict[str, Any]:
        apart = np.isinf(skim.time_min)
        gate = np.flatnonzero((self._region.zones["kind"] == "gate").to_numpy())
        apart[gate, gate] = False  # a gate has no inside
        unreachable = int(apart.sum())
        return verdict(
            "roads-connected",
            unreachable == 0,
            unreachable,
            "Pairs of zones without a way by road: {pairs}",
            "Zonu pāri, starp kuriem nav ceļa: {pairs}",
            pairs=(unreachable, 0, ""),
        )

    def _digest_now(self) -> str:
        from zemsim.region.region import digest_pack, find_pack

        return digest_pack(find_pack(self.experiment.region))

    @cached_property
    def _parameters(self) -> Parameters:
        from zemsim.behaviour.parameters import load_parameters

        return load_parameters().with_values(self.experiment.behaviour)

    @cached_property
    def _region(self) -> Region:
        from zemsim.region import standing_region

        return standing_region(self.experiment.region)

    @cached_property
    def _timetable(self) -> Timetable:
        from zemsim.travel.timetable import Timetable

        return Timetable.from_region(self._region)


def _tours_verdict(left_off: int, seed: int) -> dict[str, Any]:
    row = verdict(
        "tours-fit-the-day",
        left_off == 0,
        left_off,
        "Tours left off because no day could hold them: {tours}; none is fine",
        "Braucieni, kas atmesti, jo neietilpa dienā: {tours}; nedrīkst būt neviena",
        tours=(left_off, 0, ""),
    )
    return {**row, "seed": seed}


def _size_verdict(short_km: Mapping[str, tuple[float, float]], seed: int) -> list[dict[str, Any]]:
    """Say for how many purposes the region is too small to hold the surveyed distance; no row for none."""
    if not short_km:
        return []
    wanted, most = max(short_km.values())
    row = verdict(
        "region-holds-distances",
        False,
        len(short_km),
        "Purposes for which the region is too small to hold the surveyed distance: {purposes}; "
        "the longest is {wanted} km, and the region allows {most} km",
        "Nolūki, kuru apsekojuma attālumam reģions ir par mazu: {purposes}; "
        "garākais ir {wanted} km, un reģions pieļauj {most} km",
        purposes=(len(short_km), 0, ""),
        wanted=(wanted, 1, ""),
        most=(most, 1, ""),
    )
    return [{**row, "seed": seed}]


def factors_of(region: Region) -> Factors:
    """Return the emission factors with the grid of the region's price table."""
    prices = region.prices.set_index("key")
    key = "grid_gco2e_kwh"
    if key not in prices.index:
        return load_factors()
    return load_factors().with_grid(region.price(key), str(prices.loc[key, "source"]))


def program_digests() -> dict[str, str]:
    """Return the digests of zemsim's code, of its tables, and of Python and the libraries."""
    return {
        "code": fingerprint.of_code(),
        "tables": fingerprint.of_folder(Path(__file__).parents[1], suffixes=(".csv",)),
        "libraries": fingerprint.of_json(_versions()),
    }


def _versions() -> dict[str, str]:
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python, **{name: version(name) for name in LIBRARIES}}
