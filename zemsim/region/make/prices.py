"""Prices of the base year 2024 in EUR of 2025."""

from __future__ import annotations

from zemsim.region.make.pack import Pack

COLUMNS = ["key", "value", "low", "high", "unit", "year", "status", "source"]

#: Fares of January 2025 and distances that the train formula is fitted to.
TRAIN_FARES = ("salaspils", "sigulda", "aizkraukle", "liepaja")

Row = dict[str, object]


def _row(key: str, value: float, low: float, high: float, unit: str, year: int, status: str, source: str) -> Row:
    numbers = {"value": round(value, 4), "low": round(low, 4), "high": round(high, 4)}
    if not numbers["low"] <= numbers["value"] <= numbers["high"]:
        raise ValueError(f"{key}: {low} <= {value} <= {high} does not hold")
    return {"key": key, **numbers, "unit": unit, "year": year, "status": status, "source": source}


def _assumed(pack: Pack, key: str, unit: str) -> Row:
    name = f"prices.{key}"
    low, high = pack.assume(name, "low"), pack.assume(name, "high")
    return _row(key, pack.assume(name), low, high, unit, 2025, "assumption", f"assumption {name}")


def _fuel(pack: Pack, key: str, fact: str, high_fact: str) -> Row:
    """Return a pump price: the reported one of September 2024 in EUR of 2025; high is a reported peak."""
    factor = pack.assume("prices.factor_2024_to_2025")
    value = pack.fact(fact) * factor
    peak = max(pack.fact(high_fact), value)
    source = "European Commission weekly bulletin, September 2024, times the price factor"
    return _row(key, value, 0.85 * value, peak, "EUR/l", 2024, "reported", source)


def _public(pack: Pack) -> list[Row]:
    factor = pack.assume("prices.factor_2024_to_2025")
    value = pack.assume("chargers.fast_price_eur_kwh") * factor
    low, high = (
        pack.fact("charging.latvia.fast_charging_price_low"),
        pack.fact("charging.latvia.fast_charging_price_high"),
    )
    fast = _row(
        "electricity_public_fast_eur_kwh", value, low, high, "EUR/kWh", 2024, "assumption",
        "middle of the range quoted in March 2025, times the price factor",
    )  # fmt: skip
    return [_assumed(pack, "electricity_public_slow_eur_kwh", "EUR/kWh"), fast]


def line_through(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Return base and slope of the least-squares line through (x, y) points."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    return mean_y - slope * mean_x, slope


def _bus_fares(pack: Pack) -> list[Row]:
    """Return the regional bus fare: the line through two quoted fares before the rise of January 2026.

    Low is the formula of 2015 (beyond 33 km), high the line through the fares of 2026.
    """
    km = [pack.assume(f"fares.bus_km.{name}") for name in ("liepaja_grobina", "riga_rezekne")]
    facts = [f"transit_fares.latvia.bus_{name}" for name in ("liepaja_grobina", "riga_rezekne")]
    before = line_through([(x, pack.fact(f"{fact}_before_2026")) for x, fact in zip(km, facts, strict=True)])
    after = line_through([(x, pack.fact(fact)) for x, fact in zip(km, facts, strict=True)])
    slope_2015 = pack.fact("transit_fares.latvia.regional_bus_gt33km_per_km")
    source = "line through the fares Liepāja-Grobiņa and Rīga-Rēzekne of 2025"
    return [
        _row("bus_fare_base_eur", before[0], min(before[0], 0.4), after[0], "EUR", 2025, "estimate", source),
        _row(
            "bus_fare_eur_km", before[1], slope_2015, max(after[1], 1.1 * before[1]), "EUR/km", 2025, "estimate", source
        ),
        _minimum(pack, "bus"),
    ]


def _minimum(pack: Pack, mode: str) -> Row:
    key = f"fares.{mode}_min_eur"
    low, high = pack.assume(key, "low"), pack.assume(key, "high")
    return _row(f"{mode}_fare_min_eur", pack.assume(key), low, high, "EUR", 2025, "assumption", f"assumption {key}")


def _train_fares(pack: Pack) -> list[Row]:
    """Return the train fare: the least-squares line through quoted fares before the rise of January 2026."""
    points = [
        (pack.assume(f"fares.train_km.riga_{name}"), pack.fact(f"transit_fares.latvia.train_riga_{name}_before_2026"))
        for name in TRAIN_FARES
    ]
    later = [
        (x, pack.fact(f"transit_fares.latvia.train_riga_{n}")) for (x, _), n in zip(points, TRAIN_FARES, strict=True)
    ]
    (base, slope), (base_after, _) = line_through(points), line_through(later)
    source = "line through four fares from Rīga of 2025"
    return [
        _row("train_fare_base_eur", base, 0.7 * base, max(base_after, base), "EUR", 2025, "estimate", source),
        _row("train_fare_eur_km", slope, 0.9 * slope, 1.1 * slope, "EUR/km", 2025, "estimate", source),
        _minimum(pack, "train"),
    ]


def _city_fares(pack: Pack) -> list[Row]:
    factor = pack.assume("prices.factor_2024_to_2025")
    card = pack.fact("transit_fares.jelgava.jelgava_city_single_card_or_resident")
    cash = pack.fact("transit_fares.jelgava.jelgava_city_single_cash")
    many = pack.fact("transit_fares.jelgava.jelgava_city_60_trips") / 60
    jekabpils = pack.fact("transit_fares.jekabpils.jekabpils_city_single")
    jekabpils_card = pack.fact("transit_fares.jekabpils.jekabpils_city_card_35_rides")
    pensioner = pack.fact("transit_fares.jekabpils.jekabpils_city_single_pensioner")
    pupil = pack.fact("transit_fares.jekabpils.jekabpils_city_single_pupil")
    return [
        _row("city_fare_jelgava_eur", card * factor, many * factor, cash * factor, "EUR", 2024, "reported",
             "Jelgavas autobusu parks, card; cash and 60 trips as range; times the price factor"),
        _row("city_fare_jekabpils_eur", jekabpils_card * factor, jekabpils_card * factor, jekabpils * factor, "EUR",
             2024, "reported", "Jēkabpils municipality, a ride on a card of 35 or more, valid for 60 days, as most "
             "rides are by those who ride often; the single fare as range; times the price factor"),
        _row("city_fare_jekabpils_pensioner_eur", pensioner * factor, 0.8 * pensioner * factor, jekabpils * factor,
             "EUR", 2024, "reported", "Jēkabpils municipality, pensioners declared there; times the price factor"),
        _row("city_fare_jekabpils_pupil_eur", pupil * factor, 0.0, jekabpils * factor, "EUR", 2024, "estimate",
             "Jēkabpils municipality: pupils ride free in term from September 2019; taken to be in force still"),
        _row("season_ticket_trips", pack.fact("transit_fares.latvia.season_ticket_30_days_trips"), 20, 20,
             "single fares", 2026, "reported", "ATD: 30 days cost as many single fares"),
    ]  # fmt: skip


def _grid(pack: Pack) -> Row:
    generation = pack.fact("energy.latvia.grid_carbon_intensity")
    consumption = pack.fact("energy.latvia.grid_carbon_intensity_consumption")
    return _row("grid_gco2e_kwh", generation, 0.8 * generation, consumption, "gCO2e/kWh", 2023, "reported",
                "Ember via codecarbon: generation in Latvia 2023; high: consumption mix 2022 with imports")  # fmt: skip


def prices(pack: Pack) -> list[Row]:
    """Return the rows of ``prices.csv``."""
    return [
        _fuel(pack, "petrol_eur_l", "prices.latvia.petrol_95.2024", "prices.latvia.petrol_95_record"),
        _fuel(pack, "diesel_eur_l", "prices.latvia.diesel.2024", "prices.latvia.diesel.2026_03"),
        _assumed(pack, "electricity_home_eur_kwh", "EUR/kWh"),
        _assumed(pack, "electricity_work_eur_kwh", "EUR/kWh"),
        *_public(pack),
        *(_assumed(pack, f"parking_{place}_eur_h", "EUR/h") for place in
          ("jelgava_centre", "jekabpils_centre", "other", "riga")),
        *_bus_fares(pack),
        *_train_fares(pack),
        *_city_fares(pack),
        _grid(pack),
    ]  # fmt: skip


def build(pack: Pack) -> None:
    """Write ``prices.csv``."""
    pack.write("prices", COLUMNS, prices(pack))
