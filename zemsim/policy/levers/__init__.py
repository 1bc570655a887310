"""Kinds of lever. A measure is one of them with its values; ``lever`` says which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from zemsim.core.settings import Settings
from zemsim.policy.levers.car_sharing import SharedEvs
from zemsim.policy.levers.charging import PublicChargers, SmartCharging, SolarCharging, YardChargers
from zemsim.policy.levers.fleets import MunicipalFleet, SharedEbikes
from zemsim.policy.levers.grants import EbikePurchaseGrant, EvPurchaseGrant
from zemsim.policy.levers.lines import BusSpeed, ClosedStop, NewLine, NewStop
from zemsim.policy.levers.lots import BikeAndRide, ParkAndRide
from zemsim.policy.levers.on_demand import OnDemandBus
from zemsim.policy.levers.prices import ChargingPrice, ElectricityPrice, FuelPrice, HomeTariff, ParkingPrice
from zemsim.policy.levers.reactions import ChargerCompanies, PointsOnRequest
from zemsim.policy.levers.transit import (
    BusFare,
    BusFrequency,
    BusOperatorRule,
    ElectricBuses,
    ElectricCityBuses,
    PassPrice,
)

#: One measure: the key ``lever`` says which kind it is.
Measure = Annotated[
    EvPurchaseGrant
    | EbikePurchaseGrant
    | PublicChargers
    | YardChargers
    | SolarCharging
    | SmartCharging
    | ChargerCompanies
    | PointsOnRequest
    | FuelPrice
    | ElectricityPrice
    | HomeTariff
    | ChargingPrice
    | ParkingPrice
    | BusFare
    | PassPrice
    | BusFrequency
    | BusOperatorRule
    | NewLine
    | NewStop
    | ClosedStop
    | BusSpeed
    | OnDemandBus
    | ElectricCityBuses
    | ElectricBuses
    | SharedEbikes
    | SharedEvs
    | ParkAndRide
    | BikeAndRide
    | MunicipalFleet,
    Field(discriminator="lever"),
]

#: Kind of lever to its class, in the order of documents.
LEVERS = {
    cls.model_fields["lever"].annotation.__args__[0]: cls  # type: ignore[union-attr]
    for cls in (
        EvPurchaseGrant,
        EbikePurchaseGrant,
        PublicChargers,
        YardChargers,
        SolarCharging,
        SmartCharging,
        ChargerCompanies,
        PointsOnRequest,
        FuelPrice,
        ElectricityPrice,
        HomeTariff,
        ChargingPrice,
        ParkingPrice,
        BusFare,
        PassPrice,
        BusFrequency,
        BusOperatorRule,
        NewLine,
        NewStop,
        ClosedStop,
        BusSpeed,
        OnDemandBus,
        ElectricCityBuses,
        ElectricBuses,
        SharedEbikes,
        SharedEvs,
        ParkAndRide,
        BikeAndRide,
        MunicipalFleet,
    )
}


class MeasureFile(Settings):
    """A file of measures: the catalogue has one measure a file, national policy several."""

    measure: Annotated[tuple[Measure, ...], Field(strict=False, min_length=1)]
    """The measures."""

    @classmethod
    def of(cls, measures: Sequence[Mapping[str, Any]]) -> tuple[Measure, ...]:
        """Return measures from plain mappings, as ``model_dump(mode="json")`` gives them."""
        return cls.model_validate({"measure": list(measures)}).measure
