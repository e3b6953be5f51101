"""Newer never gives way to older, whatever the order of arrival (guarantees 2 and 3)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.transformer.conftest import BLOCK, NEXT_BLOCK, REGISTER, at, page

pytestmark = pytest.mark.integration


PLANNED = timedelta(minutes=7)


def report(title: str, task_id: str = "a", **other: Any) -> dict[str, Any]:
    return {"id": task_id, "name": title, "status": "OPEN"} | other


def search(title: str, task_id: str = "a", **other: Any) -> dict[str, Any]:
    return {"_id": task_id, "name": title, "status": "OPEN"} | other


def test_a_redelivery_returns_the_stored_outcome_and_touches_no_row(office):
    event = office.land([report("A"), report("B", "b")], read_at=at(1))
    said = office.handle(event)
    before = office.rows("SELECT xmin, ctid, * FROM operacional.gestta_tasks ORDER BY task_id")
    assert office.handle(event) == said
    assert office.rows("SELECT xmin, ctid, * FROM operacional.gestta_tasks ORDER BY task_id") == before
    assert len(office.rows("SELECT * FROM ops.loads")) == 1


def test_a_redelivery_returns_its_outcome_even_when_the_batch_is_gone(office):
    event = office.land([report("A")], read_at=at(1))
    said = office.handle(event)
    newer = office.land([report("B")], read_at=at(2))
    office.handle(newer)
    assert office.handle(event) == said
    assert office.task()["title"] == "B"


@pytest.mark.parametrize(
    ("story", "title"),
    [
        ("A1 B2", "B"),
        ("B2 A1", "B"),
        ("A1 A3 B2", "A"),
        ("A3 B2 A1", "A"),
        ("B2 A1 A3", "A"),
        ("A1 B2 A1 A1", "B"),
        ("A1 B1", "B"),
    ],
    ids=[
        "in order",
        "turned round",
        "seen again unchanged, an older one last",
        "backwards",
        "the oldest in the middle",
        "again and again",
        "at an equal version another content wins",
    ],
)
def test_what_was_seen_last_counts_not_what_came_last(office, story, title):
    landed: dict[str, Any] = {}
    for name in story.split():
        if name not in landed:
            landed[name] = office.land([report(name[0])], read_at=at(int(name[1:])))
            office.load(landed[name])
        else:
            office.again(landed[name])
    assert office.task()["title"] == title


def test_a_person_may_force_an_older_batch(office):
    old = office.land([report("A")], read_at=at(1))
    office.bring([report("B")], read_at=at(2))
    assert office.again(old).updated == 0
    assert office.again(old, force=True, replay="r").updated == 1
    assert office.task()["title"] == "A"
    assert office.bring([report("B")], read_at=at(3)).updated == 1
    assert office.task()["title"] == "B"


def test_one_part_never_clears_what_the_other_knows(office):
    office.bring([report("A", **{"owner.name": "Ana", "fine": True})], read_at=at(1))
    office.bring([search("A2", competence_date="2026-11-01T03:00:00Z")], read_at=at(2), scope="search:open")
    task = office.task()
    assert (task["title"], task["owner"], task["generates_fine"], str(task["competence"])) == (
        "A2",
        "Ana",
        True,
        "2026-11-01",
    )
    office.bring([report("A3")], read_at=at(3))
    task = office.task()
    assert (task["title"], task["owner"], str(task["competence"])) == ("A3", None, "2026-11-01"), (
        "its own part forgot it"
    )


def test_null_in_the_newer_part_does_clear_it(office):
    office.bring([report("A", **{"owner.name": "Ana"})], read_at=at(1))
    office.bring([search("A", owner=None)], read_at=at(2), scope="search:open")
    assert office.task()["owner"] is None
    office.bring([report("A", **{"owner.name": "Ana"})], read_at=at(3))
    assert office.task()["owner"] == "Ana"


def test_the_part_seen_last_wins_though_the_other_changed_last(office):
    office.bring([report("A")], read_at=at(1))
    office.bring([search("S")], read_at=at(2), scope="search:open")
    assert office.task()["title"] == "S"
    office.bring([report("A")], read_at=at(3))
    assert office.task()["title"] == "A", "the report was seen after the search, although it said nothing new"


def test_a_row_that_moves_to_another_block_is_one_row(office):
    office.bring([report("A", _due_date="2026-12-30")], read_at=at(1), scope=BLOCK)
    office.bring([report("A", _due_date="2027-01-05")], read_at=at(2), scope=NEXT_BLOCK)
    office.bring([], read_at=at(3), scope=BLOCK)
    assert str(office.shown()["a"]["due_date"]) == "2027-01-05"


def test_unchanged_rows_are_not_written(office):
    rows = [report(f"T{n}", f"t{n}", **{"owner.name": "Ana"}) for n in range(300)]
    office.bring(rows, read_at=at(1))
    before = office.rows("SELECT ctid, xmin, task_id FROM operacional.gestta_tasks ORDER BY task_id")
    rows[7] = report("other", "t7")
    loaded = office.bring(rows, read_at=at(2))
    assert (loaded.inserted, loaded.updated, loaded.unchanged) == (0, 1, 299)
    after = office.rows("SELECT ctid, xmin, task_id FROM operacional.gestta_tasks ORDER BY task_id")
    assert [row["task_id"] for row, former in zip(after, before, strict=True) if row != former] == ["t7"]


def test_a_pages_edit_time_goes_before_the_time_it_was_read(office):
    office.load(office.land_pages([page("p", edited=at(5), title="new")], read_at=at(10)))
    office.load(office.land_pages([page("p", edited=at(1), title="old")], read_at=at(20)))
    (stored,) = office.rows("SELECT title FROM operacional.notion_pages")
    assert stored["title"] == "new", "a lagging index does not undo an edit"
    office.load(office.land_pages([page("p", edited=at(5), title="same minute")], read_at=at(30)))
    (stored,) = office.rows("SELECT title FROM operacional.notion_pages")
    assert stored["title"] == "same minute"


def test_a_page_whose_mapping_changed_is_a_change(office):
    event = office.land_pages([page("p", title="T")], read_at=at(1))
    office.load(event)
    other = {"role": "tasks", "fields": {"title": {"id": "title"}}, "statuses": {}}
    assert office.load(office.land_pages([page("p", title="T")], read_at=at(2), mapping=other)).updated == 1


def test_an_address_that_changes_on_every_read_is_no_change(office):
    office.load(office.land_pages([page("p", title="T")], read_at=at(1)))
    moved = page("p", title="T") | {"url": "https://app.notion.com/p/elsewhere"}
    assert office.load(office.land_pages([moved], read_at=at(2))).unchanged == 1


def test_the_same_row_twice_in_a_batch_is_one_row(office):
    loaded = office.bring([report("first"), report("second"), report("B", "b")], read_at=at(1))
    assert (loaded.inserted, office.task()["title"]) == (2, "second")


def test_two_sources_with_one_id_do_not_meet(office):
    office.bring([report("A", "p")], read_at=at(9))
    office.load(office.land_pages([page("p", title="P")], read_at=at(1), scope=REGISTER))
    assert office.task("p")["title"] == "A"
    assert office.rows("SELECT title FROM operacional.notion_pages") == [{"title": "P"}]


HALVES = ("report:2026-10-01/2026-11-15", "report:2026-11-16/2026-12-31")


def test_a_block_that_is_halved_keeps_every_row_and_loses_none(office):
    rows = [report("A", "a", _due_date="2026-10-10"), report("B", "b", _due_date="2026-12-10")]
    office.bring(rows, read_at=at(1))
    for half, row in zip(HALVES, rows, strict=True):
        loaded = office.bring([row], read_at=at(2), scope=half)
        assert (loaded.unchanged, loaded.removed) == (1, 0)
    office.bring([report("A2", "a")], read_at=at(3), scope=HALVES[0])
    assert {task_id: row["title"] for task_id, row in office.shown().items()} == {"a": "A2", "b": "B"}


def test_a_year_that_leaves_the_range_takes_no_row_with_it(office):
    last_year = "report:2025-10-01/2025-12-31"
    office.bring([report("A")], read_at=at(1), scope=last_year, plan=[(last_year, PLANNED), (BLOCK, PLANNED)])
    office.bring([report("B", "b")], read_at=at(2), plan=[(BLOCK, PLANNED)])
    assert set(office.shown()) == {"a", "b"}
    assert [row["scope"] for row in office.rows("SELECT scope FROM bi.freshness")] == [BLOCK]


def test_links_that_are_signed_anew_make_no_change_and_are_not_kept(office):
    def signed(signature: str) -> dict[str, Any]:
        url = f"https://files.example/nota.pdf?X-Amz-Date=1&X-Amz-Signature={signature}"
        return search("A", documents=[{"name": "nota", "url": url}])

    office.bring([signed("first")], read_at=at(1), scope="search:open")
    again = office.bring([signed("second")], read_at=at(2), scope="search:open")
    assert (again.updated, again.unchanged) == (0, 1)
    assert office.task()["search"]["documents"] == [{"name": "nota", "url": "https://files.example/nota.pdf"}]


def test_another_order_of_the_keys_is_no_change(office):
    office.bring([report("A")], read_at=at(1))
    turned = dict(reversed(report("A").items()))
    assert office.bring([turned], read_at=at(2)).unchanged == 1


def test_what_only_the_raw_row_says_is_a_change_too(office):
    office.bring([report("A", note="one")], read_at=at(1))
    assert office.bring([report("A", note="two")], read_at=at(2)).updated == 1
    assert office.task()["report"]["note"] == "two"


def test_better_rules_read_every_row_again(office):
    event = office.land([report("A")], read_at=at(1))
    office.load(event)
    again = office.land([report("A")], read_at=at(2))
    office.rules_version = "better ones"
    assert office.load(again).unchanged == 1
    digests = office.rows("SELECT content FROM ops.sightings")
    office.load(office.land([report("A")], read_at=at(3)))
    assert office.rows("SELECT content FROM ops.sightings") == digests, "the same rules, the same digest"


def test_a_row_whose_first_id_is_another_objects_is_read_all_the_same(office):
    row = {"customer": {"_id": "c", "name": "X"}, "_id": "a", "name": "A"}
    office.bring([row], read_at=at(1), scope="search:open")
    assert office.bring([row], read_at=at(2), scope="search:open").unchanged == 1
    assert office.bring([row | {"name": "B"}], read_at=at(3), scope="search:open").updated == 1
    assert office.task()["title"] == "B"


@pytest.mark.parametrize("between", [0, 5_000], ids=["in one chunk", "in two chunks"])
def test_a_batch_that_contradicts_itself_says_its_last_word_at_every_read(office, between):
    others = [report("O", f"o{n}") for n in range(between)]
    rows = [report("first"), *others, report("last")]
    office.bring(rows, read_at=at(1))
    for minute in (2, 3):
        office.bring(rows, read_at=at(minute))
        assert office.task()["title"] == "last"
