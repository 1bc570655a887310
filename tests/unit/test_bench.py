"""What the benchmark promises apart from speed: pins, rounds, verdicts, tables; the peers are not needed for it."""

from __future__ import annotations

import ast
import json
import math
import os
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import bench, child, choice, graphs, machine, report, roads
from benchmarks.timing import Task, Way, interleave, rows_of
from zemsim.commands.quality import bench as command

ROOT = Path(__file__).resolve().parents[2]


SIXTEEN = "16 sets of times, each a skim of 50 zones"
#: What a process tells, without its rows.
PART: dict[str, Any] = {
    "threads": 1, "bandwidth": {"read_L2_gb_s": 80.0}, "load_average": [0.1, 0.2], "skipped": ["a network"],
    "different": None, "late": None, "elapsed_seconds": 90.0,
}  # fmt: skip


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def row(**more: Any) -> dict[str, Any]:
    ways = [
        Way("ours", lambda: spin(0.001), 1),
        Way("slow", lambda: spin(0.004), 2),
        Way("slower", lambda: spin(0.02), 1),
    ]
    task = Task("work", "piece", ways, {"best": 2.0, "slower": 10.0}, 0.0005, "yes")
    return rows_of(task, interleave(ways, 3), 1, False)[0] | more


def test_peers_are_those_of_the_extra() -> None:
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert dict(item.split("==") for item in extra["bench"]) == bench.pinned()


def test_a_missing_or_other_version_of_a_peer_is_a_fault_unless_waived() -> None:
    peers = {"numpy": "0.0.1", "no-such-package": "1.0"}
    here, wrong = bench.faults(peers, [])
    assert here == []
    assert len(wrong) == 2
    assert "pinned is 0.0.1" in wrong[0]
    assert "no-such-package is not installed" in wrong[1]
    assert bench.faults(peers, ["numpy", "no-such-package"]) == ([], [])


def test_missing_peers_end_with_3_before_anything_is_timed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "pinned", lambda: {"no-such-package": "1.0"})
    monkeypatch.setattr(bench, "run", lambda *_: pytest.fail("something was timed"))
    assert bench.main(["--quick"]) == bench.FAILED
    assert "no-such-package" in capsys.readouterr().err


def test_a_waiver_of_what_is_no_peer_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.parsed(["--waive", "networkits"])
    assert "no pinned peer" in capsys.readouterr().err


def test_ways_take_turns_and_the_first_round_is_dropped() -> None:
    calls: list[str] = []

    def way(name: str) -> Way:
        def call() -> None:
            spin(0.2 if name not in calls else 0.06)
            calls.append(name)

        return Way(name, call, 2)

    one, other = interleave([way("a"), way("b")], 3)
    assert sorted(calls[:2]) == sorted(calls[2:4]) == sorted(calls[4:]) == ["a", "b"]
    for timed in (one, other):
        assert timed.rounds == 2
        assert 0.03 <= timed.cpu_s < 0.06


def test_what_is_prepared_is_not_timed_and_handed_over() -> None:
    seen = []
    (timed,) = interleave([Way("a", seen.append, 1, prepare=lambda: spin(0.05) or 7)], 2)
    assert seen == [7, 7]
    assert timed.cpu_s < 0.02


def test_slow_ways_are_timed_in_two_rounds_that_both_count(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = {
        "slow": iter([(12.0, 11.0), (14.0, 13.0)]),
        "quick": iter([(9.9, 9.0), (4.0, 3.0), (2.0, 1.0), (6.0, 5.0)]),
    }
    monkeypatch.setattr("benchmarks.timing.timed", lambda way, calls: next(spent[way.name]))
    slow, quick = interleave([Way("slow", print, 2), Way("quick", print, 1)], 4)
    assert (slow.rounds, slow.wall_s, slow.cpu_s) == (2, 6.5, 6.0)
    assert (quick.rounds, quick.wall_s, quick.cpu_s) == (3, 4.0, 3.0)


def test_rows_tell_ratios_goals_and_the_best_peer() -> None:
    ways = [
        Way("ours", lambda: spin(0.002), 1),
        Way("slow", lambda: spin(0.008), 2),
        Way("slower", lambda: spin(0.04), 1),
    ]
    task = Task("work", "piece", ways, {"best": 2.0, "slower": 10.0}, 0.001, "yes")
    slow, slower = rows_of(task, interleave(ways, 3), 1, False)
    assert (slow["peer"], slow["best_peer"], slow["goal"]) == ("slow", True, 2.0)
    assert (slower["peer"], slower["best_peer"], slower["goal"]) == ("slower", False, 10.0)
    assert slow["ratio"] == pytest.approx(2, rel=0.2)
    assert slower["ratio"] == pytest.approx(20, rel=0.2)
    assert slow["share_of_bound"] == pytest.approx(0.5, rel=0.2)
    assert {"task", "threads", "seconds", "peer", "peer_seconds", "ratio", "goal", "share_of_bound"} <= set(slow)


def test_how_threads_scale_is_judged_on_a_quiet_machine_only() -> None:
    ways = [Way("ours", lambda: spin(0.002), 1), Way("ours, 1 thread", lambda: spin(0.002), 1)]
    task = Task("work", "piece", ways, scaling=1.7)
    assert rows_of(task, interleave(ways, 2), 2, True)[0]["goal"] == 1.7
    assert rows_of(task, interleave(ways, 2), 2, False)[0]["goal"] is None


def test_a_goal_is_missed_below_seven_tenths_and_a_difference_is_named() -> None:
    rows = [row(ratio=7.0, goal=10.0), row(ratio=6.9, goal=10.0)]
    parts = [{"threads": 1, "different": None, "late": None, "rows": rows}]
    (missed,) = bench.verdict(parts)
    assert "6.9 times" in missed
    assert [report.ratio(one) for one in rows] == ["7.0 (below)", "6.9 (missed)"]
    assert report.ratio(row(ratio=10.0, goal=10.0)) == "10.0"
    parts.append({"threads": 2, "different": "skims differ", "late": "out of time", "rows": [row(goal=None)]})
    assert bench.verdict(parts)[:2] == ["2 threads: skims differ", "2 threads: out of time"]


def test_tables_hold_every_row_and_no_infinite_number() -> None:
    rows = [row(), row(peer="other|one", share_of_bound=math.nan, best_peer=False, goal=None)]
    found = report.whole([PART | {"rows": rows}], ["numpy"], ["edsger"], 5, [])
    assert json.loads(json.dumps(found, allow_nan=False))["rows"][1]["share_of_bound"] is None
    text, page = report.text(found), report.markdown(found)
    assert "other|one" in text
    assert page.count("\n| work") == 1
    for said in (text, page):
        assert "a network" in said
        assert "waived: edsger" in said.replace("Waived", "waived")
    assert report.seconds(2.5e-8) == "25 ns"
    assert report.seconds(0.012) == "12 ms"


def test_the_table_tells_how_two_threads_scale_and_how_time_grows() -> None:
    sizes = {100.0: 1.0, 400.0: 4.0, 1600.0: 16.0}
    one = [
        row(task=f"{size}", group="g", size=size, cpu_seconds=s, peer_cpu_seconds=s * s) for size, s in sizes.items()
    ]
    two = [row(task="100.0", threads=2, peer="ours, 1 thread", ratio=1.5, goal=1.7, note="wall time")]
    two.append(row(task="400.0", threads=2, peer="ours, 1 thread", ratio=1.2, goal=None, note="the machine is busy"))
    found = report.whole([PART | {"rows": one}, PART | {"threads": 2, "rows": two}], [], [], 5, ["a task"])
    (grown,) = found["growth"]
    assert grown["exponent"] == pytest.approx(1)
    assert grown["peers"]["slow"] == pytest.approx(2)
    page = report.markdown(found)
    assert "| ours, 2 threads over 1 |" in page
    assert "| 1.50 (below), goal 1.7 |" in page
    assert "| 1.20 (busy) |" in page
    assert "to the power of 1.00; slow 2.00" in page
    assert "* Missed: a task." in page


def test_the_table_goes_between_the_marks_of_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "README.md"
    assert bench.table_in(page, "new") == "new"
    first, last = report.FIRST_MARK, report.LAST_MARK
    page.write_text(f"before\n\n{first}\nold\n{last}\n\nafter\n", encoding="utf-8")
    assert bench.table_in(page, "new\n") == f"before\n\n{first}\n\nnew\n\n{last}\n\nafter\n"
    for text in ("", first, last, f"{last} {first}", f"{first} {first} {last}"):
        page.write_text(text, encoding="utf-8")
        with pytest.raises(SystemExit):
            bench.parsed(["--markdown", str(page)])
        assert "must have the lines" in capsys.readouterr().err


def test_the_readme_has_the_marks() -> None:
    assert "| task |" in bench.table_in(ROOT / "README.md", "| task |")


def test_time_that_does_not_suffice_ends_the_process_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(_: object) -> Iterator[Task]:
        for name in ("first", "second"):
            yield Task(name, "piece", [Way("ours", lambda: spin(0.01), 1)])

    monkeypatch.setattr(child, "all_tasks", work)
    monkeypatch.setattr(machine, "bandwidth", lambda _: {})
    options = choice.Options(1, True, 2, None, None, frozenset())
    assert [row["task"] for row in child.measured(options)["rows"]] == ["first", "second"]
    found = child.measured(replace(options, most_s=0.0))
    assert [row["task"] for row in found["rows"]] == ["first"]
    assert "out of time after first" in found["late"]


def test_a_process_that_hangs_is_stopped() -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    assert bench._ended(command, dict(os.environ), ".", 0.5) == "was stopped after 0 s"
    assert bench._ended([sys.executable, "-c", "exit(7)"], dict(os.environ), ".", 60) == "ended with 7"


def test_a_thread_gets_at_most_a_core() -> None:
    assert 0 < machine.share_of_cores(1, 0.05) < 1.1


def test_the_generated_graph_is_the_same_each_time_and_connected() -> None:
    one, other = graphs.planar(400, 50), graphs.planar(400, 50)
    assert one.time_ms.tobytes() == other.time_ms.tobytes()
    assert one.zones.size == 50
    assert one.n_nodes > 300
    assert len(set(zip(one.tail.tolist(), one.head.tolist(), strict=True))) == one.tail.size
    assert np.isfinite(graphs.dijkstra(one.matrix, indices=[0])).all()
    assert sorted(one.zones_in_order().tolist()) == one.zones.tolist()


def test_only_the_tasks_that_are_asked_for_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graphs.planar(400, 50)
    bandwidth = dict.fromkeys(("read_L2_gb_s", "read_L3_gb_s", "read_memory_gb_s", "copy_memory_gb_s"), 10.0)
    options = choice.Options(2, True, 2, None, None, frozenset(), bandwidth)
    names = {task.name: task for task in roads.tasks(graph, options)}
    skim, sixteen = (names[f"planar 400: {words}"] for words in ("skim of 50 zones", SIXTEEN))
    assert [way.name for way in skim.ways] == [way.name for way in sixteen.ways] == ["ours", "ours, 1 thread"]
    assert (skim.group, skim.size) == ("planar: skim of 50 zones", graph.n_nodes)
    assert all(task.bound_s > 0 for task in names.values())
    assert len(names) == 3
    assert len(list(roads.tasks(graph, replace(options, threads=1)))) == 5
    (only,) = roads.tasks(graph, replace(options, only="16 SETS"))
    assert only.name == sixteen.name
    monkeypatch.setattr(roads, "customise", lambda *_: pytest.fail("something was made"))
    assert not list(roads.tasks(graph, replace(options, only="planar 500")))


def test_tntp_networks_are_read_plain_and_packed(tmp_path: Path) -> None:
    text = "<NUMBER OF NODES> 3\n<END OF METADATA>\n~ from to\n1 2 9 1 2 0;\n2 3 9 1 3 0;\n3 1 9 1 4 0;\n2 1 9 1 5 0;\n"
    (tmp_path / "Tiny_net.tntp").write_text(text)
    (path,) = graphs.networks_in(tmp_path, ("Tiny", "Other"))
    graph = graphs.tntp(path, 2)
    assert graph.n_nodes == 3
    assert sorted(graph.time_ms.tolist()) == [120_000, 180_000, 240_000, 300_000]


def test_numpy_chooses_as_the_kernel_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "CHOICES", 20_000)
    options = bench.parsed(["--quick"])
    asked = choice.Options(2, options.quick, 2, None, None, frozenset(), {"read_memory_gb_s": 10.0})
    (task,) = choice.tasks(asked)
    assert [way.name for way in task.ways] == ["ours", "ours, 1 thread", "numpy", "numpy, float32"]
    assert "20,000" in task.checked


def test_bandwidth_rises_with_nearness() -> None:
    assert machine.reads_gb_s({"read_L2_gb_s": 3, "read_L3_gb_s": 2, "read_memory_gb_s": 1}, 1e5) == 3
    assert machine.reads_gb_s({"read_L2_gb_s": 3, "read_L3_gb_s": 2, "read_memory_gb_s": 1}, 5e6) == 2
    assert machine.reads_gb_s({"read_L2_gb_s": 3, "read_L3_gb_s": 2, "read_memory_gb_s": 1}, math.inf) == 1


def test_the_command_passes_options_on_and_ends_as_the_script_does(tmp_path: Path) -> None:
    (tmp_path / "peers.txt").write_text("")
    (tmp_path / "bench.py").write_text(
        "import sys\nopen(sys.argv[0] + '.out', 'w').write(repr(sys.argv[1:]))\nsys.exit(3)\n"
    )
    asked = ["--suite", str(tmp_path), "--quick", "--waive", "a", "--waive", "b", "--rounds", "4", "--json"]
    assert CliRunner().invoke(command, asked).exit_code == 3
    passed = (tmp_path / "bench.py.out").read_text()
    assert sorted(ast.literal_eval(passed)) == ["--json", "--quick", "--rounds=4", "--waive=a", "--waive=b"]


def test_without_the_source_tree_the_command_says_what_to_do(tmp_path: Path) -> None:
    found = CliRunner().invoke(command, ["--suite", str(tmp_path)])
    assert "source tree" in str(found.exception)
