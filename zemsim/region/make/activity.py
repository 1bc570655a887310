"""What draws people to a zone: jobs, school places, shops, leisure; and the dwellings that stand there."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from zemsim.region.make.pack import Pack, largest_remainder, slug
from zemsim.region.make.settlements import Settlement
from zemsim.region.make.zones import Zone, radius_m


@dataclass
class Activity:
    """Activities of all zones, in the order of the zones."""

    jobs: list[int]
    school_places: list[int]
    shop_weight: list[float]
    leisure_weight: list[float]
    dwellings_house: list[int]
    dwellings_flat: list[int]
    kinds: list[str] = field(default_factory=list)


def _centres(places: list[Settlement]) -> set[str]:
    """Return the largest city or town of each municipality; a municipality of parishes only has none."""
    found = {}
    for place in sorted(places, key=lambda p: (p.population, p.settlement_id)):
        if place.kind != "parish":
            found[place.municipality] = place.settlement_id
    return set(found.values())


def _kind(zone: Zone, centres: set[str]) -> str:
    """Return centre, town, village or countryside: what the weights of an activity are looked up by."""
    if not zone.square.core:
        return "countryside"
    if zone.settlement.kind == "parish":
        return "village"
    return "centre" if zone.settlement.settlement_id in centres else "town"


def _towards_centre(pack: Pack, zone: Zone) -> float:
    """Return exp(-distance / (share x built-up radius)), 1 in the countryside: activity is denser in the middle."""
    if not zone.square.core:
        return 1.0
    radius = max(radius_m(pack, zone.settlement), 500.0)
    return math.exp(-zone.distance_m / (radius * pack.assume("jobs.centre_scale_share")))


def _within_settlement(pack: Pack, zones: list[Zone], kinds: list[str], activity: str) -> list[float]:
    """Return weights: residents of the core x weight of its kind, spread over its zones towards the middle."""
    total: dict[tuple[str, str], float] = {}
    pull: dict[tuple[str, str], float] = {}
    near = [_towards_centre(pack, zone) for zone in zones]
    for zone, kind, towards in zip(zones, kinds, near, strict=True):
        key = (zone.settlement.settlement_id, kind)
        total[key] = total.get(key, 0.0) + zone.population * pack.assume(f"{activity}.weight_{kind}")
        pull[key] = pull.get(key, 0.0) + zone.population * towards
    found = []
    for zone, kind, towards in zip(zones, kinds, near, strict=True):
        key = (zone.settlement.settlement_id, kind)
        found.append(total[key] * zone.population * towards / pull[key])
    return found


def _jobs(pack: Pack, zones: list[Zone], weights: list[float]) -> list[int]:
    """Return jobs by zone: Jelgava's total is a fact, the others are residents x an assumed ratio."""
    jobs = [0] * len(zones)
    for municipality in sorted({zone.settlement.municipality for zone in zones}):
        own = [i for i, zone in enumerate(zones) if zone.settlement.municipality == municipality]
        residents = sum(zones[i].population for i in own)
        if municipality == "Jelgava":
            total = round(pack.fact("commuting.jelgava.jobs_in_jelgava"))
        else:
            total = round(residents * pack.assume(f"jobs.per_resident.{slug(municipality)}"))
        for i, count in zip(own, largest_remainder(total, [weights[i] for i in own]), strict=True):
            jobs[i] = count
    return jobs


def _school_places(pack: Pack, zones: list[Zone]) -> list[int]:
    """Return places by zone: schools stand in the fullest core zones; parishes too small send their pupils on."""
    per_school = pack.assume("school.residents_per_school")
    rate = pack.assume("school.pupils_per_resident") * pack.assume("school.slack")
    places = [0] * len(zones)
    tertiary = {"jelgava": "school.tertiary_jelgava", "jekabpils": "school.tertiary_jekabpils"}
    for municipality in sorted({zone.settlement.municipality for zone in zones}):
        own = [i for i, zone in enumerate(zones) if zone.settlement.municipality == municipality]
        weights = [0.0] * len(zones)
        for name in sorted({zones[i].settlement.settlement_id for i in own}):
            place = next(zones[i].settlement for i in own if zones[i].settlement.settlement_id == name)
            core = [i for i in own if zones[i].settlement is place and zones[i].square.core]
            if not core or (place.kind == "parish" and place.population < pack.assume("school.min_parish_population")):
                continue
            schools = max(1, round(place.population / per_school))
            fullest = sorted(core, key=lambda i: (-zones[i].population, zones[i].distance_m, i))[:schools]
            for i in fullest:
                weights[i] = place.population / len(fullest)
        total = round(rate * sum(zones[i].population for i in own))
        for i, count in zip(own, largest_remainder(total, [weights[i] for i in own]), strict=True):
            places[i] = count
    for name, key in tertiary.items():
        core = [i for i, zone in enumerate(zones) if zone.settlement.settlement_id == name]
        middle = min(core, key=lambda i: (zones[i].distance_m, i))
        places[middle] += round(pack.assume(key))
    return places


def _flat_share(pack: Pack, zone: Zone, kind: str) -> float:
    if zone.settlement.settlement_id == "jelgava":
        return pack.fact("housing.jelgava.dwellings_in_multi_apartment_buildings") / 100
    if zone.settlement.kind == "city":
        return pack.assume("dwellings.flat_share_city")
    return pack.assume(f"dwellings.flat_share_{'town' if kind == 'centre' else kind}")


def _dwellings(pack: Pack, zone: Zone, kind: str) -> tuple[int, int]:
    """Return houses and flats: residents / (share of flats x persons per flat + the rest x persons per house)."""
    share = _flat_share(pack, zone, kind)
    per_dwelling = share * pack.assume("dwellings.pers_per_flat") + (1 - share) * pack.assume(
        "dwellings.pers_per_house"
    )
    dwellings = max(1, round(zone.population / per_dwelling))
    flats = round(dwellings * share)
    return dwellings - flats, flats


def activities(pack: Pack, zones: list[Zone], places: list[Settlement]) -> Activity:
    """Return what draws people to each zone, and its dwellings."""
    centres = _centres(places)
    kinds = [_kind(zone, centres) for zone in zones]
    jobs = _jobs(pack, zones, _within_settlement(pack, zones, kinds, "jobs"))
    at_home = pack.assume("leisure.weight_population")
    dwellings = [_dwellings(pack, zone, kind) for zone, kind in zip(zones, kinds, strict=True)]
    residents, all_jobs = sum(zone.population for zone in zones), sum(jobs)
    leisure = [
        round(at_home * zone.population + (1 - at_home) * job * residents / all_jobs, 1)
        for zone, job in zip(zones, jobs, strict=True)
    ]
    return Activity(
        jobs=jobs,
        school_places=_school_places(pack, zones),
        shop_weight=[round(weight, 1) for weight in _within_settlement(pack, zones, kinds, "shop")],
        leisure_weight=leisure,
        dwellings_house=[house for house, _ in dwellings],
        dwellings_flat=[flat for _, flat in dwellings],
        kinds=kinds,
    )
