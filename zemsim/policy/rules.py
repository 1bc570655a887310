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
]


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
        Only for ``fare_discount``: youngest and oldest age.
    mode : str, optional
        Only for fares: ``bus`` or ``train``.
    sites : ndarray, bool [V], optional
        Only for what is counted at public sites: which of the region's sites count; None means all, those of measures
        included.
    fuel : str, optional
        Only for ``fuel``: which one.
    routes : tuple of str, optional
        Route ids that count; None means all.
    grant : Grant or EbikeGrant, optional
        Only for the grants: which one.
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
    sites: npt.NDArray[np.bool_] | None = field(default=None, compare=False)
    fuel: Literal["petrol", "diesel"] | None = None
    routes: tuple[str, ...] | None = None
    grant: Grant | EbikeGrant | None = None


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
