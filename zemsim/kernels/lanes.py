"""Lanes: sixteen path problems at once, each in one lane of a vector register.

A *label* is what is known of a path: its time and, in the order of their weight, more sums along it (distance, money).
Labels compare like words in a dictionary: time first, then the next sum; so the least label is one value, whatever
the order of the work. All numbers are whole and exact.

Labels stand in *parts*: a tuple of int32 arrays, one for each sum. Arrays of shape [rows, 16] hold sixteen labels a
row; arrays of shape [rows] hold one. The functions below read a row into a value of type :class:`Lanes`, which compiled
code keeps in registers: ``<16 x i32>`` or ``<1 x i32>`` per part. Narrow values are spread over wide ones.

* The time of what cannot be reached is ``UNREACHABLE`` (2**30 - 1), its other sums are 0. Two such times fit an int32,
  and a sum that reaches ``UNREACHABLE`` is never less than it, so it is never kept: times need no check for overflow.
* Other sums stop at ``UNREACHABLE``.

Each function is plain Python, on rows as int64 arrays of shape [parts, lanes], and is given machine code at the foot of
the file: the Python body runs where numba is switched off, and tells what the machine code must do. Rows are not
checked: a kernel that calls these functions has checked its arrays.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, models, register_model, type_callable
from numpy.typing import NDArray

#: Lanes of a wide row.
LANES: Final = 16

#: Time of what cannot be reached, in milliseconds; paths of that length or more (298 hours) count as unreachable.
UNREACHABLE: Final = (1 << 30) - 1

Parts = tuple[NDArray[np.int32], ...]
Row = Any

_I32: Final = ir.IntType(32)
_I64: Final = ir.IntType(64)
_FLOWS: Final = ir.VectorType(ir.DoubleType(), LANES)


def lanes_at(parts: Parts, row: int) -> Row:
    """Read a row of labels."""
    return np.array([np.atleast_1d(part[row]) for part in parts], np.int64)


def set_lanes(parts: Parts, row: int, value: Row) -> None:
    """Write a row of labels; its lanes must be as many as those of ``parts``."""
    for part, lanes in zip(parts, value, strict=True):
        part[row] = lanes if part.ndim == 2 else lanes[0]


def unreached(parts: Parts) -> Row:
    """Return a row of labels of what cannot be reached, as wide as the rows of ``parts``."""
    value = np.zeros((len(parts), parts[0].shape[1] if parts[0].ndim == 2 else 1), np.int64)
    value[0] = UNREACHABLE
    return value


def add_lanes(a: Row, b: Row) -> Row:
    """Labels of one path after another. What comes out must go through :func:`least_lanes` before it is added again."""
    return a + b


def least_lanes(a: Row, b: Row) -> Row:
    """Lesser label in each lane; its sums other than time stop at ``UNREACHABLE``.

    Part by part: the lesser number of the sides that are still level. So the chain from one call to the next is short.
    """
    a, b = np.broadcast_arrays(a, b)
    least = np.empty_like(a)
    level_a = level_b = np.ones(a.shape[1], np.bool_)
    for part, (x, y) in enumerate(zip(a, b, strict=True)):
        least[part] = np.minimum(np.where(level_a, x, UNREACHABLE), np.where(level_b, y, UNREACHABLE))
        level_a, level_b = level_a & (x == least[part]), level_b & (y == least[part])
    return least


def equal_lanes(a: Row, b: Row) -> int:
    """Bits of the lanes in which two rows are equal and reached, lane 0 in the lowest bit."""
    same = (a == b).all(axis=0) & (a[0] < UNREACHABLE)
    return int((np.broadcast_to(same, same.size) << np.arange(same.size)).sum())


def start_lane(parts: Parts, row: int, lane: int) -> None:
    """Write the label of a path that has just begun: zeros."""
    for part in parts:
        part[(row, lane) if part.ndim == 2 else row] = 0


def flow_bits(flow: NDArray[np.float64], row: int) -> int:
    """Bits of the lanes of a row of ``flow`` [rows, 16] that are not zero."""
    return int(((flow[row] != 0.0) << np.arange(LANES)).sum())


def move_flow(flow: NDArray[np.float64], to: int, row: int, bits: int) -> float:
    """Move the flow of some lanes from one row to another; return their sum, added up from lane 0."""
    total = 0.0
    for lane in range(LANES):
        amount = float(flow[row, lane]) if bits >> lane & 1 else 0.0
        flow[to, lane] += amount
        flow[row, lane] -= amount
        total += amount
    return total


# Machine code of the functions above.


class Lanes(types.Type):
    """Type of a row of labels in compiled code: ``parts`` vectors of ``width`` int32."""

    def __init__(self, parts: int, width: int) -> None:
        self.parts, self.width = parts, width
        super().__init__(name=f"Lanes({parts}, {width})")

    @property
    def vector(self) -> ir.VectorType:
        return ir.VectorType(_I32, self.width)


class LanesModel(models.PrimitiveModel):
    """In memory and in registers: an array of vectors."""

    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, ir.ArrayType(lanes.vector, lanes.parts))  # type: ignore[no-untyped-call]


def _type_of_parts(parts: types.UniTuple) -> Lanes:
    return Lanes(len(parts), LANES if parts.dtype.ndim == 2 else 1)


def _type_at(context: Any) -> Any:
    return lambda parts, row: _type_of_parts(parts)


def _type_set(context: Any) -> Any:
    return lambda parts, row, value: types.none


def _type_unreached(context: Any) -> Any:
    return lambda parts: _type_of_parts(parts)


def _type_wider(context: Any) -> Any:
    return lambda a, b: a if a.width >= b.width else b


def _type_bits(context: Any) -> Any:
    return lambda a, b: types.int64


def _type_start(context: Any) -> Any:
    return lambda parts, row, lane: types.none


def _type_flow_bits(context: Any) -> Any:
    return lambda flow, row: types.int64


def _type_move(context: Any) -> Any:
    return lambda flow, to, row, bits: types.float64


def _widened(builder: ir.IRBuilder, number: ir.Value, kind: Any) -> ir.Value:
    """A position as a 64-bit number."""
    if number.type.width == 64:
        return number
    return builder.sext(number, _I64) if kind.signed else builder.zext(number, _I64)


def _pointers(context: Any, builder: ir.IRBuilder, kind: types.UniTuple, parts: ir.Value) -> list[ir.Value]:
    """First element of each array of the tuple."""
    values = cgutils.unpack_tuple(builder, parts, len(kind))  # type: ignore[no-untyped-call]
    return [context.make_array(kind.dtype)(context, builder, value).data for value in values]


def _vectors(builder: ir.IRBuilder, value: ir.Value, lanes: Lanes) -> list[ir.Value]:
    return [builder.extract_value(value, part) for part in range(lanes.parts)]


def _packed(builder: ir.IRBuilder, vectors: list[ir.Value], lanes: Lanes) -> ir.Value:
    value = ir.Constant(ir.ArrayType(lanes.vector, lanes.parts), ir.Undefined)
    for part, vector in enumerate(vectors):
        value = builder.insert_value(value, vector, part)
    return value


def _spread(builder: ir.IRBuilder, value: ir.Value, lanes: Lanes, width: int) -> list[ir.Value]:
    """Vectors of a value, spread over ``width`` lanes if it has one."""
    vectors = _vectors(builder, value, lanes)
    if lanes.width == width:
        return vectors
    everywhere = ir.Constant(ir.VectorType(_I32, width), [0] * width)
    return [builder.shuffle_vector(v, ir.Constant(v.type, ir.Undefined), everywhere) for v in vectors]


def _full(lanes: Lanes, number: int) -> ir.Constant:
    return ir.Constant(lanes.vector, [number] * lanes.width)


def _code_at(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
    lanes, row = signature.return_type, _widened(builder, args[1], signature.args[1])
    vectors = []
    for data in _pointers(context, builder, signature.args[0], args[0]):
        place = builder.gep(builder.bitcast(data, lanes.vector.as_pointer()), [row])
        vectors.append(builder.load(place, align=4))
    return _packed(builder, vectors, lanes)


def _code_set(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
    lanes, row = signature.args[2], _widened(builder, args[1], signature.args[1])
    pointers = _pointers(context, builder, signature.args[0], args[0])
    for data, vector in zip(pointers, _vectors(builder, args[2], lanes), strict=True):
        builder.store(vector, builder.gep(builder.bitcast(data, lanes.vector.as_pointer()), [row]), align=4)
    return context.get_dummy_value()


def _code_unreached(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
    lanes = signature.return_type
    return _packed(builder, [_full(lanes, UNREACHABLE if part == 0 else 0) for part in range(lanes.parts)], lanes)


def _code_add(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
    lanes = signature.return_type
    sides = [_spread(builder, v, t, lanes.width) for v, t in zip(args, signature.args, strict=True)]
    return _packed(builder, [builder.add(x, y) for x, y in zip(*sides, strict=True)], lanes)


def _code_least(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
    lanes, most = signature.return_type, _full(signature.return_type, UNREACHABLE)
    sides = [_spread(builder, v, t, lanes.width) for v, t in zip(args, signature.args, strict=True)]
    level: list[ir.Value] = []
    least = []
    for pair in zip(*sides, strict=True):
        x, y = (builder.select(m, v, most) for m, v in zip(level, pair, strict=True)) if level else pair
        least.append(builder.select(builder.icmp_signed("<", y, x), y, x))
        same = [builder.icmp_signed("==", v, least[-1]) for v in pair]
        level = [builder.and_(m, s) for m, s in zip(level, same, strict=True)] if level else same
    return _packed(builder, least, lanes)


def _code_equal(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
    lanes = max(signature.args, key=lambda kind: int(kind.width))
    a, b = (_spread(builder, v, t, lanes.width) for v, t in zip(args, signature.args, strict=True))
    same = builder.icmp_signed("<", a[0], _full(lanes, UNREACHABLE))
    for x, y in zip(a, b, strict=True):
        same = builder.and_(same, builder.icmp_signed("==", x, y))
    return builder.zext(builder.bitcast(same, ir.IntType(lanes.width)), _I64)


def _places(context: Any, builder: ir.IRBuilder, kinds: Any, args: Any) -> list[ir.Value]:
    """Places of one label, given parts, row and lane."""
    row, lane = (_widened(builder, number, kind) for number, kind in zip(args[1:], kinds[1:], strict=True))
    if kinds[0].dtype.ndim == 2:
        row = builder.add(builder.mul(row, ir.Constant(_I64, LANES)), lane)
    return [builder.gep(data, [row]) for data in _pointers(context, builder, kinds[0], args[0])]


def _code_start(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
    for place in _places(context, builder, signature.args, args):
        builder.store(ir.Constant(_I32, 0), place)
    return context.get_dummy_value()


def _flow_place(context: Any, builder: ir.IRBuilder, kinds: Any, args: Any) -> ir.Value:
    """Place of a row of flows, as a vector."""
    data = context.make_array(kinds[0])(context, builder, args[0]).data
    return builder.gep(builder.bitcast(data, _FLOWS.as_pointer()), [_widened(builder, args[1], kinds[1])])


def _code_flow_bits(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
    row = builder.load(_flow_place(context, builder, signature.args, args), align=8)
    some = builder.fcmp_unordered("!=", row, ir.Constant(_FLOWS, [0.0] * LANES))
    return builder.zext(builder.bitcast(some, ir.IntType(LANES)), _I64)


def _code_move(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
    kinds = signature.args
    to = _flow_place(context, builder, kinds[:2], args[:2])
    place = _flow_place(context, builder, (kinds[0], kinds[2]), (args[0], args[2]))
    bits = builder.trunc(_widened(builder, args[3], kinds[3]), ir.IntType(LANES))
    mask = builder.bitcast(bits, ir.VectorType(ir.IntType(1), LANES))
    row = builder.load(place, align=8)
    amount = builder.select(mask, row, ir.Constant(_FLOWS, [0.0] * LANES))
    builder.store(builder.fadd(builder.load(to, align=8), amount), to, align=8)
    builder.store(builder.fsub(builder.load(place, align=8), amount), place, align=8)
    total = ir.Constant(ir.DoubleType(), 0.0)
    for lane in range(LANES):
        total = builder.fadd(total, builder.extract_element(amount, ir.Constant(_I32, lane)))
    return total


def check_parts(name: str, parts: Parts, shape: tuple[int, ...]) -> None:
    """Refuse what machine code would misread.

    Raises
    ------
    ValueError
        If not all parts are contiguous int32 arrays of this shape, or their number is not one to three.
    """
    if not 1 <= len(parts) <= 3:
        raise ValueError(f"{name} must have one to three parts, not {len(parts)}")
    for part in parts:
        if part.dtype != np.int32 or part.shape != shape or not part.flags.c_contiguous:
            raise ValueError(f"{name} must be contiguous int32 arrays of shape {shape}")


register_model(Lanes)(LanesModel)  # type: ignore[no-untyped-call, unused-ignore]
for _function, _typer, _code, _kinds in (
    (lanes_at, _type_at, _code_at, (types.UniTuple, types.Integer)),
    (set_lanes, _type_set, _code_set, (types.UniTuple, types.Integer, Lanes)),
    (unreached, _type_unreached, _code_unreached, (types.UniTuple,)),
    (add_lanes, _type_wider, _code_add, (Lanes, Lanes)),
    (least_lanes, _type_wider, _code_least, (Lanes, Lanes)),
    (equal_lanes, _type_bits, _code_equal, (Lanes, Lanes)),
    (start_lane, _type_start, _code_start, (types.UniTuple, types.Integer, types.Integer)),
    (flow_bits, _type_flow_bits, _code_flow_bits, (types.Array, types.Integer)),
    (move_flow, _type_move, _code_move, (types.Array, types.Integer, types.Integer, types.Integer)),
):
    type_callable(_function)(_typer)
    lower_builtin(_function, *_kinds)(_code)  # type: ignore[no-untyped-call]
