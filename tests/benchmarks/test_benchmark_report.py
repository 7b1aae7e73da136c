"""The table of the benchmark: ratios, goals, a column for every number of threads, Markdown and JSON."""

import json

import pytest

from benchmarks import __main__ as command
from benchmarks import report
from benchmarks.outcome import Entry, Outcome, as_data, from_data

MACHINE = {
    "processor": "A",
    "cores": 4,
    "threads": [1, 4],
    "memory_gib": 8,
    "system": "S",
    "python": "3",
    "versions": {"numpy": "2"},
}


def outcome(mine=(1.0, 2.0, 3.0), other=(4.0, 4.0, 8.0), goal=None):
    entries = [
        Entry("graphlang", seconds=list(mine), value=1.0),
        Entry("peer", goal=goal, seconds=list(other), value=1.0),
    ]
    return Outcome("dummy", "Dummy work", entries)


def in_two_columns():
    entries = [
        Entry("graphlang", 1, seconds=[4.0], peak_mib=10.0),
        Entry("graphlang", 4, seconds=[2.0], peak_mib=20.0),
        Entry("peer", 1, 0.5, [10.0], peak_mib=5.0),
        Entry("peer", 4, 0.9, [2.5], peak_mib=40.0),
        Entry("other", 1, seconds=[8.0]),
        Entry("other", 4, skipped="other is not installed"),
    ]
    return Outcome("dummy", "Dummy work", entries, {"peer": 0.4})


def bandwidth():
    entries = [Entry("a triad", n, seconds=[0.5 / n]) for n in (1, 4)]
    return Outcome("memory", "The machine: memory", entries, amount=6.0, unit="GB/s")


def test_the_ratio_is_that_of_the_medians():
    row = outcome()
    assert row.ratio(row.entries[1]) == 0.5


def test_there_is_no_ratio_with_a_peer_that_was_skipped():
    row = outcome(other=())
    assert row.ratio(row.entries[1]) is None


def test_ratios_are_of_the_same_number_of_threads():
    row = in_two_columns()
    assert [row.ratio(e) for e in row.entries if e.contender == "peer"] == [0.4, 0.8]
    assert row.scaling == {4: 0.5}
    assert row.memory_ratio("peer") == 0.5


def test_the_table_says_by_how_much_a_target_is_missed():
    assert "missed by 25%" in report.row(outcome(goal=0.4))
    assert report.row(outcome(goal=0.5)).rstrip().splitlines()[2].endswith("met  (3 rounds)")


def test_the_table_compares_graphlang_with_itself():
    row = in_two_columns()
    assert report.row(row).splitlines()[7].split() == "graphlang at 4 over 1 0.50 1.05 met".split()
    row.entries[1].seconds = [5.0]
    assert "missed by 19%" in report.row(row)


def test_a_skipped_contender_is_named_with_its_reason():
    row = outcome()
    row.entries[1] = Entry("peer", skipped="peer is not installed")
    assert report.row(row).splitlines()[2].split(maxsplit=2) == [
        "peer",
        "1",
        "skipped: peer is not installed",
    ]


def test_a_contender_with_another_result_is_named():
    row = outcome()
    row.entries += [Entry("third", n, seconds=[1.0], value=1.1) for n in (1, 2)]
    assert row.disagreeing() == ["third"]
    assert "another result: third" in report.row(row)


def test_a_row_says_when_other_programs_kept_the_machine_busy():
    row = outcome()
    assert "unreliable" not in report.row(row)
    row.entries[0].wall, row.entries[0].others = 2.0, 3.0
    assert "other programs kept 1.5 cores busy" in report.row(row)


def test_the_goals_that_are_missed_are_listed():
    row = in_two_columns()
    assert report.behind([row, bandwidth()]) == []
    row.entries[1].seconds = [5.0]
    assert report.behind([row]) == [
        "dummy over peer, 4 threads: 2.00, at most 0.9",
        "dummy over itself with 1, 4 threads: 1.25, at most 1.05",
    ]


def test_the_markdown_has_a_column_for_every_number_of_threads_and_a_line_for_every_peer():
    assert report.markdown([bandwidth(), in_two_columns()]).splitlines() == [
        "| work | | 1 thread | 4 threads | at most |",
        "|---|---|---:|---:|---:|",
        "| The machine: memory |  | 12 GB/s | 48 GB/s |  |",
        "| Dummy work | graphlang | 4 s | 2 s |  |",
        "|  | over peer | **0.40** (10 s) | **0.80** (2.5 s) | 0.5 / 0.9 |",
        "|  | over other | 0.50 (8 s) |  |  |",
        "|  | over itself with 1 thread |  | **0.50** | 1.05 |",
        "|  | peak memory over peer |  | 0.50 | 0.4 |",
    ]


def test_a_row_that_was_measured_in_one_column_leaves_the_others_empty():
    row = outcome(goal=0.5)
    for entry in row.entries:
        entry.threads = 4
    lines = report.markdown([in_two_columns(), row]).splitlines()
    assert lines[-2:] == [
        "| Dummy work | graphlang |  | 2 s |  |",
        "|  | over peer |  | **0.50** (4 s) | 0.5 |",
    ]


def test_the_markdown_says_why_graphlang_was_skipped():
    row = outcome()
    row.entries[0] = Entry("graphlang", skipped="Conv is missing")
    assert report.markdown([row]).splitlines()[2] == "| Dummy work | Conv is missing |  |  |"


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (1.5e-6, "1.5 µs"), (2e-8, "20 ns")]
)
def test_a_duration_has_three_digits_and_a_unit(seconds, text):
    assert report.duration(seconds) == text


# ---- files --------------------------------------------------------------------------------------------


def test_the_results_round_trip_through_json():
    rows = [outcome(goal=0.5), in_two_columns(), bandwidth()]
    data = json.loads(json.dumps(as_data(rows, {"cores": 2})))
    assert data["rows"][0]["entries"][1]["ratio"] == 0.5
    assert data["rows"][1]["scaling"] == {"4": 0.5}
    assert from_data(data) == rows


def test_what_several_machines_measured_is_printed_one_after_the_other(tmp_path, monkeypatch, capsys):
    files = []
    for name in ("A", "B"):
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(as_data([in_two_columns()], MACHINE | {"processor": name})), "utf-8")
    monkeypatch.setattr("sys.argv", ["benchmarks", "--markdown", "--read", *map(str, files)])
    assert command.main() == 0
    out = capsys.readouterr().out
    assert out.count("| work | | 1 thread | 4 threads | at most |") == 2
    described = "cores, measured on 1 and 4 of them, 8 GiB, S, Python 3, numpy 2."
    assert f"Measured by `python -m benchmarks` on: A, 4 {described}\n\n| work" in out
    assert out.endswith(f"on: B, 4 {described}\n")


@pytest.mark.parametrize("wrong", [["0"], ["two"], ["1", "-2"]])
def test_a_wrong_number_of_threads_is_a_usage_error(wrong, monkeypatch, capsys):
    monkeypatch.setattr(
        "sys.argv", ["benchmarks", "--only", "nothing_at_all", f"--threads={wrong[0]}", *wrong[1:]]
    )
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert "--threads" in capsys.readouterr().err
