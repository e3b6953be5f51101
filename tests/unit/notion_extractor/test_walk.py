"""What follows a page of a query: the facts of the API's cap and cursors as a table."""

import pytest

from services.notion_extractor.walk import (
    BARREN,
    CAP,
    ENDLESS,
    Broken,
    Complete,
    Continue,
    Crowded,
    NextWindow,
    Progress,
    Restart,
    Window,
    after,
)

MINUTE, LATER = "2026-01-01T00:00:00.000Z", "2026-01-01T00:05:00.000Z"
INCOMPLETE = {"request_status": {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}}


EARLIER = "2025-12-31T23:59:00.000Z"


def came(rows, last, *, first=EARLIER, **more):
    """So far; more than one minute's rows where `first` is not said."""
    return Progress(rows, first, last, **more)


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
    assert after(given, window=Window(since), progress=came(rows, last), cursors={"c1"}) == step


def test_a_window_goes_on_in_the_same_walk_by_edits():
    window = Window(MINUTE, edited_since=MINUTE)
    step = after(page(**INCOMPLETE), window=window, progress=came(CAP, LATER), cursors=())
    assert step == NextWindow(Window(LATER, edited_since=MINUTE))


@pytest.mark.parametrize("cap", [100, 250], ids=str)
def test_exactly_the_cap_is_not_believed_whatever_the_cap_is(cap):
    assert after(page(), window=Window(), progress=came(cap, LATER), cursors=(), cap=cap) == NextWindow(Window(LATER))
    assert after(page(), window=Window(), progress=came(cap - 1, LATER), cursors=(), cap=cap) == Complete()


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
    step = after(given, window=Window(), progress=came(500, MINUTE, barren=barren), cursors={"c1"})
    assert isinstance(step, Restart)
    assert reason in step.reason


@pytest.mark.parametrize(
    ("given", "progress", "reason"),
    [
        (page(**INCOMPLETE), Progress(CAP), "without a row that says when it was created"),
        (page(more=True, cursor="new"), came(ENDLESS * CAP + 1, MINUTE), "the walk would never end"),
        (page(**INCOMPLETE), came(CAP, LATER, in_order=False), "another order"),
        (page(more=True, cursor="new"), came(300, "2027-01-01T00:00:00.000Z", in_order=False), "another order"),
    ],
    ids=["the cap without a row", "rows without end", "disorder at the cap", "disorder at the window's end"],
)
def test_a_walk_that_cannot_be_trusted_is_broken(given, progress, reason):
    step = after(given, window=Window(MINUTE, "2027-01-01T00:00:00.000Z"), progress=progress, cursors={"c1"})
    assert isinstance(step, Broken)
    assert reason in step.reason


@pytest.mark.parametrize("since", [None, EARLIER, MINUTE], ids=["from the beginning", "from earlier", "from then"])
@pytest.mark.parametrize("given", [page(**INCOMPLETE), page()], ids=["the cap said", "exactly the cap"])
def test_a_window_of_one_minute_that_reaches_the_cap_is_crowded(given, since):
    step = after(given, window=Window(since), progress=came(CAP, MINUTE, first=MINUTE), cursors=())
    assert step == Crowded(MINUTE)


@pytest.mark.parametrize(
    ("last", "step"),
    [
        (MINUTE, Continue("c2")),
        ("2026-01-01T00:04:59.999Z", Continue("c2")),
        (LATER, Complete()),
        ("2026-01-01T03:05:00.000+03:00", Complete()),
        ("2027-01-01T00:00:00.000Z", Complete()),
        ("2027-01-01T00:00:00", Continue("c2")),
        ("tomorrow", Continue("c2")),
        (None, Continue("c2")),
    ],
    ids=["before", "just before", "reached", "reached elsewhere", "passed", "no offset", "no time", "no rows"],
)
def test_a_window_ends_with_the_first_row_of_the_next_one(last, step):
    window = Window(EARLIER, LATER)
    assert after(page(more=True, cursor="c2"), window=window, progress=came(100, last), cursors=()) == step
    assert after(page(**INCOMPLETE), window=window, progress=came(CAP, LATER), cursors=()) == Complete()


def test_a_page_counts_as_barren_when_the_one_before_held_all_of_it():
    rows = [{"id": "a", "created_time": MINUTE}, {"id": "b", "created_time": LATER}]
    once = Progress().with_page(rows, ())
    assert once == Progress(2, MINUTE, LATER)
    assert once.with_page(rows[1:], {"a", "b"}) == Progress(3, MINUTE, LATER, 1)
    assert once.with_page([], {"a", "b"}) == Progress(2, MINUTE, LATER, 1)
    assert once.with_page([{"id": "c", "created_time": 7}], {"a", "b"}) == Progress(3, MINUTE, LATER, 0)


def test_rows_are_out_of_order_within_a_page_and_from_one_to_the_next():
    early, late = {"id": "a", "created_time": MINUTE}, {"id": "b", "created_time": LATER}
    assert Progress().with_page([early, late], ()).with_page([late], ()).in_order
    assert not Progress().with_page([late, early], ()).with_page([late], ()).in_order
    assert not Progress().with_page([late], ()).with_page([early], ()).in_order


def test_a_sample_is_kept_while_one_minute_lasts():
    alike, later = [{"id": str(n), "created_time": MINUTE} for n in range(3)], {"id": "x", "created_time": LATER}
    progress = Progress().with_page(alike, ()).with_page(alike, ())
    assert progress.sample == (alike[0], alike[0])
    assert progress.with_page([*alike, later], ()).sample == ()


def test_a_window_asks_in_the_one_order_that_edits_cannot_disturb():
    created = {"timestamp": "created_time", "created_time": {"on_or_after": MINUTE}}
    edited = {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": LATER}}
    assert Window().body(None) == {"sorts": [{"timestamp": "created_time", "direction": "ascending"}]}
    assert Window(MINUTE).body("c9")["filter"] == created
    assert Window(MINUTE).body("c9")["start_cursor"] == "c9"
    assert Window(edited_since=LATER).body(None)["filter"] == edited
    assert Window(MINUTE, edited_since=LATER).body(None)["filter"] == {"and": [edited, created]}
    ticked = {"property": "Matriz", "checkbox": {"equals": True}}
    assert Window(MINUTE, LATER, conditions=(ticked,)).body(None)["filter"] == {"and": [created, ticked]}
