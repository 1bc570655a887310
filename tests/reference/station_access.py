"""Ways to stations in plain Python: the nest below bus and train, and places in the order of arrival."""

import math


def nest(walk, ways, lam):
    """(logsum, position of the way drawn, -1 on foot) of a group; ``walk`` and ``ways`` are (utility, luck)."""
    weights = [math.exp(v / lam) for v, _ in [walk, *ways] if v > -math.inf]
    if not weights:
        return -math.inf, -1
    drawn, highest = -1, walk[0] / lam + walk[1]
    for k, (v, luck) in enumerate(ways):
        if v / lam + luck > highest:
            drawn, highest = k, v / lam + luck
    return lam * math.log(math.fsum(weights)), drawn


def fill(people, places):
    """Where each stands in the end, None nowhere: one by one, whoever is without a place asks where it likes best.

    A person is (lots in the order in which it likes them, arrival at each lot, number). A lot that is full sends away
    who arrives last, who then asks at its next one.
    """
    standing = {lot: [] for lot in range(len(places))}
    asked = [0] * len(people)
    seeking = list(range(len(people)))
    while seeking:
        person = seeking.pop()
        likes = people[person][0]
        if asked[person] == len(likes):
            continue
        lot = likes[asked[person]]
        asked[person] += 1
        standing[lot].append(person)
        if len(standing[lot]) > places[lot]:
            last = max(standing[lot], key=lambda each: (people[each][1][lot], people[each][2]))
            standing[lot].remove(last)
            seeking.append(last)
    at = dict.fromkeys(range(len(people)))
    for lot, there in standing.items():
        at |= dict.fromkeys(there, lot)
    return [at[person] for person in range(len(people))]
