"""A slow, obvious reader of GTFS: rows as dictionaries, one trip after the other. It trusts what it reads."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from pathlib import Path

Call = tuple[str, int, int]
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def rows(path: Path, name: str) -> list[dict[str, str]]:
    """Rows of a file of a folder or archive; none if it is missing."""
    if path.is_dir():
        if not (path / name).is_file():
            return []
        text = (path / name).read_text(encoding="utf-8-sig")
    else:
        with zipfile.ZipFile(path) as archive:
            found = [member for member in archive.namelist() if member.split("/")[-1] == name]
            if not found:
                return []
            text = archive.read(found[0]).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def second(text: str) -> int | None:
    """Seconds of H:MM:SS, None for a blank."""
    if not text.strip():
        return None
    hour, minute, rest = text.strip().split(":")
    return int(hour) * 3600 + int(minute) * 60 + int(rest)


def stop_times(path: Path) -> dict[str, list[Call]]:
    """By trip its stops with arrival and departure; blanks filled evenly, trips by headway written out."""
    calls: dict[str, list[tuple[int, str, int | None, int | None]]] = {}
    for row in rows(path, "stop_times.txt"):
        arrive, depart = second(row["arrival_time"]), second(row["departure_time"])
        arrive = depart if arrive is None else arrive
        depart = arrive if depart is None else depart
        calls.setdefault(row["trip_id"], []).append((int(row["stop_sequence"]), row["stop_id"], arrive, depart))
    trips = {trip: filled(sorted(found, key=lambda call: call[0])) for trip, found in calls.items()}
    repeated = rows(path, "frequencies.txt")
    for row in repeated:
        template = trips[row["trip_id"]]
        start, end = second(row["start_time"]), second(row["end_time"])
        assert start is not None
        assert end is not None
        while start < end:
            shift = start - template[0][2]
            moved = [(stop, arrive + shift, depart + shift) for stop, arrive, depart in template]
            moved[0] = (moved[0][0], start, start)
            clock = f"{start // 3600:02d}:{start // 60 % 60:02d}:{start % 60:02d}"
            trips[f"{row['trip_id']}@{clock}"] = moved
            start += int(row["headway_secs"])
    for trip in {row["trip_id"] for row in repeated}:
        del trips[trip]
    return trips


def filled(calls: list[tuple[int, str, int | None, int | None]]) -> list[Call]:
    """Blank times evenly between the timed stops around them, rounded down."""
    found: list[Call] = []
    for i, (_, stop, arrive, depart) in enumerate(calls):
        if arrive is None or depart is None:
            a = max(j for j in range(i) if calls[j][2] is not None)
            b = min(j for j in range(i + 1, len(calls)) if calls[j][2] is not None)
            start, end = calls[a][3], calls[b][2]
            assert start is not None
            assert end is not None
            arrive = depart = start + (end - start) * (i - a) // (b - a)
        found.append((stop, arrive, depart))
    return found


def date(text: str) -> dt.date:
    """Date of YYYYMMDD."""
    return dt.datetime.strptime(text, "%Y%m%d").date()


def services(path: Path, day: dt.date) -> set[str]:
    """Services of a day."""
    active = set()
    for row in rows(path, "calendar.txt"):
        if date(row["start_date"]) <= day <= date(row["end_date"]) and row[DAYS[day.weekday()]] == "1":
            active.add(row["service_id"])
    for row in rows(path, "calendar_dates.txt"):
        if date(row["date"]) == day:
            if row["exception_type"] == "1":
                active.add(row["service_id"])
            else:
                active.discard(row["service_id"])
    return active


def trips_on(path: Path, day: dt.date) -> int:
    """Trips of a day, trips by headway once per departure."""
    active = services(path, day)
    of_trip = {row["trip_id"]: row["service_id"] for row in rows(path, "trips.txt")}
    return sum(of_trip[trip.split("@")[0]] in active for trip in stop_times(path))
