"""Slow, obvious twins of the kernels of the population."""

from __future__ import annotations

import math

import numpy as np


def balanced(weight, rows, origin, destination, group, mix, target, iterations):  # type: ignore[no-untyped-def]
    """Iterative proportional fitting on the table itself: blocks and columns from the same table, then rows."""
    flow = np.array(weight, dtype=float)

    def fit_rows() -> None:
        for i in range(flow.shape[0]):
            total = flow[i].sum()
            flow[i] *= rows[i] / total if total > 0 and rows[i] > 0 else 0.0

    fit_rows()
    for _ in range(iterations):
        before = flow.copy()
        for a in range(target.shape[0]):
            for b in range(target.shape[1]):
                cells = np.ix_(origin == a, destination == b)
                if not math.isnan(target[a, b]) and before[cells].sum() > 0:
                    flow[cells] *= target[a, b] / before[cells].sum()
        for g in np.unique(group):
            members = np.flatnonzero(group == g)
            for j in members:
                if before[:, j].sum() > 0:
                    wanted = mix[j] / mix[members].sum() * before[:, members].sum()
                    flow[:, j] *= wanted / before[:, j].sum()
        fit_rows()
    return flow


def mean_distance(productions, attraction, resistance, distance, decay):  # type: ignore[no-untyped-def]
    """Expected distance by a loop over origins with NumPy sums."""
    means, trips = [], []
    for i, made in enumerate(productions):
        reach = np.isfinite(resistance[i]) & (attraction > 0)
        weight = attraction[reach] * np.exp(-decay * resistance[i][reach])
        if made > 0 and weight.sum() > 0:
            means.append((weight * distance[i][reach]).sum() / weight.sum())
            trips.append(made)
    return float(np.average(means, weights=trips)) if trips else math.nan


def pick(attraction, resistance, decay, origin, u):  # type: ignore[no-untyped-def]
    """First zone whose running weight exceeds ``u`` times the total; -1 without weight."""
    weight = [a * math.exp(-decay * r) if a > 0 else 0.0 for a, r in zip(attraction, resistance[origin], strict=True)]
    total = 0.0
    running = []
    for w in weight:
        total += w
        running.append(total)
    if total <= 0.0:
        return -1
    return next((j for j, value in enumerate(running) if value > u * total), len(running) - 1)


def day(tours):  # type: ignore[no-untyped-def]
    """Departures from home and for home of the tours ``(wish, stay, travel, gap)`` that fit between 5:00 and 23:59.

    Five minutes at home and five of stay are the least. What is too long is taken off the stays, each by its share of
    what all can give, rounded up; then every tour leaves as late as the next one lets it, if its wish is later.
    """
    kept = list(tours)
    while sum(2 * t + min(s, 5) for _, s, t, _ in kept) + 5 * (len(kept) - 1) > 1139:
        kept.pop()
    excess = sum(2 * t + s for _, s, t, _ in kept) + 5 * (len(kept) - 1) - 1139
    to_give = [max(s - 5, 0) for _, s, _, _ in kept]
    stays = [s for _, s, _, _ in kept]
    if excess > 0:
        stays = [s - min(give, math.ceil(give * excess / sum(to_give))) for s, give in zip(stays, to_give, strict=True)]
    departures, home = [], None
    for (wish, _, travel, gap), stay in zip(kept, stays, strict=True):
        departures.append(max(wish, 300 if home is None else home + max(gap, 5)))
        home = departures[-1] + 2 * travel + stay
    times, end = [], 1439
    for (_, _, travel, _), stay, departure in list(zip(kept, stays, departures, strict=True))[::-1]:
        leave = min(departure, end - 2 * travel - stay)
        times.append((leave, leave + travel + stay))
        end = leave - 5
    return times[::-1]


def fill_places(pupils, places, km):  # type: ignore[no-untyped-def]
    """Pupil by pupil along the sorted pairs of home and school."""
    room = list(places)
    if sum(room) < sum(pupils):
        ratio = sum(pupils) / sum(room)
        room = [math.ceil(r * ratio) for r in room]
    left = list(pupils)
    given = np.zeros((len(pupils), len(places)), dtype=int)
    pairs = sorted((km[i][j], i, j) for i in range(len(pupils)) for j in range(len(places)))
    for _, i, j in pairs:
        while left[i] > 0 and room[j] > 0:
            left[i] -= 1
            room[j] -= 1
            given[i, j] += 1
    return given


def fifth_ratio(income, persons, size):  # type: ignore[no-untyped-def]
    """Resident by resident: five copies of each, so that a fifth is a whole number of rows."""
    rows = []
    for money, equal, members in zip(income, persons, size, strict=True):
        rows += [money / equal] * (5 * int(members))
    rows.sort()
    fifth = len(rows) // 5
    return math.fsum(rows[-fifth:]) / math.fsum(rows[:fifth])


def equivalent_persons(age, household_idx, households):  # type: ignore[no-untyped-def]
    """Household by household: one, a half for each further person of 14 and over, 0.3 for each further child."""
    found = []
    for household in range(households):
        members = sorted((a for a, owner in zip(age, household_idx, strict=True) if owner == household), reverse=True)
        found.append(1.0 + sum(0.5 if a >= 14 else 0.3 for a in members[1:]))
    return found
