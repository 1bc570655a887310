"""The scanner of lines against a writer that knows where it wrote each key."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.bad_inputs.config.config_samples import MEASURES, Writer, experiment, measure
from zemsim.core.settings import parse_document
from zemsim.core.toml_lines import key_lines

_TEXT = """\
# comment [not.a.table]
top = "a # no comment" # comment
"quoted key".inner = 1
[ a . b ]
x = \"\"\"
[no.table]
\"\"\\\" \\\\ \\\" end\"\"\"\"
y = '''
k = 1
'''
z = [ # list
  1, # one
  [2, 3],
  { q = 'a,]}', "r s" = [ 5,
    6 ] },
]
when = 1979-05-27 07:32:00
[[a.list]]
n = 1
[a.list.deep]
m = 2
[[a.list]]
n = 3
[[a.list.more]]
o = ""
[[a.list.more]]
o = ''
"""


def test_every_form_of_toml() -> None:
    tomllib.loads(_TEXT)
    lines = key_lines(_TEXT)
    assert lines["top",] == 2
    assert lines["quoted key", "inner"] == 3
    assert lines["a", "b"] == 4
    assert lines["a", "b", "x"] == 5
    assert lines["a", "b", "y"] == 8
    assert lines["a", "b", "z"] == 11
    assert lines["a", "b", "z", 0] == 12
    assert lines["a", "b", "z", 1, 1] == 13
    assert lines["a", "b", "z", 2, "q"] == 14
    assert lines["a", "b", "z", 2, "r s", 1] == 15
    assert lines["a", "b", "when"] == 17
    assert lines["a", "list", 0, "n"] == 19
    assert lines["a", "list", 0, "deep", "m"] == 21
    assert lines["a", "list", 1, "n"] == 23
    assert lines["a", "list", 1, "more", 0, "o"] == 25
    assert lines["a", "list", 1, "more", 1] == 26
    assert lines == key_lines(_TEXT.replace("\n", "\r\n"))


_name = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
_scalar = st.integers(-(10**9), 10**9) | st.booleans() | st.floats(allow_nan=False) | _name
_value = st.recursive(
    _scalar,
    lambda inner: (
        st.lists(inner.filter(lambda v: not isinstance(v, dict)), max_size=3)
        | st.dictionaries(_name, inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(_name, _value | st.lists(st.dictionaries(_name, _value, max_size=3), min_size=1, max_size=3)))
def test_lines_of_whatever_is_written(document: dict[str, Any]) -> None:
    written = Writer(document)
    parsed = parse_document(written.text)
    assert parsed.data == document
    assert parsed.lines == written.line


def test_lines_of_experiments() -> None:
    for position in range(len(MEASURES)):
        written = Writer(experiment(measure(position)))
        assert parse_document(written.text).lines == written.line
