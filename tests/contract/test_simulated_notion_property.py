"""Whatever happened in a data source, a walk holds what a plain look at all rows says it must."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.notion.settings import NotionSettings
from simulators.notion.workspace import Workspace
from tests.contract.simulated_notion import Clock, Stage, ids

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "create", "edit", "trash", "archive", "restore", "delete", "recompute"]),
        st.integers(0, 30),
        st.integers(0, 180),
    ),
    max_size=40,
)
MOMENTS = st.integers(0, 60).map(lambda minutes: (FIRST + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ"))
CONDITIONS = st.builds(
    lambda name, operator, moment: {"timestamp": name, name: {operator: moment}},
    st.sampled_from(["created_time", "last_edited_time"]),
    st.sampled_from(["after", "on_or_after", "before", "on_or_before"]),
    MOMENTS,
)
FILTERS = st.one_of(
    st.none(),
    CONDITIONS,
    st.builds(
        lambda word, parts: {word: parts}, st.sampled_from(["and", "or"]), st.lists(CONDITIONS, min_size=1, max_size=3)
    ),
)
SORTS = st.lists(
    st.builds(
        lambda name, direction: {"timestamp": name, "direction": direction},
        st.sampled_from(["created_time", "last_edited_time"]),
        st.sampled_from(["ascending", "descending"]),
    ),
    max_size=1,
)


def lived(happenings: list[tuple[str, int, int]]) -> tuple[Workspace, str]:
    """A workspace in which these things happened, some seconds apart."""
    clock = Clock(FIRST)
    workspace = Workspace(1, clock)
    (source_id,) = workspace.create_database("Clientes", {"Nome": "title", "Conta": "formula"}).data_source_ids
    made: list[str] = []
    for number, (what, which, seconds) in enumerate(happenings):
        clock.moment += timedelta(seconds=seconds)
        if what == "create" or not made:
            made.append(workspace.create_page(source_id, {"Nome": f"n{number}"}))
            continue
        page_id = made[which % len(made)]
        match what:
            case "edit":
                workspace.update_page(page_id, {"Nome": f"e{number}"})
            case "recompute":
                workspace.recompute(page_id, {"Conta": number})
            case "delete":
                workspace.delete(page_id)
                made.remove(page_id)
            case _:
                getattr(workspace, what)(page_id)
    return workspace, source_id


def matches(row: dict[str, Any], wanted: dict[str, Any] | None) -> bool:
    if wanted is None:
        return True
    for word, together in (("and", all), ("or", any)):
        if word in wanted:
            return together(matches(row, part) for part in wanted[word])
    name = wanted["timestamp"]
    ((operator, moment),) = wanted[name].items()
    value, bound = datetime.fromisoformat(row[name]), datetime.fromisoformat(moment)
    compared = {
        "after": value > bound,
        "on_or_after": value >= bound,
        "before": value < bound,
        "on_or_before": value <= bound,
    }
    return compared[operator]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HAPPENINGS, FILTERS, SORTS, st.booleans(), st.integers(1, 12), st.sampled_from([None, 2, 3]))
def test_a_walk_holds_every_row_that_matches_once_and_in_order(
    stage: Stage,
    happenings: list[tuple[str, int, int]],
    wanted: dict[str, Any] | None,
    sorts: list[dict[str, Any]],
    archived: bool,
    page_size: int,
    short_page_every: int | None,
) -> None:
    workspace, source_id = lived(happenings)
    stage.show(workspace, NotionSettings(short_page_every=short_page_every))
    asked: dict[str, Any] = {"page_size": page_size, "is_archived": archived}
    asked |= {"filter": wanted} if wanted else {}
    asked |= {"sorts": sorts} if sorts else {}
    walked = [row for page in stage.walk(source_id, asked) for row in page["results"]]
    all_rows = [stage.get(f"/v1/pages/{page_id}").json() for page_id in workspace.all_pages]
    expected = [
        row for row in all_rows if not row["in_trash"] and row["is_archived"] == archived and matches(row, wanted)
    ]
    assert sorted(ids({"results": walked})) == sorted(ids({"results": expected}))
    name, direction = (sorts[0]["timestamp"], sorts[0]["direction"]) if sorts else ("created_time", "descending")
    times = [row[name] for row in walked]
    assert times == sorted(times, reverse=direction == "descending")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 10), st.integers(8, 25))
def test_windows_by_creation_reach_every_row_past_the_cap(
    stage: Stage, gaps: list[int], page_size: int, cap: int
) -> None:
    """With at most as many rows in one minute as a window can step over."""
    workspace = Workspace(1, Clock(FIRST))
    (source_id,) = workspace.create_database("Clientes", {"Nome": "title"}).data_source_ids
    minute, in_minute = FIRST, 0
    for gap in gaps:
        in_minute = 0 if gap else in_minute + 1
        minute += timedelta(minutes=gap if in_minute < cap - 1 else 1)
        in_minute = in_minute if in_minute < cap - 1 else 0
        workspace.create_page(source_id, {"Nome": "n"}, created_time=minute)
    stage.show(workspace, NotionSettings(row_cap=cap))
    seen: dict[str, None] = {}
    since: str | None = None
    while True:
        asked: dict[str, Any] = {
            "page_size": page_size,
            "sorts": [{"timestamp": "created_time", "direction": "ascending"}],
        }
        if since:
            asked["filter"] = {"timestamp": "created_time", "created_time": {"on_or_after": since}}
        pages = list(stage.walk(source_id, asked))
        seen |= dict.fromkeys(row["id"] for page in pages for row in page["results"])
        if "request_status" not in pages[-1]:
            break
        since = pages[-1]["results"][-1]["created_time"]
    assert list(seen) == list(workspace.all_pages)
