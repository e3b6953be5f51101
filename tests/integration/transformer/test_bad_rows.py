"""Bad input is a clear error and nothing lost (guarantee 7)."""

import gzip
import json
from datetime import timedelta

import pytest

from services.transformer import staging
from services.transformer.tidy import gestta
from shared.contracts.events import SchemaDrifted
from shared.errors import Rejected
from shared.landing import Pruned
from tests.integration.transformer.conftest import BLOCK, TASKS, at, page

pytestmark = pytest.mark.integration

GOOD = [{"id": f"t{n}", "name": f"T{n}"} for n in range(8)]


def test_rows_that_cannot_be_read_are_set_aside_with_their_reason_and_the_rest_loads(office):
    bad = [{"id": "x", "_due_date": "soon"}]
    loaded = office.bring([*GOOD, *bad], read_at=at(1))
    assert (loaded.inserted, loaded.rejected) == (8, 1)
    (aside,) = office.rows("SELECT row_number, row_id, field, reason, raw FROM ops.rejected_rows")
    assert aside == {
        "row_number": 9,
        "row_id": "x",
        "field": "due_date",
        "reason": "due_date has a value that cannot be read",
        "raw": '{"id":"x","_due_date":"soon"}',
    }
    assert "x" not in office.shown()


def test_a_row_that_was_good_before_keeps_its_last_good_state(office):
    office.bring([*GOOD, {"id": "x", "name": "good", "_due_date": "2026-11-10"}], read_at=at(1))
    office.bring([*GOOD, {"id": "x", "name": "bad", "_due_date": "soon"}], read_at=at(2))
    assert (office.shown()["x"]["title"], str(office.shown()["x"]["due_date"])) == ("good", "2026-11-10")


def test_more_than_the_limit_parks_the_batch_whole_until_a_person_takes_the_rest(office):
    rows = [*GOOD, *({"id": f"x{n}", "value": "much"} for n in range(3))]
    event = office.land(rows, read_at=at(1))
    with pytest.raises(Rejected, match=r"3 of 11 rows .* cannot be read \(first: value has .*accept-rejects"):
        office.load(event)
    assert office.shown() == {}
    assert office.rows("SELECT * FROM ops.processed_events") == []
    loaded = office.load(event, acceptrejects=True, replay=event.id)
    assert (loaded.inserted, loaded.rejected) == (8, 3)
    assert len(office.rows("SELECT * FROM ops.rejected_rows")) == 3


def test_a_batch_that_cannot_be_read_is_not_held_to_its_end(office, monkeypatch):
    monkeypatch.setattr(staging, "CHUNK", 5)
    event = office.land([{"id": f"x{n}", "value": "much"} for n in range(100)], read_at=at(1))
    with pytest.raises(Rejected, match="at least 25 of 100 rows"):  # the limit is 20
        office.load(event)
    assert office.load(event, acceptrejects=True, replay=event.id).rejected == 100


def test_a_row_that_cannot_be_read_is_kept_as_it_came(office):
    odd = {"id": "x", "name": 'a\n\t\\N\\ "b" \r\x00é', "value": "much"}
    office.bring([*GOOD, odd], read_at=at(1))
    (kept,) = office.rows("SELECT raw FROM ops.rejected_rows")
    assert json.loads(kept["raw"]) == odd | {"name": 'a\n\t\\N\\ "b" \r\ufffdé'}


def test_of_a_long_row_that_cannot_be_read_the_beginning_is_kept_and_its_length_told(office):
    office.bring([*GOOD, {"id": "x", "name": "é" * 20_000, "value": "much"}], read_at=at(1))
    (kept,) = office.rows("SELECT raw FROM ops.rejected_rows")
    assert kept["raw"].startswith('{"id":"x","name":"')
    assert kept["raw"].endswith("… (120035 characters)")
    assert len(kept["raw"]) < 10_100


def test_no_signature_of_a_row_that_cannot_be_read_is_kept(office):
    link = "https://files.example/a.pdf?X-Amz-Expires=60&X-Amz-Signature=0123"
    office.bring([*GOOD, {"id": "x", "documents": [{"url": link}], "value": "much"}], read_at=at(1))
    (kept,) = office.rows("SELECT raw FROM ops.rejected_rows")
    assert "https://files.example/a.pdf" in kept["raw"]
    assert "Signature" not in kept["raw"]


def test_rows_longer_than_most_are_held_few_at_a_time(office, monkeypatch):
    held = []
    tidy = gestta.tidy

    def noting(rows, *more):
        held.append(len(rows))
        return tidy(rows, *more)

    monkeypatch.setattr(gestta, "tidy", noting)
    monkeypatch.setattr(staging, "CHUNK_TEXT", 100_000)
    loaded = office.bring([{"id": f"x{n}", "name": "n" * 9_990} for n in range(30)], read_at=at(1))
    assert loaded.inserted == 30
    assert max(held) == 10


def test_exactly_the_limit_loads(office):
    rows = [*GOOD, {"id": "x", "value": "much"}, {"id": "y", "value": "much"}]
    assert office.bring(rows, read_at=at(1)).rejected == 2


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "x" * 4_000, "name": "a key that fits no index page"},
        {"id": "x", "customer.code": "9" * 4_000},
        {"id": "x", "status": "S" * 9_000},
        {"id": "x", "name": "n" * 1_000_000},
        {"id": "x", "name": "a\x00b\ud800c", "\x00": "\udfff"},
        {"id": "x", "value": 10**400},
        {"id": "x", "unknown": float("inf")},
        {"id": "x", "unknown": float("nan")},
        {"id": "x", "unknown": 10**400},
        {"id": "x", "_due_date": "9999-12-31T23:59:59Z", "created_at": "0001-01-01T00:00:00Z"},
        {"id": "x", "value": 999_999_999_999_999.9},
        {"id": "x", "": "", "a.b": {"a": {"b": [{}]}}, "owner": [], "customer": "5f"},
        {"id": "x", "name": '"quotes", commas; and\nlines\\.'},
        {},
    ],
    ids=[
        "long id",
        "long code",
        "long status",
        "long name",
        "NUL and halves of pairs",
        "huge value",
        "infinity",
        "NaN",
        "huge number that is only raw",
        "years out of range",
        "a very large value",
        "odd keys",
        "CSV in a name",
        "empty",
    ],
)
def test_one_odd_row_never_stops_the_others(office, odd):
    loaded = office.bring([*GOOD, odd], read_at=at(1))
    assert loaded.inserted + loaded.rejected == 9
    assert {row["id"] for row in GOOD} <= set(office.shown())


@pytest.mark.parametrize(
    "odd",
    [
        page("x", title="t") | {"properties": {"a": {"id": "title", "type": "title", "title": "words"}}},
        page("x", client_code="9" * 4_000),
        page("x") | {"last_edited_time": None},
        page("x") | {"properties": "none"},
        page("x" * 4_000),
    ],
    ids=["another shape", "long code", "never edited", "no properties", "long id"],
)
def test_one_odd_page_never_stops_the_others(office, odd):
    loaded = office.load(office.land_pages([*(page(f"p{n}", title="T") for n in range(8)), odd], read_at=at(1)))
    assert loaded.inserted + loaded.rejected == 9
    assert len(office.rows("SELECT * FROM operacional.notion_pages")) >= 8


def test_an_unknown_status_is_told_once(office):
    row = {"id": "x", "name": "T", "status": "PAUSED"}
    drifted = [fact for fact in office.handle(office.land([row], read_at=at(1))) if isinstance(fact, SchemaDrifted)]
    assert [fact.fields for fact in drifted] == [("status=PAUSED",)]
    assert not [fact for fact in office.handle(office.land([row], read_at=at(2))) if isinstance(fact, SchemaDrifted)]
    assert (office.shown()["x"]["status"], office.shown()["x"]["source_status"]) == ("open", "PAUSED")


def test_an_unknown_word_of_a_notion_status_is_told_too(office):
    event = office.land_pages([page("p", source_status="Novo")], read_at=at(1), mapping=TASKS)
    assert [fact.fields for fact in office.handle(event) if isinstance(fact, SchemaDrifted)] == [("status=Novo",)]


def test_a_damaged_batch_is_refused_and_a_pruned_one_named(office, tmp_path):
    event = office.land(GOOD, read_at=at(1))
    (file,) = (tmp_path / "landing").rglob("*.jsonl.gz")
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    with pytest.raises(Rejected, match="is damaged"):
        office.load(event)
    file.write_bytes(gzip.compress(b'{"read_at":"2026-11-24T12:00:00.000Z","row":{"id":"forged"}}\n'))
    with pytest.raises(Rejected, match="is damaged"):
        office.load(event)
    file.unlink()
    with pytest.raises(Pruned):
        office.load(event)
    assert office.shown() == {}


def test_an_empty_batch_is_a_load_and_a_complete_read(office):
    loaded = office.bring([], read_at=at(1), plan=[(BLOCK, timedelta(minutes=7))])
    assert (loaded.inserted, loaded.updated, loaded.unchanged, loaded.removed, loaded.rejected) == (0, 0, 0, 0, 0)
    assert [row["last_read_at"] for row in office.rows("SELECT last_read_at FROM ops.scopes")] == [at(1)]


def test_a_system_that_nobody_tidies_is_refused(office):
    with pytest.raises(Rejected, match="no rules to tidy 'slack'"):
        office.load(office.land(GOOD, read_at=at(1), system="slack"))
