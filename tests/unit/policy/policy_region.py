"""A region of six zones that policy tests can work out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from zemsim.core.errors import InputError
from zemsim.region.geo import EUROPEAN, Grid
from zemsim.region.roles import Roles
from zemsim.travel.transit_rules import TransitRules

ROUTES = """route_id,route_short_name,route_type,network_id
r1,1,3,city_bus_jelgava
r2,2,3,city_bus_jelgava
r3,6457,3,regional_bus
r4,T1,2,train
"""

#: Stops on the meridian of 24 degrees: in Jelgava, at the way, in Bauska; a station in Jelgava.
STOPS = """stop_id,stop_name,stop_lat,stop_lon
b1,Jelgava,56.65,24.0
b2,Way,56.55,24.0
b3,Bauska,56.45,24.0
t1,Station,56.66,24.0
t2,Gate,56.96,24.0
"""
CALENDAR = """service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
all,1,1,1,1,1,1,1,20260101,20260131
"""
#: Trips of a route by its stops, with seconds from one to the next, at these hours there and back.
COURSES = {
    "r1": (("b1", "b2"), 900, (6, 7, 16)),
    "r2": (("b1", "b2"), 900, (8,)),
    "r3": (("b1", "b2", "b3"), 900, (6, 9, 17)),
    "r4": (("t1", "t2"), 2400, (7, 18)),
}

PRICES = {
    "petrol_eur_l": 1.5,
    "diesel_eur_l": 1.4,
    "electricity_home_eur_kwh": 0.2,
}


ROLES = Roles()


@dataclass(frozen=True)
class SmallRegion:
    """The part of a Region that policy reads."""

    zones: pd.DataFrame
    settlements: pd.DataFrame
    chargers: pd.DataFrame
    prices: pd.DataFrame
    gtfs_folder: Path
    roles: Roles = ROLES
    package: Mapping[str, object] = field(default_factory=dict)
    grid: Grid = EUROPEAN

    def price(self, key: str) -> float:
        """Price by key, an error if unknown."""
        if "_fare_" in key:
            return 1.0
        found = self.prices.loc[self.prices["key"] == key, "value"]
        if found.empty:
            raise InputError(f"unknown price {key}")
        return float(found.iloc[0])

    def assumption(self, key: str) -> float:
        """The rules of walking and changing are their defaults."""
        return float(getattr(TransitRules(), key))

    def parking_eur_h(self) -> pd.Series:
        """Half a euro in the city, two at the gate."""
        return self.zones["area_type"].map({"city": 0.5, "town": 0.0, "countryside": 0.0, "outside": 2.0})


def clock(seconds: int) -> str:
    """Seconds after midnight as a feed has them."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def write_feed(folder: Path) -> None:
    """Write the timetable of four routes, each there and back."""
    trips = ["route_id,service_id,trip_id,direction_id"]
    times = ["trip_id,arrival_time,departure_time,stop_id,stop_sequence"]
    for route, (stops, ride_s, hours) in COURSES.items():
        for direction, course in enumerate((stops, stops[::-1])):
            for hour in hours:
                trip = f"{route}-{direction}-{hour}"
                trips.append(f"{route},all,{trip},{direction}")
                at = [clock(hour * 3600 + i * ride_s) for i in range(len(course))]
                times += [
                    f"{trip},{when},{when},{stop},{i}" for i, (stop, when) in enumerate(zip(course, at, strict=True))
                ]
    agency = "agency_id,agency_name,agency_url,agency_timezone\na,A,https://a.lv,Europe/Riga\n"
    files = {"agency": agency, "calendar": CALENDAR, "routes": ROUTES, "stops": STOPS}
    files |= {"trips": "\n".join(trips) + "\n", "stop_times": "\n".join(times) + "\n"}
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")


def small_region(folder: Path) -> SmallRegion:
    """Two zones in Jelgava, one in Bauska, two in its countryside, one gate."""
    write_feed(folder)
    zones = pd.DataFrame(
        [
            ("z1", "populated", "s1", "Jelgava", "city", 1000.0, 30_000.0, 12_000.0, 9_000.0),
            ("z2", "populated", "s1", "Jelgava", "city", 1000.0, 20_000.0, 4_000.0, 12_000.0),
            ("z3", "populated", "s2", "Bauskas novads", "town", 1000.0, 9_000.0, 2_000.0, 4_000.0),
            ("z4", "populated", "s3", "Bauskas novads", "countryside", 4000.0, 500.0, 0.0, 100.0),
            ("z5", "populated", "s4", "Dobeles novads", "countryside", 4000.0, 400.0, 20.0, 50.0),
            ("g1", "gate", "", "Rīga", "outside", 0.0, 0.0, 0.0, 0.0),
        ],
        columns=[
            *("zone_id", "kind", "settlement_id", "municipality", "area_type"),
            *("size_m", "population", "dwellings_flat", "jobs"),
        ],
    )
    where = {"z1": (56.65, 24.0), "z2": (56.66, 24.0), "z3": (56.45, 24.0), "z4": (56.5, 24.2), "z5": (56.6, 23.5)}
    zones["lat"], zones["lon"] = zip(*(where.get(name, (56.96, 24.0)) for name in zones["zone_id"]), strict=True)
    zones["x_m"], zones["y_m"] = EUROPEAN.to_metres(zones["lon"], zones["lat"])
    settlements = pd.DataFrame(
        [
            ("s1", "Jelgava", "Jelgava"),
            ("s2", "Bauska", "Bauskas novads"),
            ("s3", "Īslīces pagasts", "Bauskas novads"),
            ("s4", "Auri", "Dobeles novads"),
            ("s5", "Auri", "Dobeles novads"),
        ],
        columns=["settlement_id", "name", "municipality"],
    )
    at = [zones.loc[i] for i in (0, 2, 3, 4, 4)]
    settlements["x_m"], settlements["y_m"] = [row["x_m"] for row in at], [row["y_m"] for row in at]
    chargers = pd.DataFrame(
        [("c1", "z1", "slow", 0.3), ("c2", "z2", "fast", 0.6), ("c3", "z3", "fast", 0.5)],
        columns=["site_id", "zone_id", "kind", "price_eur_kwh"],
    ).assign(eur_min=[0.0, 0.1, 0.0], eur_session=[0.0, 0.0, 1.0], resident_discount_share=0.0)
    prices = pd.DataFrame({"key": list(PRICES), "value": list(PRICES.values())})
    return SmallRegion(zones, settlements, chargers, prices, folder)
