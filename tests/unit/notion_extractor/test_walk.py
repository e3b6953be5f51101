"""What follows a page of a query: the facts of the API's cap and cursors as a table."""

import pytest

from services.notion_extractor.walk import (
    BARREN,
    CAP,
    ENDLESS,
    Broken,
    Complete,
    Continue,
    NextWindow,
    Progress,
    Restart,
    Window,
    after,
)

MINUTE, LATER = "2026-01-01T00:00:00.000Z", "2026-01-01T00:05:00.000Z"
INCOMPLETE = {"request_status": {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}}


def page(*, more: object = False, cursor: object = None, **other: object) -> dict[str, object]:
    return {"object": "list", "results": [], "has_more": more, "next_cursor": cursor, **other}


@pytest.mark.parametrize(
    ("given", "since", "rows", "last", "step"),
    [
        (page(more=True, cursor="c2"), None, 100, MINUTE, Continue("c2")),
        (page(more=True, cursor="c2"), None, 37, MINUTE, Continue("c2")),
        (page(more=True, cursor="c2"), None, 0, None, Continue("c2")),
        (page(more=True, cursor="c2"), None, CAP, MINUTE, Continue("c2")),
        (page(), None, 0, None, Complete()),
        (page(), None, 9_999, MINUTE, Complete()),
        (page(request_status={"type": "complete"}), None, 250, MINUTE, Complete()),
        (page(request_status=None), None, 250, MINUTE, Complete()),
        (page(request_status={}), None, 250, MINUTE, Complete()),
        (page(request_status={"type": "partial"}), None, 250, LATER, NextWindow(Window(LATER))),
        (page(**INCOMPLETE), None, CAP, LATER, NextWindow(Window(LATER))),
        (page(**INCOMPLETE), MINUTE, 4_000, LATER, NextWindow(Window(LATER))),
        (page(more=True, cursor="c2", **INCOMPLETE), None, CAP, LATER, NextWindow(Window(LATER))),
        (page(), None, CAP, LATER, NextWindow(Window(LATER))),
        (page(), None, 2 * CAP, LATER, NextWindow(Window(LATER))),
    ],
    ids=[
        "more",
        "a short page with more",
        "an empty page with more",
        "the cap with more to come",
        "nothing at all",
        "one less than the cap",
        "complete said",
        "status null",
        "status empty",
        "a status that nobody knows",
        "the cap said",
        "the cap below 10,000",
        "the cap beside a cursor",
        "exactly 10,000 and nothing said",
        "a multiple of the cap",
    ],
)
def test_what_follows_a_page(given, since, rows, last, step):
    assert after(given, window=Window(since), progress=Progress(rows, last), cursors={"c1"}) == step


def test_a_window_goes_on_in_the_same_walk_by_edits():
    window = Window(MINUTE, edited_since=MINUTE)
    step = after(page(**INCOMPLETE), window=window, progress=Progress(CAP, LATER), cursors=())
    assert step == NextWindow(Window(LATER, edited_since=MINUTE))


@pytest.mark.parametrize("cap", [100, 250], ids=str)
def test_exactly_the_cap_is_not_believed_whatever_the_cap_is(cap):
    assert after(page(), window=Window(), progress=Progress(cap, LATER), cursors=(), cap=cap) == NextWindow(
        Window(LATER)
    )
    assert after(page(), window=Window(), progress=Progress(cap - 1, LATER), cursors=(), cap=cap) == Complete()


@pytest.mark.parametrize(
    ("given", "barren", "reason"),
    [
        (page(more=True, cursor="c1"), 0, "a cursor came twice"),
        (page(more=True, cursor=None), 0, "has_more without a cursor"),
        (page(more=True, cursor=""), 0, "has_more without a cursor"),
        (page(more=True, cursor=7), 0, "has_more without a cursor"),
        (page(more=True, cursor="new"), BARREN, "brought nothing new"),
    ],
    ids=["repeated cursor", "no cursor", "empty cursor", "a number", "an endless cursor that brings nothing"],
)
def test_cursors_that_lead_nowhere_begin_the_walk_anew(given, barren, reason):
    step = after(given, window=Window(), progress=Progress(500, MINUTE, barren), cursors={"c1"})
    assert isinstance(step, Restart)
    assert reason in step.reason


@pytest.mark.parametrize(
    ("given", "since", "last", "rows", "reason"),
    [
        (page(**INCOMPLETE), MINUTE, MINUTE, CAP, "created in one minute"),
        (page(), MINUTE, MINUTE, CAP, "created in one minute"),
        (page(**INCOMPLETE), None, None, CAP, "created in one minute"),
        (page(more=True, cursor="new"), None, MINUTE, ENDLESS * CAP + 1, "the walk would never end"),
    ],
    ids=[
        "more than the cap in a minute",
        "exactly the cap in a minute",
        "the cap without a row",
        "rows without end",
    ],
)
def test_a_walk_that_cannot_be_trusted_is_broken(given, since, last, rows, reason):
    step = after(given, window=Window(since), progress=Progress(rows, last), cursors={"c1"})
    assert isinstance(step, Broken)
    assert reason in step.reason


def test_a_page_counts_as_barren_when_the_one_before_held_all_of_it():
    rows = [{"id": "a", "created_time": MINUTE}, {"id": "b", "created_time": LATER}]
    once = Progress().with_page(rows, ())
    assert once == Progress(2, LATER, 0)
    assert once.with_page(rows[1:], {"a", "b"}) == Progress(3, LATER, 1)
    assert once.with_page([], {"a", "b"}) == Progress(2, LATER, 1)
    assert once.with_page([{"id": "c", "created_time": 7}], {"a", "b"}) == Progress(3, LATER, 0)


def test_a_window_asks_in_the_one_order_that_edits_cannot_disturb():
    created = {"timestamp": "created_time", "created_time": {"on_or_after": MINUTE}}
    edited = {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": LATER}}
    assert Window().body(None) == {"sorts": [{"timestamp": "created_time", "direction": "ascending"}]}
    assert Window(MINUTE).body("c9")["filter"] == created
    assert Window(MINUTE).body("c9")["start_cursor"] == "c9"
    assert Window(edited_since=LATER).body(None)["filter"] == edited
    assert Window(MINUTE, LATER).body(None)["filter"] == {"and": [edited, created]}
