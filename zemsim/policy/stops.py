"""Names of stops in measures: a stop of the timetable, a settlement's stop, or a point on the map."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from zemsim.core.errors import InputError, did_you_mean
from zemsim.region.nearest import NearestPoint
from zemsim.travel.timetable_patterns import Stop

if TYPE_CHECKING:
    import numpy.typing as npt

    from zemsim.region import Region
    from zemsim.travel.timetable import Timetable

_POINT: Final = re.compile(r"\s*(-?\d{1,2}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*")
_PER_KM: Final = 1000.0


class Stops:
    """Which stop a text means.

    A text is the id of a stop; or latitude and longitude in degrees with a comma between, which is a new stop; or a
    settlement by name or id, which is the stop of a served bus nearest to its centre, no farther away than people walk
    between stops.

    Parameters
    ----------
    region : Region
        Its settlements and zones.
    timetable : Timetable
        Its stops and who calls there.
    """

    def __init__(self, region: Region, timetable: Timetable) -> None:
        self._table = timetable
        self._ids = timetable.stops["stop_id"].astype(str).tolist()
        self._known = set(self._ids)
        self._xy = timetable.stops[["x_m", "y_m"]].to_numpy(np.float64)
        self._places: dict[str, list[int]] = {}
        for row, (name, settlement_id) in enumerate(
            zip(region.settlements["name"], region.settlements["settlement_id"], strict=True)
        ):
            self._places[str(settlement_id)] = [row]
            self._places.setdefault(str(name), []).append(row)
        for name, rows in self._places.items():
            self._places[name] = sorted(set(rows))
        self._settlement_ids = region.settlements["settlement_id"].astype(str).tolist()
        self._centres = region.settlements[["x_m", "y_m"]].to_numpy(np.float64)
        centres = region.zones[["x_m", "y_m"]].to_numpy(np.float64)
        self._zone_of_stop = NearestPoint(centres).of(self._xy)[1] if len(self._xy) else np.empty(0, np.int64)

    def fault(self, text: str) -> str | None:
        """Return what is wrong with a text, or None."""
        if text in self._known:
            return None
        if _POINT.fullmatch(text):
            lat, lon = _degrees(text)
            fits = -90 <= lat <= 90 and -180 <= lon <= 180
            return None if fits else f"“{text}” is no place on earth: latitude, longitude in degrees"
        rows = self._places.get(text)
        if rows is None:
            hint = did_you_mean(text, [*self._known, *self._places], "known stops and settlements")
            return f"unknown stop or settlement “{text}”: {hint}"
        if len(rows) > 1:
            ids = ", ".join(sorted(self._settlement_ids[row] for row in rows))
            return f"“{text}” means several settlements: use one of {ids}"
        _, away_m = self._nearest(rows[0])
        most_m = self._table.rules.transit_transfer_walk_m
        if away_m > most_m:
            away = f"the nearest is {away_m / _PER_KM:.1f} km away" if np.isfinite(away_m) else "there is none"
            return f"no bus stops within {most_m:g} m of the centre of “{text}”, {away}: give a stop, or degrees"
        return None

    def faults(self, key: str, texts: Sequence[str]) -> list[tuple[tuple[str | int, ...], str]]:
        """Return the faulty positions of a key that holds a list of texts, and what is wrong."""
        found = [((key, position), self.fault(text)) for position, text in enumerate(texts)]
        return [(loc, message) for loc, message in found if message is not None]

    def find(self, texts: Sequence[str], measure_id: str) -> tuple[list[str], list[Stop]]:
        """Return the ids of stops, and those of them that are new: points, named after the measure.

        Raises
        ------
        InputError
            For a text that means no stop, with the nearest known one.
        """
        ids, new = [], list[Stop]()
        for text in texts:
            message = self.fault(text)
            if message is not None:
                raise InputError(message)
            if text in self._known:
                ids.append(text)
            elif _POINT.fullmatch(text):
                lat, lon = _degrees(text)
                same = [stop for stop in new if (stop.lat, stop.lon) == (lat, lon)]
                stop = same[0] if same else Stop(f"{measure_id}:{len(new) + 1}", f"{lat:.5f}, {lon:.5f}", lat, lon)
                new += [] if same else [stop]
                ids.append(stop.stop_id)
            else:
                ids.append(self._ids[self._nearest(self._places[text][0])[0]])
        return ids, new

    def inside(self, zones: npt.NDArray[np.bool_]) -> tuple[str, ...]:
        """Return the stops whose nearest zone centre is one of ``zones`` bool [Z], in the order of the timetable."""
        return tuple(stop for stop, zone in zip(self._ids, self._zone_of_stop, strict=True) if zones[zone])

    def degrees(self, stop_ids: Sequence[str], new: Sequence[Stop]) -> npt.NDArray[np.float64]:
        """Return longitude and latitude of stops: float64 [n, 2]."""
        points = {stop.stop_id: (stop.lon, stop.lat) for stop in new}
        columns = (self._table.stops[name].tolist() for name in ("lon", "lat"))
        known = dict(zip(self._ids, zip(*columns, strict=True), strict=True))
        return np.array([points.get(name) or known[name] for name in stop_ids], np.float64)

    def _nearest(self, settlement: int) -> tuple[int, float]:
        """Row of the served bus stop nearest to a settlement's centre (the first of equals), and metres."""
        away_m = np.hypot(*(self._xy - self._centres[settlement]).T)
        train = self._table.is_train()
        with_bus = np.zeros(len(self._xy), bool)
        for k, rows in enumerate(self._table.pattern_stops):
            if not train[k] and any(day[k].depart_s.shape[1] for day in self._table.times):
                with_bus[rows] = True
        away_m = np.where(with_bus, away_m, np.inf)
        return (int(np.argmin(away_m)), float(away_m.min())) if len(away_m) else (-1, float("inf"))


def no_points(measure_id: str, new: Sequence[Stop]) -> None:
    """Raise an error if a measure that needs stops of the timetable has named a point on the map."""
    if new:
        raise InputError(f"measure “{measure_id}” needs stops that are there: “{new[0].stop_name}” is a point")


def _degrees(text: str) -> tuple[float, float]:
    found = _POINT.fullmatch(text)
    if found is None:
        raise InputError(f"“{text}” is no point")
    return float(found[1]), float(found[2])
