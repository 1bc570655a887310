"""Rows of a run about places for cars and bicycles at stations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zemsim.core.names import Access, Alternative
from zemsim.core.schema import schema
from zemsim.model.station_access import trips_by_station
from zemsim.model.transit_offer import MODES

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel


def station_rows(model: MobilityModel, plan: DayPlan) -> pd.DataFrame:
    """Tours that come to a station by car or bicycle on a day type, a row each."""
    trips = trips_by_station(plan)
    if trips is None or plan.access is None:
        return schema("station_trips").empty()
    ways, lots = plan.access.ways, model.conditions.lots
    n = len(trips.row)
    return pd.DataFrame(
        {
            "year": np.full(n, model.year, np.int16),
            "season": np.full(n, int(model.season), np.int8),
            "day_type": np.full(n, int(plan.day_type), np.int8),
            "tour_idx": (plan.first_idx + trips.row).astype(np.int32),
            "stop_id": [lots[lot].stop_id for lot in ways.lot[trips.way]],
            "access": trips.access,
            "vehicle_idx": np.where(trips.access == Access.CAR, plan.columns.vehicle[trips.row], -1),
            "access_km": trips.km.astype(np.float32),
            "access_min": (0.5 * (trips.out_min + trips.back_min)).astype(np.float32),
            "place_eur": ways.price_eur[trips.way].astype(np.float32),
            "transit_km": ways.option["km"][trips.way],
        }
    )


def ways_to_station(model: MobilityModel, plan: DayPlan, tour: int, alternative: Alternative) -> dict[str, Any]:
    """The ways to a station of a tour by bus or train, and the one that was drawn; nothing where there is only walking.

    ``walk_min`` is then that of the way drawn; what the ways together are worth is in the utility of the alternative.
    """
    access = plan.access
    if access is None or alternative not in (Alternative.BUS, Alternative.TRAIN):
        return {}
    k = alternative - Alternative.BUS
    group = np.flatnonzero((access.row == tour) & (access.mode == k))
    if not len(group):
        return {}
    ways, lots, way = access.ways, model.conditions.lots, int(access.drawn[group[0]])
    own = np.flatnonzero((ways.row == tour) & (ways.mode == k))
    told = [
        {
            "stop_id": lots[ways.lot[w]].stop_id,
            "vehicle": lots[ways.lot[w]].vehicle,
            "available": bool(np.isfinite(access.utility[w])),
            "utility": float(access.utility[w]),
            "draw": float(ways.luck[w]),
        }
        for w in own
    ]
    if way < 0:
        walk_min = float(access.walk.of_mode[MODES[k]]["walk_min"][tour])
        return {"access": Access.WALK.name.lower(), "walk_min": walk_min, "ways": told}
    ebike = plan.columns.ebike[tour] == 1
    kind = Access.CAR if ways.car[way] else Access.EBIKE if ebike else Access.BIKE
    return {
        "access": kind.name.lower(),
        "stop_id": lots[ways.lot[way]].stop_id,
        "access_km": float(ways.km[way]),
        "place_eur": float(ways.price_eur[way]),
        "walk_min": float(ways.option["walk_min"][way]),
        "ways": told,
    }
