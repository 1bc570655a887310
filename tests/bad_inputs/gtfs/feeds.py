"""A small sound feed with everything, as text by file name; ways to write it, and to put faults into it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd

from zemsim.region.gtfs import Gtfs

FEED: dict[str, str] = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\na,A,https://example.org,Europe/Riga\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,zone_id\n"
    "007,One,56.50,24.00,0,,z1\nNA,Two,56.50,24.10,0,,z1\n3,Three,56.60,24.20,0,st,z2\n"
    "4,Three B,56.6003,24.2003,0,st,z2\nst,Station,56.60,24.20,1,,\nen,Door,56.6001,24.2001,2,st,\n",
    "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\n"
    "r1,a,1,First,3\nr2,a,2,Second,2\nr3,a,3,Third,700\n",
    "trips.txt": "route_id,service_id,trip_id,direction_id,shape_id\n"
    "r1,week,t1,0,s1\nr1,week,t2,0,s1\nr2,sat,t3,1,\nr2,week,t4,0,\nr3,week,f1,0,\nr1,week,loop,0,\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type\n"
    "t1,6:00:00,6:00:00,007,1,,\nt1,,,NA,5,,\nt1,07:00:00,07:00:00,3,9,,\n"
    "t2,24:10:00,24:10:00,007,1,0,0\nt2,24:40:00,24:41:00,NA,2,0,1\nt2,25:00:00,25:00:00,3,3,0,0\n"
    "t3,8:00:00,8:00:00,3,1,,\nt3,9:00:00,9:00:00,007,2,,\n"
    "t4,8:00:00,8:05:00,007,1,,\nt4,9:00:00,9:00:00,4,2,,\n"
    "f1,0:00:00,0:00:00,007,1,,\nf1,0:10:00,0:11:00,NA,2,,\nf1,0:30:00,0:30:00,4,3,,\n"
    "loop,10:00:00,10:00:00,007,1,,\nloop,10:20:00,10:20:00,NA,2,,\nloop,10:40:00,10:40:00,007,3,,\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "week,1,1,1,1,1,0,0,20240101,20241231\nsat,0,0,0,0,0,1,0,20240101,20241231\n",
    "calendar_dates.txt": "service_id,date,exception_type\nweek,20240501,2\nsat,20240501,1\n",
    "frequencies.txt": "trip_id,start_time,end_time,headway_secs,exact_times\n"
    "f1,06:00:00,07:00:00,1200,0\nf1,07:00:00,08:30:00,1800,1\n",
    "shapes.txt": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
    "s1,56.5,24.0,1\ns1,56.5,24.05,3\ns1,56.5,24.1,7\ns1,56.6,24.2,8\n",
    "transfers.txt": "from_stop_id,to_stop_id,transfer_type,min_transfer_time\n"
    "NA,st,2,600\n3,NA,3,\n007,007,2,60\nNA,007,0,\n",
    "pathways.txt": "pathway_id,from_stop_id,to_stop_id,pathway_mode,is_bidirectional,traversal_time,length\n"
    "p1,3,en,1,1,30,\np2,en,4,2,1,,60\n",
    "fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers\n"
    "flat,1.50,EUR,0,0\nzone,2.50,EUR,0,\n",
    "fare_rules.txt": "fare_id,route_id,origin_id,destination_id\nflat,r1,,\nzone,r2,z1,z2\nzone,r2,z2,z1\n",
}

#: Names of the days in a calendar.
DAYS = "monday,tuesday,wednesday,thursday,friday,saturday,sunday"


def clock(second: int) -> str:
    """A second after midnight as feeds write it."""
    return f"{second // 3600}:{second // 60 % 60:02d}:{second % 60:02d}"


#: Files without which a feed is no feed.
REQUIRED_FILES = ("agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt")


def write_folder(folder: Path, files: dict[str, str | bytes] | None = None) -> Path:
    """Write files into a folder that is new or empty of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (FEED if files is None else files).items():
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def write_zip(path: Path, files: dict[str, str | bytes] | None = None, prefix: str = "", **options: int) -> Path:
    """Write files into an archive, all with one date so that its bytes are the same each time."""
    with zipfile.ZipFile(path, "w", **{"compression": zipfile.ZIP_DEFLATED, **options}) as archive:  # type: ignore
        for name, text in (FEED if files is None else files).items():
            info = zipfile.ZipInfo(prefix + name, (2024, 1, 1, 0, 0, 0))
            info.compress_type = options.get("compression", zipfile.ZIP_DEFLATED)
            archive.writestr(info, text)
    return path


def changed(name: str, old: str, new: str) -> dict[str, str | bytes]:
    """The feed with the first ``old`` in a file made ``new``."""
    assert old in FEED[name], (name, old)
    return {**FEED, name: FEED[name].replace(old, new, 1)}


def added(name: str, lines: str) -> dict[str, str | bytes]:
    """The feed with further lines in a file."""
    return {**FEED, name: FEED.get(name, "") + lines}


def without(*names: str) -> dict[str, str | bytes]:
    """The feed without some files."""
    return {name: text for name, text in FEED.items() if name not in names}


def same(a: Gtfs, b: Gtfs) -> bool:
    """Whether two feeds have equal tables."""
    for name in ("agency", "stops", "routes", "trips", "stop_times", "calendar", "calendar_dates", "places", "walks"):
        left, right = getattr(a, name), getattr(b, name)
        if not isinstance(left, pd.DataFrame) or not left.equals(right):
            return False
    if (a.fares is None) != (b.fares is None):
        return False
    return a.fares is None or b.fares is None or a.fares.rules.equals(b.fares.rules)


def codes(feed: Gtfs) -> dict[str, int]:
    """Counts of the notices by code."""
    return {notice.code: notice.count for notice in feed.notices}
