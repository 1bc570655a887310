"""TNTP files: what they say, and what is wrong with them, by file and line."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zemsim.core.errors import InputError, InputErrors
from zemsim.travel.tntp import read_network, read_trips

NET = """<NUMBER OF ZONES> 2\t
<NUMBER OF NODES> 4
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 3
<ORIGINAL HEADER>~ \tInit node \tTerm node
<END OF METADATA>\t\t

~ a comment
~\tinit_node\tterm_node\tcapacity\tlength\tfree_flow_time\tb\tpower\tspeed\ttoll\tlink_type\t;
\t1\t3\t1000\t2.5\t3\t0.15\t4\t0\t25\t1\t;
\t3\t4\tinf\t1e0\t.5\t0.\t0\t0\t0\t1;

\t4\t2\t0\t1\t2\t0\t1\t0\t0\t1\t;  ~ the last
"""
TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW>   6.5
<END OF METADATA>

~ a comment
Origin \t1
    1 :      0.5;     2 :     6.0;
origin 2

    1 : 0;   2 : 0
"""


def written(folder: Path, text: str | bytes, name: str = "file.tntp") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_network_is_read_as_it_stands(tmp_path: Path) -> None:
    net = read_network(written(tmp_path, NET))
    assert (net.n_zones, net.n_nodes, net.first_thru_node) == (2, 4, 3)
    assert net.init_node.tolist() == [1, 3, 4]
    assert net.term_node.tolist() == [3, 4, 2]
    assert net.capacity.tolist() == [1000, math.inf, 0]
    assert net.length.tolist() == [2.5, 1, 1]
    assert net.free_flow_time.tolist() == [3, 0.5, 2]
    assert net.b.tolist() == [0.15, 0, 0]
    assert net.power.tolist() == [4, 0, 1]
    assert net.toll is not None
    assert net.toll.tolist() == [25, 0, 0]
    assert (net.toll_factor, net.distance_factor) == (None, None)
    assert net.fixed(0.02, 0.04).tolist() == pytest.approx([0.6, 0.04, 0.04])
    links = net.link_network()
    assert links.no_through.tolist() == [True, True, False, False]
    assert links.tail.tolist() == [0, 2, 3]


def test_a_trip_table_is_read_as_it_stands(tmp_path: Path) -> None:
    trips = read_trips(written(tmp_path, TRIPS))
    assert trips.n_zones == 2
    assert list(zip(trips.origin.tolist(), trips.dest.tolist(), trips.flow.tolist(), strict=True)) == [
        (0, 0, 0.5),
        (0, 1, 6.0),
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("\t", "  "),
        lambda text: "\n~ first\n" + text,
    ],
)
def test_ends_of_lines_marks_and_spaces_change_nothing(tmp_path: Path, change) -> None:
    net, other = (read_network(written(tmp_path, text, f"{i}")) for i, text in enumerate((NET, change(NET))))
    assert np.array_equal(net.capacity, other.capacity)
    assert np.array_equal(net.term_node, other.term_node)
    assert read_trips(written(tmp_path, change(TRIPS))).flow.tolist() == [0.5, 6.0]


def test_factors_of_toll_and_distance_are_read(tmp_path: Path) -> None:
    net = read_network(written(tmp_path, "<TOLL FACTOR> 0.02\n<DISTANCE FACTOR> 0.04\n" + NET))
    assert (net.toll_factor, net.distance_factor) == (0.02, 0.04)


def test_a_file_with_other_columns_after_the_seventh_has_no_tolls(tmp_path: Path) -> None:
    net = read_network(written(tmp_path, NET.replace("speed\ttoll\tlink_type", "speed\tcritical_speed\tlanes")))
    assert net.toll is None
    with pytest.raises(InputError, match="no column of tolls"):
        net.fixed(0.1, 0)
    narrow = "\n".join(
        re.sub(r"\t0\t(25|0)\t1(?=\t?;)", "", line).replace("\tspeed\ttoll\tlink_type", "") for line in NET.split("\n")
    )
    assert read_network(written(tmp_path, narrow)).toll is None


NET_FAULTS = [
    ("<NUMBER OF NODES> 4\n", "", None, "<NUMBER OF NODES> is missing"),
    ("<NUMBER OF NODES> 4", "<NUMBER OF NODES> 4.0", 2, "must be a whole number"),
    ("<NUMBER OF NODES> 4", "<NUMBER OF NODES> 99999999999", 2, "must be a whole number from 1 to 50000000"),
    ("<NUMBER OF ZONES> 2", "<NUMBER OF ZONES> 5", 1, "from 1 to 4, not “5”"),
    ("<NUMBER OF ZONES> 2", "<NUMBER OF ZONES> 0", 1, "from 1 to 4, not “0”"),
    ("<FIRST THRU NODE> 3", "<FIRST THRU NODE> 6", 3, "from 1 to 5"),
    ("<NUMBER OF LINKS> 3", "<NUMBER OF LINKS> 4", 4, "is 4, and there are 3"),
    ("<NUMBER OF LINKS> 3", "<NUMBER OF ZONES> 2", 4, "stands here a second time"),
    ("<END OF METADATA>", "<END>", None, "expected <KEY> value"),
    ("<NUMBER OF ZONES> 2", "a,b,c", 1, "expected <KEY> value"),
    ("<NUMBER OF ZONES> 2", "<TOLL FACTOR> x\n<NUMBER OF ZONES> 2", 1, "<TOLL FACTOR> must be a number"),
    ("\t1\t3\t1000", "\t1\t5\t1000", 10, "term_node must be a node from 1 to 4, not “5”"),
    ("\t1\t3\t1000", "\t0\t3\t1000", 10, "init_node must be a node from 1 to 4, not “0”"),
    ("\t1\t3\t1000", "\t1.0\t3\t1000", 10, "init_node must be"),
    ("\t1\t3\t1000", "\t1\t3\t-1000", 10, "capacity must be a number of zero or more, not “-1000”"),
    ("\t1\t3\t1000", "\t1\t3\t1_000", 10, "capacity must be"),
    ("\t1\t3\t1000", "\t1\t3\t1,5", 10, "capacity must be"),
    ("\t2.5\t3\t0.15", "\tnan\t3\t0.15", 10, "length must be"),
    ("\t2.5\t3\t0.15", "\t2.5\tinf\t0.15", 10, "free_flow_time must be"),
    ("\t2.5\t3\t0.15", "\t2.5\t3\t1e999", 10, "b must be"),
    ("\t2.5\t3\t0.15", "\t2.5\t0x3\t0.15", 10, "free_flow_time must be"),
    ("\t2.5\t3\t0.15\t4\t0\t25\t1\t;", "\t2.5\t3\t;", 10, "b is missing: 5 fields of at least 7"),
    (
        "\t2.5\t3\t0.15\t4\t0\t25\t1\t;",
        "\t2.5\t3\t0.15\t4\t0\t25\t1\t9\t9\t;",
        10,
        "12 fields, and there are 10 columns",
    ),
    ("\t1\t2\t0\t1\t0\t0\t1\t;", "\t1\t2\t0\t1\t0\t;", 13, "8 fields where the first link has 10"),
    ("\t25\t1\t;", "\t25\t1\t; 7", 10, "text behind the “;”"),
    ("capacity\tlength", "length\tcapacity", 9, "the columns must begin with init_node, term_node, capacity"),
]
TRIPS_FAULTS = [
    ("<NUMBER OF ZONES> 2", "<NUMBER OF NODES> 2", None, "<NUMBER OF ZONES> is missing"),
    ("6.5", "7.5", None, "<TOTAL OD FLOW> is 7.5, and the flows add up to 6.5"),
    ("6.5", "much", 2, "<TOTAL OD FLOW> must be a number"),
    ("Origin \t1\n", "", 6, "expected “Origin”"),
    ("Origin \t1\n", "Origin 3\n", 6, "the origin must be a zone from 1 to 2, not 3"),
    ("Origin \t1\n", "Origin one\n", 6, "expected"),
    ("2 :     6.0;", "3 :     6.0;", 7, "the destination must be a zone from 1 to 2, not 3"),
    ("2 :     6.0;", "2 :    -6.0;", 7, "the flow to 2 must be a number of zero or more, not -6.0"),
    ("2 :     6.0;", "2 :     1e999;", 7, "the flow to 2 must be"),
    ("2 :     6.0;", "2 :     nan;", 7, "expected “destination : flow;”, not “2 : nan;”"),
    ("2 :     6.0;", "2 :     6,0;", 7, "expected “destination : flow;”"),
    ("2 :     6.0;", "2 6.0;", 7, "expected “destination : flow;”, not “2 6.0;”"),
    ("2 :     6.0;", "1 :     6.0;", 7, "the flow from 1 to 1 stands here a second time"),
    ("2 : 0\n", "2 : 0;\norigin 1\n 2 : 1;\n", 12, "the flow from 1 to 2 stands here a second time"),
]


@pytest.mark.parametrize(("good", "bad", "line", "words"), NET_FAULTS)
def test_faults_of_networks_are_named(tmp_path: Path, good: str, bad: str, line: int | None, words: str) -> None:
    assert good in NET
    path = written(tmp_path, NET.replace(good, bad, 1))
    with pytest.raises((InputError, InputErrors)) as raised:
        read_network(path)
    said = str(raised.value).splitlines()[0].replace("1 :      0.5;     ", "")
    assert words in " ".join(said.split())
    assert said.startswith(f"{path}:{line}: " if line else f"{path}:")


@pytest.mark.parametrize(("good", "bad", "line", "words"), TRIPS_FAULTS)
def test_faults_of_trip_tables_are_named(tmp_path: Path, good: str, bad: str, line: int | None, words: str) -> None:
    assert good in TRIPS
    path = written(tmp_path, TRIPS.replace(good, bad, 1))
    with pytest.raises((InputError, InputErrors)) as raised:
        read_trips(path)
    said = str(raised.value).splitlines()[0]
    assert words in " ".join(said.split())
    assert said.startswith(f"{path}:{line}: " if line else f"{path}:")


@pytest.mark.parametrize("read", [read_network, read_trips])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no line <END OF METADATA>"),
        (b"\xff\xfe<\x00N\x00", "UTF-16 text"),
        ("<NUMBER OF ZONES> ā".encode("iso8859-13"), "not UTF-8"),
        (b"<NUMBER\0OF ZONES> 2", "not a text file"),
        (b"PK\x03\x04\x14", "a zip archive.* unpack it first"),
        (b"\x1f\x8b\x08\x00", "a gzip archive - unpack it first"),
        (b"<html><body>Not found</body></html>", "a web page"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, read, content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(written(tmp_path, content))


def test_files_in_the_place_of_each_other_are_told_apart(tmp_path: Path) -> None:
    bare = re.sub("<TOTAL OD FLOW>.*\n", "", TRIPS)
    for text in (TRIPS, bare):
        with pytest.raises(InputError, match=r"looks like a file of trips, not of a network - give NET first"):
            read_network(written(tmp_path, text))
    with pytest.raises(InputError, match=r"looks like a file of a network, not of trips - give NET first"):
        read_trips(written(tmp_path, NET))


@pytest.mark.parametrize("read", [read_network, read_trips])
def test_files_that_cannot_be_opened_are_named(tmp_path: Path, read) -> None:
    with pytest.raises(InputError, match=r"nowhere\.tntp: cannot read: No such file"):
        read(tmp_path / "nowhere.tntp")
    with pytest.raises(InputError, match="cannot read: Is a directory"):
        read(tmp_path)


def test_many_faults_are_listed_up_to_a_limit(tmp_path: Path) -> None:
    bad = NET + "\t9\t9\tx\t;\n" * 1000
    with pytest.raises(InputErrors) as raised:
        read_network(written(tmp_path, bad))
    assert len(raised.value) == 20


def test_files_of_different_regions_do_not_go_together(tmp_path: Path) -> None:
    net = read_network(written(tmp_path, NET.replace("ZONES> 2", "ZONES> 3"), "net"))
    trips = read_trips(written(tmp_path, TRIPS, "trips"))
    with pytest.raises(InputError, match="2 zones here and 3 in net"):
        trips.vehicles(net)


@given(st.binary(max_size=300) | st.text(alphabet="<>~:; \n\t0123456789.eE+-NUMBEROFZ ", max_size=300).map(str.encode))
def test_noise_is_an_error_of_input_and_nothing_else(tmp_path_factory, noise: bytes) -> None:
    folder = tmp_path_factory.mktemp("noise")
    for read, text in ((read_network, NET), (read_trips, TRIPS)):
        for content in (noise, text.encode() + noise):
            with suppress(InputError, InputErrors):
                read(written(folder, content))


@given(st.integers(0, len(NET)), st.integers(0, len(TRIPS)))
def test_files_cut_short_are_refused_unless_only_blanks_are_gone(tmp_path_factory, net: int, trips: int) -> None:
    folder = tmp_path_factory.mktemp("cut")
    for read, text, at in ((read_network, NET, net), (read_trips, TRIPS, trips)):
        path = written(folder, text[:at])
        try:
            kept = read(path)
        except (InputError, InputErrors):
            continue
        whole = read(written(folder, text))
        same = (
            [np.array_equal(kept.init_node, whole.init_node), np.array_equal(kept.power, whole.power)]
            if read is read_network
            else [np.array_equal(kept.flow, whole.flow)]
        )
        assert all(same)
