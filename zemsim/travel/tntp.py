"""Networks and trip tables in the TNTP text format of the "Transportation Networks for Research" collection.

Format: https://github.com/bstabler/TransportationNetworks. Lines ``<KEY> value`` up to ``<END OF METADATA>``, comments
that begin with ``~``, and then one link per line, or ``Origin n`` followed by ``destination : flow;``. The reader is
strict: what it does not understand is an error that names file and line, and nothing is skipped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zemsim.core.errors import InputError, clean, did_you_mean, raise_all
from zemsim.region.habits import file_habit
from zemsim.travel.link_network import LinkNetwork, VehicleClass
from zemsim.travel.volume_delay import VolumeDelay

Float = NDArray[np.float64]
Ints = NDArray[np.int32]

#: Columns of a network file; a file may leave off the last ones.
COLUMNS = ("init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power", "speed", "toll", "link_type")
_NEEDED = 7
_END = "END OF METADATA"

#: Relative difference to the stated total of a trip table that rounding explains.
_TOTAL_TOLERANCE = 1e-4
#: More than any road network of the world has; memory is taken by these numbers before a line is read.
_MOST_NODES = 50_000_000
_MOST_BYTES = 2_000_000_000
_UNPACK = "unpack it first and give the TNTP text file"
#: Faults that are listed before reading ends.
_MOST_FAULTS = 20

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_IS_NUMBER = re.compile(_NUMBER)
_IS_WHOLE = re.compile(r"[0-9]{1,18}")
_METADATA = re.compile(r"<([^>]*)>(.*)")
_ORIGIN = re.compile(r"origin\s+([0-9]{1,18})", re.IGNORECASE)
_ITEM = re.compile(rf"\s*([0-9]{{1,18}})\s*:\s*({_NUMBER})\s*(?:;|$)")


@dataclass(frozen=True, eq=False)
class TntpNetwork:
    """A network file, links in the order of the file, in the units of the file.

    Attributes
    ----------
    path : Path
    n_zones, n_nodes : int
        Zones are the first nodes.
    first_thru_node : int
        From 1; paths may begin and end at nodes below it, but not pass them.
    init_node, term_node : int32 [L]
        From 1, as in the file.
    capacity, length, free_flow_time, b, power : float64 [L]
    toll : float64 [L] or None
        None if the file has no such column.
    toll_factor, distance_factor : float or None
        Time per unit of toll and of length that the file states.
    """

    path: Path
    n_zones: int
    n_nodes: int
    first_thru_node: int
    init_node: Ints
    term_node: Ints
    capacity: Float
    length: Float
    free_flow_time: Float
    b: Float
    power: Float
    toll: Float | None
    toll_factor: float | None
    distance_factor: float | None

    def link_network(self) -> LinkNetwork:
        """The network for `zemsim.travel.assignment.solve`; nodes from 0."""
        no_through = np.zeros(self.n_nodes, np.bool_)
        no_through[: self.first_thru_node - 1] = True
        delay = VolumeDelay(self.free_flow_time, self.b, self.power, self.capacity)
        names = np.arange(1, self.n_nodes + 1)
        return LinkNetwork(self.n_nodes, self.init_node - 1, self.term_node - 1, delay, no_through, names)

    def fixed(self, toll_weight: float, distance_weight: float) -> Float:
        """Cost of each link beside its time, ``toll_weight * toll + distance_weight * length``, float64 [L].

        Raises
        ------
        InputError
            If tolls are asked for and the file has none, or a cost would be negative.
        """
        fixed = distance_weight * self.length
        if toll_weight:
            if self.toll is None:
                raise InputError("the file has no column of tolls", self.path, hint="leave out the weight of tolls")
            fixed = fixed + toll_weight * self.toll
        if not (fixed >= 0).all():
            raise InputError("tolls and lengths would make the cost of a link negative", self.path)
        return fixed


@dataclass(frozen=True, eq=False)
class TntpTrips:
    """A trip table file.

    Attributes
    ----------
    path : Path
    n_zones : int
    origin, dest : int32 [K]
        Nodes from 0, ascending by origin and then destination; pairs without flow are left out.
    flow : float64 [K]
    """

    path: Path
    n_zones: int
    origin: Ints
    dest: Ints
    flow: Float

    def vehicles(self, network: TntpNetwork, fixed: Float | None = None) -> VehicleClass:
        """The trips as a class of vehicles on a network.

        Raises
        ------
        InputError
            If the files have different numbers of zones.
        """
        if self.n_zones != network.n_zones:
            raise InputError(
                f"there are {self.n_zones} zones here and {network.n_zones} in {network.path.name}",
                self.path,
                hint="the files do not belong together",
            )
        return VehicleClass(self.origin, self.dest, self.flow, fixed)


class _Text:
    """Lines of a file, its metadata, and the faults found so far."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.faults: list[InputError] = []
        self.lines = _read(self.path).split("\n")
        self.metadata: dict[str, tuple[int, str]] = {}
        self.body = self._read_metadata()

    def fault(self, message: str, line: int | None = None, hint: str | None = None) -> None:
        """Note a fault; after many, raise them."""
        self.faults.append(InputError(message, self.path, line, hint))
        if len(self.faults) >= _MOST_FAULTS:
            raise_all(self.faults)

    def _read_metadata(self) -> int:
        """Read the lines up to the end of the metadata; return the index of the line after it."""
        for number, line in enumerate(self.lines, 1):
            text = line.strip()
            if not text or text.startswith("~"):
                continue
            found = _METADATA.fullmatch(text)
            if found is None:
                raise InputError(f"expected <KEY> value or <{_END}>", self.path, number, "is this a TNTP file?")
            key = found[1].strip().upper()
            if key == _END:
                return number
            if key in self.metadata:
                raise InputError(f"<{clean(key, 80)}> stands here a second time", self.path, number)
            self.metadata[key] = (number, found[2].strip())
        raise InputError(f"there is no line <{_END}>", self.path, hint="is this a TNTP file?")

    def data(self) -> Iterator[tuple[int, str]]:
        """Number and text of the lines after the metadata, without blank lines; comments are among them."""
        for number, line in enumerate(self.lines[self.body :], self.body + 1):
            text = line.strip()
            if text:
                yield number, text

    def has_trips(self) -> bool:
        """Whether this is marked as a trip table: by its stated total, or an origin before all else."""
        first = next((line for _, line in self.data() if not line.startswith("~")), "")
        return "TOTAL OD FLOW" in self.metadata or _ORIGIN.fullmatch(first) is not None

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number of the metadata.

        Raises
        ------
        InputError
            If it is missing, or outside ``low .. high``: nothing else can be checked then.
        """
        if key not in self.metadata:
            raise InputError(f"<{key}> is missing", self.path, hint=did_you_mean(key, self.metadata, "there are"))
        line, text = self.metadata[key]
        if not _IS_WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise InputError(
                f"<{key}> must be a whole number from {low} to {high}, not “{clean(text, 40)}”", self.path, line
            )
        return int(text)

    def real(self, key: str) -> float | None:
        """A number of zero or more of the metadata, None if it is not there."""
        if key not in self.metadata:
            return None
        line, text = self.metadata[key]
        if not _IS_NUMBER.fullmatch(text) or not 0 <= float(text) < math.inf:
            raise InputError(f"<{key}> must be a number of zero or more, not “{clean(text, 40)}”", self.path, line)
        return float(text)


def _read(path: Path) -> str:
    """Text of a file, in UTF-8."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"the file is larger than {_MOST_BYTES:,} bytes", path)
        raw = path.read_bytes()
        habit = file_habit(raw)
        if habit is not None:
            raise InputError(
                f"this is {habit}", path, hint=_UNPACK if "archive" in habit else "give the TNTP text file"
            )
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror or error}", path) from None
    except UnicodeDecodeError as error:
        raise InputError(f"byte {error.start + 1} is not UTF-8", path, hint="save it as UTF-8") from None
    if "\0" in text:
        raise InputError("this is not a text file", path)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_network(path: str | Path) -> TntpNetwork:
    """Read a network file (``NAME_net.tntp``).

    Raises
    ------
    InputError, InputErrors
        For everything that is not as the format says, with the line.
    """
    text = _Text(path)
    if "NUMBER OF LINKS" not in text.metadata and text.has_trips():
        raise InputError("this looks like a file of trips, not of a network", path, hint="give NET first, then TRIPS")
    n_nodes = text.whole("NUMBER OF NODES", 1, _MOST_NODES)
    n_zones = text.whole("NUMBER OF ZONES", 1, n_nodes)
    first_thru_node = text.whole("FIRST THRU NODE", 1, n_nodes + 1)
    n_links = text.whole("NUMBER OF LINKS", 0, 20 * _MOST_NODES)
    factors = [text.real(key) for key in ("TOLL FACTOR", "DISTANCE FACTOR")]
    columns: tuple[str, ...] | None = None
    rows: list[list[float]] = []
    for number, line in text.data():
        if line.startswith("~"):
            columns = _column_names(text, number, line) or columns if not rows else columns
            continue
        row = _link(text, number, line, n_nodes, columns)
        if row is None:
            continue
        if rows and len(row) != len(rows[0]):
            text.fault(f"{len(row)} fields where the first link has {len(rows[0])}", number)
            continue
        rows.append(row)
    if len(rows) != n_links and not text.faults:
        text.fault(f"<NUMBER OF LINKS> is {n_links}, and there are {len(rows)}", text.metadata["NUMBER OF LINKS"][0])
    raise_all(text.faults)
    table = np.array(rows, np.float64).reshape(len(rows), -1)
    width = table.shape[1] if rows else _NEEDED
    names = (columns or COLUMNS)[:width]
    column = {name: np.ascontiguousarray(table[:, i]) if rows else np.empty(0) for i, name in enumerate(names)}
    return TntpNetwork(
        path=text.path,
        n_zones=n_zones,
        n_nodes=n_nodes,
        first_thru_node=first_thru_node,
        init_node=column["init_node"].astype(np.int32),
        term_node=column["term_node"].astype(np.int32),
        toll=column.get("toll"),
        toll_factor=factors[0],
        distance_factor=factors[1],
        **{name: column[name] for name in COLUMNS[2:_NEEDED]},
    )


def _column_names(text: _Text, number: int, line: str) -> tuple[str, ...] | None:
    """Names of the columns if a comment is their header; the first seven must be those of the format."""
    names = tuple(line.lstrip("~").replace(";", " ").lower().split())
    if names[:1] != COLUMNS[:1]:
        return None
    if names[:_NEEDED] != COLUMNS[:_NEEDED]:
        text.fault(f"the columns must begin with {', '.join(COLUMNS[:_NEEDED])}", number)
    return names


def _link(text: _Text, number: int, line: str, n_nodes: int, columns: tuple[str, ...] | None) -> list[float] | None:
    """Numbers of a line of a network file, or None after noting what is wrong with it."""
    data, _, rest = line.partition(";")
    fields = data.split()
    names = columns or COLUMNS
    if rest.strip() and not rest.strip().startswith("~"):
        text.fault("there is text behind the “;”", number)
    elif len(fields) < _NEEDED:
        text.fault(f"{names[len(fields)]} is missing: {len(fields)} fields of at least {_NEEDED}", number)
    elif len(fields) > len(names):
        text.fault(f"{len(fields)} fields, and there are {len(names)} columns: {', '.join(names)}", number)
    else:
        row = [_value(text, number, name, field, n_nodes) for name, field in zip(names, fields, strict=False)]
        return None if any(value is None for value in row) else [value for value in row if value is not None]
    return None


def _value(text: _Text, number: int, name: str, field: str, n_nodes: int) -> float | None:
    """A field as a number in the range of its column."""
    if name in ("init_node", "term_node"):
        if _IS_WHOLE.fullmatch(field) and 1 <= int(field) <= n_nodes:
            return float(int(field))
        text.fault(f"{name} must be a node from 1 to {n_nodes}, not “{clean(field, 40)}”", number)
        return None
    if name == "capacity" and field.lower() in ("inf", "infinity"):
        return math.inf
    value = float(field) if _IS_NUMBER.fullmatch(field) else math.nan
    if 0 <= value < math.inf:
        return value
    text.fault(f"{name} must be a number of zero or more, not “{clean(field, 40)}”", number)
    return None


def read_trips(path: str | Path) -> TntpTrips:
    """Read a trip table file (``NAME_trips.tntp``).

    Raises
    ------
    InputError, InputErrors
        For everything that is not as the format says, with the line; if the flows do not add up to the stated total.
    """
    text = _Text(path)
    if "NUMBER OF LINKS" in text.metadata and not text.has_trips():
        raise InputError("this looks like a file of a network, not of trips", path, hint="give NET first, then TRIPS")
    n_zones = text.whole("NUMBER OF ZONES", 1, _MOST_NODES)
    flow_of: dict[tuple[int, int], float] = {}
    origin: int | None = None
    for number, line in text.data():
        if line.startswith("~"):
            continue
        found = _ORIGIN.fullmatch(line)
        if found is not None:
            origin = int(found[1])
            if not 1 <= origin <= n_zones:
                text.fault(f"the origin must be a zone from 1 to {n_zones}, not {found[1]}", number)
        elif origin is None:
            raise InputError("expected “Origin” and a number before the first flow", text.path, number)
        else:
            _trips_of_line(text, number, line, origin, n_zones, flow_of)
    total, stated = math.fsum(flow_of.values()), text.real("TOTAL OD FLOW")
    if stated is not None and not text.faults and abs(total - stated) > _TOTAL_TOLERANCE * max(total, stated):
        text.fault(f"<TOTAL OD FLOW> is {stated:,.10g}, and the flows add up to {total:,.10g}", None)
    raise_all(text.faults)
    pairs = sorted(pair for pair, flow in flow_of.items() if flow > 0)
    ends = np.array(pairs, np.int32).reshape(-1, 2) - 1
    flow = np.array([flow_of[pair] for pair in pairs], np.float64)
    return TntpTrips(text.path, n_zones, np.ascontiguousarray(ends[:, 0]), np.ascontiguousarray(ends[:, 1]), flow)


def _trips_of_line(
    text: _Text, number: int, line: str, origin: int, n_zones: int, flow_of: dict[tuple[int, int], float]
) -> None:
    """Add the flows of a line to ``flow_of``."""
    position = 0
    while position < len(line):
        found = _ITEM.match(line, position)
        if found is None:
            text.fault(f"expected “destination : flow;”, not “{clean(line[position:].strip(), 40)}”", number)
            return
        position = found.end()
        pair, flow = (origin, int(found[1])), float(found[2])
        if not 1 <= pair[1] <= n_zones:
            text.fault(f"the destination must be a zone from 1 to {n_zones}, not {found[1]}", number)
        elif not 0 <= flow < math.inf:
            text.fault(f"the flow to {pair[1]} must be a number of zero or more, not {found[2]}", number)
        elif pair in flow_of:
            text.fault(f"the flow from {pair[0]} to {pair[1]} stands here a second time", number)
        else:
            flow_of[pair] = flow
