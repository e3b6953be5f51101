"""Rows of a walk until it has ended: each id once, the newest version."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notion_extractor.spool import Spool
from shared.errors import Rejected

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD, NEW = "2026-11-23T10:00:00.000Z", "2026-11-23T10:01:00.000Z"


def row(row_id, edited=OLD, **more):
    return {"object": "page", "id": row_id, "last_edited_time": edited, **more}


def kept(*rows):
    with Spool() as spool:
        for number, each in enumerate(rows):
            spool.add(each, read_at=NOON + timedelta(seconds=number))
        return list(spool.rows(only_later=False)), set(spool.ids()), spool


def test_rows_come_out_as_they_went_in_with_the_time_of_their_reading():
    rows = [row("a"), row("b", texto="á\ud800\t\n" + "x" * 100_000)]
    found, ids, spool = kept(*rows)
    assert found == [(rows[0], NOON), (rows[1], NOON + timedelta(seconds=1))]
    assert ids == {"a", "b"}
    assert spool.repeated == 0


@pytest.mark.parametrize(
    ("first", "second", "wins"),
    [(OLD, NEW, 1), (NEW, OLD, 0), (OLD, OLD, 1), ("9999-99-99", NEW, 1), (OLD, None, 0), (None, None, 1)],
    ids=[
        "newer comes later",
        "newer came first",
        "edited in the same minute, read later",
        "no date",
        "none after one",
        "none at all",
    ],
)
def test_of_a_repeated_row_the_newest_counts(first, second, wins):
    rows = [row("a", first, n=0), row("b"), row("a", second, n=1)]
    found, ids, spool = kept(*rows)
    assert [each for each, _ in found if each["id"] == "a"] == [rows[2 * wins]]
    assert len(found) == len(ids) == 2
    assert spool.repeated == 1


def test_what_may_be_passed_on_at_once_is_new_and_not_for_later():
    with Spool() as spool:
        given = [
            spool.add(row("a"), read_at=NOON),
            spool.add(row("a"), read_at=NOON),
            spool.add(row("b"), read_at=NOON, later=True),
            spool.add(row("b", NEW, n=1), read_at=NOON),
            spool.add(row(None), read_at=NOON),
        ]
        assert given == [True, False, False, False, True]
        assert spool.superseded == 0
        assert [each for each, _ in spool.rows(only_later=True)] == [row("b", NEW, n=1)]


def test_a_newer_version_of_what_was_passed_on_supersedes_it():
    with Spool() as spool:
        assert spool.add(row("a"), read_at=NOON)
        assert not spool.add(row("a", NEW), read_at=NOON)
        assert spool.superseded == 1


def test_of_one_minutes_edits_the_one_that_was_read_later_counts_whichever_came_first():
    with Spool() as spool:
        spool.add(row("a", n=1), read_at=NOON)
        spool.add(row("a", n=0), read_at=NOON - timedelta(seconds=1))
        assert list(spool.rows(only_later=False)) == [(row("a", n=1), NOON)]
        assert spool.superseded == 0


@pytest.mark.parametrize("host", ["https://files.notion.example/a.pdf", "https://s3.example/b%20c"])
def test_a_row_that_says_the_same_under_links_signed_anew_supersedes_nothing(host):
    def signed(anew):
        return row(
            "a", file={"url": f"{host}?X-Amz-Date={anew}&X-Amz-Signature={anew}", "expiry_time": f"2026-11-23T1{anew}"}
        )

    found, _, spool = kept(signed(1), signed(2), signed(3))
    assert (found, spool.superseded, spool.repeated) == ([(signed(1), NOON)], 0, 2)


def test_a_third_version_is_compared_with_the_second():
    found, _, _ = kept(row("a", OLD, n=0), row("a", NEW, n=1), row("a", OLD, n=2))
    assert [each["n"] for each, _ in found] == [1]


@pytest.mark.parametrize("row_id", [None, 7, {"a": 1}], ids=str)
def test_a_row_without_an_id_is_kept_as_it_is(row_id):
    found, ids, spool = kept(row(row_id), row(row_id))
    assert [each for each, _ in found] == [row(row_id)] * 2
    assert ids == set()
    assert spool.without_id == 2


def test_a_row_nested_without_end_is_refused():
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"d": deep}
    with Spool() as spool, pytest.raises(Rejected, match="nested too deeply"):
        spool.add(row("a", deep=deep), read_at=NOON)
