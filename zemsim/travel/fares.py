"""Fares of public transport by network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Fares:
    """Single fares in EUR: ``max(least, base + per km * km)`` for regional buses and trains, flat in the cities.

    ``own_eur`` has base, per km and least fare of networks with fares of their own.
    """

    bus_fare_base_eur: float
    bus_fare_eur_km: float
    bus_fare_min_eur: float
    train_fare_base_eur: float
    train_fare_eur_km: float
    train_fare_min_eur: float
    city_fares_eur: tuple[tuple[str, float], ...] = ()
    own_eur: tuple[tuple[str, tuple[float, float, float]], ...] = ()

    @classmethod
    def from_prices(cls, price: Callable[[str], float], city_fares: Iterable[tuple[str, str]] = ()) -> Fares:
        """Take the fares from ``region.price`` (keys are the field names), by network and key in the cities."""
        kept = ("city_fares_eur", "own_eur")
        regional: dict[str, Any] = {item.name: float(price(item.name)) for item in fields(cls) if item.name not in kept}
        return cls(**regional, city_fares_eur=tuple((network, float(price(key))) for network, key in city_fares))

    def of_network(self, network_id: str, train: bool) -> tuple[float, float, float]:
        """Return base, per km and least fare of a network (``network_id`` of ``routes.txt``)."""
        own = dict(self.own_eur)
        if network_id in own:
            return own[network_id]
        city = dict(self.city_fares_eur)
        if network_id in city:
            return city[network_id], 0.0, 0.0
        if train:
            return self.train_fare_base_eur, self.train_fare_eur_km, self.train_fare_min_eur
        return self.bus_fare_base_eur, self.bus_fare_eur_km, self.bus_fare_min_eur
