"""Who goes to another place, in plain Python: weights, balance and the coupled draw, member by member."""

import math

from zemsim.core.randomness import uniform

ATTEMPTS, DRAWS = 8, 16


def weight(before, now, theta):
    """Weight of a place from its logsums at first and now."""
    if before == -math.inf:
        return 1.0
    return 0.0 if now == -math.inf else math.exp(theta * (now - before))


def weights(member, members, before, now, theta):
    """Weight of each place of the neighbourhood for the person of a member, by the member whose place it is."""
    return {
        other["row"]: weight(before[member["before"]][other["row"]], now[member["now"]][other["row"]], theta)
        if member["before"] >= 0
        else 1.0
        for other in members
        if other["group"] == member["group"]
    }


def totals(members, before, now, theta, pull):
    """Expected number of members by zone."""
    zone = {m["row"]: m["zone"] for m in members}
    out = dict.fromkeys(zone.values(), 0.0)
    for m in members:
        pulled = {a: w * pull[zone[a]] for a, w in weights(m, members, before, now, theta).items()}
        total = sum(pulled.values())
        for a, w in pulled.items():
            out[zone[a]] += w / total if total > 0 else 0.0
    return out


def balanced(members, before, now, theta, passes):
    """Factors of zones after some passes of proportional fitting to the members of each zone."""
    wanted, pull = {}, {}
    for m in members:
        wanted[m["zone"]] = wanted.get(m["zone"], 0) + 1
        pull[m["zone"]] = 1.0
    for _ in range(passes):
        found = totals(members, before, now, theta, pull)
        for zone, number in wanted.items():
            if found[zone] > 0:
                pull[zone] *= number / found[zone]
    return pull


def place(member, members, before, now, theta, pull, way_min, seed, stream):
    """Whose place a member takes; -1 - own row if it must leave and finds none in time."""
    own, zone = member["row"], {m["row"]: m["zone"] for m in members}
    pulled = {a: w * pull[zone[a]] for a, w in weights(member, members, before, now, theta).items()}
    mean = sum(pulled.values()) / len(pulled)
    draw = member["draw"] * DRAWS
    if not member["free"] or mean <= 0 or pulled[own] >= mean:
        return own
    if member["now"] >= 0 and before[member["before"]][own] == now[member["now"]][own] == -math.inf:
        return own
    if uniform(seed, stream, member["agent"], draw) < pulled[own] / mean:
        return own
    goes = {a for a in pulled if member["now"] < 0 or now[member["now"]][a] > -math.inf}
    above = [(a, w - mean) for a, w in sorted(pulled.items()) if w > mean and a in goes]
    for attempt in range(1, ATTEMPTS + 1):
        wanted = float(uniform(seed, stream, member["agent"], draw + attempt)) * sum(more for _, more in above)
        running = 0.0
        for a, more in above:
            running += more
            if running > wanted:
                if way_min[member["origin"]][zone[a]] <= member["room_min"]:
                    return a
                break
    return -1 - own
