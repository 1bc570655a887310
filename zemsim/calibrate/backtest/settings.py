"""The form of a back-test file: its keys, ranges and meanings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from zemsim.calibrate.backtest.changes import Change
from zemsim.calibrate.backtest.quantities import FILTERS, LEVELS, Quantity
from zemsim.core.errors import did_you_mean
from zemsim.core.names import ChargingPlace, Mode, Powertrain, Purpose
from zemsim.core.settings import Settings
from zemsim.policy.lever import Identifier, Name, Text, Title, Year, key_fault

Grade = Literal["reported", "derived", "anchored", "estimate", "memory", "assumption"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]

#: Modes by the words of a file; bicycles of both kinds and cars of both kinds are one each, transit is bus and train.
MODES: dict[str, tuple[Mode, ...]] = {
    "walk": (Mode.WALK,),
    "bike": (Mode.BIKE, Mode.EBIKE),
    "ebike": (Mode.EBIKE,),
    "transit": (Mode.BUS, Mode.TRAIN),
    "bus": (Mode.BUS,),
    "train": (Mode.TRAIN,),
    "car": (Mode.CAR, Mode.EV),
    "ev": (Mode.EV,),
    "passenger": (Mode.PASSENGER,),
}
#: Modes whose shares a base may state; each has constants that are moved until the share is met.
BASE_MODES = ("walk", "bike", "transit", "car", "passenger")
ModeName = Literal["walk", "bike", "ebike", "transit", "bus", "train", "car", "ev", "passenger"]
_SUM = 0.005


class Figure(Settings):
    """A figure of the base, and what it rests on."""

    value: float
    """The figure."""
    grade: Grade
    """How far it can be trusted."""
    source: Text
    """Where it comes from; of an assumption, why it is made."""


class ShareFigure(Figure):
    """A share of the base."""

    value: Share
    """0 to 1."""


class Range(Settings):
    """From low to high, both included."""

    low: float
    """Lowest."""
    high: float
    """Highest."""

    @model_validator(mode="after")
    def _order(self) -> Range:
        if self.low > self.high:
            raise key_fault("high", f"must not be below low {self.low:g}, got {self.high:g}")
        return self


class Observed(Settings):
    """What was observed; low and high where the source gives a range or several counts."""

    low: float | None = None
    """Lowest."""
    central: float | None = None
    """What the source holds the most likely."""
    high: float | None = None
    """Highest."""

    @model_validator(mode="after")
    def _order(self) -> Observed:
        known = [value for value in (self.low, self.central, self.high) if value is not None]
        if not known:
            raise key_fault("central", "say what was observed: low, central or high")
        if known != sorted(known):
            raise key_fault("high", "low, central and high must rise")
        return self


class Head(Settings):
    """What the experiment of nature was, and how it is used."""

    id: Identifier
    """Short name, in small letters and hyphens."""
    title: Title
    """What people call it."""
    use: Literal["calibrate", "hold_out"]
    """Whether parameters may be fitted to it, or it is kept to judge them."""
    horizon: Literal["short", "long"]
    """Short: the year of the change, fleet and destinations as they were; long: some years later, all layers on."""
    first_year: Year = 2024
    """First year of the change, by which prices and supply of cars go."""
    years: Annotated[int, Field(ge=1, le=15)] = 1
    """Years with the change, the last of which is counted; 1 for the short run."""
    seasons: Annotated[tuple[Literal["winter", "summer"], ...], Field(strict=False, min_length=1)] = (
        "winter",
        "summer",
    )
    """Seasons whose days are simulated."""
    note: Text | None = None
    """What a reader must know."""

    @model_validator(mode="after")
    def _consistent(self) -> Head:
        if self.horizon == "short" and self.years != 1:
            raise key_fault("years", f"the short run is one year, got {self.years}", "or is the horizon long?")
        if len(set(self.seasons)) != len(self.seasons):
            raise key_fault("seasons", "has a value twice")
        return self


class PlaceTable(Settings):
    """Where it happened: a type of place, its size, and figures that differ from those of the type."""

    type: Name
    """One of the types of `zemsim/calibrate/backtest/places.csv`."""
    residents: Annotated[int, Field(ge=2_000, le=100_000_000)]
    """How many live there."""
    source: Text
    """Where type and size come from."""
    grade: Grade
    """How far they can be trusted."""
    figures: Annotated[dict[Name, Figure], Field(default_factory=dict)]
    """Figures of the place by key; the table of types has keys, units and ranges."""


class ModeShares(Settings):
    """Shares of trips by mode before the change, of all of these five; their constants are fitted to it."""

    of: Literal["all", "work"]
    """Of all trips, or of those to work."""
    walk: ShareFigure
    """On foot."""
    bike: ShareFigure
    """By bicycle or e-bike."""
    transit: ShareFigure
    """By bus, tram, metro or train."""
    car: ShareFigure
    """Driving."""
    passenger: ShareFigure
    """Driven by somebody."""

    @model_validator(mode="after")
    def _sum(self) -> ModeShares:
        total = sum(self.shares().values())
        if abs(total - 1.0) > _SUM:
            raise key_fault("walk", f"the shares of the five modes must sum to 1, they sum to {total:g}")
        if min(self.shares().values()) <= 0.0:
            raise key_fault("walk", "each share must be above 0; a constant cannot be fitted to none")
        return self

    def shares(self) -> dict[str, float]:
        """Share by mode."""
        return {name: getattr(self, name).value for name in BASE_MODES}


class Sales(Settings):
    """Cars that were bought before the change: how many were new, and by what drives them."""

    new_share: ShareFigure
    """New ones among all cars bought."""
    new: dict[Name, ShareFigure]
    """Share of each powertrain among new cars."""
    used: dict[Name, ShareFigure]
    """The same among used cars."""

    @model_validator(mode="after")
    def _known(self) -> Sales:
        known = [p.name.lower() for p in Powertrain]
        for age in ("new", "used"):
            shares = getattr(self, age)
            for name in shares:
                if name not in known:
                    raise key_fault((age, name), "is no powertrain", did_you_mean(name, known))
            total = sum(figure.value for figure in shares.values())
            if abs(total - 1.0) > _SUM:
                raise key_fault(age, f"the shares must sum to 1, they sum to {total:g}")
        return self


class CarPrices(Settings):
    """Prices of cars, EUR, in the first year of the change; those that are not stated are those of the parameters."""

    new_bev: Figure | None = None
    """New battery-electric cars."""
    used_bev: Figure | None = None
    """Used ones."""
    new_combustion: Figure | None = None
    """New cars with an engine."""
    used_combustion: Figure | None = None
    """Used ones."""

    def stated(self) -> dict[str, float]:
        """Price by kind of car."""
        kinds = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: figure.value for name, figure in kinds.items() if figure is not None}


class Base(Settings):
    """What was known of the place before the change."""

    mode_share: ModeShares | None = None
    """Trips by mode; without it the constants of the parameter file hold."""
    sales: Sales | None = None
    """Cars bought; without it the constants of the parameter file hold."""
    prices: Annotated[dict[Name, Figure], Field(default_factory=dict)]
    """Prices by key of the table of prices of a region, such as petrol_eur_l; the others are taken over."""
    car_prices: CarPrices = CarPrices()
    """Prices of cars in the first year of the change."""
    work_charging: ShareFigure | None = None
    """Employed who can charge at work, of all; without it that of the parameter file, `work_access_share`."""


class Effect(Settings):
    """A measure of effect, what was observed of it, and the band in which the model must fall."""

    title: Title
    """What people call it."""
    of: Quantity
    """What is counted."""
    form: Literal["relative", "points", "elasticity", "level"]
    """Change in per cent, change in percentage points of a share, elasticity to the change, or the figure itself."""
    mode: ModeName | None = None
    """Only trips by this mode."""
    purpose: Literal["work", "school", "shopping", "leisure", "escort", "business"] | None = None
    """Only trips for this purpose."""
    powertrain: Name | None = None
    """Only cars with this powertrain."""
    age: Literal["new", "used"] | None = None
    """Only new or only used cars."""
    at: Literal["home", "work", "public_slow", "public_fast"] | None = None
    """Only charging there."""
    where: Literal["everywhere", "into_centre"] | None = None
    """Traffic: all, or trips into or out of the centre."""
    who: Literal["all", "borrowers"] | None = None
    """Trips of all, or of those alone who have an e-bike on loan."""
    day: Literal["weekday", "weekend"] | None = None
    """Only trips of such days; all days of the year without it."""
    observed: Observed
    """What was observed; %, percentage points, an elasticity, or the unit of the quantity."""
    band: Range
    """What the model may say to pass."""
    source: Text
    """Who observed it."""
    grade: Grade
    """How far it can be trusted."""
    note: Text | None = None
    """What a reader must know."""

    @model_validator(mode="after")
    def _consistent(self) -> Effect:
        allowed = FILTERS[self.of]
        for key in ("mode", "purpose", "powertrain", "age", "at", "where", "who", "day"):
            if getattr(self, key) is not None and key not in allowed:
                raise key_fault(key, f"has no meaning for {self.of}", f"this takes {', '.join(allowed) or 'none'}")
        if self.powertrain is not None:
            known = [p.name.lower() for p in Powertrain]
            if self.powertrain not in known:
                raise key_fault(
                    "powertrain", f"“{self.powertrain}” is no powertrain", did_you_mean(self.powertrain, known)
                )
        if self.of in ("mode_share",) and self.mode is None:
            raise key_fault("mode", "say the share of which mode")
        if self.form == "points" and self.of not in ("mode_share", "stock_share", "sales_share", "kwh_share"):
            raise key_fault("form", f"{self.of} is no share; its change is relative", None)
        if self.of in LEVELS and self.form != "level":
            raise key_fault("form", f"{self.of} compares with and without by itself; its form is level")
        return self

    def modes(self) -> tuple[Mode, ...]:
        """Modes counted."""
        return tuple(Mode) if self.mode is None else MODES[self.mode]

    def purposes(self) -> tuple[Purpose, ...]:
        """Purposes counted."""
        return tuple(Purpose) if self.purpose is None else (Purpose[self.purpose.upper()],)

    def powertrains(self) -> tuple[Powertrain, ...]:
        """Powertrains counted."""
        return tuple(Powertrain) if self.powertrain is None else (Powertrain[self.powertrain.upper()],)

    def charging_places(self) -> tuple[ChargingPlace, ...]:
        """Places of charging counted."""
        return tuple(ChargingPlace) if self.at is None else (ChargingPlace[self.at.upper()],)


class CaseFile(Settings):
    """A natural experiment."""

    case: Head
    """What it was."""
    place: PlaceTable
    """Where."""
    base: Annotated[Base, Field(default_factory=Base)]
    """What was known before."""
    change: Change
    """What changed."""
    effect: Annotated[tuple[Effect, ...], Field(strict=False, min_length=1, max_length=20)]
    """What was observed."""

    @model_validator(mode="after")
    def _effects_fit_the_change(self) -> CaseFile:
        for position, effect in enumerate(self.effect):
            loc = ("effect", position, "form")
            if effect.form == "elasticity" and not self.change.has_ratio():
                raise key_fault(loc, "an elasticity needs a change whose before and after are above 0 and differ")
            if self.change.kind == "none" and effect.form != "level":
                raise key_fault(loc, "nothing changed, so the form is level")
            if effect.who == "borrowers" and self.change.kind != "ebike_loan":
                raise key_fault(
                    ("effect", position, "who"), "nobody borrows an e-bike", "this needs the change ebike_loan"
                )
            if effect.of in LEVELS and self.change.kind not in LEVELS[effect.of]:
                kinds = ", ".join(LEVELS[effect.of])
                raise key_fault(("effect", position, "of"), f"{effect.of} has a meaning for {kinds} only")
        return self


def case_schema() -> dict[str, Any]:
    """JSON Schema of a back-test file, for editors."""
    schema = CaseFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "zemsim back-test"}
