"""The ledger of measures: their rules of payment, filled in by what happened in a year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from zemsim.core.names import Powertrain
from zemsim.policy.rules import EbikeGrant, Grant, PaymentRule

if TYPE_CHECKING:
    from zemsim.policy.conditions import Conditions

#: Columns of the ledger, as in the run folder.
COLUMNS: Final = ("year", "measure_id", "item", "payer", "payee", "basis", "quantity", "unit", "amount_eur")
#: Rules that are known in every year; the others are counted on simulated days.
OF_THE_YEAR: Final = frozenset({"fixed", "bev_grant", "ebike_grant", "points_ordered", "points_standing"})
#: Columns of the points that actors ordered by their rule.
POINT_COLUMNS: Final = ("measure_id", "speed", "points_ordered", "points_standing")


@dataclass(frozen=True)
class DayTables:
    """What travellers did in a simulated year, as far as payments need it; quantities are sums over the whole year.

    Attributes
    ----------
    fares : DataFrame
        ``mode`` (bus, train)``, service`` (city_bus, regional_bus, train)``, zone_idx`` (home)``, age, fare_eur_year,
        base_fare_eur_year, pass_saving_eur_year``: what was paid, what the same trips cost at base fares and passes of
        the region, and how much less they cost than at these passes.
    routes : DataFrame
        ``route_id, vehicle_km_year, base_vehicle_km_year, electric_share, base_electric_share``; base is the same year
        without measures.
    fuel : DataFrame
        ``fuel`` (petrol, diesel)``, litres_year``.
    charging : DataFrame
        ``place`` (home, work, public)``, site_idx`` (-1 not public)``, kwh_year`` from the plug``, panel_kwh_year`` of
        it from panels of the site``, eur_year`` paid``, base_eur_year`` for the same sessions at public prices of the
        region, or at home at the same price in all hours.
    parking : DataFrame
        ``zone_idx`` (destination)``, parking_eur_year``.
    shared_ebike : DataFrame
        ``zone_idx`` (origin)``, trips_year``.
    lots : DataFrame
        ``measure_id, days_year``: days of cars or bicycles on the places of a measure at stations.
    shared_cars : DataFrame
        ``measure_id, eur_year, kwh_year``: what is paid for the shared cars of a measure, and drawn from their plugs.
    """

    fares: pd.DataFrame
    routes: pd.DataFrame
    fuel: pd.DataFrame
    charging: pd.DataFrame
    parking: pd.DataFrame
    shared_ebike: pd.DataFrame
    lots: pd.DataFrame
    shared_cars: pd.DataFrame


def ledger(
    conditions: Conditions, purchases: pd.DataFrame, days: DayTables | None, points: pd.DataFrame
) -> pd.DataFrame:
    """Return the payments of a year, one line for each item of a measure.

    Parameters
    ----------
    conditions : Conditions
        Of the year.
    purchases : DataFrame
        A bought car or e-bike a row: ``kind`` (car, ebike)``, powertrain, new, price_eur, scrapped_age_years`` (of the
        combustion car in whose place it comes, -1 none)``, km_year`` (that the household expects to drive it)``,
        zone_idx`` (home)``, income_eur_month`` (net, of the household).
    days : DayTables or None
        What happened on the days; None in a year whose days are not simulated: then only lines of the basis ``year``.
    points : DataFrame
        What companies and municipalities ordered by their rules, :data:`POINT_COLUMNS`: points ordered in the year and
        points of the measure in service in it, by ``speed`` (slow, fast).

    Returns
    -------
    DataFrame
        ``year, measure_id, item, payer, payee, basis, quantity, unit, amount_eur``; ``basis`` is ``year`` or ``days``.
        Amounts flow from payer to payee, a negative one back. Fares and parking fees of all travellers are lines of
        the measure ``base``, so that the public cost of a policy is the difference to the baseline of what public
        payers pay less what they receive. Fuel tax on litres that are no longer sold is not in it.
    """
    lines = []
    for rule in conditions.payment_rules:
        if rule.basis in OF_THE_YEAR:
            basis, (quantity, amount) = "year", _of_the_year(rule, purchases, points)
        elif days is not None:
            basis, quantity = "days", _COUNTS[rule.basis](rule, days) * rule.factor
            amount = quantity * rule.unit_eur
        else:
            continue
        payment = (rule.measure_id, rule.item, rule.payer, rule.payee, basis, quantity, rule.unit, amount)
        lines.append((conditions.year, *payment))
    frame = pd.DataFrame(lines, columns=list(COLUMNS))
    same = [name for name in COLUMNS if name not in {"quantity", "amount_eur"}]
    summed: pd.DataFrame = frame.groupby(same, sort=False, as_index=False)[["quantity", "amount_eur"]].sum()
    typed: pd.DataFrame = summed[list(COLUMNS)].astype(
        {"year": "int16", "quantity": "float64", "amount_eur": "float64"}
    )
    return typed


def _of_the_year(rule: PaymentRule, purchases: pd.DataFrame, points: pd.DataFrame) -> tuple[float, float]:
    """Return quantity and amount of a rule that needs no days."""
    if rule.basis in {"points_ordered", "points_standing"}:
        of_rule = (points["measure_id"] == rule.measure_id) & (points["speed"] == rule.speed)
        count = float(points.loc[of_rule, rule.basis].sum()) * rule.factor
        return count, count * rule.unit_eur
    if rule.basis == "bev_grant":
        return _bev_grant(rule, purchases)
    if rule.basis == "ebike_grant":
        return _ebike_grant(rule, purchases)
    return rule.quantity, rule.quantity * rule.unit_eur


def _eligible(grant: Grant | EbikeGrant, bought: pd.DataFrame) -> pd.DataFrame:
    """Return the purchases that may have a grant."""
    at_home = grant.zones[bought["zone_idx"].to_numpy(dtype=np.int64)]
    within = bought["income_eur_month"].to_numpy(dtype=np.float64) <= grant.income_max_eur_month
    found: pd.DataFrame = bought.loc[at_home & within]
    return found


def _bev_grant(rule: PaymentRule, purchases: pd.DataFrame) -> tuple[float, float]:
    grant = rule.grant
    if not isinstance(grant, Grant):
        raise TypeError(f"rule {rule.item} of {rule.measure_id} has no grant for cars")
    cars = _eligible(grant, purchases[purchases["kind"] == "car"])
    cars = cars[cars["km_year"].to_numpy(dtype=np.float64) >= grant.km_year_min]
    quantity, amount = 0, 0.0
    for powertrain in (Powertrain.BEV, Powertrain.PHEV):
        for new in (True, False):
            eur = grant.amount_eur(powertrain, new)
            bought = cars[(cars["powertrain"] == powertrain) & (cars["new"].astype(bool) == new)]
            if eur > 0.0:
                scrapped = int((bought["scrapped_age_years"] >= grant.scrapping_age_years).sum())
                quantity += len(bought)
                amount += len(bought) * eur + scrapped * grant.scrapping_eur
    return float(quantity), amount


def _ebike_grant(rule: PaymentRule, purchases: pd.DataFrame) -> tuple[float, float]:
    grant = rule.grant
    if not isinstance(grant, EbikeGrant):
        raise TypeError(f"rule {rule.item} of {rule.measure_id} has no grant for e-bikes")
    bikes = _eligible(grant, purchases[purchases["kind"] == "ebike"])
    price = bikes["price_eur"].to_numpy(dtype=np.float64)
    amounts = np.minimum(price * grant.price_share, grant.max_eur)
    return float((amounts > 0.0).sum()), float(amounts.sum())


def _in_zones(rule: PaymentRule, table: pd.DataFrame) -> pd.DataFrame:
    if rule.zones is None:
        return table
    found: pd.DataFrame = table.loc[rule.zones[table["zone_idx"].to_numpy(dtype=np.int64)]]
    return found


def _of_routes(rule: PaymentRule, table: pd.DataFrame) -> pd.DataFrame:
    return table if rule.routes is None else table[table["route_id"].isin(rule.routes)]


def _fares_paid(rule: PaymentRule, days: DayTables) -> float:
    return float(days.fares.loc[days.fares["mode"] == rule.mode, "fare_eur_year"].sum())


def _fares_at_base(rule: PaymentRule, days: DayTables) -> float:
    return _of_ages(rule, days.fares[days.fares["mode"] == rule.mode], "base_fare_eur_year")


def _pass_saving(rule: PaymentRule, days: DayTables) -> float:
    return _of_ages(rule, days.fares[days.fares["service"] == rule.service], "pass_saving_eur_year")


def _of_ages(rule: PaymentRule, fares: pd.DataFrame, column: str) -> float:
    """Return the sum of a column over the residents of the rule's zones and ages."""
    table = _in_zones(rule, fares)
    low, high = rule.ages if rule.ages is not None else (0, 120)
    return float(table.loc[table["age"].clip(0, 120).between(low, high), column].sum())


def _vehicle_km(rule: PaymentRule, days: DayTables) -> float:
    table = _of_routes(rule, days.routes)
    return float((table["vehicle_km_year"] - table["base_vehicle_km_year"]).sum())


def _electric_vehicle_km(rule: PaymentRule, days: DayTables) -> float:
    table = _of_routes(rule, days.routes)
    return float((table["vehicle_km_year"] * (table["electric_share"] - table["base_electric_share"])).sum())


def _fuel(rule: PaymentRule, days: DayTables) -> float:
    return float(days.fuel.loc[days.fuel["fuel"] == rule.fuel, "litres_year"].sum())


def _home_kwh(rule: PaymentRule, days: DayTables) -> float:
    return float(days.charging.loc[days.charging["place"] == "home", "kwh_year"].sum())


def _public_kwh(rule: PaymentRule, days: DayTables) -> float:
    return float(_at_sites(rule, days)["kwh_year"].sum())


def _at_sites(rule: PaymentRule, days: DayTables) -> pd.DataFrame:
    """Return the charging at the rule's sites."""
    public = days.charging[days.charging["place"] == "public"]
    if rule.sites is not None:
        site = public["site_idx"].to_numpy(dtype=np.int64)
        known = site < len(rule.sites)
        public = public[known & rule.sites[np.where(known, site, 0)]]
    return public


def _public_saving(rule: PaymentRule, days: DayTables) -> float:
    public = _at_sites(rule, days)
    return float((public["base_eur_year"] - public["eur_year"]).sum())


def _panel_kwh(rule: PaymentRule, days: DayTables) -> float:
    return float(_at_sites(rule, days)["panel_kwh_year"].sum())


def _home_hours(rule: PaymentRule, days: DayTables) -> float:
    home = days.charging[days.charging["place"] == "home"]
    return float((home["eur_year"] - home["base_eur_year"]).sum())


def _parking(rule: PaymentRule, days: DayTables) -> float:
    return float(_in_zones(rule, days.parking)["parking_eur_year"].sum())


def _shared_ebike_trips(rule: PaymentRule, days: DayTables) -> float:
    return float(_in_zones(rule, days.shared_ebike)["trips_year"].sum())


def _lot_days(rule: PaymentRule, days: DayTables) -> float:
    return float(days.lots.loc[days.lots["measure_id"] == rule.measure_id, "days_year"].sum())


def _shared_car_eur(rule: PaymentRule, days: DayTables) -> float:
    return float(days.shared_cars.loc[days.shared_cars["measure_id"] == rule.measure_id, "eur_year"].sum())


def _shared_car_kwh(rule: PaymentRule, days: DayTables) -> float:
    return float(days.shared_cars.loc[days.shared_cars["measure_id"] == rule.measure_id, "kwh_year"].sum())


_COUNTS: Final = {
    "fares_paid": _fares_paid,
    "fare_discount": _fares_at_base,
    "pass_saving": _pass_saving,
    "vehicle_km": _vehicle_km,
    "electric_vehicle_km": _electric_vehicle_km,
    "fuel": _fuel,
    "home_kwh": _home_kwh,
    "public_kwh": _public_kwh,
    "panel_kwh": _panel_kwh,
    "public_saving": _public_saving,
    "home_hours": _home_hours,
    "parking": _parking,
    "shared_ebike_trips": _shared_ebike_trips,
    "lot_days": _lot_days,
    "shared_car_eur": _shared_car_eur,
    "shared_car_kwh": _shared_car_kwh,
}
