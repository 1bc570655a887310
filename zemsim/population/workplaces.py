"""Where residents work: gravity on distance under the reported commuting of the anchor city and the capital."""

from __future__ import annotations

import numpy as np
import pandas as pd

from zemsim.core.errors import ZemsimError
from zemsim.core.randomness import Stream
from zemsim.kernels.commuting import balanced_flows
from zemsim.kernels.draws import uniforms
from zemsim.population.inputs import (
    Floats,
    Ints,
    assumed,
    capital_zone,
    share,
    straight_km,
)
from zemsim.region.views import PeopledRegion

#: No zone sends more of its workers to the capital.
_LARGEST_CAPITAL_SHARE = 0.6
#: Steepest fall of commuting to the capital, per km.
_STEEPEST_RATE = 0.2


def capital_shares(region: PeopledRegion, zones: pd.DataFrame, km: Floats, workers: Floats) -> Floats:
    """Share of the workers of each zone who work in the capital: float64 [Z].

    ``share = share_anchor x exp(-rate x (km - km_anchor))``. The anchor's share is reported and met exactly; the rate
    is the one at which all workers in the capital are the jobs of its gate (those that residents of the region hold).
    """
    gate, city, capital = region.roles.capital_gate, region.roles.anchor, capital_zone(region, zones)
    if gate is None or city is None or capital is None:
        raise ZemsimError("a region with a capital's gate needs an anchor city with known commuting to it")
    to_capital = km[:, capital]
    anchor = (zones["municipality"] == city.name).to_numpy() & (workers > 0)
    facts = f"commuting.{city.facts}."
    anchor_share = region.fact(f"{facts}residents_working_in_{gate.facts}") / region.fact(facts + "employed_residents")
    km_anchor = float((to_capital * workers)[anchor].sum() / workers[anchor].sum())
    wanted = float(zones["jobs"].iloc[capital])

    def shares_at(rate: float) -> Floats:
        shares = anchor_share * np.exp(-rate * (to_capital - km_anchor))
        shares[anchor] *= anchor_share * workers[anchor].sum() / (shares * workers)[anchor].sum()
        return np.minimum(shares, _LARGEST_CAPITAL_SHARE)

    low, high = 0.0, _STEEPEST_RATE
    most, least = ((shares_at(rate) * workers).sum() for rate in (low, high))
    if not least < wanted < most:
        raise ZemsimError(
            f"the gate of the capital has {wanted:.0f} jobs; with the share of {city.name} it must have "
            f"between {least:.0f} and {most:.0f}"
        )
    for _ in range(60):
        rate = 0.5 * (low + high)
        low, high = (rate, high) if (shares_at(rate) * workers).sum() > wanted else (low, rate)
    return shares_at(round(0.5 * (low + high), 6))


def commuting_flows(region: PeopledRegion, zones: pd.DataFrame, workers: Ints) -> Floats:
    """Workers by home and work zone: float64 [Z, Z]; the rows add up to ``workers`` int64 [Z].

    Columns follow the jobs of each zone and gate, scaled to the workers at hand. The blocks that are
    reported for the anchor city are met: where its residents work, and how many come from its two neighbours.
    """
    km = straight_km(zones, assumed(region, "detour_ratio"))
    jobs = zones["jobs"].fillna(0.0).to_numpy(np.float64)
    capital = capital_zone(region, zones)
    total = workers.astype(np.float64)
    weight = jobs[None, :] * np.exp(-assumed(region, "work_decay_per_sqrt_km") * np.sqrt(km))
    classes, blocks = _known_blocks(region, zones, total)
    group = np.where(classes == 0, 0, 1)
    if capital is None:
        group[:] = 0
        return balanced_flows(weight, total, classes, classes, group, np.maximum(jobs, 1e-9), blocks)
    to_capital = capital_shares(region, zones, km, total) * total
    weight[:, capital] = 0.0
    group[capital] = 2
    flow = balanced_flows(weight, total - to_capital, classes, classes, group, np.maximum(jobs, 1e-9), blocks)
    flow[:, capital] = to_capital
    return flow


def _known_blocks(region: PeopledRegion, zones: pd.DataFrame, workers: Floats) -> tuple[Ints, Floats]:
    """Class of each zone (anchor, ring, neighbour, other) and the flows known between classes, NaN where unknown.

    The counts are of registered workers, so they are scaled to the workers of the anchor city in the population.
    """
    home = (zones["kind"] == "populated").to_numpy()
    classes = np.full(len(zones), 3, dtype=np.int64)
    blocks = np.full((4, 4), np.nan)
    roles = region.roles
    if roles.anchor is None:
        return classes, blocks
    partners = {1: roles.anchor_ring, 2: roles.anchor_neighbour}
    known = {0: roles.anchor, **{number: place for number, place in partners.items() if place is not None}}
    for number, place in known.items():
        classes[home & (zones["municipality"] == place.name).to_numpy()] = number
    facts = f"commuting.{roles.anchor.facts}."
    scale = workers[classes == 0].sum() / region.fact(facts + "employed_residents")
    stay = region.fact(f"{facts}residents_working_in_{roles.anchor.facts}") * scale
    held = {number: share(region, f"{facts}jobs_held_by_{place.facts}_residents") for number, place in known.items()}
    blocks[0, 0] = stay
    if roles.anchor_ring is not None:
        blocks[0, 1] = region.fact(f"{facts}residents_working_in_{roles.anchor_ring.facts}") * scale
    for number in sorted(set(known) - {0}):
        blocks[number, 0] = stay * held[number] / held[0]
    return classes, blocks


def workplaces(
    region: PeopledRegion, zones: pd.DataFrame, home_zone: Ints, works: np.ndarray, ids: Ints, seed: int
) -> Ints:
    """Work zone of each resident, -1 if not employed: int64 [P].

    The workers of a home zone share out its row of flows: sorted by an addressed draw, they stand at even steps of the
    cumulative flow from one drawn start, so that even small zones meet their row within one person per destination.
    """
    worker = np.flatnonzero(works)
    workers = np.bincount(home_zone[worker], minlength=len(zones))
    flow = commuting_flows(region, zones, workers)
    start = uniforms(seed, Stream.WORKPLACE, np.arange(len(zones)), 8)
    order = worker[np.lexsort((uniforms(seed, Stream.WORKPLACE, ids[worker], 0), home_zone[worker]))]
    chosen = np.full(home_zone.size, -1, dtype=np.int64)
    stops = np.cumsum(workers)
    for zone in np.flatnonzero(workers):
        rows = order[stops[zone] - workers[zone] : stops[zone]]
        cumulative = np.cumsum(flow[zone])
        steps = (np.arange(rows.size) + start[zone]) / rows.size
        place = np.searchsorted(cumulative, steps * cumulative[-1], side="right")
        chosen[rows] = np.minimum(place, np.flatnonzero(flow[zone])[-1])
    return chosen
