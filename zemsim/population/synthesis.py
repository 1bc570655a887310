"""From a region to its population: one function, the steps in order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from zemsim.population import means, people, vehicles
from zemsim.population.households import (
    HouseholdFrame,
    ages_of_municipality,
    band_totals,
    fit_households,
    lay_into_zones,
)
from zemsim.population.incomes import household_incomes
from zemsim.population.inputs import Ints, ordered_zones, populated
from zemsim.population.schools import school_zones
from zemsim.population.tables import HOUSEHOLD_DTYPES, IDS_PER_ZONE, RESIDENT_DTYPES, VEHICLE_DTYPES, Population
from zemsim.population.workplaces import workplaces
from zemsim.region.views import PeopledRegion


def synthesise(region: PeopledRegion, seed: int = 1) -> Population:
    """Make the residents of a region, in households with homes, jobs, schools and cars.

    Household types are fitted to ages and household sizes of each municipality and laid into zones of exactly the
    given population; every further attribute meets its margin or is drawn by address. Nothing depends on the order
    of rows of the region's tables.

    Parameters
    ----------
    region
        A checked region.
    seed
        Synthesis seed, the same for all runs of an experiment.
    """
    zones = ordered_zones(region)
    homes = zones[populated(zones)]
    names = sorted(homes["municipality"].unique().tolist())
    population = homes.groupby("municipality")["population"].sum()
    ages = np.stack([ages_of_municipality(region, name, int(population[name])) for name in names])
    counts = fit_households(region, np.stack([band_totals(row) for row in ages]))
    frame = lay_into_zones(homes, names, counts, seed)
    households = _households(region, zones, frame, seed)
    municipality = pd.Index(names).get_indexer(zones["municipality"].iloc[frame.zone_idx])
    residents = _residents(region, zones, frame, households, municipality, names, ages, seed)
    owner = residents["household_idx"].to_numpy()
    ids = households["household_id"].to_numpy()
    income, ratio = household_incomes(region, residents, ids, frame.size_pers, seed)
    households["income_eur_month"], residents["income_ratio"] = income.astype(np.float32), ratio.astype(np.float32)
    cars = vehicles.cars_of_municipalities(region, population[names].to_numpy(np.int64))
    licences = np.bincount(owner[residents["licence"].to_numpy()], minlength=len(households))
    area = zones["area_type"].iloc[frame.zone_idx]
    households["n_cars"] = vehicles.cars_of_households(region, households, licences, area, municipality, cars, seed)
    households, residents = _typed(households, HOUSEHOLD_DTYPES), _typed(residents, RESIDENT_DTYPES)
    fleet = _typed(vehicles.make_vehicles(region, households, seed), VEHICLE_DTYPES)
    return Population(households, residents, fleet, seed)


def _typed(table: pd.DataFrame, dtypes: object) -> pd.DataFrame:
    return table[list(dtypes)].astype(dict(dtypes))  # type: ignore[call-overload]


def _households(region: PeopledRegion, zones: pd.DataFrame, frame: HouseholdFrame, seed: int) -> pd.DataFrame:
    per_zone = np.bincount(frame.zone_idx, minlength=len(zones))
    number = np.arange(frame.zone_idx.size) - (np.cumsum(per_zone) - per_zone)[frame.zone_idx]
    ids = frame.zone_idx * IDS_PER_ZONE + number
    x, y = means.home_points(zones, frame.zone_idx, ids, seed)
    flat = means.flats(region, zones, frame.zone_idx, frame.size_pers, ids, seed)
    return pd.DataFrame(
        {
            "household_id": ids,
            "zone_idx": frame.zone_idx,
            "x_m": x,
            "y_m": y,
            "size_pers": frame.size_pers,
            "flat": flat,
            "home_charging": means.home_charging(region, flat, ids, seed),
        }
    )


def _residents(
    region: PeopledRegion,
    zones: pd.DataFrame,
    frame: HouseholdFrame,
    households: pd.DataFrame,
    municipality: Ints,
    names: list[str],
    age_counts: Ints,
    seed: int,
) -> pd.DataFrame:
    household_id = households["household_id"].to_numpy()
    table = people.members_of(frame, household_id)
    ids, owner = table["resident_id"].to_numpy(), table["household_idx"].to_numpy()
    place = municipality[owner]
    age = people.ages(table, place, household_id, age_counts, seed)
    female = people.sexes(region, table, frame.type_idx, place, names, seed)
    student = people.students(region, age, ids, seed)
    works = people.employed(region, age, student, ids, seed)
    bike, ebike = people.bicycles(region, age, ids, seed)
    home_zone = frame.zone_idx[owner]
    return table.assign(
        age=age,
        female=female,
        employed=works,
        student=student,
        licence=people.licences(region, age, female, works, ids, seed),
        bike=bike,
        ebike=ebike,
        work_zone_idx=workplaces(region, zones, home_zone, works, ids, seed),
        school_zone_idx=school_zones(region, zones, home_zone, age, student, ids, seed),
    )
