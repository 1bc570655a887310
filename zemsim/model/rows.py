"""Mesa agents that are rows of NumPy columns, with rules that run for one agent or for many.

A `Column` on an agent class names one attribute: its dtype, unit, default and meaning. A `RowTable` holds the columns,
the only copy of the data, and one Mesa agent per row. A `RowSet` is a Mesa ``AgentSet`` over rows of one table. A rule
marked `batched` has two bodies that run the same compiled code, one for the agent and one for many rows; a subclass
that overrides the rule in plain Python is called one by one while all others stay batched.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

import mesa
import numpy as np
import numpy.typing as npt

from zemsim.model.mesa_versions import AgentSet, GroupBy, change_type

Rows = npt.NDArray[np.int32]


class Column:
    """An attribute of an agent that lives in the table of its kind.

    Parameters
    ----------
    dtype : numpy dtype of the column.
    unit : unit in words, "" for a number without one.
    meaning : one line for the reader of a table.
    default : value of rows for which none is given.
    """

    __slots__ = ("default", "dtype", "meaning", "name", "unit")

    def __init__(self, dtype: npt.DTypeLike, unit: str, meaning: str, default: float | int | bool = 0) -> None:
        self.dtype, self.unit, self.meaning, self.default = np.dtype(dtype), unit, meaning, default
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, agent: RowAgent | None, owner: type | None = None) -> Any:
        return self if agent is None else agent.table.columns[self.name][agent.row].item()

    def __set__(self, agent: RowAgent, value: float | int | bool) -> None:
        agent.table.columns[self.name][agent.row] = value


class batched:  # noqa: N801 - used as a decorator
    """A rule with a second body for many rows.

    ``@batched def rule(self)`` is the body for one agent; ``@rule.batch def rule_rows(table, rows)`` the one for many.
    """

    def __init__(self, one: Callable[..., Any]) -> None:
        self.one, self.__doc__ = one, one.__doc__
        self.many: Callable[..., Any] | None = None

    def batch(self, many: Callable[..., Any]) -> batched:
        self.many = many
        return self

    def __set_name__(self, owner: type, name: str) -> None:
        if self.many is None:
            raise TypeError(f"{owner.__name__}.{name} is marked @batched but has no body for many rows")

    def __get__(self, agent: RowAgent | None, owner: type | None = None) -> Any:
        return self if agent is None else self.one.__get__(agent, owner)


class RowAgent(mesa.Agent):  # type: ignore[misc]
    """A Mesa agent whose attributes are a row of its table. It lives as long as its table: rows are never removed."""

    def __init__(self, model: mesa.Model, table: RowTable, row: int) -> None:
        super().__init__(model)
        self.table, self.row = table, row

    @classmethod
    def column_definitions(cls) -> dict[str, Column]:
        """Columns of the class and its bases, in order of definition."""
        return {n: c for k in reversed(cls.__mro__) for n, c in vars(k).items() if isinstance(c, Column)}

    def remove(self) -> None:
        """Refuse: a row that vanishes would leave the columns and the agents at odds."""
        raise TypeError(f"{type(self).__name__} is a row of a table and cannot be removed from the model")


class RowTable:
    """Columns plus one Mesa agent per row.

    Parameters
    ----------
    model : the model that the agents belong to.
    kind : agent class that names the columns.
    n_rows : number of rows.
    classes : class of each row, a subclass of `kind`; all rows are `kind` if left out.
    values : initial values of columns, copied; a name that is no column is an error.
    """

    def __init__(
        self,
        model: mesa.Model,
        kind: type[RowAgent],
        n_rows: int,
        values: Mapping[str, npt.ArrayLike] | None = None,
        classes: Sequence[type[RowAgent]] | None = None,
    ) -> None:
        definitions = kind.column_definitions()
        unknown = sorted(set(values or {}) - set(definitions))
        if unknown:
            raise TypeError(f"{kind.__name__} has no columns {unknown}; it has {sorted(definitions)}")
        if classes is not None and len(classes) != n_rows:
            raise ValueError(f"{len(classes)} classes for {n_rows} rows of {kind.__name__}")
        self.model, self.kind, self.n_rows = model, kind, n_rows
        self.columns: dict[str, npt.NDArray[Any]] = {}
        for name, column in definitions.items():
            self.columns[name] = np.full(n_rows, column.default, column.dtype)
            if values and name in values:
                self.columns[name][...] = values[name]
        self.agents = self._make_agents(classes)
        self.class_changes = 0
        self._index_classes()

    def _make_agents(self, classes: Sequence[type[RowAgent]] | None) -> list[RowAgent]:
        was_on = gc.isenabled()
        gc.disable()  # nothing made here is garbage, and the collector would look at all of it again and again
        try:
            if classes is None:
                return [self.kind(self.model, self, row) for row in range(self.n_rows)]
            return [kind(self.model, self, row) for row, kind in enumerate(classes)]
        finally:
            if was_on:
                gc.enable()

    def _index_classes(self) -> None:
        self._kinds = list(dict.fromkeys(map(type, self.agents)))
        position = {kind: i for i, kind in enumerate(self._kinds)}
        self._kind_of_row = np.fromiter((position[type(a)] for a in self.agents), np.int32, self.n_rows)
        self._bodies: dict[str, dict[Callable[..., Any] | None, list[int]]] = {}

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        columns = self.__dict__.get("columns", {})
        if name in columns:
            return columns[name]  # type: ignore[no-any-return]
        raise AttributeError(f"{self.__dict__.get('kind', RowAgent).__name__} has no column {name!r}")

    def replace_classes(self, rows: Iterable[int], kind: type[RowAgent]) -> None:
        """Make the agents of some rows instances of `kind`, a subclass of the table's class; the data stay."""
        if not issubclass(kind, self.kind):
            raise TypeError(f"{kind.__name__} is not a subclass of {self.kind.__name__}")
        new_columns = sorted(set(kind.column_definitions()) - set(self.columns))
        if new_columns:
            raise TypeError(f"{kind.__name__} adds columns {new_columns}; give the class when the table is built")
        for row in rows:
            change_type(self.agents[row], kind)
        self.class_changes += 1
        self._index_classes()

    def bodies(self, rule: str) -> dict[Callable[..., Any] | None, list[int]]:
        """Which classes (by position) share one body for many rows; ``None`` for those with a plain Python method."""
        if rule not in self._bodies:
            found: dict[Callable[..., Any] | None, list[int]] = {}
            for i, kind in enumerate(self._kinds):
                member = next((vars(k)[rule] for k in kind.__mro__ if rule in vars(k)), None)
                found.setdefault(member.many if isinstance(member, batched) else None, []).append(i)
            self._bodies[rule] = found
        return self._bodies[rule]

    def all_rows(self) -> RowSet:
        return RowSet(self, np.arange(self.n_rows, dtype=np.int32))

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """A copy of every column."""
        return {name: values.copy() for name, values in self.columns.items()}

    def restore(self, snapshot: Mapping[str, npt.NDArray[Any]]) -> None:
        """Write the values of a snapshot back into the columns, in place."""
        for name, values in snapshot.items():
            self.columns[name][...] = values


class RowSet(AgentSet):  # type: ignore[misc]
    """A Mesa ``AgentSet`` over rows of one table: columns are read and written whole, rules run batched."""

    def __init__(self, table: RowTable, rows: Rows) -> None:
        self.table, self.rows, self.random = table, rows, table.model.random

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[RowAgent]:
        agents = self.table.agents
        return (agents[row] for row in self.rows.tolist())

    def __contains__(self, agent: object) -> bool:
        return isinstance(agent, RowAgent) and agent.table is self.table and bool((self.rows == agent.row).any())

    def __getitem__(self, item: int | slice) -> Any:
        picked = self.rows[item]
        if isinstance(item, slice):
            return [self.table.agents[row] for row in picked.tolist()]
        return self.table.agents[int(picked)]

    @property
    def _agents(self) -> list[RowAgent]:
        """What the inherited methods of Mesa's set go through."""
        return self.to_list()

    def to_list(self) -> list[RowAgent]:
        return list(self)

    def add(self, agent: RowAgent) -> None:
        raise TypeError("the rows of a table are fixed; build the table with all its rows")

    discard = remove = add

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> RowSet:
        """Run a rule for every row: batched where its class has a batched body, else one by one in row order."""
        if callable(method):
            for agent in self:
                method(agent, *args, **kwargs)
            return self
        bodies = self.table.bodies(method)
        kinds = self.table._kind_of_row[self.rows] if len(bodies) > 1 else None
        for body, positions in bodies.items():
            rows = self.rows if kinds is None else self.rows[np.isin(kinds, positions)]
            if body is not None:
                body(self.table, rows, *args, **kwargs)
            else:
                for row in rows.tolist():
                    getattr(self.table.agents[row], method)(*args, **kwargs)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Results of a method or function, agent by agent."""
        if callable(method):
            return [method(agent, *args, **kwargs) for agent in self]
        return [getattr(agent, method)(*args, **kwargs) for agent in self]

    def shuffle(self, inplace: bool = False) -> RowSet:
        order = np.random.default_rng(self.random.getrandbits(63)).permutation(len(self.rows))
        return self._pick(self.rows[order], inplace)

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> RowSet:
        self.shuffle().do(method, *args, **kwargs)
        return self

    def sort(self, key: str | Callable[[RowAgent], Any], ascending: bool = False, inplace: bool = False) -> RowSet:
        """Order by an attribute or a function; equal keys keep their order."""
        if isinstance(key, str) and key in self.table.columns:
            values = self.table.columns[key][self.rows]
        else:
            of = attrgetter(key) if isinstance(key, str) else key
            values = np.array([of(agent) for agent in self])
        order = np.argsort(values, kind="stable")
        if not ascending:
            order = (len(order) - 1 - np.argsort(values[::-1], kind="stable"))[::-1]
        return self._pick(self.rows[order], inplace)

    def select(
        self,
        filter_func: Callable[[RowAgent], bool] | None = None,
        at_most: int | float = float("inf"),
        inplace: bool = False,
        agent_type: type[mesa.Agent] | None = None,
        where: npt.NDArray[np.bool_] | None = None,
    ) -> RowSet:
        """Rows that pass; `where` is a mask over all rows of the table, quick; `filter_func` asks each agent.

        `at_most` is a number of agents, or a share (float of 0 to 1) of this set before it is filtered, as in Mesa.
        """
        rows = self.rows
        if agent_type is not None:
            fitting = [i for i, kind in enumerate(self.table._kinds) if issubclass(kind, agent_type)]
            rows = rows[np.isin(self.table._kind_of_row[rows], fitting)]
        if where is not None:
            rows = rows[np.asarray(where)[rows]]
        if filter_func is not None:
            agents = self.table.agents
            rows = np.array([row for row in rows.tolist() if filter_func(agents[row])], np.int32)
        if at_most != float("inf"):
            rows = rows[: int(len(self) * at_most) if isinstance(at_most, float) and at_most <= 1.0 else int(at_most)]
        return self._pick(rows, inplace)

    def _pick(self, rows: Rows, inplace: bool) -> RowSet:
        if inplace:
            self.rows = rows
            return self
        return RowSet(self.table, rows)

    def get(self, attr_names: str | list[str], **kwargs: Any) -> Any:
        """Values of one attribute (array if it is a column, else list), or rows of several as Mesa gives them.

        Numbers are widened to 64 bits, so that ``sum`` of them does not overflow.
        """
        if isinstance(attr_names, str):
            if attr_names in self.table.columns:
                return _wide(self.table.columns[attr_names][self.rows])
            return super().get(attr_names, **kwargs)
        if all(name in self.table.columns for name in attr_names):
            return [list(row) for row in zip(*(self.get(n).tolist() for n in attr_names), strict=True)]
        return super().get(attr_names, **kwargs)

    def set(self, attr_name: str, value: Any) -> RowSet:
        if attr_name in self.table.columns:
            self.table.columns[attr_name][self.rows] = value
        else:
            for agent in self:
                setattr(agent, attr_name, value)
        return self

    def agg(self, attribute: str, func: Any) -> Any:
        values = self.get(attribute)
        return func(values) if callable(func) else [f(values) for f in func]

    def groupby(self, by: str | Callable[[RowAgent], Any], result_type: str = "agentset") -> Any:
        """Mesa's ``GroupBy`` of row sets; by a column the groups are found without asking any agent."""
        if result_type != "agentset":
            return super().groupby(by, result_type=result_type)
        if not callable(by) and by in self.table.columns:
            values = self.table.columns[by][self.rows]
            return GroupBy({key: RowSet(self.table, self.rows[values == key]) for key in np.unique(values).tolist()})
        of = by if callable(by) else attrgetter(by)
        rows: dict[Any, list[int]] = {}
        for agent in self:
            rows.setdefault(of(agent), []).append(agent.row)
        return GroupBy({key: RowSet(self.table, np.array(group, np.int32)) for key, group in rows.items()})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RowSet):
            return NotImplemented
        return self.table is other.table and np.array_equal(np.sort(self.rows), np.sort(other.rows))

    __hash__ = None  # type: ignore[assignment]

    def __and__(self, other: Any) -> RowSet:
        return RowSet(self.table, self.rows[np.isin(self.rows, self._same(other).rows)])

    def __sub__(self, other: Any) -> RowSet:
        return RowSet(self.table, self.rows[~np.isin(self.rows, self._same(other).rows)])

    def __or__(self, other: Any) -> RowSet:
        more = self._same(other).rows
        return RowSet(self.table, np.concatenate([self.rows, more[~np.isin(more, self.rows)]]))

    def _same(self, other: Any) -> RowSet:
        if not isinstance(other, RowSet) or other.table is not self.table:
            raise TypeError(f"only sets of the same {self.table.kind.__name__} agents can be combined")
        return other

    def __getstate__(self) -> dict[str, Any]:
        return {"table": self.table, "rows": self.rows.copy(), "random": self.random}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def _wide(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    wide = {"i": np.int64, "u": np.uint64, "f": np.float64}.get(values.dtype.kind)
    return values if wide is None else values.astype(wide)
