"""What the ledger remembers of rows: each version's first and last call, and not one more."""

from simulators.served import Served

QUARTER, OPEN = "report:2026-10-01/2026-12-31", "search:OPEN"


def _told(served: Served, row_id: str) -> list[tuple]:
    return [
        (each["kind"], each["version"], each["first_at"], each["last_at"], each["first_scope"], each["last_scope"])
        for each in served.told([row_id])[row_id]
    ]


def test_a_version_served_again_moves_only_its_last_time():
    served = Served()
    for call, at in enumerate(("10:00", "10:07", "10:14")):
        served.add(call, at, QUARTER, {"a": 0})

    assert _told(served, "a") == [("report", 0, "10:00", "10:14", QUARTER, QUARTER)]


def test_another_version_begins_anew_and_the_older_one_is_kept():
    served = Served()
    served.add(1, "10:00", QUARTER, {"a": 0, "b": 0})
    served.add(2, "10:07", QUARTER, {"a": 5, "b": 0})

    assert _told(served, "a") == [
        ("report", 0, "10:00", "10:00", QUARTER, QUARTER),
        ("report", 5, "10:07", "10:07", QUARTER, QUARTER),
    ]
    assert _told(served, "b") == [("report", 0, "10:00", "10:07", QUARTER, QUARTER)]


def test_report_and_search_are_told_apart():
    served = Served()
    served.add(1, "10:00", QUARTER, {"a": 0})
    served.add(2, "10:01", OPEN, {"a": 0})

    assert [each[0] for each in _told(served, "a")] == ["report", "search"]


def test_what_was_never_served_has_nothing_to_tell():
    assert Served().told(["a"]) == {"a": []}
