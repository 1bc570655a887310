"""Who pays a reduced fare without any measure: pensioners and pupils in the buses of the city that they live in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zemsim.region import Region

#: Keys of the assumptions: from which age residents are pensioners, and from and to which they are pupils.
_PENSIONERS = "fares.pensioner_age_min"
_PUPILS = ("fares.pupil_age_min", "fares.pupil_age_max")


@dataclass(frozen=True)
class Concession:
    """A reduced fare for residents of some ages.

    Attributes
    ----------
    cap_eur : float64 [Z], most that they pay for a ride that ends in the settlement of their home zone; inf where there
        is no such fare.
    age_min_years, age_max_years : both included.
    """

    cap_eur: npt.NDArray[np.float64]
    age_min_years: float
    age_max_years: float


@dataclass(frozen=True)
class Concessions:
    """The most that residents pay for a ride inside their city.

    Attributes
    ----------
    place : int64 [Z], settlement of a zone.
    reduced : the fares of pensioners and of pupils, as far as the region has them.
    """

    place: npt.NDArray[np.int64]
    reduced: tuple[Concession, ...]

    @classmethod
    def of(cls, region: Region) -> Concessions:
        """Read the roles and prices of a region."""
        settlement = region.zones["settlement_id"].astype(str).to_numpy()
        reduced = []
        if region.roles.pensioner_fares:
            age_min = float(region.assumption(_PENSIONERS))
            reduced.append(Concession(_caps(region, settlement, region.roles.pensioner_fares), age_min, float("inf")))
        if region.roles.pupil_fares:
            ages = (float(region.assumption(key)) for key in _PUPILS)
            reduced.append(Concession(_caps(region, settlement, region.roles.pupil_fares), *ages))
        return cls(np.unique(settlement, return_inverse=True)[1].astype(np.int64), tuple(reduced))

    def most_eur(
        self, origin: npt.NDArray[np.integer], dest: npt.NDArray[np.integer], age: npt.NDArray[np.integer]
    ) -> npt.NDArray[np.float64]:
        """Return the most that each tour pays for a ride by bus, float64 [R], from home zone, destination and age."""
        inside = self.place[origin] == self.place[dest]
        most = np.full(len(origin), np.inf)
        for one in self.reduced:
            entitled = inside & (age >= one.age_min_years) & (age <= one.age_max_years)
            most[entitled] = np.minimum(most[entitled], one.cap_eur[origin[entitled]])
        return most


def _caps(
    region: Region, settlement: npt.NDArray[np.object_], fares: tuple[tuple[str, str], ...]
) -> npt.NDArray[np.float64]:
    cap_eur = np.full(len(settlement), np.inf)
    for settlement_id, key in fares:
        cap_eur[settlement == settlement_id] = region.price(key)
    return cap_eur
