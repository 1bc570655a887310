"""Options for kernels that make no array: no counting of references.

Numba counts a reference at each ``tours.column`` of a tuple of arrays inside a loop, by an atomic operation; in the
kernels that read tuples of columns this took three quarters of the time. The caller holds the arrays for the whole
call, so nothing has to be counted. A kernel with these options must not make an array; the one that makes the scratch
arrays is compiled without them and calls it. ``_nrt`` is an option of numba that its documentation does not name.
"""

from __future__ import annotations

from typing import Any, Final

LEAN: Final[dict[str, Any]] = {"_nrt": False}

#: Options for what only other kernels call: no doors to Python, which take longer to compile than a short function.
INNER: Final[dict[str, Any]] = {**LEAN, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
