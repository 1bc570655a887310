"""Battery electric cars around a household at the end of last year: of its neighbours and its workers' colleagues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel

Floats = npt.NDArray[np.float64]


def peer_shares(model: MobilityModel) -> Floats:
    """BEV share of the cars that each household sees, float64 [H]; read before anybody buys in a year.

    Neighbours are the other households of the zone; colleagues are all who work in the zone of a workplace, with the
    cars of their households. Both are weighted by `w_peer_work`; who has no worker sees neighbours only.
    """
    households = model.households.table
    v, zone, n_zones = model.vehicles, households.zone_idx, len(model.world.region.zones)
    n = len(zone)
    cars = np.bincount(v.household_idx[v.owned], minlength=n).astype(np.float64)
    bevs = np.bincount(v.household_idx[v.electric], minlength=n).astype(np.float64)
    others, electric = (np.bincount(zone, x, n_zones)[zone] - x for x in (cars, bevs))
    neighbours = _share(electric, others)
    at_work, has_worker = _colleagues(model, cars, bevs)
    weight = model.parameters["w_peer_work"] * has_worker
    shares: Floats = (1.0 - weight) * neighbours + weight * at_work
    return shares


def of_workers(model: MobilityModel, by_zone: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Mean over the workers of each household of a figure of their workplace's zone [Z], and who has workers: [H]."""
    people = model.residents.table
    works = np.flatnonzero(people.employed & (people.work_zone_idx >= 0))
    home, n = people.household_idx[works], len(model.households)
    workers = np.bincount(home, minlength=n)
    total = np.bincount(home, by_zone[people.work_zone_idx[works]], n)
    return _share(total, workers), workers > 0


def _colleagues(model: MobilityModel, cars: Floats, bevs: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    people, n_zones = model.residents.table, len(model.world.region.zones)
    works = np.flatnonzero(people.employed & (people.work_zone_idx >= 0))
    home, place = people.household_idx[works], people.work_zone_idx[works]
    share = _share(np.bincount(place, bevs[home], n_zones), np.bincount(place, cars[home], n_zones))
    return of_workers(model, share)


def _share(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Floats:
    """Share, 0 where there is nothing to share."""
    shares: Floats = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
    return shares
