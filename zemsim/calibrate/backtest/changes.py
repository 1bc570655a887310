"""Kinds of change of a natural experiment: what held before and after, and through which lever or input.

Whatever a lever can say goes through that lever, before and after; the rest are inputs of the model that a change sets,
each stated in its class. What is stated as before is the base of the region.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from zemsim.calibrate.backtest.layout import CENTRE
from zemsim.calibrate.backtest.pack import TOWN_FARE, regional_fares
from zemsim.calibrate.backtest.place import Place
from zemsim.core.settings import Settings
from zemsim.policy.lever import Text, key_fault

Share = Annotated[float, Field(ge=0.0, le=1.0)]
_COSTS = {"paid_by": "state", "cost_source": "not counted", "cost_grade": "assumption"}
#: A fee this high keeps out all who must pay it.
_PROHIBITIVE_EUR = 1_000.0


@dataclass(frozen=True)
class Side:
    """What levers need to know beside the change.

    Attributes
    ----------
    place : where.
    year : the first with the change.
    fare_factor : factor on the fares of the region at which passengers pay the mean fare that a case states.
    """

    place: Place
    year: int
    fare_factor: float = 1.0

    def steps(self, before: float, after: float, changed: bool) -> dict[str, float]:
        """A schedule from the year before the change on; the same value for ever if nothing is changed."""
        return {str(self.year - 1): before, str(self.year): after if changed else before}


class _Change(Settings):
    """What every change states."""

    #: Keys of what held before and after, which an elasticity compares.
    ratio_keys: ClassVar[tuple[str, str] | None] = None

    source: Text
    """Where before and after come from."""
    grade: Literal["reported", "derived", "anchored", "estimate", "memory", "assumption"]
    """How far they can be trusted."""

    def ratio(self) -> tuple[float, float] | None:
        """Before and after, where an elasticity can compare them."""
        if self.ratio_keys is None:
            return None
        before, after = self.ratio_keys
        return float(getattr(self, before)), float(getattr(self, after))

    def has_ratio(self) -> bool:
        """Whether an elasticity has a meaning."""
        found = self.ratio()
        return found is not None and min(found) > 0.0 and found[0] != found[1]

    def prices(self) -> dict[str, float]:
        """Prices of the base by key of ``region.prices``."""
        return {}

    def figures(self) -> dict[str, float]:
        """Figures of the place that hold before."""
        return {}

    def levers(self, after: bool, side: Side) -> list[dict[str, Any]]:
        """Measures before or after, without what all measures state."""
        return []

    def mixed(self, before: float, after: float) -> float:
        """What is counted after the change where it reaches a part of all only."""
        return after


class Nothing(_Change):
    """No change: a figure of the base is to be met."""

    kind: Literal["none"]
    """Kind of change."""


class Fare(_Change):
    """The mean fare of a ride on all lines. The lever is ``bus_fare``: fares by distance are scaled to the mean."""

    ratio_keys = ("before_eur", "after_eur")
    kind: Literal["fare"]
    """Kind of change."""
    before_eur: Annotated[float, Field(gt=0.0, le=100.0)]
    """Mean fare of a ride before."""
    after_eur: Annotated[float, Field(ge=0.0, le=100.0)]
    """After; 0 is free."""
    age_min: Annotated[int, Field(ge=0, le=120)] = 0
    """Youngest who pay the new fare."""
    age_max: Annotated[int, Field(ge=0, le=120)] = 120
    """Oldest who pay the new fare."""

    def prices(self) -> dict[str, float]:
        # The least fare is the mean one, so that the factor on the fares that meets the mean is near 1.
        usual = regional_fares()
        factor = self.before_eur / usual["bus_fare_min_eur"]
        return {key: value * factor for key, value in usual.items()} | {TOWN_FARE: self.before_eur}

    def levers(self, after: bool, side: Side) -> list[dict[str, Any]]:
        found = []
        for first, last in ((0, self.age_min - 1), (self.age_min, self.age_max), (self.age_max + 1, 120)):
            if first > last:
                continue
            usual = side.fare_factor
            changed = after and first == self.age_min
            share = side.steps(usual, usual * self.after_eur / self.before_eur, changed)
            persons = {"age_min": first, "age_max": last}
            found.append({"lever": "bus_fare", "fare_share": share, "persons": persons, "paid_by": "state"})
        return found


class Frequency(_Change):
    """Departures on all lines. The lever is ``bus_frequency``; the elasticity is that to departures."""

    ratio_keys = ("before_departures_h", "after_departures_h")
    kind: Literal["frequency"]
    """Kind of change."""
    before_departures_h: Annotated[float, Field(gt=0.0, le=30.0)]
    """Departures an hour and direction before, on each line."""
    after_departures_h: Annotated[float, Field(gt=0.0, le=60.0)]
    """After."""

    def figures(self) -> dict[str, float]:
        headway = 60.0 / self.before_departures_h
        return {"regional_headway_min": headway, "town_headway_min": headway}

    def levers(self, after: bool, side: Side) -> list[dict[str, Any]]:
        if not after:
            return []
        factor = self.after_departures_h / self.before_departures_h
        return [
            {"lever": "bus_frequency", "factor": factor, "networks": "all", "cost_eur_per_vehicle_km": 0.0, **_COSTS}
        ]


class FuelPrice(_Change):
    """Petrol and diesel at the pump. The lever is ``fuel_price``."""

    ratio_keys = ("before_eur_l", "after_eur_l")
    kind: Literal["fuel_price"]
    """Kind of change."""
    before_eur_l: Annotated[float, Field(gt=0.0, le=10.0)]
    """Price of a litre before."""
    after_eur_l: Annotated[float, Field(gt=0.0, le=10.0)]
    """After."""

    def prices(self) -> dict[str, float]:
        return {"petrol_eur_l": self.before_eur_l, "diesel_eur_l": self.before_eur_l}

    def levers(self, after: bool, side: Side) -> list[dict[str, Any]]:
        factor = self.after_eur_l / self.before_eur_l
        return [{"lever": "fuel_price", "price_factor": factor, "revenue_to": "market"}] if after else []


class ParkingPrice(_Change):
    """An hour of parking in the centre. The lever is ``parking_price``."""

    ratio_keys = ("before_eur_h", "after_eur_h")
    kind: Literal["parking_price"]
    """Kind of change."""
    before_eur_h: Annotated[float, Field(ge=0.0, le=20.0)]
    """Price of an hour before."""
    after_eur_h: Annotated[float, Field(ge=0.0, le=20.0)]
    """After."""
    ev_exempt: bool = False
    """Whether electric cars park for nothing after."""

    def figures(self) -> dict[str, float]:
        return {"parking_centre_eur_h": self.before_eur_h}

    def levers(self, after: bool, side: Side) -> list[dict[str, Any]]:
        return [
            {"lever": "parking_price", "price_eur_h": self.after_eur_h, "places": [CENTRE], "ev_exempt": self.ev_exempt,
             "cost_share": 0.0, "cost_source": "not counted", "cost_grade": "assumption"}
        ] if after else []  # fmt: skip


class CordonPrice(_Change):
    """A charge for driving into or out of the centre, on weekdays; an input of the model, see `inputs.cordon`."""

    ratio_keys = ("before_eur_trip", "after_eur_trip")
    kind: Literal["cordon_price"]
    """Kind of change."""
    before_eur_trip: Annotated[float, Field(ge=0.0, le=100.0)]
    """Mean charge of a passage before."""
    after_eur_trip: Annotated[float, Field(ge=0.0, le=100.0)]
    """After."""
    ev_exempt: bool = False
    """Whether electric cars pass for nothing."""

    def toll_eur(self, after: bool) -> tuple[float, float]:
        """Charge of a passage, combustion and electric."""
        paid = self.after_eur_trip if after else self.before_eur_trip
        return paid, 0.0 if self.ev_exempt else paid


class LowEmissionZone(_Change):
    """Only electric cars, or a fee, in the centre; an input of the model as `CordonPrice`, electric cars exempt."""

    kind: Literal["low_emission_zone"]
    """Kind of change."""
    before_eur_trip: Annotated[float, Field(ge=0.0, le=100.0)] = 0.0
    """Fee of a passage before."""
    after_eur_trip: Annotated[float, Field(ge=0.0, le=100.0)] | None = None
    """Fee of a passage after; without it, cars with an engine may not enter at all."""

    def toll_eur(self, after: bool) -> tuple[float, float]:
        """Charge of a passage, combustion and electric."""
        fee = _PROHIBITIVE_EUR if self.after_eur_trip is None else self.after_eur_trip
        return (fee if after else self.before_eur_trip), 0.0


class PurchaseGrant(_Change):
    """Money for a car with a plug. The lever is ``ev_purchase_grant``; the elasticity is to the net price of a BEV."""

    kind: Literal["purchase_grant"]
    """Kind of change."""
    before_new_eur: Annotated[float, Field(ge=0.0, le=30_000.0)] = 0.0
    """For a new car before."""
    after_new_eur: Annotated[float, Field(ge=0.0, le=30_000.0)]
    """After."""
    before_used_eur: Annotated[float, Field(ge=0.0, le=30_000.0)] = 0.0
    """For a used car before."""
    after_used_eur: Annotated[float, Field(ge=0.0, le=30_000.0)] = 0.0
    """After."""
    after_phev_eur: Annotated[float, Field(ge=0.0, le=30_000.0)] = 0.0
    """For a new plug-in hybrid after; none before."""
    after_scrapping_eur: Annotated[float, Field(ge=0.0, le=30_000.0)] = 0.0
    """On top of it after, for a combustion car of at least ten years that is scrapped; none before."""
    km_year_min: Annotated[float, Field(ge=0.0, le=60_000.0)] = 0.0
    """Kilometres a year that the household must drive the car."""
    income_max_eur_month: Annotated[float, Field(gt=0.0, le=50_000.0)] | None = None
    """Highest net income of the household that may have it."""
    eligible_share: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Buyers of such cars who may have it, of all; the others, such as companies, buy as before."""

    def mixed(self, before: float, after: float) -> float:
        return self.eligible_share * after + (1.0 - self.eligible_share) * before

    def has_ratio(self) -> bool:
        return self.before_new_eur != self.after_new_eur

    def levers(self, after: bool, side: Side) -> list[dict[str, Any]]:
        new = side.steps(self.before_new_eur, self.after_new_eur, after)
        used = side.steps(self.before_used_eur, self.after_used_eur, after)
        cap = {} if self.income_max_eur_month is None else {"income_max_eur_month": self.income_max_eur_month}
        bonus = side.steps(0.0, self.after_scrapping_eur, after)
        hybrid = side.steps(0.0, self.after_phev_eur, after)
        return [
            {"lever": "ev_purchase_grant", "grant_new_eur": new, "grant_used_eur": used, "phev_new_eur": hybrid,
             "scrapping_eur": bonus, "km_year_min": self.km_year_min, "paid_by": "state", **cap}
        ]  # fmt: skip


class CarPrice(_Change):
    """The price of new cars of a kind, as a factor; an input of the model, see `inputs.scaled_car_prices`."""

    ratio_keys = ("before_factor", "after_factor")
    kind: Literal["car_price"]
    """Kind of change."""
    cars: Literal["bev", "combustion"]
    """Which new cars."""
    before_factor: Annotated[float, Field(gt=0.0, le=5.0)] = 1.0
    """Factor on the price before."""
    after_factor: Annotated[float, Field(gt=0.0, le=5.0)]
    """After."""


class EbikeGrant(_Change):
    """A share of the price of an e-bike. The lever is ``ebike_grant``; a loan without interest is no such share."""

    kind: Literal["ebike_grant"]
    """Kind of change."""
    before_price_share: Share = 0.0
    """Share of the price before."""
    after_price_share: Share
    """After."""
    max_eur: Annotated[float, Field(gt=0.0, le=10_000.0)] = 10_000.0
    """Most that one buyer receives."""

    def levers(self, after: bool, side: Side) -> list[dict[str, Any]]:
        share = side.steps(self.before_price_share, self.after_price_share, after)
        return [{"lever": "ebike_grant", "grant_share": share, "grant_max_eur": self.max_eur, "paid_by": "state"}]


class EbikeLoan(_Change):
    """E-bikes lent for nothing to a share of the adults; an input of the model, see `inputs.ebike_loan`."""

    kind: Literal["ebike_loan"]
    """Kind of change."""
    before_adult_share: Share = 0.0
    """Share of adults who had one on loan before."""
    after_adult_share: Share
    """After."""


class Chargers(_Change):
    """Public points per 1,000 residents. The lever is ``public_chargers``."""

    ratio_keys = ("before_points_1000", "after_points_1000")
    kind: Literal["chargers"]
    """Kind of change."""
    speed: Literal["slow", "fast"]
    """Slow (alternating current) or fast (direct current)."""
    before_points_1000: Annotated[float, Field(ge=0.0, le=50.0)]
    """Points per 1,000 residents before."""
    after_points_1000: Annotated[float, Field(ge=0.0, le=50.0)]
    """After; not fewer."""
    price_eur_kwh: Annotated[float, Field(ge=0.0, le=2.0)] = 0.4
    """What they charge."""

    @model_validator(mode="after")
    def _more(self) -> Chargers:
        if self.after_points_1000 < self.before_points_1000:
            raise key_fault("after_points_1000", f"must not be below before_points_1000 {self.before_points_1000:g}")
        return self

    def figures(self) -> dict[str, float]:
        return {f"{self.speed}_points_1000": self.before_points_1000}

    def levers(self, after: bool, side: Side) -> list[dict[str, Any]]:
        points = (self.after_points_1000 - self.before_points_1000) * side.place.simulated / 1000.0
        sites = min(200, max(1, round(points / 2.0)))
        if not after or points <= 0.0:
            return []
        per_site = min(50, max(1, round(points / sites)))
        return [
            {"lever": "public_chargers", "places": ["everywhere"], "sites_per_place": sites,
             "points_per_site": per_site, "power_kw": 50.0 if self.speed == "fast" else 22.0,
             "price_eur_kwh": self.price_eur_kwh,
             "kind": self.speed, "install_lag_months": 0, "capex_eur_per_point": 0.0, "opex_share_year": 0.0, **_COSTS}
        ]  # fmt: skip


class Peers(_Change):
    """More electric cars in the neighbourhood, whoever bought them; an input of the model, see `inputs.peers`."""

    ratio_keys = ("before_stock_share", "after_stock_share")
    kind: Literal["peers"]
    """Kind of change."""
    before_stock_share: Share
    """Share of battery-electric cars among those of the place before."""
    after_stock_share: Share
    """After, by cars that were given to some households."""

    @model_validator(mode="after")
    def _more(self) -> Peers:
        if self.after_stock_share < self.before_stock_share:
            raise key_fault("after_stock_share", f"must not be below before_stock_share {self.before_stock_share:g}")
        return self

    def figures(self) -> dict[str, float]:
        return {"bev_stock_share": self.before_stock_share}


class Temperature(_Change):
    """The temperature of all seasons; an input of the model, see `inputs.temperature`."""

    kind: Literal["temperature"]
    """Kind of change."""
    before_c: Annotated[float, Field(ge=-40.0, le=45.0)]
    """Before, degrees C."""
    after_c: Annotated[float, Field(ge=-40.0, le=45.0)]
    """After."""


#: What changed: the key ``kind`` says how.
Change = Annotated[
    Nothing
    | Fare
    | Frequency
    | FuelPrice
    | ParkingPrice
    | CordonPrice
    | LowEmissionZone
    | PurchaseGrant
    | CarPrice
    | EbikeGrant
    | EbikeLoan
    | Chargers
    | Peers
    | Temperature,
    Field(discriminator="kind"),
]
