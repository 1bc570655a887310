"""Railway lines: stations of the list, stations at their towns, run times and departures."""

from __future__ import annotations

import itertools

from zemsim.region.make.timetable_line import Line, Stop, departures, run_times_total, spread
from zemsim.region.make.timetable_places import Geography, great_circle_km, slug

#: Name shown and name in the list of stations; ``@`` marks a station that the list lacks: it stands where
#: `timetable_stations.csv` says, else at its town.
JELGAVA = (
    ("Rīga", "Rīgas centrālā dzelzceļa stacija"),
    ("Baloži", "Dzelzceļa Stacija Baložis"),
    ("Jaunolaine", "Pieturas Punkts Jaunolaine"),
    ("Olaine", "Stacija Olaine"),
    ("Dalbe", "Pieturas Punkts Dalbe"),
    ("Cena", "Stacija Cena"),
    ("Ozolnieki", "Pieturas Punkts Ozolnieki"),
    ("Cukurfabrika", "Pieturas Punkts Cukurfabrika"),
    ("Jelgava", "@Jelgava"),
)
AIZKRAUKLE = (
    ("Rīga", "Rīgas centrālā dzelzceļa stacija"),
    ("Jāņavārti", "Dzelzceļa Stacija Jāņavārti"),
    ("Šķirotava", "Šķirotava"),
    ("Rumbula", "Pieturas Punkts Rumbula"),
    ("Jaunogre", "Pieturas Punkts Jaunogre"),
    ("Pārogre", "Pieturas Punkts Pārogre"),
    ("Ciemupe", "Pieturas Punkts Ciemupe"),
    ("Ķegums", "Pieturas Punkts Ķegums"),
    ("Lielvārde", "Dzelzceļa Stacija Lielvārde"),
    ("Jumprava", "Dzelzceļa Stacija Jumprava"),
    ("Skrīveri", "@Skrīveri"),
    ("Aizkraukle", "Stacija Aizkraukle"),
)
FAST_TO_AIZKRAUKLE = (AIZKRAUKLE[0], AIZKRAUKLE[4], AIZKRAUKLE[8], AIZKRAUKLE[10], AIZKRAUKLE[11])
KRUSTPILS = (
    *FAST_TO_AIZKRAUKLE,
    ("Koknese", "@Koknese"),
    ("Alotene", "Alotene Station"),
    ("Pļaviņas", "Plavinas station"),
    ("Ozolsala", "Stacija Ozolsala"),
    ("Krustpils", "@Krustpils"),
)
DAUGAVPILS = (*KRUSTPILS, ("Trepe", "Stacija Trepe"), ("Līvāni", "@Līvāni"), ("Daugavpils", "@Daugavpils"))
REZEKNE = (
    *KRUSTPILS,
    ("Kūkas", "Stacija Kūkas"),
    ("Mežāre", "Stacija Mežāre"),
    ("Atašiene", "Stacija Atašiene"),
    ("Rēzekne", "@Rēzekne"),
)
LIEPAJA = (
    JELGAVA[0],
    JELGAVA[3],
    JELGAVA[8],
    ("Glūda", "Stacija Glūda"),
    ("Dobele", "@Dobele"),
    ("Biksti", "Stacija Biksti"),
    ("Saldus", "@Saldus"),
)


def rail_lines(geography: Geography) -> list[Line]:
    """Return the railway lines.

    Rīga–Jelgava takes the reported 45 to 46 minutes; the electric trains to Aizkraukle run at the same mean speed; the
    diesel trains at the assumed one. Trains that go on beyond a gate are cut there. A line without
    departures is left out: all trains to Krustpils go on.
    """
    rules = geography.rules
    jelgava = _line(geography, "rail-jelgava", "Rīga–Jelgava", JELGAVA, 0.0, "train_electric")
    jelgava.arrive_s = run_times_total(jelgava.metres, rules["rail_electric_min"] * 60, jelgava.dwell_s)
    electric_km_h = jelgava.metres[-1] / 1000 / (rules["rail_electric_min"] / 60)
    diesel_km_h = rules["rail_diesel_speed_km_h"]
    through = int(rules["rail_daugavpils_departures"]), int(rules["rail_rezekne_departures"])
    counts = {
        "rail-jelgava": rules["rail_jelgava_departures"],
        "rail-aizkraukle": rules["rail_aizkraukle_departures"],
        "rail-krustpils": max(0, rules["rail_krustpils_departures"] - sum(through)),
        "rail-daugavpils": through[0],
        "rail-rezekne": through[1],
        "rail-liepaja": rules["rail_liepaja_departures"],
    }
    lines = [
        jelgava,
        _line(geography, "rail-aizkraukle", "Rīga–Aizkraukle", AIZKRAUKLE, electric_km_h, "train_electric"),
        _line(geography, "rail-krustpils", "Rīga–Krustpils", KRUSTPILS, diesel_km_h, "train_diesel"),
        _line(geography, "rail-daugavpils", "Rīga–Daugavpils", DAUGAVPILS, diesel_km_h, "train_diesel"),
        _line(geography, "rail-rezekne", "Rīga–Rēzekne", REZEKNE, diesel_km_h, "train_diesel"),
        _line(geography, "rail-liepaja", "Rīga–Jelgava–Liepāja", LIEPAJA, diesel_km_h, "train_diesel"),
    ]
    shift = {"rail-daugavpils": 0.0, "rail-rezekne": 75.0, "rail-krustpils": 150.0, "rail-liepaja": 90.0}
    for line in lines:
        first = rules["rail_first_min"] + shift.get(line.route_id, 0.0)
        last = rules["rail_last_min"] - (240 if line.route_id in shift else 0) + shift.get(line.route_id, 0.0) / 3
        times = spread(int(counts[line.route_id]), first, last, rules["line_peak_weight"])
        line.out = departures([(minute, "assumption") for minute in times], rules["rail_weekend_share"])
        line.back = departures([(minute - 10, "assumption") for minute in times], rules["rail_weekend_share"])
    notes = {
        "rail-jelgava": "run time reported; number of departures estimated from a report of 2021, their times assumed",
        "rail-aizkraukle": "number of departures estimated from reported intervals, their times assumed",
        "rail-daugavpils": "number of departures reported, their times assumed",
        "rail-rezekne": "goes on to Zilupe; cut at Rēzekne; number of departures reported, their times assumed",
        "rail-liepaja": "goes on to Liepāja; cut at Saldus; a fare of the line is reported, its departures are assumed",
    }
    for line in lines:
        line.note = notes.get(line.route_id, "departures assumed")
    return [line for line in lines if line.out]


def _line(
    geography: Geography, route_id: str, name: str, course: tuple[tuple[str, str], ...], km_h: float, vehicle: str
) -> Line:
    stops = [_station(geography, shown, source) for shown, source in course]
    metres = [0]
    for a, b in itertools.pairwise(stops):
        km = great_circle_km(a.lat, a.lon, b.lat, b.lon) * geography.rules["rail_detour_ratio"]
        metres.append(metres[-1] + round(km * 1000))
    dwell = int(geography.rules["rail_dwell_s"])
    arrive = run_times_total(metres, metres[-1] / (km_h / 3.6), dwell) if km_h > 0 else []
    capacity = int(geography.rules[f"capacity_{vehicle}_pers"])
    return Line(route_id, name, name, "vivi", 2, "train", vehicle, capacity, stops, metres, arrive, dwell)


def _station(geography: Geography, shown: str, source: str) -> Stop:
    if source.startswith("@"):
        lat, lon = geography.station_of(source[1:])
    else:
        lat, lon = geography.stations[source]
    return Stop(f"station-{slug(shown)}", f"{shown} (dzelzceļš)", lat, lon, "station")
