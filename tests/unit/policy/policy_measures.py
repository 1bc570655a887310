"""Measures of every lever for the small region."""

from __future__ import annotations

from typing import Any

from zemsim.policy.levers import Measure, MeasureFile

COMMON: dict[str, Any] = {"from_year": 2026, "source": "a source", "grade": "assumption"}
COST = {"paid_by": "municipality", "cost_source": "a source", "cost_grade": "assumption"}

KINDS: dict[str, dict[str, Any]] = {
    "ev_purchase_grant": {"grant_new_eur": 2000, "grant_used_eur": 1000, "paid_by": "municipality"},
    "ebike_grant": {"grant_share": 0.3, "grant_max_eur": 500, "paid_by": "state"},
    "public_chargers": {
        **{"places": ["Bauska", "Jelgava"], "sites_per_place": {"2026": 1, "2028": 3}, "points_per_site": 2},
        **{"power_kw": 150, "price_eur_kwh": 0.5, "kind": "fast", "install_lag_months": 0},
        **{"capex_eur_per_point": 90_000, "opex_share_year": 0.1, **COST},
    },
    "yard_chargers": {
        **{"points_per_100_flats": 3, "flats_per_point": 6, "power_kw": 7.4, "price_eur_kwh": 0.25},
        **{"walk_max_m": 250, "install_lag_months": 7, "capex_eur_per_point": 6500, "opex_share_year": 0.08, **COST},
    },
    "solar_charging": {"solar_share": 0.4, "cost_eur_kwh": 0.1, **COST},
    "smart_charging": {"timer_share": 0.8, "cost_eur_year": 50_000, **COST, "paid_by": "state"},
    "fuel_price": {"price_factor": 1.2, "revenue_to": "state"},
    "electricity_price": {"add_eur_kwh": -0.05, "revenue_to": "market"},
    "home_tariff": {"tariff_hours": [{"from_hour": 22, "until_hour": 6, "price_factor": 0.5}], "revenue_to": "market"},
    "charging_price": {"price_factor": 0.5, "kinds": ["fast"], "paid_by": "state"},
    "parking_price": {
        **{"price_eur_h": 1.0, "areas": ["city"], "ev_exempt": True, "cost_share": 0.2},
        **{"cost_source": "a source", "cost_grade": "assumption"},
    },
    "bus_fare": {"fare_share": 0.25, "persons": {"age_max": 18}, "paid_by": "municipality"},
    "pass_price": {"pass_trips": 12, "persons": {"age_max": 18}, "paid_by": "municipality"},
    "bus_frequency": {"factor": 1.5, "networks": ["regional_bus"], "cost_eur_per_vehicle_km": 2.0, **COST},
    "new_line": {
        **{
            "network": "regional_bus",
            "stops": ["Jelgava", "56.55, 24.1", "b3"],
            "headway_min": {"weekday_morning": 60},
        },
        **{"hours": {"first": "05:30", "last": "23:00"}, "speed_km_h": 50, "detour_ratio": 1.2, "dwell_s": 30},
        **{"vehicle": "bus_small", "capacity_pers": 19, "electric_share": 0.5, "cost_eur_per_vehicle_km": 1.5, **COST},
    },
    "new_stop": {
        **{"lat": 56.6, "lon": 24.0, "route_ids": ["r3"], "dwell_s": 30, "detour_max_m": 500},
        **{"cost_eur_per_vehicle_km": 2.0, "capex_eur": 10_000, "opex_eur_year": 500, **COST},
    },
    "closed_stop": {
        **{"stops": ["b2"], "route_ids": ["r3"], "saved_s": 60, "capex_eur": 100, "opex_eur_year": 0, **COST},
    },
    "bus_speed": {
        **{
            "speed_factor": {"2026": 1.1, "2028": 1.25},
            "networks": ["city_bus_jelgava"],
            "periods": ["weekday_morning"],
        },
        **{"capex_eur": 50_000, "opex_eur_year": 1000, **COST},
    },
    "on_demand_bus": {
        **{"places": ["Bauskas novads"], "hubs": ["Bauska"], "route_ids": ["r2"], "walk_max_m": 1500, "wait_min": 15},
        **{"hours_weekday": {"first": "06:00", "last": "20:00"}, "detour_ratio": 1.2, "pooling_ratio": 1.3},
        **{"speed_km_h": 40, "vehicles": {"2026": 1, "2028": 2}, "seats": 8, "persons_per_run": 2, "empty_share": 0.4},
        **{"fare_factor": 1, "cost_eur_per_vehicle_hour": 35, "saved_eur_per_vehicle_km": 2, **COST},
    },
    "electric_city_buses": {
        **{"network": "city_bus_jelgava", "electric_share": 0.5, "cost_eur_per_vehicle_km": 0.15, **COST},
    },
    "bus_operator_rule": {
        **{"networks": ["regional_bus"], "budget_eur_year": 100_000, "full_share": 0.9, "step_share": 0.25},
        **{"most_factor": 2, "cost_eur_per_vehicle_km": 1.9, **COST},
    },
    "electric_buses": {
        **{"network": "regional_bus", "buses": {"2026": 2, "2028": 5}, "battery_kwh": 300, "depot_plugs": 2},
        **{"depot_kw": 50, "eur_per_bus": 480_000, "eur_per_plug": 30_000, "cost_eur_per_vehicle_km": -0.2, **COST},
    },
    "charger_companies": {
        **{"busy_hours_day": 3.6, "busy_wait_min": 1, "idle_hours_day": 0.2, "idle_years": 5, "most_points": 8},
        **{"grid_kw": 400, "station_points": 2, "budget_eur_year": 100_000, "install_lag_months": 6},
        **{"capex_slow_eur_per_point": 6500, "capex_fast_eur_per_point": 54_200, "opex_share_year": 0.08},
        **{"support_share": {"2026": 0.0, "2028": 0.25}, **COST},
    },
    "points_on_request": {
        **{"places": ["Jelgava"], "walk_max_m": 250, "asking_share": 0.5, "cars_per_point": 6, "points_per_post": 2},
        **{"power_kw": 11, "price_eur_kwh": 0.25, "posts_per_year": {"2026": 5, "2028": 10}},
        **{"budget_eur_year": 50_000, "install_lag_months": 6, "capex_eur_per_point": 6500, "opex_share_year": 0.08},
        **COST,
    },
    "park_and_ride": {
        **{"stations": ["Jelgava"], "places_per_station": {"2026": 50, "2028": 80}, "price_eur_day": 1.0},
        **{"capex_eur_per_place": 4000, "opex_eur_per_place_year": 100, **COST},
    },
    "bike_and_ride": {
        **{"stations": ["Jelgava"], "places_per_station": 60, "price_eur_day": 0.0},
        **{"capex_eur_per_place": 500, "opex_eur_per_place_year": 20, **COST},
    },
    "shared_evs": {
        **{"stations": ["Jelgava"], "cars_per_station": {"2026": 2, "2028": 5}, "walk_max_m": 500},
        **{"price_eur_h": 7.0, "price_eur_km": 0.1, "tour_max_eur": 39.0, "free_min": 15.0},
        **{"car_battery_kwh": 50.0, "plug_kw": 11.0, "purchase_eur_per_car": 30_000, "capex_eur_per_place": 3000},
        **{"opex_eur_per_car_year": 5000, **COST},
    },
    "shared_ebikes": {
        **{"places": ["Jelgava"], "bikes_per_1000": 2, "bikes_per_station": 5, "walk_max_m": 300},
        **{"price_eur_trip": 0.5, "winter": False, "cost_eur_per_bike_year": 2000, **COST},
    },
    "municipal_fleet": {
        **{"cars": {"2026": 10, "2028": 30}, "km_per_car_year": 10_000, "fuel_l_km": 0.07, "fuel": "petrol"},
        **{"electricity_kwh_km": 0.19, "capex_eur_per_car": 9000, **COST},
    },
}


def measure(lever: str, **values: Any) -> Measure:
    """A measure of a kind, with some values changed."""
    plain = {"id": lever.replace("_", "-"), "lever": lever, **COMMON, **KINDS[lever], **values}
    return MeasureFile.of([{key: value for key, value in plain.items() if value is not None}])[0]


def all_measures() -> list[Measure]:
    """One measure of each kind."""
    return [measure(lever) for lever in KINDS]
