"""Points on request: who asks for a public point near home, where it comes, and what it is worth to neighbours.

Practice: a BEV owner without own parking and without a public point within 250 m may ask for one, which is set up
within 250 m of the home (Flanders, "post follows car"). A turn is the share of a car in a point: a point has as many
turns as cars can share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel
    from zemsim.policy.rules import RequestRule

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
#: Posts stand at corners of a grid of so many metres: at most 71 m from the home that asks.
CORNER_M = 100.0


@dataclass(frozen=True)
class Post:
    """A post that a municipality orders: for whom first (position), where, for how many, how far from the first."""

    first: int
    corner_m: tuple[float, float]
    requests: int
    distance_m: float


@dataclass(frozen=True)
class Answer:
    """What a municipality does about the requests of a year: posts, and requests refused by reason."""

    posts: tuple[Post, ...]
    refused: dict[str, int]


def take_turns(homes_m: Floats, places_m: Floats, turns: Floats, walk_max_m: float) -> npt.NDArray[np.int64]:
    """Give each home, in order, a turn at the nearest place within the walk that has one left; -1 where there is none.

    Parameters
    ----------
    homes_m : float64 [n, 2].
    places_m : float64 [m, 2].
    turns : float64 [m]
        Turns at each place; those that are taken are subtracted in place.
    walk_max_m : float
        In a straight line, the end included.
    """
    found = np.full(len(homes_m), -1, np.int64)
    if not len(places_m):
        return found
    for i, home in enumerate(homes_m):
        away = np.hypot(places_m[:, 0] - home[0], places_m[:, 1] - home[1])
        away[(away > walk_max_m) | (turns < 1.0)] = np.inf
        nearest = int(np.argmin(away))
        if np.isfinite(away[nearest]):
            turns[nearest] -= 1.0
            found[i] = nearest
    return found


def corner_of(home_m: Floats) -> tuple[float, float]:
    """The corner of the grid nearest to a home."""
    x, y = (float(np.floor(v / CORNER_M + 0.5) * CORNER_M) for v in home_m)
    return x, y


def answer_requests(rule: RequestRule, homes_m: Floats) -> Answer:
    """Return the posts for the homes that ask, in their order, none of which has a turn anywhere near.

    A post that was ordered for another home of the year may have a turn left. A municipality that has the money for no
    post or has reached the number of the year refuses.
    """
    cost = rule.post_points * rule.capex_eur
    turns_of_post = rule.post_points * rule.cars_per_point
    corners: list[tuple[float, float]] = []
    turns = np.zeros(len(homes_m))
    first: list[int] = []
    requests: list[int] = []
    distance: list[float] = []
    refused = {"no_number": 0, "no_budget": 0}
    for position, home in enumerate(homes_m):
        placed = np.array(corners).reshape(-1, 2)
        taken = take_turns(home[None, :], placed, turns[: len(placed)], rule.walk_max_m)[0]
        if taken >= 0:
            requests[taken] += 1
        elif len(corners) >= rule.posts_year:
            refused["no_number"] += 1
        elif (len(corners) + 1) * cost > rule.budget_eur_year:
            refused["no_budget"] += 1
        else:
            corner = corner_of(home)
            turns[len(corners)] = turns_of_post - 1.0
            corners.append(corner)
            first.append(position)
            requests.append(1)
            distance.append(float(np.hypot(corner[0] - home[0], corner[1] - home[1])))
    posts = tuple(Post(*found) for found in zip(first, corners, requests, distance, strict=True))
    return Answer(posts, {why: count for why, count in refused.items() if count})


def without_plug(model: MobilityModel) -> Bools:
    """Flats that have nowhere of their own or in the yard to plug in, bool [H]."""
    households = model.households.table
    found: Bools = households.flat & ~households.home_charging & ~households.yard_charging
    return found


def entitled(model: MobilityModel, rules: Sequence[RequestRule]) -> npt.NDArray[np.int64]:
    """Rows of the households that a rule entitles to a point near home, by household id: flat, electric, no plug."""
    vehicles, households = model.vehicles, model.households.table
    electric = np.bincount(vehicles.household_idx[vehicles.electric], minlength=len(model.households)) > 0
    in_place = np.zeros(len(model.world.region.zones), np.bool_)
    for rule in rules:
        in_place |= rule.zones
    rows = np.flatnonzero(without_plug(model) & electric & in_place[households.zone_idx])
    return rows[np.argsort(households.household_id[rows], kind="stable")]


def asks(model: MobilityModel, rule: RequestRule, rows: npt.NDArray[np.int64]) -> Bools:
    """Whether these households would ask; the luck of a household is the same under every policy and in every year."""
    luck = uniforms(model.seed, int(Stream.REQUEST), model.households.table.household_id[rows])
    found: Bools = luck < rule.asking_share
    return found


def homes_m(model: MobilityModel) -> Floats:
    """Where the households live, float64 [H, 2], in the grid of the region."""
    found: Floats = model.world.population.households[["x_m", "y_m"]].to_numpy(np.float64)
    return found
