"""A faultless experiment with every key of every lever, and a writer of TOML that knows its lines."""

from __future__ import annotations

import json
from typing import Any

from zemsim.core.names import PERIODS

Loc = tuple[str | int, ...]

_META: dict[str, Any] = {
    "title": {"lv": "Pasākums", "en": "Measure"},
    "theme": "e-mobility in niche fleets",
    "category": "infrastructure",
    "origin": "a place",
    "transfers": {"lv": "viss", "en": "everything"},
    "from_year": 2026,
    "until_year": 2034,
    "source": "a source",
    "grade": "assumption",
}
PERIOD_NAMES = tuple(period.name for period in PERIODS)
_COST = {"paid_by": "state", "cost_source": "a source", "cost_grade": "estimate"}
_BUILT = {**_COST, "capex_eur": 1000, "opex_eur_year": 10}

#: Measures that together use every key of every lever.
MEASURES: list[dict[str, Any]] = [
    {
        "lever": "ev_purchase_grant",
        "grant_new_eur": {"2026": 4000, "2030": 2000.5},
        "grant_used_eur": 2000,
        "phev_new_eur": {"2026": 1000, "2028": 0.5},
        "phev_used_eur": 500,
        "scrapping_eur": 2000,
        "scrapping_age_years": 12,
        "km_year_min": 10400.0,
        "income_max_eur_month": 1500.0,
        "places": ["Dobele"],
        "paid_by": "region",
    },
    {
        "lever": "ebike_grant",
        "grant_share": 0.3,
        "grant_max_eur": 500,
        "income_max_eur_month": 1500,
        "places": ["Dobele"],
        "paid_by": "state",
    },
    {
        "lever": "public_chargers",
        "places": ["Bauska", "Bauskas novads"],
        "sites_per_place": {"2026": 1, "2030": 3},
        "points_per_site": 2,
        "power_kw": 150,
        "price_eur_min": {"2026": 0.05},
        "price_eur_session": 0.5,
        "tariff_hours": [{"from_hour": 22, "until_hour": 6, "price_factor": 0.5}],
        "resident_discount_share": 0.2,
        "site_kw": 200.0,
        "price_eur_kwh": 0.5,
        "kind": "fast",
        "install_lag_months": 6,
        "capex_eur_per_point": 95000,
        "opex_share_year": 0.08,
        **_COST,
    },
    {
        "lever": "yard_chargers",
        "places": ["Jelgava"],
        "points_per_100_flats": 3,
        "flats_per_point": 6,
        "power_kw": 7.4,
        "price_eur_kwh": 0.25,
        "walk_max_m": 250,
        "install_lag_months": 7,
        "capex_eur_per_point": 6500,
        "opex_share_year": 0.08,
        **_COST,
    },
    {"lever": "solar_charging", "solar_share": 0.4, "cost_eur_kwh": 0.09, **_COST},
    {"lever": "fuel_price", "price_factor": 1.2, "fuels": ["petrol"], "revenue_to": "state"},
    {"lever": "fuel_price", "add_eur_l": {"2026": 0.1}, "fuels": ["diesel"], "revenue_to": "market"},
    {"lever": "electricity_price", "price_factor": 0.8, "revenue_to": "market"},
    {"lever": "electricity_price", "add_eur_kwh": -0.05, "revenue_to": "state"},
    {"lever": "charging_price", "price_factor": 0.8, "kinds": ["slow"], "places": ["Jelgava"], "paid_by": "operator"},
    {"lever": "charging_price", "price_eur_kwh": 0.3, "kinds": ["fast"], "places": ["Dobele"], "paid_by": "state"},
    {
        "lever": "parking_price",
        "price_eur_h": 1.0,
        "places": ["Jelgava"],
        "areas": ["city"],
        "ev_exempt": True,
        "cost_share": 0.2,
        "cost_source": "a source",
        "cost_grade": "assumption",
    },
    {
        "lever": "bus_fare",
        "fare_share": 0.5,
        "modes": ["bus", "train"],
        "persons": {"age_min": 7, "age_max": 18},
        "places": ["Jelgava"],
        "paid_by": "municipality",
    },
    {
        "lever": "bus_frequency",
        "factor": 1.5,
        "networks": ["regional_bus"],
        "route_ids": ["bus-6375"],
        "except_route_ids": ["bus-6379"],
        "cost_eur_per_vehicle_km": 1.9,
        **_COST,
    },
    {
        "lever": "new_line",
        "network": "regional_bus",
        "stops": ["Bauska", "56.5, 24.1", "bus-iecava"],
        "headway_min": dict.fromkeys(PERIOD_NAMES, 60),
        "hours": {"first": "06:00", "last": "22:00"},
        "speed_km_h": 50,
        "detour_ratio": 1.2,
        "dwell_s": 30,
        "both_ways": True,
        "vehicle": "bus_small",
        "capacity_pers": 19,
        "electric_share": 0.5,
        "fare_eur": 1.5,
        "cost_eur_per_vehicle_km": 1.9,
        **_COST,
    },
    {
        "lever": "new_line",
        "network": "regional_bus",
        "stops": ["Bauska", "bus-iecava"],
        "headway_min": {"weekday_midday": 60},
        "hours": {"first": "06:00", "last": "22:00"},
        "ride_min": [25],
        "detour_ratio": 1.2,
        "dwell_s": 30,
        "vehicle": "bus_small",
        "capacity_pers": 19,
        "cost_eur_per_vehicle_km": 1.9,
        **_COST,
    },
    {
        "lever": "new_stop",
        "lat": 56.62215,
        "lon": 25.27388,
        "route_ids": ["parish-vietalvas-pagasts"],
        "dwell_s": 30,
        "detour_max_m": 1000,
        "cost_eur_per_vehicle_km": 1.9,
        **_BUILT,
    },
    {
        "lever": "closed_stop",
        "stops": ["way-bauska-codes-pagasts-1"],
        "route_ids": ["bus-riga-bauska"],
        "saved_s": 60,
        **_BUILT,
    },
    {
        "lever": "bus_speed",
        "speed_factor": 1.1,
        "networks": ["city_bus_jelgava"],
        "route_ids": ["bus-7017"],
        "periods": ["weekday_morning"],
        "places": ["Jelgava"],
        **_BUILT,
    },
    {
        "lever": "on_demand_bus",
        "places": ["ukru-pagasts"],
        "hubs": ["Dobele"],
        "route_ids": ["parish-ukru-pagasts"],
        "hours_weekday": {"first": "06:00", "last": "22:00"},
        "hours_weekend": {"first": "06:00", "last": "22:00"},
        "walk_max_m": 1500,
        "wait_min": 20,
        "detour_ratio": 1.2,
        "pooling_ratio": 1.3,
        "speed_km_h": 45,
        "vehicles": 2,
        "seats": 8,
        "persons_per_run": 2.5,
        "empty_share": 0.4,
        "fare_factor": 1,
        "booking_eur": 0.5,
        "electric_share": 0.5,
        "cost_eur_per_vehicle_hour": 35,
        "saved_eur_per_vehicle_km": 1.9,
        **_COST,
    },
    {
        "lever": "electric_city_buses",
        "network": "city_bus_jelgava",
        "electric_share": 0.5,
        "cost_eur_per_vehicle_km": 0.15,
        **_COST,
    },
    {
        "lever": "park_and_ride",
        "stations": ["station-jelgava"],
        "places_per_station": 80,
        "price_eur_day": 0.5,
        "capex_eur_per_place": 4000.5,
        "opex_eur_per_place_year": 100.5,
        **_COST,
    },
    {
        "lever": "bike_and_ride",
        "stations": ["station-jelgava"],
        "places_per_station": 80,
        "price_eur_day": 0.5,
        "capex_eur_per_place": 4000.5,
        "opex_eur_per_place_year": 100.5,
        **_COST,
    },
    {
        "lever": "charger_companies",
        "places": ["Jelgava"],
        "busy_hours_day": 3.6,
        "busy_wait_min": 1.5,
        "idle_hours_day": 0.2,
        "idle_years": 5,
        "most_points": 8,
        "grid_kw": 400.5,
        "station_points": 2,
        "budget_eur_year": 100000.5,
        "install_lag_months": 6,
        "capex_slow_eur_per_point": 6500.5,
        "capex_fast_eur_per_point": 54200.5,
        "opex_share_year": 0.08,
        "support_share": 0.5,
        **_COST,
    },
    {
        "lever": "points_on_request",
        "places": ["Jelgava"],
        "walk_max_m": 250.5,
        "asking_share": 0.5,
        "cars_per_point": 6.5,
        "points_per_post": 2,
        "power_kw": 11.5,
        "price_eur_kwh": 0.25,
        "posts_per_year": 20,
        "budget_eur_year": 100000.5,
        "install_lag_months": 6,
        "capex_eur_per_point": 6500.5,
        "opex_share_year": 0.08,
        **_COST,
    },
    {
        "lever": "bus_operator_rule",
        "networks": ["city_bus_jekabpils"],
        "budget_eur_year": 100000.5,
        "full_share": 0.9,
        "step_share": 0.25,
        "most_factor": 2.5,
        "cost_eur_per_vehicle_km": 1.9,
        **_COST,
    },
    {
        "lever": "electric_buses",
        "network": "city_bus_jekabpils",
        "buses": 4,
        "battery_kwh": 350.5,
        "depot_plugs": 2,
        "depot_kw": 60.5,
        "terminus_chargers": 1,
        "terminus_kw": 150.5,
        "diesel_buses": 3,
        "eur_per_bus": 480000.5,
        "eur_per_plug": 30000.5,
        "eur_per_terminus_charger": 200000.5,
        "cost_eur_per_vehicle_km": -0.15,
        **_COST,
    },
    {
        "lever": "shared_ebikes",
        "places": ["Bauska"],
        "bikes_per_1000": 2,
        "bikes_per_station": 5.6,
        "walk_max_m": 400,
        "price_eur_trip": 0.5,
        "winter": False,
        "cost_eur_per_bike_year": 2000,
        **_COST,
    },
    {
        "lever": "shared_evs",
        "stations": ["station-jelgava"],
        "cars_per_station": 3,
        "walk_max_m": 500.5,
        "price_eur_h": 7.5,
        "price_eur_km": 0.1,
        "tour_max_eur": 39.5,
        "free_min": 10.5,
        "car_battery_kwh": 50.5,
        "plug_kw": 11.5,
        "purchase_eur_per_car": 30000.5,
        "capex_eur_per_place": 3000.5,
        "opex_eur_per_car_year": 5000.5,
        **_COST,
    },
    {
        "lever": "municipal_fleet",
        "cars": 10,
        "km_per_car_year": 10000,
        "fuel_l_km": 0.07,
        "fuel": "petrol",
        "electricity_kwh_km": 0.19,
        "capex_eur_per_car": 9000,
        **_COST,
    },
    {"lever": "solar_charging", "panels_kw_point": {"2026": 3.0}, "cost_eur_kwh": 0.09, **_COST},
    {"lever": "smart_charging", "timer_share": 0.8, "cost_eur_year": 20_000.0, **_COST},
    {
        "lever": "home_tariff",
        "tariff_hours": [{"from_hour": 23, "until_hour": 6, "price_factor": 0.6}],
        "revenue_to": "market",
    },
    {
        "lever": "charging_price",
        "price_eur_min": 0.1,
        "price_eur_session": {"2026": 0.5},
        "tariff_hours": [{"from_hour": 17, "until_hour": 21, "price_factor": 1.5}],
        "resident_discount_share": 0.2,
        "places": ["Bauska"],
        "paid_by": "operator",
    },
    {
        "lever": "pass_price",
        "pass_trips": 15,
        "services": ["city_bus", "train"],
        "persons": {"age_min": 7, "age_max": 18},
        "places": ["Jelgava"],
        "paid_by": "municipality",
    },
]


def measure(position: int) -> dict[str, Any]:
    """A complete measure: its own keys and those that all measures have."""
    own = MEASURES[position]
    return {"id": f"m-{position + 1}", "lever": own["lever"], **_META, **own}


def experiment(*measures: dict[str, Any]) -> dict[str, Any]:
    """A complete experiment whose second policy has these measures."""
    return {
        "experiment": {
            "id": "sample",
            "title": {"lv": "Paraugs", "en": "Sample"},
            "region": "zemgale",
            "years": [2024, 2035],
            "days_in": [2024, 2035],
            "seasons": ["winter", "summer"],
            "seeds": 2,
            "day_iterations": 3,
            "first_iterations": 2,
        },
        "behaviour": {"b_cost": -0.3},
        "policy": [
            {"id": "baseline", "title": {"lv": "Bāze", "en": "Baseline"}, "measures": []},
            {
                "id": "other",
                "title": {"lv": "Cita", "en": "Other"},
                "measures": ["free-bus"],
                "measure": list(measures),
            },
        ],
    }


class Writer:
    """Writes plain values as TOML and notes the line of every key, table and element of an array of tables."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._lines: list[str] = []
        self.line: dict[Loc, int] = {(): 1}
        self._table(document, ())

    @property
    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def _add(self, text: str) -> int:
        self._lines.append(text)
        return len(self._lines)

    def _table(self, table: dict[str, Any], loc: Loc) -> None:
        later = []
        for key, value in table.items():
            tables = isinstance(value, list) and value and isinstance(value[0], dict)
            if tables or (isinstance(value, dict) and len(loc) == 0):
                later.append((key, value))
            else:
                self.line[(*loc, key)] = self._add(f"{_key(key)} = {_value(value)}")
                self._note_inside(value, (*loc, key))
        for key, value in later:
            name = ".".join(_key(part) for part in (*loc, key) if isinstance(part, str))
            for position, element in enumerate(value if isinstance(value, list) else [value]):
                here: Loc = (*loc, key, position) if isinstance(value, list) else (*loc, key)
                self._add("")
                line = self._add(f"[[{name}]]" if isinstance(value, list) else f"[{name}]")
                self.line.setdefault((*loc, key), line)
                self.line[here] = line
                self._table(element, here)

    def _note_inside(self, value: Any, loc: Loc) -> None:
        line = len(self._lines)
        if isinstance(value, dict):
            for key, item in value.items():
                self.line[(*loc, key)] = line
                self._note_inside(item, (*loc, key))
        elif isinstance(value, list):
            for position, item in enumerate(value):
                self.line[(*loc, position)] = line
                self._note_inside(item, (*loc, position))


def _key(key: str) -> str:
    return (
        key
        if key and all(c.isascii() and (c.isalnum() or c in "_-") for c in key)
        else json.dumps(key, ensure_ascii=False)
    )


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)  # inf and nan are TOML too
    return json.dumps(value, ensure_ascii=False)
