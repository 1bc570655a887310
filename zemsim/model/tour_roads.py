"""Minutes of driving that travellers know, by the traffic of the hours at which tours leave and return."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zemsim.core.names import PERIODS
from zemsim.kernels.tour_choice import TourColumns
from zemsim.model.transit_offer import Rows

#: Traffic of each period: 0 none, 1 the morning peak, 2 its mirror.
_TRAFFIC = np.cumsum([period.peak for period in PERIODS]) * [period.peak for period in PERIODS]


class RoadTimes(NamedTuple):
    """Skims float32: minutes on free roads and in the morning peak [Z, Z], and between door and car [Z]."""

    free_min: npt.NDArray[np.float32]
    peak_min: npt.NDArray[np.float32]
    terminal_min: npt.NDArray[np.float32]

    def drive_min(
        self, c: TourColumns, rows: Rows, to: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Minutes from home to the zones ``to`` and back when tours leave and return, and both on free roads.

        In the afternoon, the mirror of the morning, a drive takes as long as in the other direction in the morning.
        """
        out, back = (c.origin[rows], to), (to, c.origin[rows])
        free, busy = (self.free_min[out], self.free_min[back]), (self.peak_min[out], self.peak_min[back])
        out_min = np.choose(_TRAFFIC[c.period_out[rows]], (free[0], busy[0], busy[1]))
        back_min = np.choose(_TRAFFIC[c.period_back[rows]], (free[1], busy[1], busy[0]))
        return out_min, back_min, *free
