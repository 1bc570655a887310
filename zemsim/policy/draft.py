"""The draft of a year's conditions that levers write into; it notices when two measures set the same thing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from zemsim.core.errors import InputError
from zemsim.policy.places import Places
from zemsim.policy.routes import Routes
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

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from zemsim.policy.levers.prices import ChargingPrice
    from zemsim.policy.stops import Stops
    from zemsim.region import Region
    from zemsim.travel.electric_buses import ElectricFleet
    from zemsim.travel.timetable import Timetable
    from zemsim.travel.timetable_changes import Change

#: Ages of :attr:`Conditions.fare_share`: 0 to 120.
AGES: Final = 121
#: Positions of the first axis of ``fare_share``.
TRANSIT_MODES: Final[tuple[Literal["bus", "train"], ...]] = ("bus", "train")
#: ``measure_id`` of payments that are there without any measure.
BASE: Final = "base"
SEASONS: Final = ("winter", "summer")
#: Services with passes of their own: positions of the first axis of ``pass_trips``.
PASS_SERVICES: Final[tuple[Literal["city_bus", "regional_bus", "train"], ...]] = ("city_bus", "regional_bus", "train")
#: Price of the region: what a monthly pass of regional buses and trains costs in single fares.
_MONTHLY_PRICE: Final = "season_ticket_trips"


class ConflictError(InputError):
    """Two measures set the same thing in the same place and year."""

    def __init__(self, topic: str, first: str, second: str, year: int, where: str) -> None:
        super().__init__(
            f"measures “{first}” and “{second}” both set {topic} in {year}{where}",
            hint="keep one of them, or give them other places or years",
        )
        self.first = first
        self.second = second

    def __reduce__(self) -> Any:
        return (InputError, (self.message, None, None, self.hint))


@dataclass(frozen=True)
class PolicyRegion:
    """What policy reads of a region, looked up once: places, routes, base prices by zone and site."""

    region: Region
    places: Places
    routes: Routes
    parking_eur_h: npt.NDArray[np.float64]

    @classmethod
    def of(cls, region: Region) -> PolicyRegion:
        """Look everything up."""
        parking = np.array(region.parking_eur_h(), dtype=np.float64)
        return cls(region, Places(region), Routes.of_folder(region.gtfs_folder), parking)

    @cached_property
    def timetable(self) -> Timetable:
        """The timetable of the region, read when the first measure asks for it."""
        from zemsim.travel.timetable import Timetable

        return Timetable.from_region(self.region)

    @cached_property
    def stops(self) -> Stops:
        """Names of stops."""
        from zemsim.policy.stops import Stops

        return Stops(self.region, self.timetable)


class Draft:
    """Conditions of one year while they are written.

    Parameters
    ----------
    base : PolicyRegion
        The region and its look-ups.
    year : int
        Calendar year.
    """

    def __init__(self, base: PolicyRegion, year: int) -> None:
        region = base.region
        zones = region.zones
        self.base = base
        self.year = year
        keys, values = region.prices["key"], region.prices["value"]
        self.price: dict[str, float] = {str(key): float(value) for key, value in zip(keys, values, strict=True)}
        self.grants: list[Grant] = []
        self.ebike_grants: list[EbikeGrant] = []
        self.fare_share = np.ones((len(TRANSIT_MODES), len(zones), AGES))
        self.pass_trips = np.full((len(PASS_SERVICES), len(zones), AGES), np.inf)
        self.pass_trips[1:] = self.price.get(_MONTHLY_PRICE, np.inf)
        self.changes: list[Change] = []
        self.electric_bus_share: dict[str, float] = {}
        self.electric_fleets: list[ElectricFleet] = []
        self.operator_rules: list[OperatorRule] = []
        self.company_rules: list[CompanyRule] = []
        self.request_rules: list[RequestRule] = []
        self.lots: list[StationLot] = []
        self.car_stations: list[CarStation] = []
        self.site_price_eur_kwh = np.array(region.chargers["price_eur_kwh"], dtype=np.float64)
        self.site_eur_min = np.array(region.chargers["eur_min"], dtype=np.float64)
        self.site_eur_session = np.array(region.chargers["eur_session"], dtype=np.float64)
        self.site_resident_share = 1.0 - np.array(region.chargers["resident_discount_share"], dtype=np.float64)
        self.site_hour_factor = np.ones((len(region.chargers), 24))
        self.home_hour_factor = np.ones(24)
        self.timer_share: float | None = None
        self.panels_kw_point = 0.0
        self.extra_sites: list[ExtraSite] = []
        self.yard_charging_share = np.zeros(len(zones))
        self.yard_price_eur_kwh = np.full(len(zones), np.nan)
        self.yard_power_kw = np.full(len(zones), np.nan)
        self.parking_eur_h = base.parking_eur_h.copy()
        self.parking_ev_eur_h = self.parking_eur_h.copy()
        self.shared_ebike_share = np.zeros((len(SEASONS), len(zones)))
        self.shared_ebike_eur_trip = np.full(len(zones), np.nan)
        self.solar_share = 0.0
        self.rules: list[PaymentRule] = self._base_payments()
        self._claims: dict[str, list[tuple[str, npt.NDArray[np.bool_] | None]]] = {}

    def _base_payments(self) -> list[PaymentRule]:
        """Return what the public purse receives in any case: fares (it makes up what they do not cover) and parking."""
        inside = self.base.places.zones(())
        fares = [
            PaymentRule(BASE, f"{mode}_fares", "traveller", "state", "fares_paid", "EUR", 1.0, mode=mode)
            for mode in TRANSIT_MODES
        ]
        parking = PaymentRule(BASE, "parking", "traveller", "municipality", "parking", "EUR", 1.0, zones=inside)
        return [*fares, parking]

    def base_price(self, key: str) -> float:
        """Return a price of the base year."""
        return float(self.base.region.price(key))

    def zones(self, places: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Return the zones of places, bool [Z]."""
        return self.base.places.zones(places)

    def claim(self, topic: str, measure_id: str, where: npt.NDArray[np.bool_] | None = None) -> None:
        """Note that a measure sets something, in some places or (None) everywhere.

        Raises
        ------
        ConflictError
            If another measure has set it there.
        """
        for other, taken in self._claims.setdefault(topic, []):
            overlap = taken is None or where is None or bool(np.any(taken & where))
            if overlap:
                raise ConflictError(topic, other, measure_id, self.year, self._where(taken, where))
        self._claims[topic].append((measure_id, where))

    def _where(self, first: npt.NDArray[np.bool_] | None, second: npt.NDArray[np.bool_] | None) -> str:
        if first is None or second is None or first.ndim != 1 or len(first) != self.base.places.size:
            return ""
        names = self.base.region.zones["municipality"].astype(str).to_numpy()[first & second]
        shown = sorted(set(names))
        return f" in {', '.join(shown)}"

    def forget_claims(self) -> None:
        """Let measures change what national policy has set."""
        self._claims.clear()

    def set_price(self, key: str, value: float, measure_id: str) -> float:
        """Set a price of the region; return by how much it changed."""
        if key not in self.price:
            raise InputError(f"measure “{measure_id}” changes the price “{key}”, which the region does not have")
        self.claim(f"the price {key}", measure_id)
        before = self.price[key]
        self.price[key] = value
        return value - before

    def buy(self, measure_id: str, item: str, payer: str, quantity: float, unit: str, unit_eur: float) -> None:
        """Note a payment whose quantity is known from the measure; a quantity of 0 leaves no line."""
        if quantity != 0.0:
            self.rules.append(PaymentRule(measure_id, item, payer, "supplier", "fixed", unit, unit_eur, quantity))

    def change(self, change: Change) -> None:
        """Note a change of the timetable; :func:`zemsim.travel.timetable_changes.in_order` sorts them."""
        self.changes.append(change)

    def pay_for_km(self, measure_id: str, item: str, payer: str, unit_eur: float, routes: tuple[str, ...]) -> None:
        """Note who pays the vehicle-km of routes beyond the base, or saves them.

        The difference of a route is paid once, by the first measure in the order of levers that changes it.
        """
        paid = {name for rule in self.rules if rule.basis == "vehicle_km" for name in rule.routes or ()}
        left = tuple(name for name in routes if name not in paid)
        if left:
            self.rules.append(
                PaymentRule(measure_id, item, payer, "operator", "vehicle_km", "vehicle-km", unit_eur, routes=left)
            )

    def set_fare(
        self,
        measure_id: str,
        mode: Literal["bus", "train"],
        zones: npt.NDArray[np.bool_],
        ages: tuple[int, int],
        share: float,
        payer: str,
    ) -> None:
        """Set the factor on the base fare of a mode for residents of zones by age, both ends included.

        The state bears what travellers no longer pay, since it makes up what fares do not cover; another payer gives it
        back to the state.
        """
        position = TRANSIT_MODES.index(mode)
        who = np.zeros(self.fare_share.shape, dtype=bool)
        who[position, zones, ages[0] : ages[1] + 1] = True
        self.claim(f"the {mode} fare", measure_id, who)
        self.fare_share[who] = share
        if payer != "state":
            self.rules.append(
                PaymentRule(
                    measure_id,
                    f"{mode}_fare_discount",
                    payer,
                    "state",
                    "fare_discount",
                    "EUR of base fares",
                    1.0 - share,
                    zones=zones,
                    ages=ages,
                    mode=mode,
                )
            )

    def set_pass(
        self,
        measure_id: str,
        service: Literal["city_bus", "regional_bus", "train"],
        zones: npt.NDArray[np.bool_],
        ages: tuple[int, int],
        trips: float,
        payer: str,
    ) -> None:
        """Set the price of a monthly pass, in single fares, for residents of zones by age, both ends included.

        As with single fares, the state bears what travellers no longer pay; another payer gives it back to the state.
        """
        who = np.zeros(self.pass_trips.shape, dtype=bool)
        who[PASS_SERVICES.index(service), zones, ages[0] : ages[1] + 1] = True
        self.claim(f"the {service} pass", measure_id, who)
        self.pass_trips[who] = trips
        if payer != "state":
            item = f"{service}_pass_discount"
            rule = PaymentRule(measure_id, item, payer, "state", "pass_saving", "EUR", 1.0)
            self.rules.append(replace(rule, zones=zones, ages=ages, service=service))

    def change_site_prices(
        self,
        lever: ChargingPrice,
        zones: npt.NDArray[np.bool_],
        kinds: tuple[str, ...],
        payer: str,
    ) -> None:
        """Change the tariffs at the region's sites in zones; the payer bears what drivers no longer pay."""
        chargers = self.base.region.chargers
        position = self.base.region.zones["zone_id"].astype(str).reset_index(drop=True)
        lookup = {zone_id: number for number, zone_id in enumerate(position)}
        zone_idx = np.array([lookup[str(zone_id)] for zone_id in chargers["zone_id"]], dtype=np.int64)
        sites = zones[zone_idx] & chargers["kind"].isin(kinds).to_numpy()
        for kind in kinds:
            self.claim(f"the price of {kind} public charging", lever.name, zones)
        lever.set_tariffs(self, sites)
        if sites.any():
            self.rules.append(
                PaymentRule(lever.name, "charging_price", payer, "traveller", "public_saving", "EUR", 1.0, sites=sites)
            )

    def of_area(self, areas: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """Return the zones of area types, bool [Z]."""
        return self.base.region.zones["area_type"].astype(str).isin(areas).to_numpy()

    def dwellings_flat(self) -> npt.NDArray[np.float64]:
        """Flats by zone [Z]."""
        return self.base.region.zones["dwellings_flat"].to_numpy(dtype=np.float64)

    def population(self) -> npt.NDArray[np.float64]:
        """Residents by zone [Z]."""
        return self.base.region.zones["population"].to_numpy(dtype=np.float64)

    def near(self, count: npt.NDArray[np.float64], radius_m: float) -> npt.NDArray[np.float64]:
        """Return the share of a zone from which one of ``count`` scattered points lies within a walk [Z].

        ``1 - exp(-count * pi * radius^2 / area)``: the chance that a circle holds a point of a Poisson pattern.
        """
        side = self.base.region.zones["size_m"].to_numpy(dtype=np.float64)
        area_m2 = np.where(side > 0.0, side * side, np.inf)
        return 1.0 - np.exp(-count * np.pi * radius_m * radius_m / area_m2)

    def busiest(self, zones: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Return positions of zones by residents plus jobs, most first; ties to the lowest position."""
        table = self.base.region.zones
        weight = table["population"].to_numpy(dtype=np.float64) + table["jobs"].to_numpy(dtype=np.float64)
        chosen = np.flatnonzero(zones)
        return chosen[np.argsort(-weight[chosen], kind="stable")]
