"""What all cases of an experiment share: built once, kept under the run's work folder, and mapped by the workers."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from zemsim.core import fingerprint
from zemsim.core.schema import schema
from zemsim.evidence.factors import Factors, load_factors
from zemsim.evidence.indicators import Setting
from zemsim.evidence.places import QUINTILES
from zemsim.evidence.verdicts import case_verdicts, verdict
from zemsim.experiment.run_writer import Identity

if TYPE_CHECKING:
    from zemsim.experiment.experiment import Experiment
    from zemsim.model.model import MobilityModel
    from zemsim.model.world import TimetableKey, TransitSupply, World
    from zemsim.population import Population
    from zemsim.region import Region

#: Libraries whose versions can change a bit of the results.
LIBRARIES: Final = ("mesa", "numba", "numpy", "pandas", "pyarrow", "pyproj", "scipy", "shapely")

PREPARED: Final = "prepared"

_POPULATION: Final = ("households", "residents", "vehicles")


@dataclass(frozen=True)
class SpineEngine:
    """An experiment as the runner sees it; see :class:`zemsim.experiment.worker.Engine`.

    Attributes
    ----------
    experiment : Experiment
        What is asked.
    threads : int
        Threads of what is built before the cases.
    """

    experiment: Experiment
    threads: int = 1

    @classmethod
    def of(cls, experiment: Experiment | str | Path | None, threads: int | None = None) -> SpineEngine:
        """Return the engine of an experiment, of its file, or of the default one."""
        from zemsim.experiment.experiment import load_experiment
        from zemsim.experiment.runner import cores

        if experiment is None or isinstance(experiment, (str, Path)):
            experiment = load_experiment(experiment)
        return cls(experiment, cores() if threads is None else threads)

    def identity(self) -> Identity:
        """Return the digests of code, its tables, libraries, region and experiment."""
        return Identity(
            {
                "code": fingerprint.of_code(),
                "tables": fingerprint.of_folder(Path(__file__).parents[1], suffixes=(".csv",)),
                "libraries": fingerprint.of_json(_versions()),
                "region": self._region().digest(),
                "experiment": self.experiment.digest(),
            }
        )

    def describe(self) -> dict[str, Any]:
        """Return what the manifest says besides cases, files and timings."""
        from zemsim import __version__
        from zemsim.region import describe

        region = self._region()
        return {
            "experiment": self.experiment.resolved(),
            "years": list(self.experiment.all_years),
            "simulated_years": list(self.experiment.days_in),
            "region": {"name": region.name, "title": dict(region.title), "digest": region.digest()},
            "region_summary": describe(region)["evidence"],
            "municipalities": region.municipalities["municipality"].tolist(),
            "factors": factors_of(region).rows(),
            "versions": {"zemsim": __version__, **_versions()},
            "outline": {"type": "FeatureCollection", "features": [dict(feature) for feature in region.outline]},
        }

    def cases(self) -> list[tuple[str, int]]:
        """Return every policy with every seed."""
        return [(policy.id, seed) for policy in self.experiment.policies for seed in self.experiment.seeds]

    def prepare(self, work: Path, step: Callable[[str], None]) -> None:
        """Build population, roads, a skim for each distinct timetable, and tours for each seed."""
        from zemsim.model.build import make_supplies, run_settings, timetable_keys
        from zemsim.population import make_tours, synthesise
        from zemsim.travel.road_network import RoadNetwork
        from zemsim.travel.roads import road_skim

        folder = work / PREPARED
        folder.mkdir(parents=True, exist_ok=True)
        region, experiment = self._region(), self.experiment
        step("population")
        population = synthesise(region)
        for name in _POPULATION:
            _save(folder / f"{name}.parquet", getattr(population, name))
        step("roads")
        skim = road_skim(RoadNetwork.from_region(region), threads=self.threads)
        skim.save(folder / "roads")
        step("timetables")
        keys = timetable_keys(region, experiment.policies, run_settings(experiment).years)
        supplies = make_supplies(region, keys, self.threads)
        for position, key in enumerate(keys):
            supplies[key].skim.save(folder / f"timetable-{position}")
        for seed in experiment.seeds:
            step(f"tours, seed {seed}")
            tours = make_tours(region, population, skim.distance_km, seed)
            tours = with_transit_km(tours, population, supplies[()], self.threads)
            _save(folder / f"tours-{seed}.parquet", tours)

    def open(self, work: Path) -> World:
        """Return the world that :meth:`prepare` left; skims are mapped, and shared between workers."""
        from zemsim.behaviour.parameters import load_parameters
        from zemsim.model.build import run_settings, temperatures, timetable_keys
        from zemsim.model.world import TransitSupply, World
        from zemsim.population import Population
        from zemsim.travel.road_network import RoadNetwork
        from zemsim.travel.roads import RoadSkim
        from zemsim.travel.timetable import Timetable
        from zemsim.travel.transit import TransitSkim

        folder = work / PREPARED
        region, experiment = self._region(), self.experiment
        settings = run_settings(experiment)
        base = Timetable.from_region(region)
        supplies: dict[TimetableKey, TransitSupply] = {}
        for position, key in enumerate(timetable_keys(region, experiment.policies, settings.years)):
            skim = TransitSkim.load(folder / f"timetable-{position}")
            supplies[key] = TransitSupply(base.scaled(key) if key else base, _writable(skim))
        tables = {name: pq.read_table(folder / f"{name}.parquet").to_pandas() for name in _POPULATION}
        return World(
            region=region,
            population=Population(**tables, seed=1),
            network=RoadNetwork.from_region(region),
            road_skim=RoadSkim.load(folder / "roads", mmap=False),
            supplies=supplies,
            tours=_Tours(folder, experiment.seeds),
            parameters=load_parameters().with_values(experiment.behaviour),
            settings=settings,
            temperature_c=temperatures(region),
        )

    def shared_tables(self, world: World) -> dict[str, pd.DataFrame]:
        """Return the table ``zones``."""
        return {"zones": zones_table(world.region)}

    def seed_tables(self, world: World, seed: int) -> dict[str, pd.DataFrame]:
        """Return ``persons``, the same for every seed, and ``tours``."""
        return {"persons": persons_table(world.region, world.population), "tours": world.tours[seed]}

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
        )

    def verdicts(self, world: World) -> list[dict[str, Any]]:
        """Return checks of what all cases share."""
        apart = np.isinf(world.road_skim.time_min)
        gate = np.flatnonzero((world.region.zones["kind"] == "gate").to_numpy())
        apart[gate, gate] = False  # a gate has no inside
        unreachable = int(apart.sum())
        return [
            verdict(
                "roads-connected",
                unreachable == 0,
                unreachable,
                f"Pairs of zones without a way by road: {unreachable:,}",
                f"Zonu pāri bez ceļa: {unreachable:,}",
            )
        ]

    def build(self, world: World, seed: int, threads: int) -> MobilityModel:
        """Return a new model of a seed."""
        from zemsim.model.model import MobilityModel

        return MobilityModel(world, seed, threads)

    def simulate(
        self, world: World, model: MobilityModel, policy: str, setting: Setting
    ) -> tuple[dict[str, pd.DataFrame], list[dict[str, Any]]]:
        """Run all years of a policy; return its tables and verdicts."""
        model.start(policy, self.experiment.policy(policy).measures)
        tables = model.run()
        return tables, case_verdicts(tables, setting, model.book.counts)

    def close(self, model: MobilityModel) -> None:
        """Let a model go."""
        model.close()

    def _region(self) -> Region:
        from zemsim.region import load_region

        return load_region(self.experiment.region)


class _Tours(Mapping[int, pd.DataFrame]):
    """Tours by seed, read when they are asked for; one seed at a time stays in memory."""

    def __init__(self, folder: Path, seeds: tuple[int, ...]) -> None:
        self._folder = folder
        self._seeds = seeds
        self._kept: dict[int, pd.DataFrame] = {}

    def __getitem__(self, seed: int) -> pd.DataFrame:
        if seed not in self._kept:
            self._kept = {seed: pq.read_table(self._folder / f"tours-{seed}.parquet").to_pandas()}
        return self._kept[seed]

    def __iter__(self) -> Iterator[int]:
        return iter(self._seeds)

    def __len__(self) -> int:
        return len(self._seeds)


def factors_of(region: Region) -> Factors:
    """Return the emission factors with the grid of the region's price table."""
    prices = region.prices.set_index("key")
    key = "grid_gco2e_kwh"
    if key not in prices.index:
        return load_factors()
    return load_factors().with_grid(region.price(key), str(prices.loc[key, "source"]))


def with_transit_km(
    tours: pd.DataFrame, population: Population, supply: TransitSupply, threads: int = 1
) -> pd.DataFrame:
    """Return the tours with ``bus_km`` and ``train_km`` under a timetable, float32 [R]; NaN where there is no way."""
    from zemsim.travel.transit_options import transit_options

    household = population.residents["household_idx"].to_numpy()[tours["resident_idx"].to_numpy()]
    options = transit_options(
        supply.timetable,
        supply.skim,
        population.households[["x_m", "y_m"]].to_numpy()[household],
        tours[["dest_x_m", "dest_y_m"]].to_numpy(),
        tours["period_out"].to_numpy(),
        tours["period_back"].to_numpy(),
        threads=threads,
    )
    km = {
        f"{mode}_km": np.where(option["available"], option["km"], np.float32(np.nan)).astype(np.float32)
        for mode, option in options.items()
    }
    return tours.assign(**km)


def persons_table(region: Region, population: Population) -> pd.DataFrame:
    """Return the table ``persons``; fifths are of equal size by ``income_ratio``, ties to the lower resident."""
    people = population.residents
    n = len(people)
    household = people["household_idx"].to_numpy()
    zone = population.households["zone_idx"].to_numpy()[household]
    names = pd.Index(region.municipalities["municipality"])
    place = names.get_indexer(region.zones["municipality"])
    order = np.argsort(people["income_ratio"].to_numpy(), kind="stable")
    fifth = np.empty(n, np.int8)
    fifth[order] = np.arange(n) * QUINTILES // max(n, 1) + 1
    urban = region.zones["area_type"].isin(("city", "town")).to_numpy()
    columns = {name: people[name].to_numpy() for name in ("age", "female", "employed", "student", "licence")}
    return pd.DataFrame(
        {
            "resident_idx": np.arange(n, dtype=np.int32),
            "resident_id": people["resident_id"].to_numpy(),
            "household_idx": household,
            "zone_idx": zone,
            "municipality_idx": place[zone],
            "work_zone_idx": people["work_zone_idx"].to_numpy(),
            **columns,
            "income_ratio": people["income_ratio"].to_numpy(),
            "quintile": fifth,
            "urban": urban[zone],
        }
    )


def zones_table(region: Region) -> pd.DataFrame:
    """Return the table ``zones``."""
    names = [name for name in schema("zones").column_names if name != "zone_idx"]
    zones = region.zones[names].reset_index(drop=True)
    texts = [column.name for column in schema("zones").columns if column.is_text]
    zones[texts] = zones[texts].fillna("")
    zones.insert(0, "zone_idx", np.arange(len(zones), dtype=np.int32))
    return zones


def _versions() -> dict[str, str]:
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python, **{name: version(name) for name in LIBRARIES}}


def _save(path: Path, table: pd.DataFrame) -> None:
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path, compression="zstd")


def _writable(skim: Any) -> Any:
    """Return a skim whose read-only maps are copy-on-write maps of the same files.

    The pages are shared all the same, and kernels that were compiled for ordinary arrays serve.
    """
    changes = {}
    for item in dataclasses.fields(skim):
        array = getattr(skim, item.name)
        if isinstance(array, np.memmap) and array.filename is not None:
            again = np.memmap(array.filename, array.dtype, "c", array.offset, array.shape)
            changes[item.name] = np.asarray(again)
    return dataclasses.replace(skim, **changes)
