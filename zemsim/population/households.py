"""Households by type, fitted to ages and sizes per municipality and laid into zones of given population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.population.fitting import largest_remainder, rake_types
from zemsim.population.inputs import Floats, Ints, anchor_of, assumed
from zemsim.region.views import PeopledRegion

#: Age bands of the fit, by the letter in the name of a household type.
BANDS = {"C": (0, 14), "Y": (15, 24), "A": (25, 44), "M": (45, 64), "S": (65, 99)}
LETTERS = "CYAMS"
#: Types by their members; a couple comes first. Seed weights are assumptions ``household_type.<type>``.
TYPES: tuple[str, ...] = (
    "Y", "A", "M", "S",
    "YY", "AA", "MM", "SS", "MS", "AC", "MC", "AM", "MY", "AS", "AY",
    "AAC", "MMY", "MMA", "ACC", "MMC", "AMC", "MYC", "MSA", "MMS", "SSA", "SSM", "MYY", "ACS",
    "AACC", "MMYC", "MMYY", "MMAA", "AACM", "AACS", "MMCC", "ACCC", "AMSC", "MMAC",
    "AACCC", "AACCS", "AACCY", "MMYCC", "AACMM", "AACSS", "AACCMM", "AACCCC", "MMAACC", "AACCCY",
)  # fmt: skip
#: Five-year groups of the age pyramid.
AGE_GROUPS: tuple[tuple[int, int], ...] = (*((a, a + 4) for a in range(0, 85, 5)), (85, 99))
#: A household with one child more, for the last persons of the fit.
_ONE_CHILD_MORE = (("AAC", "AACC"), ("AACC", "AACCC"), ("AA", "AAC"), ("AC", "ACC"))


@dataclass(frozen=True)
class HouseholdFrame:
    """Households before they have attributes, sorted by zone: ``zone_idx``, ``type_idx`` int64 [H]."""

    zone_idx: Ints
    type_idx: Ints

    @property
    def size_pers(self) -> Ints:
        """Members of each household: int64 [H]."""
        return type_sizes()[self.type_idx]


def type_members() -> Ints:
    """Members of each type by age band: int64 [T, 5]."""
    return np.array([[name.count(letter) for letter in LETTERS] for name in TYPES], dtype=np.int64)


def type_sizes() -> Ints:
    """Persons of each type: int64 [T]."""
    return np.array([len(name) for name in TYPES], dtype=np.int64)


def age_year_weights(region: PeopledRegion) -> Floats:
    """Weight of each year of age before scaling to the broad groups: float64 [100]."""
    weights = np.zeros(100)
    for first, last in AGE_GROUPS:
        years = last - first + 1
        inside = np.full(years, 1.0 / years)
        if first == 85:
            inside = assumed(region, "survival_share_85plus") ** np.arange(years)
            inside /= inside.sum()
        weights[first : last + 1] = assumed(region, f"age_weight.{first:02d}_{last:02d}") * inside
    return weights


def broad_age_shares(region: PeopledRegion, municipality: str) -> Floats:
    """Shares of the population aged 0-14, 15-64, 65 and over: reported for the anchor city, assumed elsewhere."""
    anchor = anchor_of(region, municipality)
    if anchor is not None:
        facts = f"population.{anchor.facts}.population_age_"
        counts = [region.fact(facts + group) for group in ("0_14", "15_64", "65plus")]
        return np.array(counts) / float(np.sum(counts))
    young, old = assumed(region, "age_share_0_14"), assumed(region, "age_share_65plus")
    return np.array([young, 1.0 - young - old, old])


def ages_of_municipality(region: PeopledRegion, municipality: str, population: int) -> Ints:
    """Residents by year of age: int64 [100], adding up to ``population``."""
    weights = age_year_weights(region)
    counts = np.zeros(100, dtype=np.int64)
    totals = largest_remainder(broad_age_shares(region, municipality), population)
    for total, (first, last) in zip(totals, ((0, 14), (15, 64), (65, 99)), strict=True):
        counts[first : last + 1] = largest_remainder(weights[first : last + 1], int(total))
    return counts


def band_totals(ages: Ints) -> Ints:
    """Residents by band of the fit, from residents by year of age."""
    return np.array([ages[first : last + 1].sum() for first, last in BANDS.values()], dtype=np.int64)


def fit_households(region: PeopledRegion, totals: Ints) -> Ints:
    """Households by municipality and type that hold exactly ``totals`` int64 [M, 5] persons by band: int64 [M, T]."""
    shares = [assumed(region, f"household_size_share.{size}") for size in (1, 2, 3, 4)]
    size_shares = np.array([*shares, 1.0 - sum(shares)])
    seeds = np.array([assumed(region, f"household_type.{name}") for name in TYPES])
    weights = rake_types(seeds, type_members(), totals.astype(np.float64), size_shares)
    return np.stack([_whole_types(row, total) for row, total in zip(weights, totals, strict=True)])


def _whole_types(weights: Floats, totals: Ints) -> Ints:
    counts = largest_remainder(weights, round(float(weights.sum())))
    children = int(totals[0] - (counts * type_members()[:, 0]).sum())
    for fewer, more in _ONE_CHILD_MORE:
        source, target = (fewer, more) if children > 0 else (more, fewer)
        moved = min(abs(children), int(counts[TYPES.index(source)]))
        counts[TYPES.index(source)] -= moved
        counts[TYPES.index(target)] += moved
        children -= int(np.sign(children)) * moved
    missing = totals - counts @ type_members()
    for band, letter in enumerate(LETTERS):
        if letter != "C":
            counts[TYPES.index(letter)] += missing[band]
    if np.any(counts < 0) or np.any(counts @ type_members() != totals):
        raise ValueError("the household types cannot hold these ages; the municipality may be too small")
    return counts


def lay_into_zones(zones: pd.DataFrame, municipalities: list[str], counts: Ints, seed: int) -> HouseholdFrame:
    """Give every household a zone so that each zone holds exactly its population.

    Households of two and more are laid along the zones in a random order, single persons fill what is left.

    Parameters
    ----------
    zones
        Populated zones by ``zone_idx``, with ``municipality`` and ``population``.
    municipalities
        Names, M.
    counts
        int64 [M, T] households by type.
    """
    parts = []
    for number, name in enumerate(municipalities):
        here = zones[zones["municipality"] == name]
        types = np.repeat(np.arange(len(TYPES)), counts[number])
        order = uniforms(seed, Stream.HOUSEHOLD, number * 10_000_000 + np.arange(types.size))
        types = types[np.argsort(order, kind="stable")]
        zone = _zones_of(types, here["population"].to_numpy(np.int64))
        parts.append(np.stack([here.index.to_numpy(np.int64)[zone], types]))
    zone_idx, type_idx = np.concatenate(parts, axis=1)
    by_zone = np.argsort(zone_idx, kind="stable")
    return HouseholdFrame(zone_idx[by_zone], type_idx[by_zone])


def _zones_of(types: Ints, population: Ints) -> Ints:
    sizes = type_sizes()[types]
    several = np.flatnonzero(sizes > 1)
    middle = np.cumsum(sizes[several]) - 0.5 * sizes[several]
    borders = np.cumsum(population) * (sizes[several].sum() / population.sum())
    zone = np.full(types.size, -1, dtype=np.int64)
    zone[several] = np.minimum(np.searchsorted(borders, middle, side="right"), population.size - 1)
    room = population - np.bincount(zone[several], weights=sizes[several], minlength=population.size).astype(np.int64)
    _move_out_of_full_zones(zone, sizes, room)
    single = np.flatnonzero(sizes == 1)
    zone[single] = np.repeat(np.arange(population.size), room)
    return zone


def _move_out_of_full_zones(zone: Ints, sizes: Ints, room: Ints) -> None:
    """Move households, the last of a full zone first, to the zone with the most room, until no zone is over-full."""
    for full in np.flatnonzero(room < 0):
        members = np.flatnonzero((zone == full) & (sizes > 1))
        for household in members[::-1]:
            if room[full] >= 0:
                break
            target = int(np.argmax(room))
            if room[target] < sizes[household]:
                raise ValueError("households do not fit into the zones: too few single persons to fill the rest")
            room[full] += sizes[household]
            room[target] -= sizes[household]
            zone[household] = target
