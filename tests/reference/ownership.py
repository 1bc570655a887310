"""What a household buys, in plain Python from the formulas: a nested logit over cars, a binary logit over e-bikes.

The draws are handed in as functions ``gumbel(draw)`` and ``uniform(draw)`` of the car or resident.
"""

import math

ALTERNATIVES = [(fuel, age) for fuel in ("petrol", "diesel", "bev") for age in ("new", "used")]


def utilities(home, market):
    """Utility of each alternative ``(powertrain, age)`` for a household."""
    g = market["b_price"] * home["income_factor"]
    out = {}
    for fuel, age in ALTERNATIVES:
        price = market["price_keur"][fuel, age]
        electric = 0.0
        if fuel == "bev":
            price = max(0.0, price - market["pass_through"] * home["grant_keur"][age])
            electric = market["b_range"] * math.log(market["range_winter_km"][age] / 400.0) + market["ln_supply"][age]
            electric += market["b_charger"] * home["points_term"] + market["b_peer"] * home["peer_share"]
            electric += 0.0 if home["plug"] else market["b_nohome"]
            electric += market["b_anycharger"] if home["fast_near"] else 0.0
        parking = home["parking_eur"]["bev" if fuel == "bev" else "combustion"]
        year_keur = (home["km_year"] * home["eur_km"][fuel] + parking) / 1000.0
        out[fuel, age] = market["constant"][fuel, age] + g * (price + market["years_counted"] * year_keur) + electric
    return out


def next_car(home, market, year, gumbel):
    """The car that is bought: first the nest (combustion, electric), then the car in it."""
    utility, scale = utilities(home, market), market["nest_scale"]
    nests = [[a for a in ALTERNATIVES if a[0] != "bev"], [a for a in ALTERNATIVES if a[0] == "bev"]]
    value = []
    for b, nest in enumerate(nests):
        top = max(utility[a] for a in nest)
        inclusive = top + scale * math.log(sum(math.exp((utility[a] - top) / scale) for a in nest))
        value.append(inclusive + gumbel(year * 16 + b))
    nest = nests[0] if value[0] >= value[1] else nests[1]
    return max(nest, key=lambda a: utility[a] / scale + gumbel(year * 16 + 2 + ALTERNATIVES.index(a)))


def probabilities(utility, scale):
    """Choice probabilities of the nested logit."""
    nests = [[a for a in ALTERNATIVES if (a[0] == "bev") == electric] for electric in (False, True)]
    sums = [sum(math.exp(utility[a] / scale) for a in nest) for nest in nests]
    weights = [s**scale for s in sums]
    return {
        a: weights[b] / sum(weights) * math.exp(utility[a] / scale) / sums[b]
        for b, nest in enumerate(nests)
        for a in nest
    }


def buys_ebike(utility, hazard, year, uniform, gumbel):
    """Considers one with a hazard, and buys where buying has the higher utility with its error term."""
    return uniform(year * 4) < hazard and utility + gumbel(year * 4 + 1) > gumbel(year * 4 + 2)
