"""The nested logit of a tour in plain Python, from the formulas of the model page, one alternative at a time."""

import math

NESTS = {"walk": "active", "bike": "active", "ebike": "active", "bus": "transit", "train": "transit"}
NESTS |= {"driver": "car", "passenger": "car"}
ORDER = list(NESTS)


def utilities(tour, world, p):
    """Utility of each alternative of a tour (dicts in, dict out); minus infinity where there is none."""
    g = p["b_cost"] * tour["cost_factor"]
    weather = p["w_temp"] * min(world["temperature_c"] - 20, 0)
    out = dict.fromkeys(ORDER, -math.inf)
    if tour["active_km"] <= p["walk_max_km"]:
        out["walk"] = 2 * p["b_walk"] * tour["active_km"] / p["walk_km_h"] * 60
    if tour["bike"] and tour["active_km"] <= p["bike_max_km"]:
        out["bike"] = 2 * p["b_bike"] * tour["active_km"] / p["bike_km_h"] * 60 + weather
    if tour["ebike"] and tour["active_km"] <= p["ebike_max_km"]:
        v = p["k_ebike"] * p["b_bike"] * tour["active_km"] / p["ebike_km_h"] * 60
        if tour["ebike"] == 2:
            v += g * tour["shared_eur"] + p["b_acc"] * p["shared_access_min"]
        out["ebike"] = 2 * v + weather
    for mode in ("bus", "train"):
        x = tour[mode]
        if x is not None:
            wait = min(x["headway"] / 2, p["wait_cap_min"]) + x["wait"]
            v = p["b_pt"] * x["ride"] * (x["crowding_out"] + x["crowding_back"]) / 2 + p["b_wait"] * wait
            v += p["b_head"] * x["headway"] + p["b_acc"] * x["walk"] + p["b_tr"] * x["transfers"]
            out[mode] = 2 * (v + g * x["fare"] * x["fare_share"])
    minutes = (tour["road_out_min"] + tour["road_back_min"]) / 2 + tour["terminal_from"] + tour["terminal_to"]
    if minutes < math.inf:
        if tour["vehicle"] >= 0:
            money = 2 * tour["drive_eur"] + p["k_park"] * tour["parking_eur"]
            out["driver"] = 2 * p["b_car"] * minutes + g * money
        if tour["passenger"]:
            out["passenger"] = 2 * p["b_car"] * minutes
    return {m: v + p["constants"][tour["segment"]][m] for m, v in out.items()}


def inclusive_values(utility, scale):
    """lambda ln sum exp(V / lambda) by nest."""
    out = {}
    for nest in ("active", "transit", "car"):
        inside = [utility[m] for m in ORDER if NESTS[m] == nest and utility[m] > -math.inf]
        top = max(inside, default=-math.inf)
        s = scale[nest]
        out[nest] = top + s * math.log(sum(math.exp((v - top) / s) for v in inside)) if inside else -math.inf
    return out


def probabilities(utility, scale):
    """Choice probabilities of the nested logit in its utility-consistent form."""
    inclusive = inclusive_values(utility, scale)
    top = max(inclusive.values())
    nest = {b: math.exp(v - top) for b, v in inclusive.items()}
    total = sum(nest.values())
    out = {}
    for m in ORDER:
        b = NESTS[m]
        if utility[m] == -math.inf:
            out[m] = 0.0
        else:
            out[m] = nest[b] / total * math.exp((utility[m] - inclusive[b]) / scale[b])
    return out


def draw(utility, scale, shock_nest, shock_alternative):
    """The alternative drawn with given Gumbel terms (dicts), None if there is none."""
    inclusive = inclusive_values(utility, scale)
    nests = [b for b in ("active", "transit", "car") if inclusive[b] > -math.inf]
    if not nests:
        return None
    nest = max(nests, key=lambda b: inclusive[b] + shock_nest[b])
    inside = [m for m in ORDER if NESTS[m] == nest and utility[m] > -math.inf]
    return max(inside, key=lambda m: utility[m] / scale[nest] + shock_alternative[m])
