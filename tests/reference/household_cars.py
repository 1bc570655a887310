"""Who takes which car of a household, in plain Python: lists and dicts, one decision at a time."""


def allot(tours, cars):
    """The car of each tour (None where there is none), by position.

    ``tours`` are dicts with ``rank`` (None = cannot drive), ``km`` (one way), ``depart``, ``back``, ``parking`` (a dict
    by electric or not); ``cars`` are dicts with ``eur_km``, ``reach_km``, ``electric``.
    """
    taken = [None] * len(tours)
    driven_km = [0.0] * len(cars)
    drivers = [r for r, tour in enumerate(tours) if tour["rank"] is not None]
    for r in sorted(drivers, key=lambda r: (tours[r]["rank"], -tours[r]["km"], r)):
        need_km = 2.0 * tours[r]["km"]
        at_hand = [
            c
            for c, car in enumerate(cars)
            if driven_km[c] + need_km <= car["reach_km"] and not _is_out(c, tours[r], tours, taken)
        ]
        if at_hand:
            parking = tours[r]["parking"]
            best = min(at_hand, key=lambda c: (need_km * cars[c]["eur_km"] + parking[cars[c]["electric"]], c))
            taken[r] = best
            driven_km[best] += need_km
    return taken


def _is_out(car, tour, tours, taken):
    """Whether the car is away for a part of the time of the tour."""
    return any(
        taken[o] == car and tour["depart"] < other["back"] and other["depart"] < tour["back"]
        for o, other in enumerate(tours)
    )
