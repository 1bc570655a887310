"""Units: what a name's last part means, and the only place where quantities are converted.

Inside zemsim lengths are m or km, times s or min, energy kWh, power kW, money EUR of the price year, shares 0 to 1, as
the suffix says.
"""

from __future__ import annotations

import re
from typing import Final

#: Meaning of a unit suffix, without its leading underscore. Longer suffixes are looked up first.
SUFFIXES: Final[dict[str, str]] = {
    "ms": "millisecond",
    "s": "second",
    "min": "minute",
    "h": "hour",
    "months": "month",
    "years": "year",
    "m": "metre",
    "km": "kilometre",
    "km_h": "kilometre per hour",
    "km_year": "kilometre per year",
    "kwh": "kilowatt hour",
    "kw": "kilowatt",
    "kwh_km": "kilowatt hour per kilometre",
    "l": "litre",
    "l_km": "litre per kilometre",
    "kg": "kilogram",
    "g": "gram",
    "g_kwh": "gram per kilowatt hour",
    "c": "degree Celsius",
    "eur": "euro",
    "eur_h": "euro per hour",
    "eur_km": "euro per kilometre",
    "eur_kwh": "euro per kilowatt hour",
    "eur_l": "euro per litre",
    "eur_month": "euro per month",
    "eur_year": "euro per year",
    "eur_trip": "euro per trip",
    "eur_per_vehicle_km": "euro per vehicle-km",
    "eur_per_vehicle_hour": "euro per vehicle-hour",
    "eur_per_point": "euro per point",
    "eur_per_car": "euro per car",
    "eur_per_bike_year": "euro per bike and year",
    "pers": "person",
    "veh": "vehicle",
    "share": "share, 0 to 1",
    "share_year": "share per year, 0 to 1",
    "idx": "position",
    "id": "name from a source",
    "year": "calendar year",
}

KM_PER_M: Final = 0.001
MIN_PER_S: Final = 1.0 / 60.0
MIN_PER_H: Final = 60.0
S_PER_H: Final = 3600.0
S_PER_MIN: Final = 60.0
DAYS_PER_WEEK: Final = 7.0
G_PER_KG: Final = 1000.0
KG_PER_T: Final = 1000.0


def split_unit(name: str) -> tuple[str, str | None]:
    """Split ``price_eur_kwh`` into ``("price", "eur_kwh")``; the unit is None if no suffix is known.

    The longest known suffix wins; a name that is nothing but a suffix has no stem and keeps its name.
    """
    parts = name.split("_")
    for start in range(1, len(parts)):
        unit = "_".join(parts[start:])
        if unit in SUFFIXES:
            return "_".join(parts[:start]), unit
    return name, None


def describe_unit(name: str) -> str | None:
    """Return the unit of a name in words, or None if its last part is no unit."""
    _, unit = split_unit(name)
    return None if unit is None else SUFFIXES[unit]


def stem(name: str) -> str:
    """Return the quantity that a name stands for, without any ending that looks like a unit.

    Endings that are units of the same kind in another scale (``keur``, ``mwh``, ``cent``) count as units here, so that
    ``grant_keur`` has the stem ``grant``; behind a unit, ``per`` and what follows are part of it.
    """
    quantity, per, _ = name.partition("_per_")
    parts = (quantity if per and quantity.split("_")[-1] in _UNIT_WORDS else name).split("_")
    while len(parts) > 1 and parts[-1] in _UNIT_WORDS:
        parts.pop()
    return "_".join(parts)


_OTHER_SCALES: Final = (
    "keur,meur,teur,ct,cent,cents,euro,euros,usd,percent,pct,pp,promille,wh,mwh,gwh,w,mw,t,tonne,tonnes,mg,ml,"
    "sec,secs,second,seconds,minute,minutes,mins,hour,hours,hrs,hr,day,days,week,weeks,month,kmh,mile,miles,"
    "metre,metres,meter,meters,mm,cm,liter,litre,liters,litres,gallon"
)

#: Single words that people put behind a quantity to say its unit, right or wrong.
_UNIT_WORDS: Final = frozenset(
    [part for suffix in SUFFIXES if "_per_" not in suffix for part in suffix.split("_") if part not in {"idx", "id"}]
    + re.findall(r"[a-z]+", _OTHER_SCALES)
)
