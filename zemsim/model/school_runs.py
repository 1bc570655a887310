"""Children who are driven to school by a member of their household.

Axes: R tours of a day type, N pairs of a child's tour to school and a tour of somebody else of the household.

For a share ``escort_share`` of the children, a ride to school needs somebody who drives at that time: a member of the
household who leaves home within ``escort_window_min`` of it, in a car, and for whom the school is a detour of at most
``escort_detour_km``; or, with the luck of ``p_lift``, somebody from outside. For the others it is enough that somebody
could drive. Drivers do not look at children, so who drives is known once all have chosen; children without a ride then
choose again, with the same luck, among what is left. Each child has one driver: the first that fits, tours to bring
somebody before others, then those that leave at the nearest time. A car brings at most ``car_seats - 1`` children; the
others ask the next driver that fits. Seats are kept for children who could ride, whether or not they then do; other
passengers take none.
Only the way there is looked at. The driver's detour adds no kilometres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zemsim.core.names import Alternative, Purpose
from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.kernels.tour_choice import NEVER

if TYPE_CHECKING:
    import pandas as pd

    from zemsim.behaviour.parameters import Parameters
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: From this age on one may drive oneself, and nobody asks who brings one to school.
ADULT_AGE = 18


class SchoolRuns:
    """Who may drive whom to school on a day type, and who did.

    Parameters
    ----------
    tours : DataFrame
        Tours of the day type, R rows.
    household : int [R]
        Household of each tour.
    address, seed : int64 [R] and int
        Where the luck of each tour is drawn.

    Attributes
    ----------
    school : int64 [S], tours to school; ``luck`` float64 [S] says whose ride needs a driver that is known.
    child, driver : int32 [N], the tours of each pair, by child, the driver to be asked first before others.
    apart_min : int16 [N], minutes between the two departures.
    driver_of : int32 [R], tour of the member of the household who drives a child to school; -1 where nobody does.
    lifted, without : children driven by somebody from outside, and those for whom there is no ride.
    """

    def __init__(self, tours: pd.DataFrame, household: npt.NDArray[Any], address: Ints, seed: int) -> None:
        purpose, depart_min = tours["purpose"].to_numpy(), tours["depart_min"].to_numpy().astype(np.int64)
        self.school = np.flatnonzero(purpose == Purpose.SCHOOL)
        self.luck = uniforms(seed, int(Stream.ESCORT), address[self.school])
        first = np.searchsorted(household, household[self.school], "left")
        sizes = np.searchsorted(household, household[self.school], "right") - first
        child = np.repeat(self.school, sizes)
        driver = np.arange(len(child)) + np.repeat(first - np.cumsum(sizes) + sizes, sizes)
        other = purpose[driver] != Purpose.SCHOOL
        child, driver = child[other], driver[other]
        apart = np.abs(depart_min[driver] - depart_min[child])
        order = np.lexsort((driver, apart, purpose[driver] != Purpose.ESCORT, child))
        self.child, self.driver = child[order].astype(np.int32), driver[order].astype(np.int32)
        self.apart_min = apart[order].astype(np.int16)
        self.driver_of = np.full(len(tours), -1, np.int32)
        self.lifted = self.without = 0

    def find_drivers(self, plan: DayPlan, p: Parameters, km: npt.NDArray[np.float32]) -> Ints:
        """The driver's tour of each tour, int64 [R], -1 none, from who drives now; ``km`` [Z, Z] is the way by road."""
        dest, origin = plan.columns.dest, plan.columns.origin
        near = self.apart_min <= p["escort_window_min"]
        drives = plan.alternative[self.driver] == Alternative.DRIVER
        pairs = np.flatnonzero(near & drives & (plan.age[self.child] < ADULT_AGE))
        child, driver = self.child[pairs], self.driver[pairs]
        detour = km[origin[child], dest[child]] + km[dest[child], dest[driver]] - km[origin[driver], dest[driver]]
        fits = detour <= p["escort_detour_km"]
        found = np.full(len(self.driver_of), -1)
        carried, by = with_seats(child[fits], driver[fits], int(p["car_seats"]) - 1)
        found[carried] = by
        return found


def with_seats(child: Ints, driver: Ints, seats: int) -> tuple[Ints, Ints]:
    """Children who get a seat, and the driver of each.

    Parameters
    ----------
    child, driver : int64 [n], pairs that fit, those of a child together, the driver to be asked first before others.
    seats : children that a driver can bring; the first by row have them.
    """
    while True:
        carried, first = np.unique(child, return_index=True)
        by = driver[first]
        order = np.argsort(by, kind="stable")
        rank = np.arange(len(order)) - np.searchsorted(by[order], by[order], "left")
        full = first[order[rank >= seats]]
        if not len(full):
            return carried, by
        left = np.ones(len(child), np.bool_)
        left[full] = False
        child, driver = child[left], driver[left]


def drive_to_school(model: MobilityModel) -> None:
    """Children ride with who drives now; those who cannot choose once more, and those who can again, too."""
    plan = model.today
    runs, p = plan.school_runs, model.parameters
    bound = (runs.luck < p["escort_share"]) & (plan.age < ADULT_AGE)[runs.school] & plan.in_force[runs.school]
    minors = runs.school[bound]
    if not len(minors):
        return
    km = model.world.road_skim.distance_km
    drivers = runs.find_drivers(plan, p, km)
    can = (drivers[minors] >= 0) | plan.lift[minors]
    _offer_rides(model, plan, minors, can)
    rides = plan.alternative[minors] == Alternative.PASSENGER
    runs.driver_of[:] = -1
    runs.driver_of[minors[rides]] = drivers[minors[rides]]
    runs.lifted = int((rides & (drivers[minors] < 0)).sum())
    runs.without = int((~can).sum())


def _offer_rides(model: MobilityModel, plan: DayPlan, rows: Ints, can: Bools) -> None:
    """Set whether there is a ride for each of the tours ``rows``, and let those choose again for whom that is new."""
    c, p = plan.columns, plan.parameters
    ride = p.constants[c.segment[rows], Alternative.PASSENGER] + 2.0 * p.b_car * c.road_min[rows].astype(np.float64)
    there = can & np.isfinite(c.road_min[rows])
    now = np.where(there, np.where(there, ride, 0.0), NEVER).astype(np.float32)
    before = c.fixed[Alternative.PASSENGER, rows]
    changed = now != before
    if not changed.any():
        return
    c.fixed[Alternative.PASSENGER, rows] = now
    who = np.zeros(len(model.residents), np.bool_)
    who[plan.column("resident_idx")[rows[changed]]] = True
    model.residents.select(where=who).do("choose_mode")
