"""Where pupils and students learn: the nearest school with a place, universities in the anchor city and the capital."""

from __future__ import annotations

import numpy as np
import pandas as pd

from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.population.inputs import Bools, Floats, Ints, assumed, capital_zone, straight_km
from zemsim.region.views import PeopledRegion

#: Last age of basic school and of secondary school.
BASIC_LAST, SECONDARY_LAST = 15, 18


def fill_places(pupils: Ints, places: Ints, km: Floats) -> Ints:
    """Pupils by home zone and school zone, nearest pairs first while there are places: int64 [Z, Z].

    If there are fewer places than pupils, all schools take more in proportion (their places are an estimate).
    """
    homes, schools = np.flatnonzero(pupils), np.flatnonzero(places)
    if homes.size and not schools.size:
        raise ValueError("the region has pupils but no school places")
    room = places.astype(np.int64).copy()
    if room.sum() < pupils.sum():
        room = np.ceil(room * (pupils.sum() / room.sum())).astype(np.int64)
    left = pupils.astype(np.int64).copy()
    given = np.zeros((pupils.size, pupils.size), dtype=np.int64)
    pairs = km[np.ix_(homes, schools)].ravel()
    for pair in np.argsort(pairs, kind="stable"):
        home, school = homes[pair // schools.size], schools[pair % schools.size]
        moved = min(left[home], room[school])
        if moved > 0:
            given[home, school] = moved
            left[home] -= moved
            room[school] -= moved
    return given


def school_zones(
    region: PeopledRegion, zones: pd.DataFrame, home_zone: Ints, age: Ints, student: Bools, ids: Ints, seed: int
) -> Ints:
    """School zone of each resident, -1 if not in education: int64 [P].

    Basic school (to 15) takes the nearest free place; secondary school (16 to 18) the nearest left in cities and towns;
    from 19, a university in the anchor city (without one, where most jobs are) or the capital.
    """
    km = straight_km(zones, assumed(region, "detour_ratio"))
    places = zones["school_places"].fillna(0.0).to_numpy(np.float64)
    places = np.where((zones["kind"] == "populated").to_numpy(), np.rint(places), 0.0).astype(np.int64)
    in_town = zones["area_type"].isin(["city", "town"]).to_numpy()
    chosen = np.full(home_zone.size, -1, dtype=np.int64)
    secondary = np.flatnonzero(student & (age > BASIC_LAST) & (age <= SECONDARY_LAST))
    basic = np.flatnonzero(student & (age <= BASIC_LAST))
    town_places = np.where(in_town, places, 0)
    share = min(1.0, secondary.size / max(int(town_places.sum()), 1))
    reserved = np.ceil(town_places * share).astype(np.int64)
    _assign(chosen, secondary, home_zone, reserved, km, ids, seed)
    _assign(chosen, basic, home_zone, np.maximum(places - reserved, 0), km, ids, seed)
    older = np.flatnonzero(student & (age > SECONDARY_LAST))
    chosen[older] = _universities(region, zones, home_zone[older], ids[older], km, seed)
    return chosen


def _assign(chosen: Ints, who: Ints, home_zone: Ints, places: Ints, km: Floats, ids: Ints, seed: int) -> None:
    given = fill_places(np.bincount(home_zone[who], minlength=places.size), places, km)
    order = who[np.lexsort((uniforms(seed, Stream.SCHOOL, ids[who], 1), home_zone[who]))]
    homes, schools = np.nonzero(given)
    chosen[order] = np.repeat(schools, given[homes, schools])


def _universities(region: PeopledRegion, zones: pd.DataFrame, home: Ints, ids: Ints, km: Floats, seed: int) -> Ints:
    inside = (zones["kind"] == "populated").to_numpy()
    if region.roles.anchor is not None:
        inside = inside & (zones["municipality"] == region.roles.anchor.name).to_numpy()
    anchor = np.flatnonzero(inside)
    jobs = zones["jobs"].fillna(0.0).to_numpy(np.float64)[anchor]
    campus, capital = int(anchor[np.argmax(jobs)]), capital_zone(region, zones)
    if capital is None:
        return np.full(home.size, campus, dtype=np.int64)
    share = assumed(region, "university_jelgava_share")
    decay = assumed(region, "university_decay_per_km")
    near = share * np.exp(-decay * km[home, campus])
    far = (1.0 - share) * np.exp(-decay * km[home, capital])
    return np.where(uniforms(seed, Stream.SCHOOL, ids, 2) < near / (near + far), campus, capital)
