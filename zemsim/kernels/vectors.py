"""Thirty-two int32 as one vector, with masks: the lanes of the transit kernels.

(:mod:`zemsim.kernels.lanes` has labels of paths that compare as a whole; here each lane is one number, and what a lane
does may depend on a mask.) A row of an int32 array ``[n, 32]`` is loaded as a whole, compared, chosen from and stored.
Each function is plain Python on rows of NumPy, and inside compiled code a few vector instructions (``<32 x i32>`` of
LLVM, which any target CPU gets in as many registers as it needs: the same bits everywhere). A mask is a uint32 whose
bit ``k`` belongs to lane ``k``. Rows should begin at multiples of 64 bytes (:func:`vector_rows`), else each access
costs twice.

Compiled code does not check rows, unless numba runs with ``NUMBA_BOUNDSCHECK=1``: the caller's wrapper does. Sums do
not widen: keep values below ``2 ** 30``.
"""

# What numba offers to those who extend it is only partly typed.
# mypy: disable-error-code="no-untyped-call,attr-defined,type-var"

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils, config
from numba.core.typing import signature
from numba.extending import lower_builtin, models, register_model, type_callable
from numba.np import arrayobj
from numpy.typing import NDArray

#: Lanes of a vector: with twice as many as the widest register holds, what is no vector work is shared by more.
LANES: Final = 32
#: Bytes at whose multiples rows begin.
_ALIGN_BYTES: Final = 64


def load(rows: Any, row: Any) -> Any:
    """Return row ``row`` of an int32 [n, 32]."""
    return rows[row].copy()


def store(rows: Any, row: Any, lanes: Any) -> None:
    """Write row ``row`` of an int32 [n, 32]."""
    rows[row] = lanes


def splat(value: Any) -> Any:
    """Return ``value`` in every lane."""
    return np.full(LANES, value, np.int32)


def add(a: Any, b: Any) -> Any:
    """Return the sum by lane."""
    return a + b


def subtract(a: Any, b: Any) -> Any:
    """Return the difference by lane."""
    return a - b


def least(a: Any, b: Any) -> Any:
    """Return the smaller by lane."""
    return np.minimum(a, b)


def choose(mask: Any, a: Any, b: Any) -> Any:
    """Return ``a`` in the lanes of the mask, ``b`` in the others."""
    return np.where((int(mask) >> np.arange(LANES)) & 1 == 1, a, b).astype(np.int32)


def less(a: Any, b: Any) -> Any:
    """Return the mask of lanes with ``a < b``."""
    return _mask(a < b)


def at_most(a: Any, b: Any) -> Any:
    """Return the mask of lanes with ``a <= b``."""
    return _mask(a <= b)


def equal(a: Any, b: Any) -> Any:
    """Return the mask of lanes with ``a == b``."""
    return _mask(a == b)


def highest(a: Any) -> Any:
    """Return the largest of the lanes."""
    return int(a.max())


def vector_rows(n: int) -> Any:
    """Allocate int32 [n, 32], not filled, whose rows begin at multiples of 64 bytes."""
    spare = _ALIGN_BYTES // 4
    flat = np.empty(n * LANES + spare, np.int32)
    start = (-(flat.ctypes.data // 4)) % spare
    return flat[start : start + n * LANES].reshape((n, LANES))


def _mask(found: NDArray[np.bool_]) -> int:
    return int((found.astype(np.int64) << np.arange(LANES)).sum())


# Machine code of the functions above.


class Vector(types.Type):
    """Numba's type of thirty-two int32."""

    def __init__(self) -> None:
        super().__init__(name="int32x32")


_KIND = Vector()
_I32 = ir.IntType(32)
_VECTOR = ir.VectorType(_I32, LANES)
_BITS = ir.VectorType(ir.IntType(1), LANES)


class VectorModel(models.PrimitiveModel):
    """In memory and in registers an LLVM vector."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _typed(function: Any, result: Any, *kinds: Any) -> None:
    """Tell numba the types of a function; ``None`` stands for an array of rows."""

    def typed(*given: Any) -> Any:
        rows = [have for have, kind in zip(given, kinds, strict=True) if kind is None]
        if not all(isinstance(a, types.Array) and a.dtype == types.int32 and a.ndim == 2 for a in rows):
            return None
        return signature(result, *(have if kind is None else kind for have, kind in zip(given, kinds, strict=True)))

    # Numba counts the arguments of the function that it is given.
    counted = {1: lambda a: typed(a), 2: lambda a, b: typed(a, b), 3: lambda a, b, c: typed(a, b, c)}
    type_callable(function)(lambda context: counted[len(kinds)])


def _place(context: Any, builder: Any, kind: Any, rows: Any, row: Any) -> Any:
    """Pointer to a row as a vector; with ``NUMBA_BOUNDSCHECK`` a row outside the array is an error."""
    array = arrayobj.make_array(kind)(context, builder, rows)
    if getattr(config, "BOUNDSCHECK", None):
        size = builder.extract_value(array.shape, 0)
        with builder.if_then(builder.icmp_unsigned(">=", row, size), likely=False):
            context.call_conv.return_user_exc(builder, IndexError, ("row is outside the array of lanes",))
    return builder.gep(builder.bitcast(array.data, _VECTOR.as_pointer()), [row])


def _splat(builder: Any, value: Any) -> Any:
    empty = ir.Constant(_VECTOR, ir.Undefined)
    one = builder.insert_element(empty, value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, empty, ir.Constant(_VECTOR, [0] * LANES))


def _compared(operator: str) -> Any:
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.icmp_signed(operator, *args)
        return builder.bitcast(bits, ir.IntType(LANES))

    return lower


def _lower_load(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.load(_place(context, builder, sig.args[0], *args), align=4)


def _lower_store(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    builder.store(args[2], _place(context, builder, sig.args[0], *args[:2]), align=4)
    return context.get_dummy_value()


def _lower_choose(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.select(builder.bitcast(args[0], _BITS), *args[1:])


def _lower_least(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.select(builder.icmp_signed("<", *args), *args)


def _lower_highest(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind = ir.FunctionType(_I32, [_VECTOR])
    reduce = cgutils.get_or_insert_function(builder.module, kind, "llvm.vector.reduce.smax.v32i32")
    return builder.call(reduce, args)


_CODE: Final[tuple[Any, ...]] = (
    (load, _lower_load, _KIND, None, types.int64),
    (store, _lower_store, types.none, None, types.int64, _KIND),
    (splat, lambda context, builder, sig, args: _splat(builder, args[0]), _KIND, types.int32),
    (add, lambda context, builder, sig, args: builder.add(*args), _KIND, _KIND, _KIND),
    (subtract, lambda context, builder, sig, args: builder.sub(*args), _KIND, _KIND, _KIND),
    (least, _lower_least, _KIND, _KIND, _KIND),
    (choose, _lower_choose, _KIND, types.uint32, _KIND, _KIND),
    (less, _compared("<"), types.uint32, _KIND, _KIND),
    (at_most, _compared("<="), types.uint32, _KIND, _KIND),
    (equal, _compared("=="), types.uint32, _KIND, _KIND),
    (highest, _lower_highest, types.int32, _KIND),
)

register_model(Vector)(VectorModel)
for _function, _lower, _result, *_kinds in _CODE:
    _typed(_function, _result, *_kinds)
    lower_builtin(_function, *(types.Array if kind is None else kind for kind in _kinds))(_lower)

vector_rows = njit(cache=True, nogil=True)(vector_rows)
