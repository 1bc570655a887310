"""The population against the figures it should meet: one table, honest where it misses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from zemsim.core.names import PETROL_BURNERS, Powertrain
from zemsim.population import vehicles
from zemsim.population.households import ages_of_municipality
from zemsim.population.income_report import income_rows
from zemsim.population.inputs import (
    anchor_of,
    assumed,
    capital_zone,
    ordered_zones,
    populated,
    share,
)
from zemsim.population.tables import Population
from zemsim.region.views import PeopledRegion

Row = tuple[str, float, float, str]


def margins_report(population: Population, region: PeopledRegion) -> pd.DataFrame:
    """Compare a population with its margins.

    Returns
    -------
    Columns ``margin, target, value, difference, source``. ``source`` is a ``fact_id``, the key of an assumption, or a
    column of the region. Shares are 0 to 1.
    """
    zones = ordered_zones(region)
    people = population.residents.assign(
        zone_idx=population.home_zone_idx(),
        municipality=zones["municipality"].to_numpy()[population.home_zone_idx().to_numpy()],
    )
    rows = [
        *_totals(people, zones),
        *_ages(people, region),
        *_households(population, region, zones),
        *_work(people, region, zones),
        *_cars(population, region),
    ]
    table = pd.DataFrame(rows, columns=["margin", "target", "value", "source"])
    table.insert(3, "difference", table["value"] - table["target"])
    return table


def _totals(people: pd.DataFrame, zones: pd.DataFrame) -> Iterator[Row]:
    homes = zones[populated(zones)]
    per_zone = np.bincount(people["zone_idx"], minlength=len(zones))[populated(zones)]
    wrong = int((per_zone != homes["population"].to_numpy()).sum())
    yield "zones whose population differs", 0.0, float(wrong), "zones.population"
    target = homes.groupby("municipality")["population"].sum()
    value = people.groupby("municipality").size()
    for name in sorted(target.index):
        yield f"residents, {name}", float(target[name]), float(value[name]), "zones.population"


def _ages(people: pd.DataFrame, region: PeopledRegion) -> Iterator[Row]:
    for name, group in people.groupby("municipality", sort=True):
        wanted = ages_of_municipality(region, str(name), len(group))
        anchor = anchor_of(region, str(name))
        source = "population.age_share_*" if anchor is None else f"population.{anchor.facts}.population_age_*"
        age = group["age"].to_numpy()
        for label, first, last in (("0-14", 0, 14), ("15-64", 15, 64), ("65+", 65, 99)):
            value = float(((age >= first) & (age <= last)).mean())
            yield f"share aged {label}, {name}", float(wanted[first : last + 1].sum()) / len(group), value, source
        target, source = assumed(region, "female_share"), "population.female_share"
        if anchor is not None:
            source = f"population.{anchor.facts}.population_female"
            women = region.fact(source)
            target = women / (women + region.fact(f"population.{anchor.facts}.population_male"))
        yield f"share of women, {name}", float(target), float(group["female"].mean()), source


def _households(population: Population, region: PeopledRegion, zones: pd.DataFrame) -> Iterator[Row]:
    households = population.households
    sizes = households["size_pers"]
    for size in (1, 2, 3, 4):
        key = f"household_size_share.{size}"
        yield f"share of households of {size}", assumed(region, key), float((sizes == size).mean()), f"population.{key}"
    home = households["zone_idx"].to_numpy()
    if region.roles.anchor is not None:
        anchor = (zones["municipality"] == region.roles.anchor.name).to_numpy()[home]
        fact = f"housing.{region.roles.anchor.facts}.dwellings_in_multi_apartment_buildings"
        value = float(households["flat"][anchor].mean())
        yield f"share in flats, {region.roles.anchor.name}", share(region, fact), value, fact
    yield from income_rows(population, region)


def _work(people: pd.DataFrame, region: PeopledRegion, zones: pd.DataFrame) -> Iterator[Row]:
    adult = people["age"] >= 15
    works = people["employed"]
    fact = "labour.zemgale.employment_rate_15plus"
    yield "employed of 15 and over", share(region, fact), float(works.sum() / adult.sum()), fact
    fact = "labour.zemgale.employed_persons"
    yield "employed residents", region.fact(fact), float(works.sum()), fact
    fact = "labour.latvia.non_working_pensioners_15plus"
    pensioners = float(((people["age"] >= 65) & ~works).sum() / adult.sum())
    yield "not employed, 65 and over, of 15 and over (national)", share(region, fact), pensioners, fact
    fact = "labour.latvia.non_working_students_15plus"
    students = float((adult & people["student"] & ~works).sum() / adult.sum())
    yield "students not employed of 15 and over (national)", share(region, fact), students, fact
    yield from _commuting(people[works], region, zones)


def _commuting(workers: pd.DataFrame, region: PeopledRegion, zones: pd.DataFrame) -> Iterator[Row]:
    roles = region.roles
    if roles.anchor is None:
        return
    facts, anchor = f"commuting.{roles.anchor.facts}.", roles.anchor
    names = zones["municipality"].to_numpy()
    at = workers["work_zone_idx"].to_numpy()
    of_anchor = (workers["municipality"] == anchor.name).to_numpy()
    employed = region.fact(facts + "employed_residents")
    label = f"employed residents, {anchor.name} (registered)"
    yield label, employed, float(of_anchor.sum()), facts + "employed_residents"
    places = {f"residents_working_in_{anchor.facts}": names[at] == anchor.name}
    if roles.capital_gate is not None:
        places[f"residents_working_in_{roles.capital_gate.facts}"] = at == capital_zone(region, zones)
    if roles.anchor_ring is not None:
        places[f"residents_working_in_{roles.anchor_ring.facts}"] = names[at] == roles.anchor_ring.name
    for key, there in places.items():
        value = float(there[of_anchor].mean())
        yield f"share of {key} among workers of {anchor.name}", region.fact(facts + key) / employed, value, facts + key
    inside = names[at] == anchor.name
    held = share(region, f"{facts}jobs_held_by_{anchor.facts}_residents")
    for who in (roles.anchor_ring, roles.anchor_neighbour):
        if who is None:
            continue
        fact = f"{facts}jobs_held_by_{who.facts}_residents"
        others = float((inside & (workers["municipality"] == who.name).to_numpy()).sum())
        value = others / float((inside & of_anchor).sum())
        yield f"workers in {anchor.name} from {who.name} per own resident", share(region, fact) / held, value, fact


def _cars(population: Population, region: PeopledRegion) -> Iterator[Row]:
    fleet = population.vehicles
    fact = "cars.latvia.cars_per_1000.2022"
    yield "cars per 1000 residents", region.fact(fact), 1000.0 * len(fleet) / len(population.residents), fact
    electric = fleet["powertrain"] == Powertrain.BEV
    source = "ev.latvia.electric_vehicles_registered.2024 scaled"
    yield "electric cars", float(vehicles.electric_cars(region, len(fleet))), float(electric.sum()), source
    fact = "cars.latvia.fuel_share_diesel"
    yield "diesel share of cars", share(region, fact), float((fleet["powertrain"] == Powertrain.DIESEL).mean()), fact
    fact = "cars.latvia.fuel_share_petrol"
    yield (
        "petrol and gas share of cars",
        share(region, fact),
        float(fleet["powertrain"].isin(PETROL_BURNERS).mean()),
        fact,
    )
    fact = "cars.latvia.average_age.2024"
    yield "mean age of cars, years", region.fact(fact), float(fleet["age_years"].mean()), fact
    fact = "cars.latvia.share_10_years_or_older"
    yield "cars of 10 years and over", share(region, fact), float((fleet["age_years"] >= 10).mean()), fact
