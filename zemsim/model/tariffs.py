"""Tariffs of public sites and of electricity at home in a year, as the charging kernels and car buyers read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zemsim.behaviour.parameters import Parameters
from zemsim.kernels.charging_tables import HOUR_SUMS, HOURS
from zemsim.policy.conditions import Conditions
from zemsim.policy.rules import ExtraSite

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SiteTariffs:
    """Tariffs of all sites of a policy, region's first, in the order of `zemsim.model.stations.Sites`; axes V sites.

    Attributes
    ----------
    is_open : bool [V], in service in the year.
    eur_kwh : float64 [V], price of energy, mean over the hours; 0 where closed, as are the others.
    eur_min, eur_session : float64 [V], per minute of charging and per session.
    resident_share : float64 [V], what residents of the municipality pay of it.
    hour_factor : float64 [V, 24], on the price of energy.
    """

    is_open: npt.NDArray[np.bool_]
    eur_kwh: Float
    eur_min: Float
    eur_session: Float
    resident_share: Float
    hour_factor: Float

    @property
    def hour_sums(self) -> Float:
        """Sums of the price of energy over the hours, float64 [V, 25]."""
        return sums_of(self.eur_kwh[:, None] * self.hour_factor)


def sums_of(hours: Float) -> Float:
    """Sums of hourly prices from midnight, float64 [..., 25]."""
    sums = np.zeros((*hours.shape[:-1], HOUR_SUMS))
    sums[..., 1:] = np.cumsum(hours, axis=-1)
    return sums


def site_tariffs(
    site_id: tuple[str, ...], own: Conditions, added: Conditions, built: Mapping[str, ExtraSite]
) -> SiteTariffs:
    """The tariffs of the region's sites under one year's conditions, those of added sites under another's.

    Sites that were ``built`` by a rule have their own.

    With the conditions without measures as ``own`` these are the prices that drivers would pay at today's sites if no
    measure had changed them.
    """
    n_own = len(own.site_price_eur_kwh)
    in_service = {site.site_id: site for site in added.extra_sites} | dict(built)
    found = [in_service.get(name) for name in site_id[n_own:]]

    def column(of_region: Float, name: str, closed: float) -> Float:
        more = [closed if site is None else getattr(site, name) for site in found]
        return np.concatenate([of_region, np.array(more, np.float64)])

    factors = [np.ones(HOURS) if site is None else np.array(site.hour_factor) for site in found]
    return SiteTariffs(
        is_open=np.array([True] * n_own + [site is not None for site in found]),
        eur_kwh=column(own.site_price_eur_kwh, "price_eur_kwh", 0.0),
        eur_min=column(own.site_eur_min, "eur_min", 0.0),
        eur_session=column(own.site_eur_session, "eur_session", 0.0),
        resident_share=column(own.site_resident_share, "resident_share", 1.0),
        hour_factor=np.concatenate([own.site_hour_factor, np.array(factors).reshape(-1, HOURS)]),
    )


def typical_eur_kwh(tariffs: SiteTariffs, fast: npt.NDArray[np.bool_], power_kw: Float, p: Parameters) -> Float:
    """What a kWh of a usual session costs at each site, float64 [V]: energy, minutes at the mean power, its share of
    the price of a session."""
    kw = np.where(
        fast, np.minimum(p["car_dc_kw"], p["fast_power_share"] * power_kw), np.minimum(p["car_ac_kw"], power_kw)
    )
    energy = tariffs.eur_kwh * tariffs.hour_factor.mean(axis=1)
    total: Float = energy + tariffs.eur_min * 60.0 / kw + tariffs.eur_session / p["session_kwh"]
    return total


def home_sums(hour_factor: Float) -> Float:
    """Sums of the factors on the price at home, float64 [2, 25]: own plug, and yards, whose price has no hours."""
    return sums_of(np.stack([hour_factor, np.ones(HOURS)]))
