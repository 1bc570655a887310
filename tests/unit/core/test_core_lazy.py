"""Public names that are loaded when they are first used."""

from __future__ import annotations

import pytest

from zemsim.core.lazy import lazy_names


def test_a_name_is_loaded_once_and_kept() -> None:
    package = {"__name__": "here", "own": 1}
    load, names = lazy_names(package, {"sqrt": "math", "Fraction": "fractions"})
    assert names() == ["Fraction", "__name__", "own", "sqrt"]
    assert load("sqrt")(4.0) == 2.0
    assert "sqrt" in package
    assert "Fraction" not in package
    with pytest.raises(AttributeError, match="module 'here' has no attribute 'cbrt'"):
        load("cbrt")
