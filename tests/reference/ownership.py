"""What a household buys, in plain Python from the formulas: a nested logit of cars or none, a binary one of e-bikes.

The draws are handed in as functions ``gumbel(draw)`` and ``uniform(draw)`` of the place or resident.
"""

import math

FUELS, AGES = ("petrol", "diesel", "bev", "hybrid", "phev"), ("new", "used")
ALTERNATIVES = [(fuel, age) for fuel in FUELS for age in AGES]
NESTS = {
    (age, kind): [(fuel, age) for fuel in FUELS if (fuel in ("bev", "phev")) == (kind == "plug")]
    for age in AGES
    for kind in ("fuel", "plug")
}


def utilities(home, market):
    """Utility of each car ``(powertrain, age)`` for a household, and of ``None``."""
    g = market["b_price"] * home["income_factor"]
    out = {}
    for fuel, age in ALTERNATIVES:
        price = max(0.0, market["price_keur"][fuel, age] - home["saving_keur"].get((fuel, age), 0.0))
        electric = 0.0
        parking = home["parking_eur"]["bev" if fuel == "bev" else "other"]
        year_keur = (home["km_year"] * home["eur_km"][fuel] + parking) / 1000.0
        if fuel == "bev":
            electric = market["b_range"] * math.log(market["range_winter_km"][age] / 400.0)
            electric += market["b_charger"] * home["points_term"] + market["b_peer"] * home["peer_share"]
            electric += 0.0 if home["plug"] else market["b_nohome"]
            electric += market["b_anycharger"] if home["fast_near"] else 0.0
            year_keur += home["beyond_keur"][age]
        money = g * (price + market["years_counted"] * year_keur)
        out[fuel, age] = market["constant"][fuel, age] + market["ln_supply"][fuel, age] + money + electric
    out[None] = home["none_utility"]
    return out


def ln_stable(alpha, uniform_angle, uniform_size):
    """Kanter's formula for a positive stable number, in logarithms."""
    if alpha == 1.0:
        return 0.0
    angle, size = math.pi * uniform_angle, -math.log(uniform_size)
    zolotarev = math.sin(alpha * angle) ** (alpha / (1 - alpha)) * math.sin((1 - alpha) * angle)
    zolotarev /= math.sin(angle) ** (1 / (1 - alpha))
    return (1 - alpha) / alpha * math.log(zolotarev / size)


def errors(market, year, gumbel, uniform):
    """Error terms of the nested logit from its Gumbel and stable numbers."""
    age_scale, inner = market["age_scale"], market["powertrain_scale"] / market["age_scale"]
    first, found = year * 32, {}
    for a, age in enumerate(AGES):
        of_age = ln_stable(age_scale, uniform(first + 2 * a), uniform(first + 2 * a + 1))
        for b, kind in enumerate(("fuel", "plug")):
            draw = first + 4 + 2 * (2 * a + b)
            of_nest = ln_stable(inner, uniform(draw), uniform(draw + 1))
            for car in NESTS[age, kind]:
                own = gumbel(first + 12 + ALTERNATIVES.index(car))
                found[car] = age_scale * (of_age + inner * (of_nest + own))
    found[None] = gumbel(first + 12 + len(ALTERNATIVES))
    return found


def choice(home, market, year, gumbel, uniform):
    """The best alternative and by how much it beats the next."""
    utility, error = utilities(home, market), errors(market, year, gumbel, uniform)
    value = {car: utility[car] + error[car] for car in utility}
    best, second = sorted(value, key=value.get, reverse=True)[:2]
    return best, value[best] - value[second]


def probabilities(utility, age_scale, powertrain_scale):
    """Choice probabilities of the nested logit, from the inside out."""
    inclusive = {
        nest: powertrain_scale * math.log(sum(math.exp(utility[car] / powertrain_scale) for car in cars))
        for nest, cars in NESTS.items()
    }
    of_age = {
        age: age_scale * math.log(sum(math.exp(inclusive[age, kind] / age_scale) for kind in ("fuel", "plug")))
        for age in AGES
    }
    total = math.exp(utility[None]) + sum(math.exp(value) for value in of_age.values())
    found = {None: math.exp(utility[None]) / total}
    for (age, kind), cars in NESTS.items():
        to_age = math.exp(of_age[age]) / total
        to_nest = math.exp((inclusive[age, kind] - of_age[age]) / age_scale)
        for car in cars:
            found[car] = to_age * to_nest * math.exp((utility[car] - inclusive[age, kind]) / powertrain_scale)
    return {car: found[car] for car in [*ALTERNATIVES, None]}


def buys_ebike(utility, hazard, year, uniform, gumbel):
    """Considers one with a hazard, and buys where buying has the higher utility with its error term."""
    return uniform(year * 4) < hazard and utility + gumbel(year * 4 + 1) > gumbel(year * 4 + 2)
