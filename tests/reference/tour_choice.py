"""The utilities of a tour in plain Python, from the formulas of the model page; the nested logit is in the package."""

import math

from zemsim.verification.twins.nested_logit import NESTS, ORDER, draw, inclusive_values, probabilities

__all__ = ["NESTS", "ORDER", "draw", "inclusive_values", "probabilities", "utilities"]


def utilities(tour, world, p):
    """Utility of each alternative of a tour (dicts in, dict out); minus infinity where there is none."""
    g = p["b_cost"] * tour["cost_factor"]
    rain_mm = world.get("rain_mm_day", 0.0)
    weather = p["w_temp"] * min(world["temperature_c"] - 20, 0) + (p["w_rain"] * rain_mm if rain_mm else 0.0)
    wet = p["w_rain_walk"] * rain_mm if rain_mm else 0.0
    out = dict.fromkeys(ORDER, -math.inf)
    if tour["walk_min"] < math.inf:
        out["walk"] = 2 * p["b_walk"] * tour["walk_min"] + wet
    if tour["bike"] and tour["bike_min"] < math.inf:
        out["bike"] = 2 * p["b_bike"] * tour["bike_min"] + weather
    if tour["ebike"] and tour["ebike_min"] < math.inf:
        v = p["k_ebike"] * p["b_bike"] * tour["ebike_min"]
        if tour["ebike"] == 2:
            v += g * tour["shared_eur"] + p["b_acc"] * p["shared_access_min"]
        out["ebike"] = 2 * v + weather
    for mode in ("bus", "train"):
        x = tour[mode]
        if x is not None:
            wait = min(x["headway"] / 2, p["wait_cap_min"]) + x["wait"]
            v = p["b_pt"] * x["ride"] * (x["crowding_out"] + x["crowding_back"]) / 2 + p["b_wait"] * wait
            v += p["b_head"] * 30 * (x["headway"] / 30) ** p["head_power"]  # the second hour less than the first
            v += p["b_acc"] * x["walk"] + p["b_tr"] * x["transfers"]
            out[mode] = 2 * (v + g * x["fare"] * x["fare_share"])
    minutes = (tour["road_out_min"] + tour["road_back_min"]) / 2 + tour["terminal_from"] + tour["terminal_to"]
    if minutes < math.inf:
        if tour["vehicle"] >= 0:
            money = 2 * tour["drive_eur"] + p["k_park"] * tour["parking_eur"]
            out["driver"] = 2 * p["b_car"] * minutes + g * money
        if tour["passenger"]:
            out["passenger"] = 2 * p["b_car"] * minutes
    return {m: v + p["constants"][tour["segment"]][m] for m, v in out.items()}
