"""The Mesa model over the small world: residents, rules one by one and together, overrides, models side by side."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
import pytest

from tests.unit.model import small_world as small
from zemsim.core.errors import InputError
from zemsim.core.names import Alternative, DayType, Mode, Purpose
from zemsim.evidence.indicators import Setting, indicators
from zemsim.experiment.prepare import factors_of, persons_table, with_transit_km, zones_table
from zemsim.kernels.ownership import NO_CAR
from zemsim.model import day, year
from zemsim.model.agents import BusOperator, ChargerCompany, Household, Municipality, Resident, Station
from zemsim.model.build import measures_of
from zemsim.model.car_market import car_market
from zemsim.model.explain import explain_today, find_resident
from zemsim.model.model import MobilityModel
from zemsim.model.schedule import DAY, NIGHT, YEAR, as_text
from zemsim.model.vehicles import EMPTY

if TYPE_CHECKING:
    import pandas as pd

    from zemsim.model.world import World


def stand_at_choice(model: MobilityModel, day_type: DayType = DayType.WEEKDAY) -> Any:
    """Bring a model to the moment when residents choose; returns today's plan."""
    model._do(YEAR[:1])
    model.start_season(model.season)
    day.use_day(model, day_type)
    model._do(DAY[:1])
    return model.today


def test_everybody_is_an_agent(model: MobilityModel, world: World) -> None:
    population = world.population
    assert len(model.residents) == len(population.residents) > 3000
    assert len(model.households) == len(population.households)
    kinds = {Resident, Household, Municipality, BusOperator, ChargerCompany, Station}
    assert set(model.agents_by_type) == kinds
    assert {k: len(model.agents_by_type[k]) for k in kinds} == {
        Resident: len(model.residents),
        Household: len(model.households),
        Municipality: 6,
        BusOperator: len(model.operators),
        ChargerCompany: len(model.companies),
        Station: len(world.region.chargers),
    }
    assert len(model.agents) == sum(len(model.agents_by_type[k]) for k in kinds)


def test_agents_carry_what_the_population_says(model: MobilityModel, world: World) -> None:
    people, homes = world.population.residents, world.population.households
    for row in (0, 17, len(people) - 1):
        agent = model.residents[row]
        assert agent.resident_id == people["resident_id"][row]
        assert agent.age == people["age"][row]
        assert agent.zone_idx == homes["zone_idx"][people["household_idx"][row]]
    assert model.municipalities.agg("population", sum) == len(people)
    assert model.households.agg("size_pers", sum) == len(people)


@pytest.mark.parametrize("day_type", list(DayType))
def test_choices_are_the_same_bits_one_by_one(model: MobilityModel, day_type: DayType) -> None:
    plan = stand_at_choice(model, day_type)
    plan.alternative[:] = -1
    model.residents.do("choose_mode")
    together = plan.alternative.copy()
    plan.alternative[:] = -1
    for resident in model.residents:
        resident.choose_mode()
    assert together.tobytes() == plan.alternative.tobytes()
    assert set(Alternative) <= set(together.tolist())
    plan.alternative[:] = -1
    model.residents.shuffle_do("choose_mode")
    assert together.tobytes() == plan.alternative.tobytes()


def test_days_are_the_same_bits_one_by_one(world: World) -> None:
    """Three days, weekday and weekend, with feedback between them."""
    batch, single = MobilityModel(world, 1), MobilityModel(world, 1)
    single.residents.table.replace_classes(range(len(single.residents)), OneByOne)
    for _ in range(3):
        for model in (batch, single):
            model.step()
        for day_type in DayType:
            assert batch.plans[day_type].alternative.tobytes() == single.plans[day_type].alternative.tobytes()
    assert_same_state(batch, single)
    batch.close()
    single.close()


class OneByOne(Resident):
    """Chooses as everybody, but in plain Python, so it is called alone."""

    def choose_mode(self) -> None:
        super().choose_mode()


def assert_same_state(one: MobilityModel, other: MobilityModel) -> None:
    for name in ("residents", "households", "municipalities", "operators", "stations"):
        mine, yours = getattr(one, name).table.columns, getattr(other, name).table.columns
        assert {k: v.tobytes() for k, v in mine.items()} == {k: v.tobytes() for k, v in yours.items()}, name
    mine, yours = one.vehicles.snapshot(), other.vehicles.snapshot()
    assert {k: v.tobytes() for k, v in mine.items()} == {k: v.tobytes() for k, v in yours.items()}


def test_purchases_are_the_same_bits_one_by_one(model: MobilityModel) -> None:
    model._do(YEAR[:1])
    model.car_market = car_market(model)
    model.car_market.hazard[:] = 0.5
    model.households.do("replace_cars")
    together = model.car_market.choice.copy()
    model.car_market.choice[:] = -1
    for household in model.households:
        household.replace_cars()
    assert together.tobytes() == model.car_market.choice.tobytes()
    assert set(np.unique(together)) == {-1, *range(NO_CAR + 1)}


def test_ebikes_are_the_same_bits_one_by_one(world: World) -> None:
    batch, single = MobilityModel(world, 1), MobilityModel(world, 1)

    class Thinker(Resident):
        def consider_ebike(self) -> None:
            super().consider_ebike()

    single.residents.table.replace_classes(range(len(single.residents)), Thinker)
    for model in (batch, single):
        model.year = 2026
        model._do(YEAR[:1])
        year.buy_ebikes(model)
    assert batch.ebike_choice.tobytes() == single.ebike_choice.tobytes()
    assert batch.ebike_choice.any()
    assert_same_state(batch, single)
    batch.close()
    single.close()


# --- overrides --------------------------------------------------------------------------------------------------------


class Walker(Resident):
    """Never drives: walks, however far it is."""

    def choose_mode(self) -> None:
        self.use("walk")


def test_an_override_of_one_in_a_hundred_changes_those_rows_and_no_others(model: MobilityModel) -> None:
    plan = stand_at_choice(model)
    model.residents.do("choose_mode")
    before = plan.alternative.copy()
    rows = np.arange(0, len(model.residents), 100)
    model.residents.table.replace_classes(rows, Walker)
    assert len(model.residents.select(agent_type=Walker)) == len(rows)
    plan.alternative[:] = -1
    model.residents.do("choose_mode")
    theirs = np.isin(plan.column("resident_idx"), rows)
    assert (plan.alternative[theirs] == Alternative.WALK).all()
    assert (before[theirs] != Alternative.WALK).any()
    assert np.array_equal(plan.alternative[~theirs], before[~theirs])


def test_kilometres_by_bus_are_those_of_the_way_that_the_tour_takes(model: MobilityModel, world: World) -> None:
    """Back at the time when it goes home; where nothing runs then, the way of any time."""
    tours = with_transit_km(world.tours[1], world)
    late = with_transit_km(world.tours[1].assign(leave_min=np.int16(28 * 60)), world)
    assert np.array_equal(tours["bus_km"].isna(), late["bus_km"].isna()), "the hour takes nobody's way away"
    seen = 0
    for day_type, options in model.tour_options.of(())[0].items():
        plan = model.plans[day_type]
        km = tours["bus_km"].to_numpy()[plan.first_idx : plan.first_idx + plan.n_tours]
        bus = options.of_mode["bus"]
        there = bus["available"]
        assert np.array_equal(km[there], bus["km"][there])
        seen += int((~there & ~np.isnan(km)).sum())
    assert seen > 0


def setting_of(world: World, seed: int = 1) -> Setting:
    """What the indicators of a seed read."""
    tours = with_transit_km(world.tours[seed], world)
    return Setting(
        zones=zones_table(world.region),
        persons=persons_table(world.region, world.population),
        tours=tours,
        years=world.settings.years,
        simulated=world.settings.days_in,
        factors=factors_of(world.region),
        seasons=world.settings.seasons,
    )


def regional(tables: dict[str, pd.DataFrame], world: World, in_year: int) -> pd.Series:
    """Indicators of the region in a year by name and group."""
    table = indicators(tables, setting_of(world), "baseline", 1)
    table = table[(table["place"] == "region") & (table["year"] == in_year)]
    return table.set_index(["indicator", "group"])["value"]


def test_an_override_reaches_the_indicators_through_its_rows_alone(world: World) -> None:
    # One iteration: nobody has learnt anything yet.
    held = small.with_settings(world, day_iterations=1, first_iterations=0, years=(2024,), days_in=(2024,))
    model = MobilityModel(held, 1)
    before = small.run(model)
    rows = np.arange(0, len(model.residents), 100)
    model.residents.table.replace_classes(rows, Walker)
    after = small.run(model)
    tours = held.tours[1]["resident_idx"].to_numpy()
    merged = before["trips"].merge(
        after["trips"], on=["year", "season", "day_type", "tour_idx"], suffixes=("", "_after")
    )
    theirs = np.isin(tours[merged["tour_idx"]], rows)
    assert (merged["mode_after"][theirs] == Mode.WALK).all()
    # Children of those who walk now may lose the ride to school.
    home = model.residents.table.household_idx
    to_school = held.tours[1]["purpose"].to_numpy()[merged["tour_idx"]] == Purpose.SCHOOL
    kin = np.isin(home[tours[merged["tour_idx"]]], home[rows]) & to_school
    alone = ~theirs & ~kin
    assert merged["mode"][alone].equals(merged["mode_after"][alone])
    assert not merged["mode_after"][~theirs & kin].isin([Mode.CAR, Mode.EV]).any()
    old, new = regional(before, held, 2024), regional(after, held, 2024)
    assert new["mode_share", "walk"] > old["mode_share", "walk"]
    assert new["car_km_year", "all"] < old["car_km_year", "all"]
    lost = merged[theirs & merged["mode"].isin([Mode.CAR, Mode.EV])]
    km = 2.0 * held.tours[1]["road_km"].to_numpy(np.float64)[lost["tour_idx"]]
    days = np.array([model.days_of(model.season)[DayType(d)] for d in lost["day_type"]])
    assert old["car_km_year", "all"] - new["car_km_year", "all"] == pytest.approx((km * days).sum(), rel=1e-9)
    model.close()


def test_a_household_rule_can_be_overridden(world: World) -> None:
    class Keeper(Household):
        """Keeps its cars for ever."""

        def replace_cars(self) -> None:
            return

    model = MobilityModel(world, 1)
    model.households.table.replace_classes(range(0, len(model.households), 2), Keeper)
    bought = small.run(model)["purchases"]
    cars = bought[bought["kind"] == "car"]
    assert len(cars)
    assert (cars["household_idx"] % 2 == 1).all()
    model.close()


def test_new_rules_after_a_run_hold_from_the_first_year(world: World) -> None:
    """A state kept from the years before must not be that of the old rules."""
    used, fresh = MobilityModel(world, 1), MobilityModel(world, 1)
    small.run(used)
    for model in (used, fresh):
        model.residents.table.replace_classes(range(0, len(model.residents), 2), Walker)
    after, straight = small.run(used), small.run(fresh)
    for name, table in straight.items():
        assert table.equals(after[name]), name
    used.close()
    fresh.close()


def test_use_speaks_of_todays_tours(model: MobilityModel) -> None:
    plan = stand_at_choice(model)
    model.residents.do("choose_mode")
    row = next(i for i in range(len(model.residents)) if plan.tour_end[i] - plan.tour_start[i] == 2)
    agent = model.residents[row]
    agent.use("bus", 1)
    assert [tour["choice"] for tour in agent.tours][1] == "bus"
    agent.use(Alternative.TRAIN)
    assert [tour["choice"] for tour in agent.tours] == ["train", "train"]
    walker = next(a for a in model.residents if a.tours and a.tours[0]["vehicle"] < 0)
    with pytest.raises(ValueError, match=f"resident {walker.resident_id} has no car at hand for tour 0"):
        walker.use("driver", 0)
    with pytest.raises(KeyError):
        walker.use("hovercraft")


# --- as Mesa users expect ---------------------------------------------------------------------------------------------


def test_step_is_a_day_and_a_data_collector_follows(model: MobilityModel) -> None:
    collector = mesa.DataCollector(
        model_reporters={
            "drivers": lambda m: int((m.today.alternative == Alternative.DRIVER).sum()),
            "mean_age": lambda m: m.residents.agg("age", np.mean),
        },
        agenttype_reporters={Municipality: {"bev_share": "bev_share"}, Station: {"wait": "wait_min"}},
    )
    for _ in range(2):
        model.step()
        collector.collect(model)
    frame = collector.get_model_vars_dataframe()
    assert (frame["drivers"] > 0).all()
    assert frame["mean_age"].nunique() == 1
    assert len(collector.get_agenttype_vars_dataframe(Station)["wait"]) % len(model.stations) == 0
    assert len(collector.get_agenttype_vars_dataframe(Municipality)["bev_share"]) % 6 == 0


def test_a_data_collector_over_residents(model: MobilityModel) -> None:
    collector = mesa.DataCollector(agenttype_reporters={Resident: {"age": "age", "zone": "zone_idx"}})
    collector.collect(model)
    frame = collector.get_agenttype_vars_dataframe(Resident)
    assert frame["age"].tolist() == model.residents.get("age").tolist()
    assert frame["zone"].tolist() == model.residents.get("zone_idx").tolist()


def test_groups_of_residents_act_and_are_summed(model: MobilityModel) -> None:
    stand_at_choice(model)
    by_sex = model.residents.groupby("female")
    assert sum(by_sex.count().values()) == len(model.residents)
    by_sex.do("do", "choose_mode")
    grouped = model.today.alternative.copy()
    model.residents.do("choose_mode")
    assert grouped.tobytes() == model.today.alternative.tobytes()


def test_two_models_alive_do_not_touch_each_other(world: World) -> None:
    alone = small.fresh_run(world, seed=2)
    first, second = MobilityModel(world, 1), MobilityModel(world, 2)
    model_one = small.run(first, "half", small.HALF_FARES)
    tables = small.run(second)
    for name, table in alone.items():
        assert table.equals(tables[name]), name
    again = small.run(first, "half", small.HALF_FARES)
    for name, table in model_one.items():
        assert table.equals(again[name]), name
    first.close()
    second.close()


def test_models_built_and_dropped_leave_none_alive(world: World) -> None:
    short = small.with_settings(world, years=(2024,), days_in=(2024,), day_iterations=1)
    gone = []
    for _ in range(3):
        model = MobilityModel(short, 1)
        model.run()
        gone.append(weakref.ref(model))
        model.close()
        del model
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3


def test_a_started_model_has_only_the_stations_of_its_policy(world: World) -> None:
    model = MobilityModel(world, 1)
    own = len(world.region.chargers)
    model.start("more", small.measures(small.CHARGERS))
    assert len(model.stations) == own + 4
    assert len(model.agents_by_type[Station]) == own + 4
    model.start("baseline", ())
    assert len(model.stations) == len(model.agents_by_type[Station]) == own
    model.close()


# --- what the schedule says -------------------------------------------------------------------------------------------


def test_the_schedule_prints_every_step_in_its_order(model: MobilityModel) -> None:
    model.step()
    text = model.explain_schedule()
    places = [text.index(f". {step.name}:") for step in (*YEAR, *DAY, *NIGHT)]
    assert places == sorted(places)
    assert as_text() in text
    assert "choose modes: 0." in text or "choose modes: 1." in text
    assert "[MODE_NEST, MODE_ALTERNATIVE, LIFT, SHARED_EBIKE]" in text


def test_every_stream_stands_in_one_step_only() -> None:
    streams = [stream for step in (*DAY, *NIGHT, *YEAR) for stream in step.streams]
    assert len(streams) == len(set(streams))


def test_the_observer_sees_every_day_before_anybody_learns(world: World) -> None:
    model = MobilityModel(small.with_settings(world, years=(2024,), days_in=(2024,)), 1)
    seen = []
    model.observer = lambda m: seen.append((m.year, m.iteration, m.today.day_type))
    model.run()
    settings = model.world.settings
    times = settings.day_iterations + settings.first_iterations
    assert seen == [(2024, i, d) for i in range(times) for d in DayType]
    model.close()


def test_explain_tells_what_was_chosen(model: MobilityModel) -> None:
    model.step()
    plan = model.plans[DayType.WEEKEND]
    chosen = plan.alternative.copy()
    row = int(plan.column("resident_idx")[0])
    number = int(model.residents.table.resident_id[row])
    told = explain_today(model, number)
    assert told["resident_id"] == number
    assert len(told["tours"]) == plan.tour_end[row] - plan.tour_start[row]
    for tour, r in zip(told["tours"], range(plan.tour_start[row], plan.tour_end[row]), strict=True):
        assert tour["choice"] == Alternative(int(chosen[r])).name.lower()
        utility = {o["alternative"]: o["utility"] for o in tour["options"]}
        assert [o["available"] for o in tour["options"]] == [np.isfinite(v) for v in utility.values()]
        nest = {"walk": "active", "bike": "active", "ebike": "active", "bus": "transit", "train": "transit"}
        value = {b: n["inclusive_value"] + n["draw"] for b, n in tour["nests"].items()}
        assert nest.get(tour["choice"], "car") == max(value, key=value.get)
    assert np.array_equal(chosen, plan.alternative)


def test_an_unknown_resident_is_named(model: MobilityModel) -> None:
    with pytest.raises(InputError, match="there is no resident -5"):
        find_resident(model, -5)


def test_an_unknown_policy_names_the_nearest() -> None:
    class Asked:
        policies = (small.TestPolicy("half-fares", ()), small.TestPolicy("baseline", ()))

    assert measures_of(Asked(), "baseline") == ()
    with pytest.raises(InputError, match="no policy 'half-fare'") as found:
        measures_of(Asked(), "half-fare")
    assert "half-fares" in str(found.value.hint)


# --- years ------------------------------------------------------------------------------------------------------------


def test_a_year_makes_cars_older_and_replaces_some(model: MobilityModel) -> None:
    model.year = 2025
    model._do(YEAR[:1])
    before = model.vehicles.snapshot()
    year.buy_cars(model)
    after = model.vehicles
    choice, had = model.car_choice, before["powertrain"] != EMPTY
    bought, given_up = (choice >= 0) & (choice < NO_CAR), choice == NO_CAR
    assert 0.02 < bought.mean() < 0.3
    kept = had & (choice < 0)
    assert (after.age_years[kept] == before["age_years"][kept] + 1).all()
    assert (after.powertrain[kept] == before["powertrain"][kept]).all()
    assert (after.age_years[bought & (choice % 2 == 0)] == 0).all()
    assert (after.powertrain[bought] == choice[bought] // 2).all()
    assert had[given_up].all()
    assert not after.owned[given_up].any()
    assert after.owned.sum() == had.sum() - given_up.sum() + (bought & ~had).sum()
    assert np.array_equal(after.battery_kwh > 0, after.electric)
    assert (after.energy_kwh <= after.battery_kwh + 1e-9).all()
    purchases = model.book.of_year("purchases", 2025)
    assert len(purchases) == bought.sum()
    assert (purchases["grant_eur"] <= purchases["price_eur"]).all()


def test_only_adults_without_an_ebike_buy_one(model: MobilityModel) -> None:
    model.year = 2026
    model._do(YEAR[:1])
    had = model.residents.table.ebike.copy()
    year.buy_ebikes(model)
    bought = model.ebike_choice
    assert bought.any()
    assert not (bought & had).any()
    assert (model.residents.table.age[bought] >= 18).all()
    assert np.array_equal(model.residents.table.ebike, had | bought)


def test_a_busy_station_adds_a_point_and_a_closed_one_does_not(model: MobilityModel) -> None:
    stations = model.stations.table
    limit = model.parameters["expand_sessions"]
    stations.open[:] = True
    stations.open[2] = False
    stations.sessions_day[:3] = stations.points[:3] * limit * [1.01, 0.99, 5.0]
    before = stations.points.copy()
    model.stations.do("expand")
    assert (stations.points - before)[:3].tolist() == [1, 0, 0]
    assert stations.added_points[:3].tolist() == [1, 0, 0]


def test_books_of_operators_close(model: MobilityModel) -> None:
    tables = model.run()
    routes = tables["transit"][tables["transit"]["year"] == model.year]
    assert model.operators.agg("vehicle_km_year", sum) > 0
    days = routes["day_type"].map(model.days_of(model.season))
    assert model.operators.agg("boardings_year", sum) == pytest.approx((routes["boardings_day"] * days).sum())
    names = model.network_names
    train = model.operators[names.index("train")]
    assert np.isnan(train.cost_eur_year)
    bus = next(o for o, n in zip(model.operators, names, strict=True) if n != "train")
    assert bus.subsidy_eur_year == bus.cost_eur_year - bus.fare_revenue_eur_year


def test_what_is_written_into_columns_is_what_residents_choose_by(model: MobilityModel) -> None:
    """The columns are the only copy: without bicycles nobody cycles, without licences nobody drives."""
    residents = model.residents
    model.step()
    assert (model.today.alternative == Alternative.BIKE).any()
    residents.set("bike", False)
    residents.select(where=residents.table.female).set("licence", False)
    model.step()
    for plan in model.plans.values():
        assert not (plan.alternative == Alternative.BIKE).any()
        drivers = np.unique(plan.column("resident_idx")[plan.alternative == Alternative.DRIVER])
        assert len(drivers)
        assert not residents.table.female[drivers].any()


def test_who_becomes_rich_minds_money_less(model: MobilityModel) -> None:
    stand_at_choice(model)
    before = model.today.columns.cost_factor.copy()
    agent = model.residents[int(model.today.column("resident_idx")[0])]
    agent.income_ratio = 4.0 * max(agent.income_ratio, 0.25)
    day.use_day(model, DayType.WEEKDAY)
    theirs = np.zeros(len(before), bool)
    theirs[agent.tour_start : agent.tour_end] = True
    assert (model.today.columns.cost_factor[theirs] < before[theirs]).all()
    assert np.array_equal(model.today.columns.cost_factor[~theirs], before[~theirs])
