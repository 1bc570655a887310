"""The coefficients of the mode choice: from behavioural parameters to what the kernels read, and who has which."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zemsim.behaviour.parameters import SEGMENTS, Parameters
from zemsim.core.names import Nest
from zemsim.kernels.tour_choice import ChoiceParameters
from zemsim.region import Region


def choice_parameters(parameters: Parameters) -> ChoiceParameters:
    """The coefficients of the mode choice as the kernel reads them."""
    scales = {Nest.ACTIVE: "lam_act", Nest.TRANSIT: "lam_pt", Nest.CAR: "lam_car"}
    p = parameters
    return ChoiceParameters(
        b_cost=p["b_cost"],
        b_car=p["b_car"],
        b_pt=p["b_pt"],
        b_wait=p["b_wait"],
        wait_cap_min=p["wait_cap_min"],
        b_head=p["b_head"],
        head_power=p["head_power"],
        b_acc=p["b_acc"],
        b_tr=p["b_tr"],
        b_walk=p["b_walk"],
        b_bike=p["b_bike"],
        k_ebike=p["k_ebike"],
        k_park=p["k_park"],
        w_temp=p["w_temp"],
        shared_access_min=p["shared_access_min"],
        constants=np.ascontiguousarray(p.mode_constants),
        nest_scale=np.array([p[scales[nest]] for nest in Nest]),
    )


def rain_utilities(parameters: Parameters, rain_mm_day: float) -> dict[str, float]:
    """What a season's mean rain weighs in a tour on foot and by bike, utils; names as in `ChoiceParameters`.

    ``w_rain * mm``, the mean over the days of a season: the formula is a straight line, so it needs no day of its own.
    """
    return {"rain_walk": parameters["w_rain_walk"] * rain_mm_day, "rain_bike": parameters["w_rain"] * rain_mm_day}


def segments_of(region: Region, origin: npt.NDArray[np.int32], dest: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
    """Row of the mode constants of each tour: inside a city, or not."""
    place = region.zones["settlement_id"].to_numpy()
    city = region.zones["area_type"].to_numpy() == "city"
    inside = city[origin] & city[dest] & (place[origin] == place[dest])
    return np.where(inside, SEGMENTS.index("city"), SEGMENTS.index("regional")).astype(np.int8)
