"""When tours leave and return."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zemsim.core.names import PERIODS, DayType, Purpose
from zemsim.core.randomness import Stream
from zemsim.kernels.day_plan import SHORTEST_GAP_MIN, SHORTEST_STAY_MIN, schedule
from zemsim.kernels.draws import normals, uniforms
from zemsim.population.inputs import Floats, Ints, assumed
from zemsim.region.views import PeopledRegion

#: No draw stretches a wish or a stay by more than this many standard deviations.
_LARGEST_DEVIATION = 2.5


def period_of(day: DayType, minute: Ints) -> NDArray[np.int8]:
    """Index into ``PERIODS`` of a departure: earlier ones belong to the first window of the day, later to the last."""
    windows = [(idx, period.start_min) for idx, period in enumerate(PERIODS) if period.day_type == day]
    starts = np.array([start for _, start in windows])
    place = np.clip(np.searchsorted(starts, minute, side="right") - 1, 0, len(windows) - 1)
    return np.array([idx for idx, _ in windows], dtype=np.int8)[place]


def day_times(
    region: PeopledRegion,
    purpose: Ints,
    resident: Ints,
    slot: Ints,
    ids: Ints,
    road_km: Floats,
    day: DayType,
    seed: int,
) -> tuple[Ints, Ints, Ints]:
    """Times of the tours of one day type. Escort tours of the weekend leave like those for leisure.

    Parameters
    ----------
    purpose, resident, slot
        int64 [R], sorted by resident and slot; work or school is slot 0.
    ids
        int64 [R], ``resident_id`` of who travels.
    road_km
        float64 [R], one way.

    Returns
    -------
    order, depart_min, leave_min
        int64 of the tours kept: the row in the input, in the order of the day, and its times.
    """
    travel = np.ceil(road_km / assumed(region, "plan_speed_km_h") * 60.0).astype(np.int64) + 1
    address = int(day) * 16 + slot
    weekend_escort = (day == DayType.WEEKEND) & (purpose == Purpose.ESCORT)
    like = np.where(weekend_escort, int(Purpose.LEISURE), purpose)
    wish = _drawn(region, "depart", like, ids, address, 0, seed)
    stay = np.maximum(_drawn(region, "stay", purpose, ids, address, 32, seed), SHORTEST_STAY_MIN)
    gap = -assumed(region, "gap_between_tours_min") * np.log(_by_address(uniforms, ids, address + 64, seed))
    key = _order_in_day(purpose, resident, slot, wish, stay, travel)
    order = np.lexsort((slot, key, resident))
    sorted_resident = resident[order]
    starts = np.flatnonzero(np.r_[True, sorted_resident[1:] != sorted_resident[:-1], True])
    whole_gap = gap.astype(np.int64)[order]
    depart, back, kept = schedule(starts, wish[order], stay[order], travel[order], whole_gap)
    place = np.arange(order.size) - np.repeat(starts[:-1], np.diff(starts))
    fits = place < np.repeat(kept, np.diff(starts))
    return order[fits], depart[fits], back[fits]


def _by_address(draw: object, ids: Ints, address: Ints, seed: int) -> Floats:
    values = np.empty(ids.size)
    for number in np.unique(address):
        rows = address == number
        values[rows] = draw(seed, Stream.DEPARTURE, ids[rows], int(number))  # type: ignore[operator]
    return values


def _drawn(
    region: PeopledRegion, what: str, purpose: Ints, ids: Ints, address: Ints, shift: int, seed: int
) -> NDArray[np.int64]:
    mean = np.array([assumed(region, f"{what}_min.{p.name.lower()}") for p in Purpose])
    spread = np.array([assumed(region, f"{what}_sd_min.{p.name.lower()}") for p in Purpose])
    noise = np.clip(_by_address(normals, ids, address + shift, seed), -_LARGEST_DEVIATION, _LARGEST_DEVIATION)
    return np.rint(mean[purpose] + spread[purpose] * noise).astype(np.int64)


def _order_in_day(purpose: Ints, resident: Ints, slot: Ints, wish: Ints, stay: Ints, travel: Ints) -> Ints:
    """Order of the tours of a resident; writes the wish of an escort tour that comes before work or school.

    Without work or school, tours follow their wishes. With it, the second tour comes before it if it is an escort
    that leaves after five in the morning, all others follow it.
    """
    n_residents = int(resident.max()) + 1 if resident.size else 0
    main = np.full(n_residents, -1, dtype=np.int64)
    first = (slot == 0) & ((purpose == Purpose.WORK) | (purpose == Purpose.SCHOOL))
    main[resident[first]] = np.flatnonzero(first)
    bound = main[resident] >= 0
    before_work = wish[main[resident]] - 2 * travel - stay - SHORTEST_GAP_MIN
    before = bound & (slot == 1) & (purpose == Purpose.ESCORT) & (before_work >= 5 * 60)
    wish[before] = before_work[before]
    return np.where(bound, np.where(before, -1, slot), wish)
