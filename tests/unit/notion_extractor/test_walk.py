"""What follows a page of a query: the facts of the API's cap and cursors as a table."""

import pytest

from services.notion_extractor.walk import CAP, Broken, Complete, Continue, NextWindow, Window, after

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
        "the cap said",
        "the cap below 10,000",
        "the cap beside a cursor",
        "exactly 10,000 and nothing said",
        "a multiple of the cap",
    ],
)
def test_what_follows_a_page(given, since, rows, last, step):
    assert after(given, window=Window(since), rows_in_window=rows, last_created=last, cursors={"c1"}) == step


@pytest.mark.parametrize(
    ("given", "since", "last", "reason"),
    [
        (page(more=True, cursor="c1"), None, MINUTE, "a cursor came twice"),
        (page(more=True, cursor=None), None, MINUTE, "has_more without a cursor"),
        (page(more=True, cursor=""), None, MINUTE, "has_more without a cursor"),
        (page(more=True, cursor=7), None, MINUTE, "has_more without a cursor"),
        (page(**INCOMPLETE), MINUTE, MINUTE, "created in one minute"),
        (page(), MINUTE, MINUTE, "created in one minute"),
        (page(**INCOMPLETE), None, None, "created in one minute"),
    ],
    ids=[
        "repeated cursor",
        "no cursor",
        "empty cursor",
        "a number",
        "more than the cap in a minute",
        "exactly the cap in a minute",
        "the cap without a row",
    ],
)
def test_a_walk_that_cannot_be_trusted_is_broken(given, since, last, reason):
    step = after(given, window=Window(since), rows_in_window=CAP, last_created=last, cursors={"c1"})
    assert isinstance(step, Broken)
    assert reason in step.reason


def test_a_window_asks_in_the_one_order_that_edits_cannot_disturb():
    assert Window().body(None) == {
        "page_size": 100,
        "sorts": [{"timestamp": "created_time", "direction": "ascending"}],
    }
    body = Window(MINUTE).body("c9")
    assert body["filter"] == {"timestamp": "created_time", "created_time": {"on_or_after": MINUTE}}
    assert body["start_cursor"] == "c9"
