"""What bus and train offer to the tours of a day, and to those whom a full service on demand refuses.

A tour has one bus and one train option. Where its main leg, out or back, is a ride on demand and more ask than the
vehicles can carry, luck decides who is served; who is not travels as if there were no service: by what the lines offer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from zemsim.core.names import PERIODS
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.tour_choice import ChoiceParameters, TourColumns, expect_waits_rows

#: Positions of tours, or a slice of them.
Rows = npt.NDArray[np.int64] | slice
ALL_ROWS: Final = slice(None)

MODES = ("bus", "train")
COMPONENTS = ("ivt_min", "wait_min", "headway_min", "walk_min", "transfers")
WAIT: Final = COMPONENTS.index("wait_min")


class Options(NamedTuple):
    """Bus and train of all tours (`transit_options`), and the main pattern of every leg of the skim, any shape.

    Each mode has besides ``event_out, event_back``, int32 [R], one more than the stop event of the departure that is
    planned (`zemsim.travel.transit_loads`), 0 none.
    """

    of_mode: Mapping[str, Mapping[str, npt.NDArray[Any]]]
    main_pattern: npt.NDArray[Any]


class TransitOffer:
    """Bus and train of R tours.

    Parameters
    ----------
    columns : what the choice reads; the offer is written there.
    full : options under the timetable in force.
    without : options of those who are refused, None where nobody can be.

    Attributes
    ----------
    refused : bool [2, R], tours whose bus or train is that without services on demand.
    usual_wait_min : float32 [2, R], wait at changes when nobody is left behind.
    asked : float64 [patterns, Q] or None, vehicles asked for over those there are, at least 1.
    """

    def __init__(self, columns: TourColumns, full: Options, without: Options | None = None) -> None:
        self._columns = columns
        self.full, self.without = full, without
        self.refused = np.zeros(columns.transit_ok.shape, bool)
        self.usual_wait_min = np.zeros(columns.transit_ok.shape, np.float32)
        self._further_min = np.zeros(1, np.float32)
        self.asked: npt.NDArray[np.float64] | None = None
        self._places: npt.NDArray[np.int32] | None = None

    def ration(self, asked: npt.NDArray[np.float64], luck: npt.NDArray[np.float64]) -> None:
        """Refuse rides where more is asked than there is.

        Parameters
        ----------
        asked : float64 [patterns, Q]
            Vehicles asked for over those there are; 1 where all are served.
        luck : float64 [R]
            Of each tour, from 0 to 1: it is served where it lies below ``1 / asked`` on both main legs.
        """
        self.asked = np.maximum(asked, 1.0)
        if self._places is None:
            self._places = self._places_of_legs()
        served = np.concatenate([np.ones(1), 1.0 / self.asked.ravel()])
        self.refused = luck >= np.minimum(served[self._places[0]], served[self._places[1]])

    def write(self) -> None:
        """Write the options into the columns."""
        self._further_min = np.zeros(1, np.float32)
        self._write_rows(self.full, [ALL_ROWS] * len(MODES))
        if self.without is not None and self.refused.any():
            refused = [np.flatnonzero(of_mode) for of_mode in self.refused]
            self._write_rows(self.without, refused)

    def write_again(self, rows: npt.NDArray[np.int64]) -> None:
        """Write some rows anew, whose options have changed; they are served."""
        self._places = None
        self.refused[:, rows] = False
        self._write_rows(self.full, [rows] * len(MODES))

    def put(self, options: Options, rows: Sequence[npt.NDArray[np.int64]]) -> None:
        """Offer other options, which differ in ``rows`` of each mode; who is refused stays so."""
        self.full, self._places = options, None
        self._write_rows(options, [at[~self.refused[k, at]] for k, at in enumerate(rows)])

    def expect(
        self, further_min: npt.NDArray[np.float32], temperature_c: float, p: ChoiceParameters, threads: int
    ) -> None:
        """Expect to wait for room, ``further_min`` [E] at each stop event, and work out anew what follows from it."""
        further = np.concatenate([np.zeros(1, np.float32), further_min])
        if self._further_min.any() or further.any():
            waits = (self._columns, self.usual_wait_min, further, temperature_c, p)
            run_blocks(expect_waits_rows, self.usual_wait_min.shape[1], threads, *waits)
        self._further_min = further

    def expect_room(self) -> None:
        """Expect no wait for room; utilities are then to be worked out anew."""
        self._columns.transit[:, WAIT, :] = np.where(self._columns.transit_ok, self.usual_wait_min, 0.0)
        self._further_min = np.zeros(1, np.float32)

    def options(self, without: bool) -> tuple[Options, npt.NDArray[np.bool_]]:
        """Return the options with or without services on demand, and the tours that use them, bool [modes, R]."""
        if without:
            return (self.full if self.without is None else self.without), self.refused
        return self.full, ~self.refused

    def _places_of_legs(self) -> npt.NDArray[np.int32]:
        """Pattern and period of the main legs, int32 [2 sides, modes, R]: 0 none, then patterns by period."""
        c, flat = self._columns, np.ravel(self.full.main_pattern)
        found = np.zeros((2, *self.refused.shape), np.int32)
        for k, mode in enumerate(MODES):
            option = self.full.of_mode[mode]
            for side, (leg, period) in enumerate((("leg_out", c.period_out), ("leg_back", c.period_back))):
                pattern = np.where(option["available"], flat[np.where(option["available"], option[leg], 0)], -1)
                found[side, k] = np.where(pattern >= 0, 1 + pattern * len(PERIODS) + period, 0)
        return found

    def base_fare_eur(self, rows: Rows = ALL_ROWS) -> npt.NDArray[np.float64]:
        """One-way fares of some tours without measures and concessions, float64 [rows, 2, 2].

        Of the bus and the train option (second axis) what is paid on buses and on trains (third); 0 for no option.
        """
        fares = [self._fares(self.full, mode, rows) for mode in MODES]
        if self.without is not None and self.refused.any():
            for k, mode in enumerate(MODES):
                refused = self.refused[k, rows, None]
                fares[k] = np.where(refused, self._fares(self.without, mode, rows), fares[k])
        return np.stack(fares, axis=1)

    @staticmethod
    def _fares(options: Options, mode: str, rows: Rows) -> npt.NDArray[np.float64]:
        option = options.of_mode[mode]
        there = option["available"][rows].astype(np.bool_)
        fare, on_buses = (np.where(there, option[name][rows], 0.0) for name in ("fare_eur", "bus_fare_eur"))
        return np.stack([on_buses, fare - on_buses], axis=1, dtype=np.float64)

    def _write_rows(self, options: Options, rows: Sequence[Rows]) -> None:
        """``rows`` are those to be written of each mode."""
        c = self._columns
        for k, (mode, at) in enumerate(zip(MODES, rows, strict=True)):
            option = options.of_mode[mode]
            available = option["available"][at].astype(np.bool_)
            c.transit_ok[k, at] = available
            for j, component in enumerate(COMPONENTS):
                c.transit[k, j, at] = np.where(available, option[component][at], 0.0)
            self.usual_wait_min[k, at] = c.transit[k, WAIT, at]
            c.crowd_out[k, at], c.crowd_back[k, at] = option["event_out"][at], option["event_back"][at]
