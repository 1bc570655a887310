"""What the model may read of policy in a year: the base of the region and national policy, changed by measures.

``conditions(region, [], year)`` is the base; the same measures in any order give the same conditions, bit for bit.
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from zemsim.core.errors import InputError, did_you_mean
from zemsim.core.fingerprint import DIGEST_BYTES
from zemsim.core.names import Powertrain
from zemsim.policy.draft import Draft, PolicyRegion
from zemsim.policy.rules import (
    CarStation,
    CompanyRule,
    EbikeGrant,
    ExtraSite,
    Grant,
    OperatorRule,
    PaymentRule,
    RequestRule,
    StationLot,
)
from zemsim.travel.timetable_changes import TimetableKey, in_order

if TYPE_CHECKING:
    import numpy.typing as npt

    from zemsim.policy.levers import Measure
    from zemsim.region import Region
    from zemsim.travel.electric_buses import ElectricFleet

#: Key of ``datapackage.json``: false where the national policy of Latvia is not in force.
NATIONAL_POLICY: Final = "national_policy"


class Prices(Mapping[str, float]):
    """Prices of a year by key; an unknown key is an error that names the nearest."""

    def __init__(self, items: tuple[tuple[str, float], ...]) -> None:
        self._values = dict(items)

    def __getitem__(self, key: str) -> float:
        try:
            return self._values[key]
        except KeyError:
            raise InputError(f"the region has no price “{key}”", hint=did_you_mean(key, self._values)) from None

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, eq=False)
class Conditions:
    """All that the model may read of policy in one year; arrays are read-only.

    Axes: Z rows of ``region.zones``, V rows of ``region.chargers``, A ages 0 to 120.

    Attributes
    ----------
    year : int
        Calendar year.
    price : mapping of str to float
        Every key of ``region.prices``.
    grants, ebike_grants : tuple
        Use :meth:`car_grant_eur`, :meth:`scrapping_eur` and :meth:`ebike_grant_eur`.
    fare_share : ndarray, float64 [2, Z, A]
        Factor on the base fare of bus and train, by home zone and age.
    pass_trips : ndarray, float64 [3, Z, A]
        Price of a monthly pass in single fares, of city buses, regional buses and trains; inf where there is none.
    timetable : tuple of Change
        What measures do to the timetable, in order; the key of a timetable, () is that of the region.
    electric_bus_share : tuple of (str, float)
        ``route_id`` and electric share of its vehicle-km, sorted; of networks without a fleet of their own.
    electric_fleets : tuple of ElectricFleet
        Electric buses with their chargers, by network.
    operator_rules : tuple of OperatorRule
        How operators change their departures after a simulated year, by network.
    company_rules : tuple of CompanyRule
        How charger companies answer to the use of their sites, by place.
    request_rules : tuple of RequestRule
        How municipalities set up points that flat-dwellers ask for, by place.
    lots : tuple of StationLot
        Places for cars and bicycles at stations, by stop and vehicle.
    car_stations : tuple of CarStation
        Stations of shared electric cars, by stop.
    site_price_eur_kwh : ndarray, float64 [V]
        Price of energy at the region's sites, mean over the hours.
    site_eur_min, site_eur_session : ndarray, float64 [V]
        Price there per minute of charging and per session.
    site_resident_share : ndarray, float64 [V]
        What residents of the site's municipality pay of the price.
    site_hour_factor : ndarray, float64 [V, 24]
        Factor of each hour on the price of energy.
    home_hour_factor : ndarray, float64 [24]
        Factor of each hour on the price of electricity at home, own plug.
    timer_share : float or None
        Share of homes whose car begins to charge when the hours are cheapest; None as without measures.
    extra_sites : tuple of ExtraSite
        Sites that measures add.
    yard_charging_share, yard_price_eur_kwh, yard_power_kw : ndarray, float64 [Z]
        Share of flats with a yard point at hand (price and power NaN where none).
    parking_eur_h, parking_ev_eur_h : ndarray, float64 [Z]
        Parking at the destination, combustion and electric.
    shared_ebike_share : ndarray, float64 [2, Z]
        Chance of a shared e-bike at hand in winter and summer.
    shared_ebike_eur_trip : ndarray, float64 [Z]
        Its price, NaN where there is none.
    solar_share : float
        Share of public charging from own solar power, at every hour.
    panels_kw_point : float
        Solar panels for each point of the public sites, kW at their peak.
    payment_rules : tuple of PaymentRule
        What measures cost, see :func:`zemsim.policy.payments.ledger`.
    """

    year: int
    price: Mapping[str, float]
    grants: tuple[Grant, ...]
    ebike_grants: tuple[EbikeGrant, ...]
    fare_share: npt.NDArray[np.float64]
    pass_trips: npt.NDArray[np.float64]
    timetable: TimetableKey
    electric_bus_share: tuple[tuple[str, float], ...]
    electric_fleets: tuple[ElectricFleet, ...]
    operator_rules: tuple[OperatorRule, ...]
    company_rules: tuple[CompanyRule, ...]
    request_rules: tuple[RequestRule, ...]
    lots: tuple[StationLot, ...]
    car_stations: tuple[CarStation, ...]
    site_price_eur_kwh: npt.NDArray[np.float64]
    site_eur_min: npt.NDArray[np.float64]
    site_eur_session: npt.NDArray[np.float64]
    site_resident_share: npt.NDArray[np.float64]
    site_hour_factor: npt.NDArray[np.float64]
    home_hour_factor: npt.NDArray[np.float64]
    timer_share: float | None
    extra_sites: tuple[ExtraSite, ...]
    yard_charging_share: npt.NDArray[np.float64]
    yard_price_eur_kwh: npt.NDArray[np.float64]
    yard_power_kw: npt.NDArray[np.float64]
    parking_eur_h: npt.NDArray[np.float64]
    parking_ev_eur_h: npt.NDArray[np.float64]
    shared_ebike_share: npt.NDArray[np.float64]
    shared_ebike_eur_trip: npt.NDArray[np.float64]
    solar_share: float
    panels_kw_point: float
    payment_rules: tuple[PaymentRule, ...]

    def car_grant_eur(
        self,
        powertrain: Powertrain,
        new: bool,
        zone_idx: npt.ArrayLike,
        income_eur_month: npt.ArrayLike,
        km_year: npt.ArrayLike = np.inf,
    ) -> npt.NDArray[np.float64]:
        """Return the grant for a car, without a scrapping bonus.

        Parameters
        ----------
        powertrain : Powertrain
            Battery electric or plug-in hybrid; others have none.
        new : bool
            New or used.
        zone_idx : array of int [H]
            Home zones.
        income_eur_month : array of float [H]
            Net incomes of the households.
        km_year : array of float [H]
            Kilometres that they expect to drive the car in a year.

        Returns
        -------
        ndarray, float64 [H]
            EUR per car, all grants added up.
        """
        zone, income = np.asarray(zone_idx), np.asarray(income_eur_month, dtype=np.float64)
        km = np.asarray(km_year, dtype=np.float64)
        total = np.zeros(np.broadcast_shapes(zone.shape, income.shape, km.shape))
        for grant in self.grants:
            entitled = _may_have(grant, zone, income) & (km >= grant.km_year_min)
            total += np.where(entitled, grant.amount_eur(powertrain, new), 0.0)
        return total

    def scrapping_eur(
        self,
        powertrain: Powertrain,
        new: bool,
        zone_idx: npt.ArrayLike,
        income_eur_month: npt.ArrayLike,
        scrapped_age_years: npt.ArrayLike,
        km_year: npt.ArrayLike = np.inf,
    ) -> npt.NDArray[np.float64]:
        """Return the bonus on top of :meth:`car_grant_eur` for a combustion car of this age that is scrapped.

        ``scrapped_age_years`` [H] is -1 where no combustion car is replaced.
        """
        zone, income = np.asarray(zone_idx), np.asarray(income_eur_month, dtype=np.float64)
        age, km = np.asarray(scrapped_age_years), np.asarray(km_year, dtype=np.float64)
        total = np.zeros(np.broadcast_shapes(zone.shape, income.shape, age.shape, km.shape))
        for grant in self.grants:
            if grant.amount_eur(powertrain, new) > 0.0:
                entitled = _may_have(grant, zone, income) & (km >= grant.km_year_min)
                total += np.where(entitled & (age >= grant.scrapping_age_years), grant.scrapping_eur, 0.0)
        return total

    def ebike_grant_eur(
        self,
        price_eur: float,
        zone_idx: npt.ArrayLike,
        income_eur_month: npt.ArrayLike,
    ) -> npt.NDArray[np.float64]:
        """Return the grant for an e-bike of ``price_eur``, EUR [H]; see :meth:`car_grant_eur`."""
        zone, income = np.asarray(zone_idx), np.asarray(income_eur_month, dtype=np.float64)
        total = np.zeros(np.broadcast_shapes(zone.shape, income.shape))
        for grant in self.ebike_grants:
            amount = min(grant.price_share * price_eur, grant.max_eur)
            total += np.where(_may_have(grant, zone, income), amount, 0.0)
        return np.minimum(total, price_eur)

    def digest(self) -> str:
        """Return a text that is equal for equal conditions, whatever the machine's memory holds."""
        return self._digest

    @functools.cached_property
    def _digest(self) -> str:
        digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for item in fields(self):
            digest.update(item.name.encode())
            _feed(digest, getattr(self, item.name))
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Conditions) and self.digest() == other.digest()

    def __hash__(self) -> int:
        return hash(self.digest())


def _may_have(grant: Grant | EbikeGrant, zone: npt.NDArray[Any], income: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """Whether households may have a grant, by home and income."""
    return np.asarray(grant.zones[zone] & (income <= grant.income_max_eur_month))


def _feed(digest: hashlib.blake2b, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping):
        for key in sorted(value):
            _feed(digest, (key, value[key]))
    elif isinstance(value, tuple):
        digest.update(f"({len(value)}".encode())
        for item in value:
            _feed(digest, item)
    elif hasattr(value, "__dataclass_fields__"):
        for item in fields(value):
            _feed(digest, (item.name, getattr(value, item.name)))
    else:
        digest.update(f"{type(value).__name__}:{value!r};".encode())


def conditions(region: Region | PolicyRegion, measures: Sequence[Measure], year: int) -> Conditions:
    """Return the conditions of a year.

    Parameters
    ----------
    region : Region or PolicyRegion
        The region, or its look-ups where many years are asked for (:meth:`PolicyRegion.of`).
    measures : sequence of Measure
        Measures of a policy, in any order, each with an id of its own.
    year : int
        Calendar year.

    Raises
    ------
    InputError
        If a measure names what the region does not have.
    ConflictError
        If two measures set the same thing in the same place and year.
    """
    base = region if isinstance(region, PolicyRegion) else PolicyRegion.of(region)
    draft = Draft(base, year)
    for measure in national_policy() if base.region.package.get(NATIONAL_POLICY, True) else ():
        if measure.active(year):
            measure.apply(draft)
    draft.forget_claims()
    for measure in _ordered(measures):
        if measure.active(year):
            measure.apply(draft)
    return _freeze(draft)


def conditions_of_years(
    region: PolicyRegion, measures: Sequence[Measure], years: Iterable[int], others: Iterable[Conditions] = ()
) -> dict[int, Conditions]:
    """Return the conditions of each year; what is the same in several years, or in ``others``, is one array.

    Fares and passes by zone and age take megabytes, and most years have those of the year before.
    """
    known: dict[str, list[npt.NDArray[Any]]] = {}
    for other in others:
        _with_known_arrays(other, known)
    return {year: _with_known_arrays(conditions(region, measures, year), known) for year in years}


def _with_known_arrays(found: Conditions, known: dict[str, list[npt.NDArray[Any]]]) -> Conditions:
    """The same conditions with arrays of ``known`` where these are equal; the others are known from now on."""
    same: dict[str, Any] = {}
    for field in fields(found):
        value = getattr(found, field.name)
        if isinstance(value, np.ndarray):
            kept = known.setdefault(field.name, [])
            same[field.name] = next((each for each in kept if np.array_equal(each, value, equal_nan=True)), value)
            if same[field.name] is value:
                kept.append(value)
    return replace(found, **same)


@functools.cache
def national_policy() -> tuple[Measure, ...]:
    """Return the national measures that are in force in the base, from ``national.toml``."""
    from zemsim.policy.levers import MeasureFile

    text = files("zemsim.policy").joinpath("national.toml").read_text(encoding="utf-8")
    return MeasureFile.model_validate(tomllib.loads(text)).measure


def _ordered(measures: Sequence[Measure]) -> list[Measure]:
    """Sort by kind of lever, then name: prices are set before what is paid at these prices."""
    from zemsim.policy.levers import LEVERS

    kinds = list(LEVERS)
    return sorted(measures, key=lambda m: (kinds.index(m.lever), m.name))


def _freeze(draft: Draft) -> Conditions:
    return Conditions(
        year=draft.year,
        price=Prices(tuple(sorted(draft.price.items()))),
        grants=tuple(draft.grants),
        ebike_grants=tuple(draft.ebike_grants),
        fare_share=_locked(draft.fare_share),
        pass_trips=_locked(draft.pass_trips),
        timetable=in_order(draft.changes),
        electric_bus_share=tuple(sorted((route, s) for route, s in draft.electric_bus_share.items() if s > 0.0)),
        electric_fleets=tuple(sorted(draft.electric_fleets, key=lambda fleet: fleet.network_id)),
        operator_rules=tuple(sorted(draft.operator_rules, key=lambda rule: rule.network_id)),
        company_rules=tuple(draft.company_rules),
        request_rules=tuple(draft.request_rules),
        lots=tuple(sorted(draft.lots, key=lambda lot: (lot.stop_id, lot.vehicle))),
        car_stations=tuple(sorted(draft.car_stations, key=lambda station: station.stop_id)),
        site_price_eur_kwh=_locked(draft.site_price_eur_kwh),
        site_eur_min=_locked(draft.site_eur_min),
        site_eur_session=_locked(draft.site_eur_session),
        site_resident_share=_locked(draft.site_resident_share),
        site_hour_factor=_locked(draft.site_hour_factor),
        home_hour_factor=_locked(draft.home_hour_factor),
        timer_share=draft.timer_share,
        extra_sites=tuple(draft.extra_sites),
        yard_charging_share=_locked(draft.yard_charging_share),
        yard_price_eur_kwh=_locked(draft.yard_price_eur_kwh),
        yard_power_kw=_locked(draft.yard_power_kw),
        parking_eur_h=_locked(draft.parking_eur_h),
        parking_ev_eur_h=_locked(draft.parking_ev_eur_h),
        shared_ebike_share=_locked(draft.shared_ebike_share),
        shared_ebike_eur_trip=_locked(draft.shared_ebike_eur_trip),
        solar_share=draft.solar_share,
        panels_kw_point=draft.panels_kw_point,
        payment_rules=tuple(draft.rules),
    )


def _locked(array: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    array.setflags(write=False)
    return array
