"""The columns of tours that the kernels of a day read, as they are before anything is known of ways, prices and people.

Axes: R tours of a day type.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.kernels.household_cars import AllotmentTours
from zemsim.kernels.tour_choice import N_ALTERNATIVES, NEVER, TourColumns
from zemsim.model.coefficients import segments_of
from zemsim.model.transit_offer import COMPONENTS
from zemsim.region import Region

#: Stands in ``TourColumns.vehicle`` for a shared car: at hand, but no place for a car of a household.
SHARED_CAR: Final = 2**31 - 1


def columns_of(
    tours: pd.DataFrame,
    region: Region,
    shock_nest: npt.NDArray[np.float32],
    shock_alternative: npt.NDArray[np.float32],
) -> TourColumns:
    """Columns of the mode choice: places and periods as planned, no way at all yet.

    Parameters
    ----------
    tours : DataFrame
        Tours of the day type, R rows.
    region : Region
        Says which mode constants a tour has.
    shock_nest, shock_alternative : float32 [nests, R] and [alternatives, R]
        Luck of each tour.
    """
    origin = tours["origin_zone_idx"].to_numpy().astype(np.int32)
    dest = tours["dest_zone_idx"].to_numpy().astype(np.int32)
    n = len(tours)
    return TourColumns(
        origin=origin,
        dest=dest,
        period_out=tours["period_out"].to_numpy().astype(np.int8),
        period_back=tours["period_back"].to_numpy().astype(np.int8),
        segment=segments_of(region, origin, dest),
        road_km=tours["road_km"].to_numpy().astype(np.float32),
        road_min=np.full(n, np.inf, np.float32),
        walk_min=np.full(n, np.inf, np.float32),
        bike_min=np.full(n, np.inf, np.float32),
        ebike_min=np.full(n, np.inf, np.float32),
        cost_factor=np.ones(n, np.float32),
        bike=np.zeros(n, np.bool_),
        ebike=np.zeros(n, np.int8),
        shared_eur=np.zeros(n, np.float32),
        vehicle=np.full(n, -1, np.int32),
        drive_eur=np.zeros(n, np.float32),
        parking_eur=np.zeros(n, np.float32),
        passenger=np.zeros(n, np.bool_),
        fare_eur=np.zeros((2, n), np.float32),
        transit=np.zeros((2, len(COMPONENTS), n), np.float32),
        transit_ok=np.zeros((2, n), np.bool_),
        crowd_out=np.zeros((2, n), np.int32),
        crowd_back=np.zeros((2, n), np.int32),
        fixed=np.full((N_ALTERNATIVES, n), NEVER, np.float32),
        shock_nest=shock_nest,
        shock_alternative=shock_alternative,
    )


def allotment_of(tours: pd.DataFrame, columns: TourColumns) -> AllotmentTours:
    """What the allotment of household cars reads of the tours; they share the kilometres with ``columns``."""
    n = len(tours)
    return AllotmentTours(
        rank=np.full(n, -1, np.int8),
        road_km=columns.road_km,
        depart_min=tours["depart_min"].to_numpy().astype(np.int16),
        return_min=tours["leave_min"].to_numpy().astype(np.int16),  # at home: `set_road_times` adds the way back
        parking_eur=np.zeros(n, np.float32),
        parking_ev_eur=np.zeros(n, np.float32),
    )
