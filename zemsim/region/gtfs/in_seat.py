"""transfers.txt, types 4 and 5: passengers who stay on board while the vehicle goes on as another trip, or may not.

A trip that goes on as another of its route becomes one trip with it; GTFS has two because the direction or the headsign
changes at the stop. What cannot be joined stays as it is, passengers change there, and the reason is counted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from zemsim.core.notices import EXAMPLES, Notices
from zemsim.region.archive import Source
from zemsim.region.gtfs.table import Table
from zemsim.region.gtfs.walks import IN_SEAT, NOT_IN_SEAT

#: Why a pair of trips is not joined, with the words for people; passengers then change.
REASONS = {
    "unnamed": "it names no two trips",
    "left_out": "a trip was left out",
    "headway": "a trip runs by headway",
    "route": "the trips are of different routes",
    "days": "the trips run on different days",
    "stops": "the first trip does not end where the other begins",
    "time": "the other trip leaves before the first arrives",
    "several": "a trip goes on as several, or several as one",
}


def join_in_seat(
    source: Source, trips: pd.DataFrame, times: pd.DataFrame, all_trips: set[str], left_out: set[str], notices: Notices
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return trips and stop times in which trips that passengers ride through are one.

    The joined trip has the id and direction of the first. At the stop where both meet one gets off as at the end of the
    first and on as at the beginning of the second.

    Parameters
    ----------
    source : Source
        The feed.
    trips, times : DataFrame
        As in :class:`~zemsim.region.gtfs.feed.Gtfs`, trips by headway written out.
    all_trips, left_out : set of str
        Trips of ``trips.txt``; those with faults.
    notices : Notices
        Is told what was joined, and what not.
    """
    pairs, reasons = _pairs(source, trips, times, all_trips, left_out, notices)
    follower, not_joined = _one_to_one(pairs)
    reasons["several"] += not_joined
    for key, words in REASONS.items():
        notices.add(f"gtfs.in_seat_{key}", f"transfer on board not followed, passengers change: {words}", reasons[key])
    if not follower:
        return trips, times
    names = trips["trip_id"].tolist()
    examples = [names[trip] for trip in sorted(follower)[:EXAMPLES]]
    notices.add("gtfs.in_seat_joined", "trip that goes on as another of its route: made one", len(follower), examples)
    return _joined(trips, times, follower)


Pairs = list[tuple[int, int]]


def _pairs(
    source: Source, trips: pd.DataFrame, times: pd.DataFrame, all_trips: set[str], left_out: set[str], notices: Notices
) -> tuple[Pairs, dict[str, int]]:
    """Return rows of trips that can be joined, and how many rows of the file cannot, by reason."""
    table = Table(source, "transfers.txt", required=False)
    kinds = table.integers("transfer_type", 0, 5, blank=0)
    notices.add(
        "gtfs.in_seat_not", "transfer that asks passengers to get off: they change", int((kinds == NOT_IN_SEAT).sum())
    )
    reasons = dict.fromkeys(REASONS, 0)
    wanted = np.flatnonzero(kinds == IN_SEAT).tolist()
    if not wanted:
        return [], reasons
    start, end = (table.references(f"{x}_trip_id", all_trips, "trips.txt", blank=True) for x in ("from", "to"))
    row_of = {name: row for row, name in enumerate(trips["trip_id"])}
    ends = _ends(times)
    found = set()
    for row in wanted:
        why = _why_not(start[row], end[row], row_of, left_out, trips, ends)
        if why:
            reasons[why] += 1
        else:
            found.add((row_of[start[row]], row_of[end[row]]))
    return sorted(found), reasons


class _End(NamedTuple):
    """First and last stop of a trip, when it leaves the one and reaches the other."""

    first_stop: str
    last_stop: str
    leaves_s: int
    arrives_s: int


def _ends(times: pd.DataFrame) -> dict[int, _End]:
    """Return the ends of each trip by row of ``trips``; those without stop times are missing."""
    trip = times["trip_idx"].to_numpy()
    stop, leaves, arrives = (times[name].to_numpy() for name in ("stop_id", "departure_s", "arrival_s"))
    first = np.flatnonzero(np.diff(trip, prepend=-1))
    last = np.append(first[1:], len(trip)) - 1
    return {
        int(trip[a]): _End(str(stop[a]), str(stop[b]), int(leaves[a]), int(arrives[b]))
        for a, b in zip(first.tolist(), last.tolist(), strict=True)
    }


def _why_not(
    start: str, end: str, row_of: dict[str, int], left_out: set[str], trips: pd.DataFrame, ends: dict[int, _End]
) -> str:
    if not start or not end or start == end:
        return "unnamed"
    if start in left_out or end in left_out:
        return "left_out"
    if start not in row_of or end not in row_of:
        return "headway"
    a, b = row_of[start], row_of[end]
    if a not in ends or b not in ends:
        return "left_out"
    routes, services = trips["route_id"], trips["service_id"]
    if routes.iloc[a] != routes.iloc[b]:
        return "route"
    if services.iloc[a] != services.iloc[b]:
        return "days"
    if ends[a].last_stop != ends[b].first_stop:
        return "stops"
    return "time" if ends[b].leaves_s < ends[a].arrives_s else ""


def _one_to_one(pairs: Pairs) -> tuple[dict[int, int], int]:
    """Return the following trip by trip where both have no other, and how many pairs are left.

    A ring of trips without a beginning is left, too.
    """
    after: dict[int, list[int]] = {}
    before: dict[int, list[int]] = {}
    for a, b in pairs:
        after.setdefault(a, []).append(b)
        before.setdefault(b, []).append(a)
    follower = {a: b for a, b in pairs if len(after[a]) == 1 and len(before[b]) == 1}
    heads = sorted(set(follower) - set(follower.values()))
    kept = {}
    for trip in heads:
        while trip in follower:
            kept[trip] = follower[trip]
            trip = follower[trip]
    return kept, len(pairs) - len(kept)


def _joined(trips: pd.DataFrame, times: pd.DataFrame, follower: dict[int, int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    parts: dict[int, pd.DataFrame] = dict(iter(times.groupby("trip_idx")))  # type: ignore[arg-type]
    later = set(follower.values())
    courses = []
    for trip in range(len(trips)):
        if trip in later or trip not in parts:
            continue
        course, at = parts[trip], trip
        while at in follower:
            at = follower[at]
            course = _one_course(course, parts[at])
        courses.append(course.assign(trip_idx=trip, trip_id=trips["trip_id"].iloc[trip]))
    stays = np.array([trip not in later for trip in range(len(trips))])
    new_row = np.cumsum(stays) - 1
    joined = pd.concat(courses, ignore_index=True)
    joined["trip_idx"] = new_row[joined["trip_idx"].to_numpy()]
    return trips[stays].reset_index(drop=True), joined[times.columns].astype(times.dtypes.to_dict())


def _one_course(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Stop times of the first trip and, from their common stop on, of the second."""
    meeting = first.iloc[[-1]].assign(
        departure_s=second["departure_s"].iloc[0], pickup_type=second["pickup_type"].iloc[0]
    )
    after = second.iloc[1:]
    dist = after["dist_m"] - second["dist_m"].iloc[0] + first["dist_m"].iloc[-1]
    sequence = after["stop_sequence"] - second["stop_sequence"].iloc[0] + first["stop_sequence"].iloc[-1]
    joined = pd.concat([first.iloc[:-1], meeting, after.assign(dist_m=dist, stop_sequence=sequence)])
    return joined if joined["dist_m"].notna().all() else joined.assign(dist_m=np.nan)
