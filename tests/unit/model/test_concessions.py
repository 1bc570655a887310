"""Pensioners pay less in the buses of their own city, and pupils nothing, without any measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.unit.model.test_model import stand_at_choice
from zemsim.core.names import Alternative
from zemsim.model.accounts import YearFlows
from zemsim.model.concessions import Concession, Concessions

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel
    from zemsim.region import Region


def test_who_pays_less_by_hand() -> None:
    """Zones 0 and 1 are the city, 2 is elsewhere."""
    pensioners = Concession(np.array([0.3, 0.3, np.inf]), 65.0, np.inf)
    pupils = Concession(np.array([0.0, 0.0, np.inf]), 7.0, 18.0)
    concessions = Concessions(np.array([7, 7, 3]), (pensioners, pupils))
    origin, dest = np.array([0, 0, 0, 1, 2, 0, 0, 0, 2]), np.array([1, 1, 2, 0, 2, 1, 1, 2, 2])
    most = concessions.most_eur(origin, dest, np.array([64, 65, 90, 80, 70, 18, 6, 10, 10]))
    assert most.tolist() == [np.inf, 0.3, np.inf, 0.3, np.inf, 0.0, np.inf, np.inf, np.inf]


def test_the_fare_of_jekabpils_is_that_of_its_municipality(zemgale: Region) -> None:
    """0.30 EUR for pensioners declared there, 0.80 less 20 % on a card of 35 rides (jekabpils.lv), times one factor."""
    pensioner, usual = (zemgale.price(f"city_fare_jekabpils{name}_eur") for name in ("_pensioner", ""))
    assert pensioner / usual == pytest.approx(0.30 / (0.8 * 0.80), rel=1e-3)
    pensioners, pupils = Concessions.of(zemgale).reduced
    there = (zemgale.zones["settlement_id"] == "jekabpils").to_numpy()
    for one, most in ((pensioners, pensioner), (pupils, 0.0)):
        assert (one.cap_eur[there] == most).all()
        assert np.isinf(one.cap_eur[~there]).all()
    assert pensioners.age_min_years == 65.0
    assert (pupils.age_min_years, pupils.age_max_years) == (7.0, 18.0)


def test_pupils_of_jekabpils_ride_free(zemgale: Region) -> None:
    """Council decision 343 of 8 August 2019: grades 1 to 12, in the buses of the city (jekabpils.lv)."""
    assert zemgale.price("city_fare_jekabpils_pupil_eur") == 0.0


def test_only_those_inside_the_city_pay_less_and_the_accounts_know(model: MobilityModel, zemgale: Region) -> None:
    stand_at_choice(model)
    plan, most = model.today, zemgale.price("city_fare_jekabpils_pensioner_eur")
    there = (zemgale.zones["settlement_id"] == "jekabpils").to_numpy()
    c = plan.columns
    pupil = (plan.age >= 7) & (plan.age <= 18)
    entitled = there[c.origin] & there[c.dest] & ((plan.age >= 65) | pupil)
    by_bus = plan.offer.base_fare_eur()[:, 0, 0]
    assert (entitled & (by_bus > most)).any()
    np.testing.assert_allclose(
        c.fare_eur[0][entitled], np.minimum(by_bus, np.where(pupil, 0.0, most))[entitled], rtol=1e-6
    )
    full = plan.offer.base_fare_eur().sum(axis=2).T
    np.testing.assert_allclose(c.fare_eur[:, ~entitled], full[:, ~entitled], rtol=1e-6)

    plan.alternative[:] = np.where(entitled & c.transit_ok[0], Alternative.BUS, -1)
    flows = YearFlows(len(there))
    flows.add(model, plan)
    riders = plan.alternative == Alternative.BUS
    days = model.days_of(model.season)[plan.day_type]
    assert flows.paid_eur[0] == pytest.approx(2.0 * days * c.fare_eur[0][riders].sum(), rel=1e-5)
    assert flows.base_fare_eur.sum() == pytest.approx(flows.fare_eur.sum())


def test_a_region_without_such_fares_has_none(zemgale: Region) -> None:
    from dataclasses import replace

    concessions = Concessions.of(replace(zemgale, roles=replace(zemgale.roles, pensioner_fares=(), pupil_fares=())))
    assert concessions.reduced == ()
    zone = np.arange(3)
    assert np.isinf(concessions.most_eur(zone, zone, np.array([10, 40, 70]))).all()
