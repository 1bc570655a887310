"""Agents that are rows: columns are the only copy, sets behave as Mesa's do, rules run for one and for many."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import mesa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zemsim.model.mesa_versions import AgentSet, forget_model
from zemsim.model.rows import Column, RowAgent, RowSet, RowTable, batched

VALUES = {
    "age": [40, 20, 40, 7, 90, 20, 55],
    "wealth": [1.5, 0.25, 3.0, 0.0, 7.5, 2.25, 1.0],
    "licence": [True, True, False, False, True, False, True],
}


class Person(RowAgent):
    """A row with one rule that has both bodies."""

    age = Column(np.int16, "years", "age")
    wealth = Column(np.float32, "EUR", "money")
    licence = Column(np.bool_, "", "may drive", True)

    called: list[tuple[str, int]]

    @batched
    def earn(self, amount: float = 1.0) -> None:
        """Earn some money."""
        self.wealth += amount

    @earn.batch
    def earn(table: RowTable, rows: np.ndarray, amount: float = 1.0) -> None:  # noqa: N805, RUF100
        table.wealth[rows] += np.float32(amount)

    def double(self) -> float:
        """A plain rule with a result."""
        return 2.0 * self.wealth

    @property
    def decade(self) -> int:
        """An attribute that is no column."""
        return self.age // 10


class Miser(Person):
    """Overrides the rule in plain Python; it remembers whom it was called for."""

    def earn(self, amount: float = 1.0) -> None:
        self.model.called.append(self.row)
        self.wealth += 10.0 * amount


class Heir(Miser):
    """Inherits the plain rule."""


class Trader(Person):
    """Overrides the rule with a batch of its own."""

    @batched
    def earn(self, amount: float = 1.0) -> None:
        self.wealth *= 2.0

    @earn.batch
    def earn(table: RowTable, rows: np.ndarray, amount: float = 1.0) -> None:  # noqa: N805, RUF100
        table.wealth[rows] *= 2.0


class PlainPerson(mesa.Agent):
    """The same as an ordinary agent of Mesa: what its users expect."""

    def __init__(self, model: mesa.Model, row: int) -> None:
        super().__init__(model)
        self.row = row
        for name, values in VALUES.items():
            setattr(self, name, values[row])

    def double(self) -> float:
        return 2.0 * self.wealth

    @property
    def decade(self) -> int:
        return self.age // 10


class Town(mesa.Model):
    """A model of people who are rows."""

    def __init__(self, values: Any = None, classes: Any = None) -> None:
        super().__init__(rng=5)
        values = VALUES if values is None else values
        self.called: list[int] = []
        self.people = RowTable(self, Person, len(values["age"]), values, classes).all_rows()


@pytest.fixture
def people() -> RowSet:
    return Town().people


@pytest.fixture
def plain() -> Iterator[AgentSet]:
    model = mesa.Model(rng=5)
    agents = [PlainPerson(model, row) for row in range(len(VALUES["age"]))]  # Mesa's sets hold them weakly
    yield AgentSet(agents, random=model.random)
    assert len(model.agents) == len(agents)


def rows(agents: Any) -> list[int]:
    return [agent.row for agent in agents]


# --- columns ----------------------------------------------------------------------------------------------------------


def test_an_attribute_reads_and_writes_the_column(people: RowSet) -> None:
    agent = people.to_list()[2]
    assert (agent.age, agent.wealth, agent.licence) == (40, 3.0, False)
    assert [type(x) for x in (agent.age, agent.wealth, agent.licence)] == [int, float, bool]
    agent.wealth = 8.5
    assert people.table.wealth[2] == 8.5
    people.table.age[2] = 41
    assert agent.age == 41


def test_columns_have_the_dtype_and_default_of_their_definition() -> None:
    table = RowTable(mesa.Model(rng=1), Person, 3, {"age": [1, 2, 3]})
    assert {n: c.dtype for n, c in table.columns.items()} == {
        "age": np.dtype(np.int16),
        "wealth": np.dtype(np.float32),
        "licence": np.dtype(np.bool_),
    }
    assert table.licence.all()
    assert not table.wealth.any()
    assert Person.age.unit == "years"


def test_initial_values_are_copied() -> None:
    ages = np.array([1, 2], np.int16)
    table = RowTable(mesa.Model(rng=1), Person, 2, {"age": ages})
    table.age[0] = 9
    assert ages.tolist() == [1, 2]


def test_bad_tables_are_refused() -> None:
    model = mesa.Model(rng=1)
    with pytest.raises(TypeError, match="no columns \\['shoe_size'\\]"):
        RowTable(model, Person, 1, {"shoe_size": [44]})
    with pytest.raises(ValueError, match="1 classes for 2 rows"):
        RowTable(model, Person, 2, classes=[Person])
    with pytest.raises(AttributeError, match="Person has no column 'shoe_size'"):
        _ = RowTable(model, Person, 1).shoe_size


def test_snapshot_and_restore_go_back_in_place(people: RowSet) -> None:
    column = people.table.wealth
    before = people.table.snapshot()
    people.set("wealth", 0.0)
    people.table.restore(before)
    assert people.table.wealth is column
    assert column.tolist() == VALUES["wealth"]


# --- the set against Mesa's own ---------------------------------------------------------------------------------------

SELECTIONS = {
    "everybody": {},
    "a function": {"filter_func": lambda a: a.age > 30},
    "the first two": {"at_most": 2},
    "none": {"at_most": 0},
    "a share": {"at_most": 0.5},
    "all as a share": {"at_most": 1.0},
    "a share is of the whole set": {"filter_func": lambda a: a.age > 30, "at_most": 0.5},
    "a function and a number": {"filter_func": lambda a: a.licence, "at_most": 2},
    "more than there are": {"at_most": 99},
}


@pytest.mark.parametrize("how", SELECTIONS)
def test_select_is_that_of_mesa(people: RowSet, plain: AgentSet, how: str) -> None:
    assert rows(people.select(**SELECTIONS[how])) == rows(plain.select(**SELECTIONS[how]))


def test_select_in_place_changes_the_set_itself(people: RowSet) -> None:
    assert people.select(lambda a: a.licence, inplace=True) is people
    assert rows(people) == [0, 1, 4, 6]


def test_select_by_mask_is_select_by_function(people: RowSet) -> None:
    mask = people.table.age > 30
    assert rows(people.select(where=mask)) == rows(people.select(lambda a: a.age > 30))
    young = people.select(where=~mask)
    assert rows(young.select(where=people.table.licence)) == [1]


def test_select_by_type_takes_subclasses_too(people: RowSet) -> None:
    people.table.replace_classes([1, 4], Miser)
    people.table.replace_classes([5], Heir)
    assert rows(people.select(agent_type=Miser)) == [1, 4, 5]
    assert rows(people.select(agent_type=Heir)) == [5]
    assert len(people.select(agent_type=Person)) == len(people)
    assert len(people.select(agent_type=PlainPerson)) == 0


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("key", ["age", "wealth", "decade", "row", lambda a: a.age % 3])
def test_sort_is_that_of_mesa_equal_keys_in_their_order(
    people: RowSet, plain: AgentSet, key: Any, ascending: bool
) -> None:
    assert rows(people.sort(key, ascending)) == rows(plain.sort(key, ascending))


def test_sort_in_place(people: RowSet) -> None:
    assert people.sort("age", ascending=True, inplace=True) is people
    assert people.get("age").tolist() == sorted(VALUES["age"])


@pytest.mark.parametrize("attribute", ["age", "wealth", "licence", "decade", ["age", "wealth"], ["age", "decade"]])
def test_get_gives_the_values_of_mesa(people: RowSet, plain: AgentSet, attribute: Any) -> None:
    found = people.get(attribute)
    assert (found.tolist() if isinstance(found, np.ndarray) else found) == plain.get(attribute)


def test_get_of_a_missing_attribute(people: RowSet) -> None:
    with pytest.raises(AttributeError):
        people.get("shoe_size")
    assert people.get("shoe_size", handle_missing="default", default_value=44) == [44] * len(people)


def test_sums_do_not_overflow_a_narrow_column() -> None:
    town = Town({"age": np.full(2000, 100)})
    assert town.people.agg("age", sum) == 200_000
    assert sum(town.people.get("age")) == 200_000


@pytest.mark.parametrize("func", [sum, min, max, np.mean, [min, max, len]])
@pytest.mark.parametrize("attribute", ["age", "wealth", "licence", "decade"])
def test_agg_is_that_of_mesa(people: RowSet, plain: AgentSet, attribute: str, func: Any) -> None:
    assert people.agg(attribute, func) == plain.agg(attribute, func)


@pytest.mark.parametrize("value", [3, np.arange(7)])
def test_set_writes_the_column(people: RowSet, value: Any) -> None:
    assert people.set("age", value) is people
    assert people.table.age.tolist() == np.broadcast_to(value, 7).tolist()


def test_set_of_a_subset_leaves_the_others(people: RowSet) -> None:
    people.select(lambda a: a.licence).set("wealth", 0.0)
    assert people.table.wealth.tolist() == [0.0, 0.0, 3.0, 0.0, 0.0, 2.25, 0.0]


def test_set_of_what_is_no_column_goes_to_each_agent(people: RowSet) -> None:
    people.set("note", "x")
    assert people.get("note") == ["x"] * 7


@pytest.mark.parametrize("by", ["age", "licence", "decade", lambda a: a.wealth > 1])
def test_groupby_has_the_groups_of_mesa(people: RowSet, plain: AgentSet, by: Any) -> None:
    ours, theirs = people.groupby(by), plain.groupby(by)
    assert {key: rows(group) for key, group in ours} == {key: rows(group) for key, group in theirs}
    assert ours.count() == theirs.count()
    assert ours.agg("wealth", sum) == theirs.agg("wealth", sum)
    assert all(isinstance(group, RowSet) for _, group in ours)
    lists = people.groupby(by, result_type="list")
    assert {key: rows(group) for key, group in lists} == {key: rows(group) for key, group in theirs}


def test_map_is_that_of_mesa(people: RowSet, plain: AgentSet) -> None:
    assert people.map("double") == plain.map("double")
    assert people.map(lambda a, by: a.age * by, 3) == plain.map(lambda a, by: a.age * by, 3)
    assert people.map("earn") == [None] * 7


def test_length_membership_iteration_and_indexing(people: RowSet) -> None:
    agents = people.to_list()
    assert len(people) == len(agents) == 7
    assert list(people) == agents
    assert rows(people) == list(range(7))
    assert people[3] is agents[3]
    assert people[-1] is agents[6]
    assert people[1:3] == agents[1:3]
    assert rows(reversed(people)) == list(range(6, -1, -1))
    young = people.select(lambda a: a.age < 30)
    assert agents[1] in young
    assert agents[0] not in young
    assert "somebody" not in people
    assert Town().people[1] not in young


def test_sets_are_combined(people: RowSet) -> None:
    young, drivers = people.select(lambda a: a.age < 30), people.select(lambda a: a.licence)
    assert rows(young & drivers) == [1]
    assert rows(young - drivers) == [3, 5]
    assert sorted(rows(young | drivers)) == [0, 1, 3, 4, 5, 6]
    assert young | drivers == drivers | young
    assert young != drivers
    with pytest.raises(TypeError, match="same Person"):
        _ = young & Town().people


def test_a_copy_of_a_set_is_another_set_of_the_same_agents(people: RowSet) -> None:
    twin = copy.copy(people)
    twin.select(lambda a: a.age > 50, inplace=True)
    assert len(people) == 7
    assert twin[0] is people[4]


def test_shuffle_is_a_permutation_that_the_model_seed_fixes() -> None:
    first, again = Town().people, Town().people
    order = rows(first.shuffle())
    assert sorted(order) == list(range(7))
    assert order == rows(again.shuffle())
    assert rows(first) == list(range(7))
    first.shuffle(inplace=True)
    assert sorted(rows(first)) == list(range(7))


def test_shuffle_do_calls_everybody_once() -> None:
    town = Town(classes=[Miser] * 7)
    town.people.shuffle_do("earn", 1.0)
    assert sorted(town.called) == list(range(7))
    assert town.called != list(range(7))


def test_rows_are_never_added_or_removed(people: RowSet) -> None:
    agent = people[0]
    for change in (people.add, people.remove, people.discard):
        with pytest.raises(TypeError, match="fixed"):
            change(agent)
    with pytest.raises(TypeError, match="cannot be removed"):
        agent.remove()
    assert agent in agent.model.agents


# --- rules ------------------------------------------------------------------------------------------------------------


def test_a_rule_gives_the_same_bits_for_one_and_for_many() -> None:
    one, many = Town().people, Town().people
    for agent in one:
        agent.earn(0.1)
    many.do("earn", 0.1)
    assert one.table.wealth.tobytes() == many.table.wealth.tobytes()


def test_do_returns_the_set_and_takes_functions(people: RowSet) -> None:
    seen: list[int] = []
    assert people.do(lambda a, more: seen.append(a.age + more), 1) is people
    assert seen == [age + 1 for age in VALUES["age"]]


def test_do_reaches_only_the_rows_of_the_set(people: RowSet) -> None:
    people.select(lambda a: a.age == 40).do("earn", amount=1.0)
    assert people.table.wealth.tolist() == [2.5, 0.25, 4.0, 0.0, 7.5, 2.25, 1.0]


def test_a_plain_override_is_called_once_for_each_of_its_rows_and_for_no_other(people: RowSet) -> None:
    people.table.replace_classes([1, 4], Miser)
    people.table.replace_classes([5], Heir)
    people.do("earn", 1.0)
    assert people.table.model.called == [1, 4, 5]
    gained = people.table.wealth - np.array(VALUES["wealth"], np.float32)
    assert gained.tolist() == [1.0, 10.0, 1.0, 1.0, 10.0, 10.0, 1.0]


def test_a_subclass_may_bring_a_batch_of_its_own(people: RowSet) -> None:
    people.table.replace_classes([0, 2], Trader)
    people.table.replace_classes([3], Miser)
    people.do("earn", 1.0)
    assert people.table.wealth.tolist() == [3.0, 1.25, 6.0, 10.0, 8.5, 3.25, 2.0]
    assert people.table.model.called == [3]


@given(st.lists(st.sampled_from([Person, Miser, Heir, Trader]), min_size=7, max_size=7), st.permutations(range(7)))
def test_any_mix_of_classes_in_any_order_is_one_by_one(classes: list[type[Person]], order: list[int]) -> None:
    together, single = Town(classes=classes), Town(classes=classes)
    RowSet(together.people.table, np.array(order, np.int32)).do("earn", 0.3)
    for agent in single.people:
        agent.earn(0.3)
    assert together.people.table.wealth.tobytes() == single.people.table.wealth.tobytes()
    assert sorted(together.called) == single.called == [i for i, k in enumerate(classes) if issubclass(k, Miser)]
    forget_model(together)
    forget_model(single)


def test_a_rule_marked_batched_without_a_batch_is_an_error() -> None:
    with pytest.raises((TypeError, RuntimeError)) as found:  # Python 3.11 wraps what __set_name__ raises

        class Half(RowAgent):
            @batched
            def think(self) -> None:
                """Has one body."""

    error = found.value.__cause__ or found.value
    assert "Half.think is marked @batched but has no body for many rows" in str(error)


def test_a_new_class_must_be_a_subclass_with_the_same_columns(people: RowSet) -> None:
    class Rich(Person):
        yachts = Column(np.int8, "", "boats")

    with pytest.raises(TypeError, match="PlainPerson is not a subclass of Person"):
        people.table.replace_classes([0], PlainPerson)
    with pytest.raises(TypeError, match="adds columns \\['yachts'\\]"):
        people.table.replace_classes([0], Rich)
    assert type(people[0]) is Person


# --- the model that the agents live in --------------------------------------------------------------------------------


def test_agents_are_registered_by_type_also_after_a_change_of_class() -> None:
    town = Town()
    numbers = [agent.unique_id for agent in town.people]
    assert len(town.agents) == 7
    assert set(town.agents_by_type[Person]) == set(town.people)
    town.people.table.replace_classes([2, 3], Miser)
    town.people.table.replace_classes([3], Heir)
    assert {kind: sorted(rows(agents)) for kind, agents in town.agents_by_type.items()} == {
        Person: [0, 1, 4, 5, 6],
        Miser: [2],
        Heir: [3],
    }
    assert len(town.agents) == 7
    assert [agent.unique_id for agent in town.people] == numbers


def test_a_data_collector_reads_columns_and_sets() -> None:
    town = Town()
    collector = mesa.DataCollector(
        model_reporters={"mean_wealth": lambda m: m.people.agg("wealth", np.mean)},
        agent_reporters={"age": "age"},
        agenttype_reporters={Person: {"wealth": "wealth"}},
    )
    collector.collect(town)
    assert collector.get_model_vars_dataframe()["mean_wealth"].tolist() == [np.mean(VALUES["wealth"])]
    assert collector.get_agent_vars_dataframe()["age"].tolist() == VALUES["age"]
    assert collector.get_agenttype_vars_dataframe(Person)["wealth"].tolist() == VALUES["wealth"]


def test_two_models_alive_do_not_touch_each_other() -> None:
    first = Town()
    agent = first.people[0]
    second = Town({"age": [1] * 7, "wealth": [0.0] * 7})
    second.people.do("earn", 5.0)
    agent.age = 77
    assert second.people.get("age").tolist() == [1] * 7
    assert first.people.table.wealth.tolist() == VALUES["wealth"]
    assert agent not in second.people


def test_towns_built_and_dropped_leave_none_alive() -> None:
    towns = []
    for _ in range(5):
        town = Town()
        town.people.do("earn")
        towns.append(weakref.ref(town))
        forget_model(town)
        del town
    gc.collect()
    assert [ref() for ref in towns] == [None] * 5
