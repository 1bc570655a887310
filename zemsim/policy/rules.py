"""Rules of payment: who pays whom how much for what, stated by the measures and filled in by what then happens."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from zemsim.core.names import Powertrain

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Basis = Literal[
    "fixed",  # the quantity is known from the measure
    "bev_grant",  # electric cars bought
    "ebike_grant",  # e-bikes bought
    "fares_paid",  # fares that travellers pay, EUR
    "fare_discount",  # what the trips of a group cost at base fares, EUR
    "pass_saving",  # what the rides of a group cost less than at the passes of the region, EUR
    "vehicle_km",  # vehicle-km of routes beyond the base timetable
    "electric_vehicle_km",  # electric vehicle-km of routes beyond the base
    "fuel",  # litres of petrol and diesel
    "home_kwh",  # kWh charged at home
    "public_kwh",  # kWh charged at public sites
    "panel_kwh",  # kWh charged at public sites from their own panels
    "public_saving",  # EUR that charging at public sites costs less than at the prices of the region
    "home_hours",  # EUR that charging at home costs more than at the same price in all hours
    "parking",  # parking fees at destinations, EUR
    "shared_ebike_trips",  # trips by shared e-bike
    "shared_car_eur",  # what travellers pay for shared cars, EUR
    "shared_car_kwh",  # kWh that shared cars draw from the plugs of their stations
    "lot_days",  # days of a car or bicycle on places at stations
    "points_ordered",  # charging points that companies or municipalities ordered in the year by their rule
    "points_standing",  # of these, the points in service in the year
]


@dataclass(frozen=True)
class StationLot:
    """Places for cars or for bicycles at a stop.

    Attributes
    ----------
    measure_id, stop_id : str
        Who built it, and the stop.
    x_m, y_m : float
        Where the stop is, EPSG:3035.
    zone_idx : int
        The zone with the nearest centre, whose way by road is that of the place.
    vehicle : str
        ``car`` or ``bike``.
    places : int
        How many.
    price_eur_day : float
        What a place costs its user a day.
    """

    measure_id: str
    stop_id: str
    x_m: float
    y_m: float
    zone_idx: int
    vehicle: Literal["car", "bike"]
    places: int
    price_eur_day: float


@dataclass(frozen=True)
class CarStation:
    """A station of shared electric cars, each with a plug of its own.

    Attributes
    ----------
    measure_id, stop_id : str
        Who built it, and the stop or point where it is.
    x_m, y_m : float
        Where that is, EPSG:3035.
    cars : int
        How many belong there.
    battery_kwh, plug_kw : float
        Battery of a car, and power from the grid of its plug.
    walk_max_m : float
        Farthest straight line from home of those who may be members.
    price_eur_h, price_eur_km : float
        Price of an hour and of a kilometre.
    tour_max_eur : float
        Most that the hours of a tour cost.
    free_min : float
        Minutes of each tour that cost nothing.
    """

    measure_id: str
    stop_id: str
    x_m: float
    y_m: float
    cars: int
    battery_kwh: float
    plug_kw: float
    walk_max_m: float
    price_eur_h: float
    price_eur_km: float
    tour_max_eur: float
    free_min: float


@dataclass(frozen=True)
class PaymentRule:
    """One kind of payment that a measure causes in a year.

    Attributes
    ----------
    measure_id, item, payer, payee : str
        As in the ledger.
    basis : str
        What is counted, see :data:`Basis`.
    unit : str
        Unit of the quantity.
    unit_eur : float
        EUR per unit.
    quantity : float
        Only for ``fixed``: how many.
    factor : float
        What the counted quantity is multiplied by, for example the solar share of public kWh.
    zones : ndarray, bool [Z], optional
        Where it counts; None means everywhere.
    ages : (int, int), optional
        Only for ``fare_discount`` and ``pass_saving``: youngest and oldest age.
    mode : str, optional
        Only for fares: ``bus`` or ``train``.
    service : str, optional
        Only for ``pass_saving``: ``city_bus``, ``regional_bus`` or ``train``.
    sites : ndarray, bool [V], optional
        Only for what is counted at public sites: which of the region's sites count; None means all, those of measures
        included.
    fuel : str, optional
        Only for ``fuel``: which one.
    routes : tuple of str, optional
        Route ids that count; None means all.
    grant : Grant or EbikeGrant, optional
        Only for the grants: which one.
    speed : str, optional
        Only for points that are ordered by a rule: which ones, ``slow`` or ``fast``.
    """

    measure_id: str
    item: str
    payer: str
    payee: str
    basis: Basis
    unit: str
    unit_eur: float
    quantity: float = 0.0
    factor: float = 1.0
    zones: npt.NDArray[np.bool_] | None = field(default=None, compare=False)
    ages: tuple[int, int] | None = None
    mode: Literal["bus", "train"] | None = None
    service: Literal["city_bus", "regional_bus", "train"] | None = None
    sites: npt.NDArray[np.bool_] | None = field(default=None, compare=False)
    fuel: Literal["petrol", "diesel"] | None = None
    routes: tuple[str, ...] | None = None
    grant: Grant | EbikeGrant | None = None
    speed: Literal["slow", "fast"] | None = None


@dataclass(frozen=True)
class Grant:
    """Money for a household that buys; amounts in EUR, incomes in EUR per month and household.

    Attributes
    ----------
    measure_id, payer : str
        Whose grant it is.
    new_eur, used_eur : float
        For a new and a used battery-electric car.
    phev_new_eur, phev_used_eur : float
        For a new and a used plug-in hybrid.
    scrapping_eur : float
        On top, where the car takes the place of a combustion car that is scrapped.
    scrapping_age_years : int
        Youngest combustion car that counts as scrapped when it meets its end.
    km_year_min : float
        Kilometres a year that the household must drive the car.
    income_max_eur_month : float
        Highest net income of a household that may have it; ``inf`` without a cap.
    zones : ndarray, bool [Z]
        Home zones that may have it.
    """

    measure_id: str
    payer: str
    new_eur: float
    used_eur: float
    phev_new_eur: float
    phev_used_eur: float
    scrapping_eur: float
    scrapping_age_years: int
    km_year_min: float
    income_max_eur_month: float
    zones: npt.NDArray[np.bool_] = field(compare=False)

    def amount_eur(self, powertrain: Powertrain, new: bool) -> float:
        """Money for a car, without the bonus; 0 for one that is not supported."""
        if powertrain == Powertrain.BEV:
            return self.new_eur if new else self.used_eur
        if powertrain == Powertrain.PHEV:
            return self.phev_new_eur if new else self.phev_used_eur
        return 0.0


@dataclass(frozen=True)
class EbikeGrant:
    """A share of an e-bike's price up to a limit, see :class:`Grant`."""

    measure_id: str
    payer: str
    price_share: float
    max_eur: float
    income_max_eur_month: float
    zones: npt.NDArray[np.bool_] = field(compare=False)


@dataclass(frozen=True)
class ExtraSite:
    """A public charging site that a measure adds; ``zone_idx`` is a position in ``region.zones``.

    Attributes
    ----------
    site_kw : float
        Power that all points share, inf if as much as they can.
    eur_min, eur_session : float
        Price per minute of charging and per session, beside that of energy.
    resident_share : float
        What residents of the municipality pay of the price.
    hour_factor : tuple of float
        Factor on the price of energy of each hour.
    at_m : (float, float), optional
        Where it stands, in the grid of the region; None in the middle of its zone.
    """

    site_id: str
    zone_idx: int
    points: int
    power_kw: float
    price_eur_kwh: float
    kind: Literal["slow", "fast"]
    measure_id: str
    site_kw: float = math.inf
    eur_min: float = 0.0
    eur_session: float = 0.0
    resident_share: float = 1.0
    hour_factor: tuple[float, ...] = (1.0,) * 24
    at_m: tuple[float, float] | None = None


@dataclass(frozen=True)
class OperatorRule:
    """How the operator of a network changes its departures from year to year, see `zemsim.model.bus_operators`.

    Attributes
    ----------
    network_id, measure_id : str
    budget_eur_year : float
        What kilometres beyond the timetable may cost a year; negative: what must be saved.
    cost_eur_km : float
        Cost of a vehicle-km that is added or saved.
    full_share : float
        Load over places of a route's fullest departure from which the route gets more departures.
    step_share : float
        Departures that a route gets or loses in a year, as a share of those of the timetable.
    most_factor : float
        Most departures over those of the timetable; the fewest are one over it.
    """

    network_id: str
    budget_eur_year: float
    cost_eur_km: float
    full_share: float
    step_share: float
    most_factor: float
    measure_id: str


@dataclass(frozen=True)
class CompanyRule:
    """How charger companies answer once a year to the use of their sites, see `zemsim.model.charger_companies`.

    Attributes
    ----------
    measure_id : str
    zones : ndarray, bool [Z]
        Zones whose sites answer.
    busy_hours_day, busy_wait_min : float
        A site is busy if each point is in use at least so many hours a day and who comes waits at least so long.
    idle_hours_day, idle_years : float, int
        A site is idle if each point is in use for fewer hours; after so many years in a row a point is taken away.
    most_points : int
        Most points of a site.
    grid_kw : float
        Power of the connection of a site for which none is stated.
    station_points : int
        Points of a station that is opened in the zone of a busy site that cannot grow; 0 for none.
    budget_eur_year : float
        What each company spends of its own on points in a year.
    ready_year : int
        First year in which points ordered at the end of this year are in service.
    capex_eur : (float, float)
        Purchase, installation and connection of a slow and of a fast point.
    support_share : float
        Share of that which somebody else bears.
    """

    measure_id: str
    zones: npt.NDArray[np.bool_]
    busy_hours_day: float
    busy_wait_min: float
    idle_hours_day: float
    idle_years: int
    most_points: int
    grid_kw: float
    station_points: int
    budget_eur_year: float
    ready_year: int
    capex_eur: tuple[float, float]
    support_share: float

    def capex(self, fast: bool) -> float:
        """EUR per point."""
        return self.capex_eur[int(fast)]


@dataclass(frozen=True)
class RequestRule:
    """How municipalities set up slow points that flat-dwellers ask for, see `zemsim.model.point_requests`.

    Attributes
    ----------
    measure_id : str
    zones : ndarray, bool [Z]
        Home zones whose residents may ask.
    walk_max_m : float
        Farthest from the home, in a straight line.
    asking_share : float
        Share of the households entitled that ask.
    cars_per_point : float
        Cars that can share a point by taking turns.
    post_points, power_kw, price_eur_kwh
        Points of a post, their power and the price of energy there.
    posts_year : int
        Most posts that a municipality orders in a year.
    budget_eur_year : float
        What a municipality spends on them in a year.
    ready_year : int
        First year in which posts ordered at the end of this year are in service.
    capex_eur : float
        Purchase, installation and connection of a point.
    """

    measure_id: str
    zones: npt.NDArray[np.bool_]
    walk_max_m: float
    asking_share: float
    cars_per_point: float
    post_points: int
    power_kw: float
    price_eur_kwh: float
    posts_year: int
    budget_eur_year: float
    ready_year: int
    capex_eur: float
