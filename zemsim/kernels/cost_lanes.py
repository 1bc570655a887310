"""Sixteen costs of paths side by side: a link is offered to all of them at once.

(:mod:`zemsim.kernels.lanes` has whole milliseconds; costs here are float64.) The function is plain Python on rows of
NumPy, which runs where numba is switched off; inside compiled code it is a few instructions on vectors of 16 numbers,
which any processor gets in as many registers as it needs: the same bits everywhere.

Compiled code does not check rows, unless numba runs with ``NUMBA_BOUNDSCHECK=1``: the caller's wrapper does.
"""

# What numba offers to those who extend it is only partly typed.
# mypy: disable-error-code="no-untyped-call,attr-defined,type-var"

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import config
from numba.extending import lower_builtin, type_callable
from numba.np import arrayobj

#: Paths side by side.
LANES: Final = 16

_I32: Final = ir.IntType(32)
_I64: Final = ir.IntType(64)
_COSTS: Final = ir.VectorType(ir.DoubleType(), LANES)
_LINKS: Final = ir.VectorType(_I32, LANES)


def offer_lanes(cost: Any, last_link: Any, node: int, head: int, link_cost: float, link: int) -> bool:
    """Offer a link from ``node`` to ``head`` to 16 paths; return whether it made one cheaper.

    Parameters
    ----------
    cost : float64 [N, 16]
        Of the paths known to each node; ``inf`` where there is none.
    last_link : int32 [N, 16]
        Last link of those paths.
    node, head : int
    link_cost : float
    link : int
    """
    new = cost[node] + link_cost
    less = new < cost[head]
    cost[head][less] = new[less]
    last_link[head][less] = link
    return bool(less.any())


# Machine code of the function above.


def _place(context: Any, builder: Any, kind: Any, rows: Any, row: Any, vector: ir.VectorType) -> Any:
    """Pointer to a row as a vector; with ``NUMBA_BOUNDSCHECK`` a row outside the array is an error."""
    array = arrayobj.make_array(kind)(context, builder, rows)
    if getattr(config, "BOUNDSCHECK", None):
        size = builder.extract_value(array.shape, 0)
        with builder.if_then(builder.icmp_unsigned(">=", row, size), likely=False):
            context.call_conv.return_user_exc(builder, IndexError, ("row is outside the array of lanes",))
    return builder.gep(builder.bitcast(array.data, vector.as_pointer()), [row])


def _spread(builder: Any, value: Any, vector: ir.VectorType) -> Any:
    empty = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(empty, value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, empty, ir.Constant(_LINKS, [0] * LANES))


def _widened(builder: Any, number: Any) -> Any:
    """A node as a 64-bit number."""
    return number if number.type.width == _I64.width else builder.sext(number, _I64)


def _code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    cost, last_link, node, head, link_cost, link = args
    costs, links = signature.args[:2]
    node, head = _widened(builder, node), _widened(builder, head)
    before = builder.load(_place(context, builder, costs, cost, node, _COSTS), align=8)
    known = _place(context, builder, costs, cost, head, _COSTS)
    old = builder.load(known, align=8)
    new = builder.fadd(before, _spread(builder, link_cost, _COSTS))
    less = builder.fcmp_ordered("<", new, old)
    some = builder.icmp_unsigned("!=", builder.bitcast(less, ir.IntType(LANES)), ir.IntType(LANES)(0))
    with builder.if_then(some):
        builder.store(builder.select(less, new, old), known, align=8)
        last = _place(context, builder, links, last_link, head, _LINKS)
        number = _spread(builder, link if link.type.width == _I32.width else builder.trunc(link, _I32), _LINKS)
        builder.store(builder.select(less, number, builder.load(last, align=4)), last, align=4)
    return some


def _typed(context: Any) -> Any:
    return lambda cost, last_link, node, head, link_cost, link: types.boolean


type_callable(offer_lanes)(_typed)
_WHOLE: Final = types.Integer
lower_builtin(offer_lanes, types.Array, types.Array, _WHOLE, _WHOLE, types.float64, _WHOLE)(_code)
