"""The indicators once more, from the Parquet files alone: plain pandas, one line of reasoning each, no zemsim code.

Written from the meanings in ``indicators.csv``, not from the code that it checks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

MODES = ["walk", "bike", "ebike", "bus", "train", "car", "ev", "passenger"]
PLACES_TO_CHARGE = ["home", "work", "public_slow", "public_fast"]
DAYS = {(0, 0): 124, (0, 1): 57, (1, 0): 127, (1, 1): 57}
DAYS_OF_TYPE = {0: 251, 1: 114}
PUBLIC = ["state", "municipality", "region"]
POWERTRAINS = ("petrol", "diesel", "bev", "hybrid", "phev")
Key = tuple[int, str, str, str]


def recompute(folder: Path, policy: str, seed: int) -> dict[Key, float]:
    """Return every indicator of a case by (year, indicator, group, place)."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    factor = {row["key"]: row["value"] for row in manifest["factors"]}
    zones = pd.read_parquet(folder / "zones.parquet").set_index("zone_idx")
    persons = pd.read_parquet(folder / f"persons/seed-{seed}.parquet")
    tours = pd.read_parquet(folder / f"tours/seed-{seed}.parquet")
    case = {
        name: pd.read_parquet(folder / name / f"{policy}-seed-{seed}.parquet")
        for name in (
            *("trips", "destinations", "vehicles", "sessions", "stations", "purchases", "transit", "payments"),
            *("bus_fleets", "charging_load", "reactions", "station_trips"),
            *("shared_car_trips", "car_stations"),
        )
    }
    years, simulated = manifest["years"], manifest["simulated_years"]
    change = manifest.get("first_change")
    persons = persons.join(zones[["zone_id", "municipality", "area_type"]], on="zone_idx")
    made = _trips(case["trips"], case["destinations"], tours, persons)
    made = _by_stations(made, case["station_trips"], case["vehicles"])
    cars = _cars(case["vehicles"], persons)
    found: dict[Key, float] = {}
    found.update(_residents(persons, years[0]))
    for year in simulated:
        found.update(_travel(made[made["year"] == year], persons, year))
        found.update(_mobile(tours, persons, year))
        found.update(_charging(case["sessions"], year))
        found.update(_sites(case["stations"], year))
        found.update(_load(case["charging_load"], year))
        found.update(_station_trips(case["station_trips"], year))
        found.update(_shared_cars(case["shared_car_trips"], case["car_stations"], year))
        found.update(_transit(case["transit"], year))
        found.update(_bus_fleets(case, year))
        found.update(_co2(case, made, factor, year))
    for year in years:
        found.update(_fleet(cars[cars["year"] == year], persons, year, year in simulated))
        found.update(_bought(case["purchases"], year))
        found.update(_reactions(case["reactions"], year))
    found.update(_costs(case["payments"], years, simulated, factor["discount_rate_year"], change))
    co2 = [found[year, "co2_wtw_kg_year", "all", "region"] for year in simulated]
    found[years[-1], "co2_wtw_total_kg", "all", "region"] = sum(
        _between(year, simulated, co2, change) for year in years
    )
    return found


def _cells(people: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Region, area types and municipalities with who belongs to them."""
    yield "region", pd.Series(True, index=people.index)
    for column in ("area_type", "municipality"):
        for name in sorted(people[column].unique()):
            yield name, people[column] == name


def _trips(trips: pd.DataFrame, destinations: pd.DataFrame, tours: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    table = trips.merge(tours.reset_index(names="tour_idx"), on="tour_idx", suffixes=("", "_tour"))
    table = table.merge(destinations, on=["year", "tour_idx"], how="left", suffixes=("", "_now"), indicator="moved")
    table["moved"] = table["moved"] == "both"
    for name in ("road_km", "active_km", "bus_km", "train_km"):
        table[name] = table[name].mask(table["moved"], table[f"{name}_now"])
    table = table.merge(persons, on="resident_idx", suffixes=("", "_home"))
    table["mode"] = table["mode"].map(dict(enumerate(MODES)))
    table["days"] = [DAYS[key] for key in zip(table["season"], table["day_type"], strict=True)]
    table["n"] = 2.0 * table["days"]
    one_way = table["road_km"].astype(float)
    one_way = one_way.mask(table["mode"].isin(["walk", "bike", "ebike"]), table["active_km"].astype(float))
    for mode in ("bus", "train"):
        known = (table["mode"] == mode) & table[f"{mode}_km"].notna()
        one_way = one_way.mask(known, table[f"{mode}_km"].astype(float))
    table["km"] = table["n"] * one_way
    return table


def _by_stations(made: pd.DataFrame, stations: pd.DataFrame, vehicles: pd.DataFrame) -> pd.DataFrame:
    """Bus and train count from the station on; the way there is a row without trips, of the mode it is travelled by."""
    powertrain = {(v.year, v.vehicle_idx): POWERTRAINS[v.powertrain] for v in vehicles.itertuples()}
    made = made.set_index(["year", "season", "day_type", "tour_idx"], drop=False)
    ways = []
    for row in stations.itertuples():
        at = (row.year, row.season, row.day_type, row.tour_idx)
        made.loc[at, "km"] = made.loc[at, "n"] * float(row.transit_km)
        way = made.loc[at].copy()
        by_car = "ev" if powertrain.get((row.year, row.vehicle_idx)) == "bev" else "car"
        way["mode"] = {1: "bike", 2: "ebike", 3: by_car}[row.access]
        way["km"] = way["n"] * float(row.access_km)
        way["n"], way["days"] = 0.0, 0
        ways.append(way)
    return pd.concat([made, pd.DataFrame(ways)], ignore_index=True) if ways else made.reset_index(drop=True)


def _cars(vehicles: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    homes = persons.drop_duplicates("household_idx")[["household_idx", "zone_id", "municipality", "area_type"]]
    return vehicles.merge(homes, on="household_idx", how="left", validate="many_to_one")


def _residents(persons: pd.DataFrame, year: int) -> dict[Key, float]:
    found = {(year, "residents", "all", name): float(who.sum()) for name, who in _cells(persons)}
    for name, count in persons.groupby("zone_id").size().items():
        found[year, "residents", "all", name] = float(count)
    for fifth in range(1, 6):
        found[year, "residents", f"quintile-{fifth}", "region"] = float((persons["quintile"] == fifth).sum())
    return found


def _travel(made: pd.DataFrame, persons: pd.DataFrame, year: int) -> dict[Key, float]:
    found: dict[Key, float] = {}
    for name, who in _cells(persons):
        here = made[made["resident_idx"].isin(persons.loc[who, "resident_idx"])]
        found.update(_cell(here, int(who.sum()), year, "all", name))
        found[year, "trips_year", "all", name] = here["n"].sum()
        found[year, "bus_trips_year", "all", name] = here.loc[here["mode"] == "bus", "n"].sum()
        found[year, "train_trips_year", "all", name] = here.loc[here["mode"] == "train", "n"].sum()
        driven = here[here["mode"].isin(["car", "ev"])]
        found[year, "car_km_year", "all", name] = driven["km"].sum()
        ev = driven.loc[driven["mode"] == "ev", "km"].sum()
        found[year, "ev_km_share", "all", name] = ev / driven["km"].sum()
        found[year, "bus_trip_share", "all", name] = found[year, "mode_share", "bus", name]
    for fifth in range(1, 6):
        here = made[made["quintile"] == fifth]
        found.update(_cell(here, int((persons["quintile"] == fifth).sum()), year, f"quintile-{fifth}", "region"))
    people = persons.groupby("zone_id").size()
    driven = made[made["mode"].isin(["car", "ev"])].groupby("zone_id")["km"].sum()
    bus = made[made["mode"] == "bus"].groupby("zone_id")["n"].sum()
    trips = made.groupby("zone_id")["n"].sum()
    for name, count in people.items():
        found[year, "car_km_per_resident_day", "all", name] = driven.get(name, 0.0) / count / 365
        found[year, "bus_trip_share", "all", name] = bus.get(name, 0.0) / trips[name] if name in trips else np.nan
    trips = made[made["n"] > 0]
    work = trips[trips["purpose"] == 0]
    found[year, "moved_trip_share", "all", "region"] = trips["moved"].astype(bool).mean()
    found[year, "moved_trip_share", "work", "region"] = work["moved"].astype(bool).mean()
    found[year, "fare_revenue_eur_year", "all", "region"] = (made["n"] * made["fare_eur"].astype(float)).sum()
    found.update(_passes(made, persons, year))
    found[year, "parking_revenue_eur_year", "all", "region"] = (made["days"] * made["parking_eur"].astype(float)).sum()
    return found


def _passes(made: pd.DataFrame, persons: pd.DataFrame, year: int) -> dict[Key, float]:
    with_pass = made[made["with_pass"].astype(bool) & (made["n"] > 0)]
    found = {(year, "pass_revenue_eur_year", "all", "region"): float((with_pass["n"] * with_pass["fare_eur"]).sum())}
    weekday = with_pass[with_pass["day_type"] == 0]
    seasons = sorted(made["season"].unique())
    weight = {season: DAYS[season, 0] / sum(DAYS[s, 0] for s in seasons) for season in seasons}

    def share(who: pd.Series) -> float:
        here = weekday[weekday["resident_idx"].isin(persons.loc[who, "resident_idx"])]
        holders = here.groupby("season")["resident_idx"].nunique()
        return float(sum(weight[season] * count for season, count in holders.items()) / who.sum())

    for name, who in _cells(persons):
        found[year, "pass_holders_share", "all", name] = share(who)
    for fifth in range(1, 6):
        found[year, "pass_holders_share", f"quintile-{fifth}", "region"] = share(persons["quintile"] == fifth)
    return found


def _station_trips(stations: pd.DataFrame, year: int) -> dict[Key, float]:
    rows = stations[stations["year"] == year]
    trips = {"park": 0.0, "bike": 0.0}
    for row in rows.itertuples():
        trips["park" if row.access == 3 else "bike"] += 2.0 * DAYS[row.season, row.day_type]
    return {(year, f"{kind}_and_ride_trips_year", "all", "region"): count for kind, count in trips.items()}


def _shared_cars(trips: pd.DataFrame, stations: pd.DataFrame, year: int) -> dict[Key, float]:
    made, km = 0.0, 0.0
    for row in trips[trips["year"] == year].itertuples():
        made += 2.0 * DAYS[row.season, row.day_type]
        km += DAYS[row.season, row.day_type] * row.tour_km
    tours = cars = busy = empty = 0.0
    for row in stations[stations["year"] == year].itertuples():
        days = DAYS[row.season, row.day_type]
        tours, cars = tours + days * row.tours, cars + days * row.cars
        busy, empty = busy + days * row.refused_no_car, empty + days * row.refused_no_charge
    return {
        (year, "shared_car_trips_year", "all", "region"): made,
        (year, "shared_car_km_year", "all", "region"): km,
        (year, "shared_car_tours_per_car_day", "all", "region"): tours / cars if cars else np.nan,
        (year, "shared_car_refused_year", "no car", "region"): busy,
        (year, "shared_car_refused_year", "no charge", "region"): empty,
        (year, "shared_car_refused_year", "all", "region"): busy + empty,
    }


def _cell(here: pd.DataFrame, people: int, year: int, group: str, place: str) -> dict[Key, float]:
    found: dict[Key, float] = {}
    for mode in MODES:
        label = mode if group == "all" else f"{mode} {group}"
        found[year, "mode_share", label, place] = here.loc[here["mode"] == mode, "n"].sum() / here["n"].sum()
    found[year, "trips_per_person_day", group, place] = here["n"].sum() / people / 365
    found[year, "person_km_day", group, place] = here["km"].sum() / people / 365
    found[year, "person_minutes_day", group, place] = (here["n"] * here["door_min"]).sum() / people / 365
    driven = here[here["mode"].isin(["car", "ev"])]["km"].sum()
    found[year, "car_km_per_resident_day", group, place] = driven / people / 365
    return found


def _mobile(tours: pd.DataFrame, persons: pd.DataFrame, year: int) -> dict[Key, float]:
    out = tours.drop_duplicates(["day_type", "resident_idx"])
    days = out["day_type"].map(DAYS_OF_TYPE).groupby(out["resident_idx"]).sum()
    days = persons["resident_idx"].map(days).fillna(0)
    found = {}
    for name, who in _cells(persons):
        found[year, "mobile_share", "all", name] = days[who].sum() / who.sum() / 365
    for fifth in range(1, 6):
        who = persons["quintile"] == fifth
        found[year, "mobile_share", f"quintile-{fifth}", "region"] = days[who].sum() / who.sum() / 365
    return found


def _sites(stations: pd.DataFrame, year: int) -> dict[Key, float]:
    rows = stations[stations["year"] == year]
    weeks = rows["season"].map({0: 181 / 7, 1: 184 / 7})
    found = {
        (year, "charging_left_year", "all", "region"): (weeks * rows["left"]).sum(),
        (year, "charging_failed_year", "all", "region"): (weeks * rows["failed"]).sum(),
    }
    last = rows[rows["season"] == rows["season"].max()]
    for group, chosen in (("slow", ~last["fast"]), ("fast", last["fast"]), ("all", last["points"] > 0)):
        found[year, "public_points", group, "region"] = last.loc[chosen, "points"].sum()
    for site, own in rows.assign(weeks=weeks).groupby("site_id"):
        came = (own["weeks"] * own["came"]).sum()
        minutes = (own["weeks"] * own["came"] * own["wait_mean_min"].fillna(0.0)).sum()
        found[year, "site_wait_mean_min", str(site), "region"] = minutes / came if came else np.nan
        found[year, "site_failed_year", str(site), "region"] = (own["weeks"] * own["failed"]).sum()
    return found


def _load(load: pd.DataFrame, year: int) -> dict[Key, float]:
    rows = load[load["year"] == year].assign(place=lambda t: [PLACES_TO_CHARGE[p] for p in t["place"]])
    rows = pd.concat([rows, rows.assign(place="all")])
    rows["moment"] = [
        f"{p} {('winter', 'summer')[s]} {('weekday', 'weekend')[d]} {h:02d}"
        for p, s, d, h in zip(rows["place"], rows["season"], rows["day_type"], rows["hour"], strict=True)
    ]
    by_moment = rows.groupby(["place", "moment"])["kw"].sum()
    found = {(year, "charging_load_kw", moment, "region"): kw for (_, moment), kw in by_moment.items()}
    for place in ("all", *PLACES_TO_CHARGE):
        found[year, "charging_peak_kw", place, "region"] = by_moment[place].max()
    return found


def _reactions(reactions: pd.DataFrame, year: int) -> dict[Key, float]:
    rows = reactions[reactions["year"] == year]
    company, town = rows[rows["actor"] == "company"], rows[rows["actor"] == "municipality"]
    return {
        (year, "company_points_year", "all", "region"): company["points"].sum(),
        (year, "request_points_year", "all", "region"): town["points"].sum(),
        (year, "requests_refused_year", "all", "region"): town.loc[town["points"] == 0, "requests"].sum(),
    }


def _charging(sessions: pd.DataFrame, year: int) -> dict[Key, float]:
    rows = sessions[sessions["year"] == year]
    weeks = rows["season"].map({0: 181 / 7, 1: 184 / 7})
    found = {
        (year, "charging_sessions_year", "all", "region"): weeks.sum(),
        (year, "charging_kwh_year", "all", "region"): (weeks * rows["kwh"]).sum(),
    }
    for code, name in enumerate(PLACES_TO_CHARGE):
        here = rows["place"] == code
        found[year, "charging_sessions_year", name, "region"] = weeks[here].sum()
        found[year, "charging_kwh_year", name, "region"] = (weeks * rows["kwh"])[here].sum()
    public = rows["place"] >= 2
    waited = (weeks * rows["wait_min"].astype(float))[public].sum()
    found[year, "charging_wait_mean_min", "all", "region"] = waited / weeks[public].sum() if public.any() else np.nan
    return found


def _transit(transit: pd.DataFrame, year: int) -> dict[Key, float]:
    rows = transit[transit["year"] == year]
    days = rows["day_type"].map(DAYS_OF_TYPE)
    km = rows["vehicle_km_day"] * days
    return {
        (year, "denied_boardings_year", "all", "region"): (rows["denied_day"] * days).sum(),
        (year, "left_behind_year", "all", "region"): (rows["left_behind_day"] * days).sum(),
        (year, "vehicle_km_bus_year", "all", "region"): km[rows["mode"] == 3].sum(),
        (year, "vehicle_km_train_year", "all", "region"): km[rows["mode"] == 4].sum(),
        (year, "max_bus_load_share", "all", "region"): rows.loc[rows["mode"] == 3, "max_load_share"].max(),
    }


def _bus_kwh(rows: pd.DataFrame, electric_km: pd.Series, usual_kwh_km: float) -> float:
    followed = rows["electric_kwh_day"] * rows["day_type"].map(DAYS_OF_TYPE)
    return followed.where(followed.notna(), electric_km * usual_kwh_km).sum()


def _bus_fleets(case: dict[str, pd.DataFrame], year: int) -> dict[Key, float]:
    routes, fleets = (case[name][case[name]["year"] == year] for name in ("transit", "bus_fleets"))
    buses = routes[routes["mode"] == 3]
    days = buses["day_type"].map(DAYS_OF_TYPE)
    km = buses["vehicle_km_day"] * days
    weeks = fleets["season"].map({0: 181 / 7, 1: 184 / 7})
    found = {
        "electric_bus_km_share": (km * buses["electric_share"]).sum() / km.sum(),
        "cancelled_departures_year": (weeks * fleets["cancelled_week"]).sum(),
        "bus_charging_kwh_year": (buses["electric_kwh_day"] * days).sum(),
        "depot_peak_kw": fleets["depot_peak_kw"].max() if len(fleets) else 0.0,
    }
    return {(year, name, "all", "region"): value for name, value in found.items()}


def _co2(case: dict[str, pd.DataFrame], made: pd.DataFrame, f: dict[str, float], year: int) -> dict[Key, float]:
    """Litres and kWh of each source, times the factors."""
    cars = case["vehicles"][case["vehicles"]["year"] == year].astype({"litres_year": float, "kwh_year": float})
    litres = cars.groupby("powertrain")["litres_year"].sum()
    sessions = case["sessions"][case["sessions"]["year"] == year]
    weeks = sessions["season"].map({0: 181 / 7, 1: 184 / 7})
    solar = (weeks * sessions["kwh"] * sessions["solar_share"].astype(float)).sum()
    from_grid = weeks * sessions["kwh"] * (1.0 - sessions["solar_share"].astype(float))
    factor = (from_grid * sessions["grid_factor"].astype(float)).sum() / from_grid.sum() if from_grid.sum() else 1.0
    rows = case["transit"][case["transit"]["year"] == year]
    km = rows["vehicle_km_day"] * rows["day_type"].map(DAYS_OF_TYPE)
    electric = km * rows["electric_share"]
    bus, train = rows["mode"] == 3, rows["mode"] == 4
    per_km = np.where(rows["network_id"].str.startswith("city_bus"), f["bus_city_l_km"], f["bus_regional_l_km"])
    ebike_km = made.loc[(made["year"] == year) & (made["mode"] == "ebike"), "km"].sum()
    paid = case["payments"][case["payments"]["year"] == year].groupby("item")["quantity"].sum()
    eta = f["charger_efficiency"]
    drawn = cars["kwh_year"].sum() - solar
    used = {  # petrol, diesel, kWh from the grid, kWh from the sun, kWh by which the hours are worse than the mean
        "cars": (sum(litres.get(k, 0.0) for k in (0, 3, 4)), litres.get(1, 0.0), drawn, solar, (factor - 1.0) * drawn),
        "ebikes": (0.0, 0.0, ebike_km * f["ebike_kwh_km"] / eta, 0.0, 0.0),
        "buses": (
            0.0,
            ((km - electric) * per_km)[bus].sum(),
            _bus_kwh(rows[bus], electric[bus], f["bus_electric_kwh_km"] / eta),
            0.0,
            0.0,
        ),
        "trains": (
            0.0,
            (km - electric)[train].sum() * f["train_diesel_l_km"],
            electric[train].sum() * f["train_electric_kwh_km"],
            0.0,
            0.0,
        ),
        "shared_cars": (0.0, 0.0, _shared_kwh(case["car_stations"], year), 0.0, 0.0),
        "municipal_cars": (
            paid.get("fleet_petrol", 0.0),
            paid.get("fleet_diesel", 0.0),
            paid.get("fleet_electricity", 0.0),
            0.0,
            0.0,
        ),
    }
    used["all"] = tuple(sum(parts) for parts in zip(*used.values(), strict=True))
    found = {}
    for name, (petrol, diesel, grid, sun, worse) in used.items():
        ttw = petrol * f["petrol_ttw_kg_l"] + diesel * f["diesel_ttw_kg_l"]
        wtt = petrol * f["petrol_wtt_kg_l"] + diesel * f["diesel_wtt_kg_l"] + sun * f["solar_kg_kwh"]
        found[year, "co2_ttw_kg_year", name, "region"] = ttw
        found[year, "co2_wtw_kg_year", name, "region"] = ttw + wtt + (grid + worse) * f["grid_kg_kwh"]
        found[year, "co2_wtw_marginal_kg_year", name, "region"] = ttw + wtt + grid * f["grid_marginal_kg_kwh"]
    return found


def _shared_kwh(stations: pd.DataFrame, year: int) -> float:
    rows = stations[stations["year"] == year]
    return sum(DAYS[row.season, row.day_type] * row.grid_kwh for row in rows.itertuples())


def _fleet(cars: pd.DataFrame, persons: pd.DataFrame, year: int, by_zone: bool) -> dict[Key, float]:
    found = {}
    for name, who in _cells(persons):
        column = {"region": None}.get(name, "area_type" if name in set(cars["area_type"]) else "municipality")
        here = cars if column is None else cars[cars[column] == name]
        bev = float((here["powertrain"] == 2).sum())
        found[year, "ev_stock", "all", name] = bev
        found[year, "ev_share", "all", name] = bev / len(here) if len(here) else np.nan
        found[year, "cars_per_1000", "all", name] = 1000 * len(here) / who.sum()
    for powertrain, name in enumerate(POWERTRAINS):
        found[year, "car_stock", name, "region"] = float((cars["powertrain"] == powertrain).sum())
    found[year, "car_stock", "all", "region"] = float(len(cars))
    if by_zone:
        shares = (cars["powertrain"] == 2).groupby(cars["zone_id"]).mean()
        for name in persons["zone_id"].unique():
            found[year, "ev_share", "all", name] = shares.get(name, np.nan)
    return found


def _bought(purchases: pd.DataFrame, year: int) -> dict[Key, float]:
    rows = purchases[purchases["year"] == year]
    cars = rows[rows["kind"] == "car"]
    return {
        **{
            (year, "car_purchases_year", name, "region"): float((cars["powertrain"] == powertrain).sum())
            for powertrain, name in enumerate(POWERTRAINS)
        },
        (year, "car_purchases_year", "all", "region"): float(len(cars)),
        (year, "ev_purchases_year", "all", "region"): float(
            ((rows["kind"] == "car") & (rows["powertrain"] == 2)).sum()
        ),
        (year, "ebike_purchases_year", "all", "region"): float((rows["kind"] == "ebike").sum()),
        (year, "grants_eur_year", "all", "region"): (rows["grant_eur"] + rows["scrapping_eur"]).sum(),
    }


def _between(year: int, known: list[int], values: list[float], change: int | None) -> float:
    """The value of a year on the straight line between its neighbours, the nearest one outside; a step at a change."""
    if year <= known[0]:
        return values[0]
    for left, right, a, b in zip(known, known[1:], values, values[1:], strict=False):
        if year <= right and change is not None and left < change <= right:
            return a if year < change else b
        if year <= right:
            return a + (b - a) * (year - left) / (right - left)
    return values[-1]


def _costs(
    payments: pd.DataFrame, years: list[int], simulated: list[int], rate: float, change: int | None
) -> dict[Key, float]:
    sign = payments["payer"].isin(PUBLIC).astype(float) - payments["payee"].isin(PUBLIC).astype(float)
    cost = sign * payments["amount_eur"]
    daily = payments["basis"] == "days"
    flows = [cost[daily & (payments["year"] == year)].sum() for year in simulated]
    each = {y: cost[~daily & (payments["year"] == y)].sum() + _between(y, simulated, flows, change) for y in years}
    found = {(year, "public_cost_eur_year", "all", "region"): value for year, value in each.items()}
    found[years[-1], "public_cost_eur", "all", "region"] = sum(each.values())
    present = sum(value / (1 + rate) ** (year - years[0]) for year, value in each.items())
    found[years[-1], "public_cost_discounted_eur", "all", "region"] = present
    return found
