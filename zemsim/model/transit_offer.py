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
from zemsim.kernels.tour_choice import TourColumns

#: Positions of tours, or a slice of them.
Rows = npt.NDArray[np.int64] | slice
ALL_ROWS: Final = slice(None)

MODES = ("bus", "train")
COMPONENTS = ("ivt_min", "wait_min", "headway_min", "walk_min", "transfers")


class Options(NamedTuple):
    """Bus and train of all tours (`transit_options`), and the main pattern of every leg of the skim, any shape."""

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
    asked : float64 [patterns, Q] or None, vehicles asked for over those there are, at least 1.
    """

    def __init__(self, columns: TourColumns, full: Options, without: Options | None = None) -> None:
        self._columns = columns
        self.full, self.without = full, without
        self.refused = np.zeros(columns.transit_ok.shape, bool)
        self.asked: npt.NDArray[np.float64] | None = None
        self._places = self._crowding_places(full)

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
        served = np.concatenate([np.ones(1), 1.0 / self.asked.ravel()])
        self.refused = luck >= np.minimum(served[self._places[0]], served[self._places[1]])

    def write(self, base_fare_eur: npt.NDArray[np.float64]) -> None:
        """Write the options into the columns, and the fares on buses and on trains into ``base_fare_eur`` [R, 2, 2]."""
        self._write_rows(self.full, self._places, base_fare_eur, [slice(None)] * len(MODES))
        if self.without is not None and self.refused.any():
            refused = [np.flatnonzero(of_mode) for of_mode in self.refused]
            self._write_rows(self.without, self._crowding_places(self.without), base_fare_eur, refused)

    def write_again(self, rows: npt.NDArray[np.int64], base_fare_eur: npt.NDArray[np.float64]) -> None:
        """Write some rows anew, whose options have changed; they are served."""
        self._places[:, :, rows] = self._crowding_places(self.full, rows)
        self.refused[:, rows] = False
        self._write_rows(self.full, self._places, base_fare_eur, [rows] * len(MODES))

    def serve_all(self, base_fare_eur: npt.NDArray[np.float64]) -> None:
        """Refuse nobody any more."""
        if self.refused.any():
            self.refused[:] = False
            self.write(base_fare_eur)

    def legs(self, without: bool) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Return legs out and back in the skim, bus after train, and the tours that use them: [2 R]."""
        options = self.without if without and self.without is not None else self.full
        out, back = (
            np.concatenate([options.of_mode[mode][side] for mode in MODES]) for side in ("leg_out", "leg_back")
        )
        return out, back, (self.refused if without else ~self.refused).ravel()

    def _crowding_places(self, options: Options, rows: Rows = ALL_ROWS) -> npt.NDArray[np.int32]:
        """Where the crowding of the main legs stands, int32 [2 sides, modes, R]: 0 none, then patterns by period."""
        c, flat = self._columns, np.ravel(options.main_pattern)
        found = np.zeros((2, len(MODES), len(c.period_out[rows])), np.int32)
        for k, mode in enumerate(MODES):
            option = {name: values[rows] for name, values in options.of_mode[mode].items()}
            for side, (leg, period) in enumerate((("leg_out", c.period_out), ("leg_back", c.period_back))):
                pattern = np.where(option["available"], flat[np.where(option["available"], option[leg], 0)], -1)
                found[side, k] = np.where(pattern >= 0, 1 + pattern * len(PERIODS) + period[rows], 0)
        return found

    def _write_rows(
        self,
        options: Options,
        places: npt.NDArray[np.int32],
        base_fare_eur: npt.NDArray[np.float64],
        rows: Sequence[Rows],
    ) -> None:
        """``rows`` are those to be written of each mode."""
        c = self._columns
        for k, (mode, at) in enumerate(zip(MODES, rows, strict=True)):
            option = options.of_mode[mode]
            available = option["available"][at].astype(np.bool_)
            c.transit_ok[k, at] = available
            for j, component in enumerate(COMPONENTS):
                c.transit[k, j, at] = np.where(available, option[component][at], 0.0)
            c.crowd_out[k, at], c.crowd_back[k, at] = places[0, k, at], places[1, k, at]
            fare, on_buses = (np.where(available, option[name][at], 0.0) for name in ("fare_eur", "bus_fare_eur"))
            base_fare_eur[at, k, 0], base_fare_eur[at, k, 1] = on_buses, fare - on_buses
