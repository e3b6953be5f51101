"""Blocks tile the range, and every block has its turn within the hour."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gestta_extractor.plan import WHOLE_PLAN, Block, blocks, covering, search_every, still_too_large, turn

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
MONTHS = st.integers(1, 12)
NEVER: dict[str, datetime] = {}


@st.composite
def plans(draw):
    """A plan with some of its blocks known too large, down to the day where it comes to that."""
    today = draw(DAYS)
    first_year, last_year = -draw(st.integers(0, 2)), draw(st.integers(0, 2))
    too_large: set[str] = set()
    ranges = {"first_year": first_year, "last_year": last_year, "months": draw(MONTHS)}
    for _ in range(draw(st.integers(0, 12))):
        too_large.add(draw(st.sampled_from(blocks(today, **ranges, too_large=too_large))).scope)
    return today, ranges, blocks(today, **ranges, too_large=too_large)


@settings(deadline=None, max_examples=60)
@given(plans())
def test_blocks_tile_the_range_without_gap_or_overlap(drawn):
    today, ranges, plan = drawn
    assert plan[0].first == date(today.year + ranges["first_year"], 1, 1)
    assert plan[-1].last == date(today.year + ranges["last_year"], 12, 31)
    for block, following in pairwise(plan):
        assert block.first <= block.last
        assert following.first == block.last + timedelta(days=1)
    assert plan[-1].first <= plan[-1].last


@given(DAYS, st.integers(0, 400))
def test_halves_are_the_block_in_two(first, days):
    block = Block(first, first + timedelta(days=days))
    halves = block.halves()
    if days == 0:
        assert halves is None
        return
    assert halves is not None
    left, right = halves
    assert (left.first, right.last) == (block.first, block.last)
    assert left.first <= left.last
    assert right.first == left.last + timedelta(days=1) <= right.last


@settings(deadline=None, max_examples=40)
@given(plans(), st.integers(1, 90))
def test_blocks_that_hold_today_are_in_every_turn(drawn, minutes):
    today, _, plan = drawn
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    due = turn(
        plan,
        today=today,
        now=moment,
        last_read=dict.fromkeys((b.scope for b in plan), moment),
        last_tried=NEVER,
        every=timedelta(minutes=minutes),
        whole=False,
    )
    assert {block for block in plan if block.holds(today)} <= set(due.now)
    assert set(due.every) == set(plan)


@settings(deadline=None, max_examples=40)
@given(plans(), st.integers(1, 60))
def test_no_block_waits_longer_than_an_hour_nor_than_the_plan_says(drawn, minutes):
    today, _, plan = drawn
    every = timedelta(minutes=minutes)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    read: dict[str, datetime] = {}
    for run in range(3 * (60 // minutes + 1)):
        due = turn(plan, today=today, now=now, last_read=read, last_tried=NEVER, every=every, whole=False)
        if run == 0:
            assert set(due.now) == set(plan), "a first run brings everything"
        for block in due.now:
            if block.scope in read:
                assert now - read[block.scope] <= min(due.every[block], WHOLE_PLAN)
            read[block.scope] = now
        now += every
    assert all(now - read[block.scope] <= WHOLE_PLAN for block in plan)


def at(now):
    return {"today": date(2026, 11, 24), "now": now, "every": timedelta(minutes=7)}


def test_blocks_that_were_read_and_always_fail_take_nobodys_turn():
    plan = blocks(date(2026, 11, 24), first_year=-1, last_year=1, months=3, too_large=())
    failing = {plan[0].scope, plan[1].scope, plan[2].scope}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    read = {block.scope: now for block in plan}
    tried: dict[str, datetime] = {}
    for _ in range(40):
        now += timedelta(minutes=7)
        due = turn(plan, **at(now), last_read=read, last_tried=tried, whole=False)
        assert len(due.now) <= 4
        tried |= {block.scope: now for block in due.now}
        read |= {block.scope: now for block in due.now if block.scope not in failing}
        assert all(now - moment <= WHOLE_PLAN for scope, moment in read.items() if scope not in failing)


def test_after_a_long_silence_everything_is_due_at_once():
    plan = blocks(date(2026, 11, 24), first_year=-1, last_year=1, months=3, too_large=())
    then = datetime(2026, 1, 1, tzinfo=UTC)
    read = {block.scope: then for block in plan}
    due = turn(plan, **at(then + timedelta(hours=6)), last_read=read, last_tried=NEVER, whole=False)
    assert sorted(due.now) == sorted(plan)


def test_what_was_too_large_is_tried_whole_again_after_a_day():
    now = datetime(2026, 1, 2, tzinfo=UTC)
    notes = {"a": (now - timedelta(hours=23)).isoformat(), "b": (now - timedelta(hours=24)).isoformat()}
    assert still_too_large(notes, now=now) == {"a"}


def test_what_was_never_read_does_not_take_the_turn_of_the_others():
    """Two blocks that always fail stay unread; the rest still go round."""
    plan = blocks(date(2026, 11, 24), first_year=-1, last_year=1, months=3, too_large=())
    failing = {plan[0].scope, plan[1].scope}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    read = {block.scope: now for block in plan if block.scope not in failing}
    for _ in range(9):
        now += timedelta(minutes=7)
        due = turn(plan, **at(now), last_read=read, last_tried=NEVER, whole=False)
        assert failing <= {block.scope for block in due.now}
        read |= {block.scope: now for block in due.now if block.scope not in failing}
    assert all(now - moment <= WHOLE_PLAN for moment in read.values())


def test_a_whole_run_reads_every_block():
    plan = blocks(date(2026, 11, 24), first_year=-1, last_year=1, months=3, too_large=())
    read = dict.fromkeys((block.scope for block in plan), datetime(2026, 1, 1, tzinfo=UTC))
    due = turn(plan, **at(datetime(2026, 1, 1, tzinfo=UTC)), last_read=read, last_tried=NEVER, whole=True)
    assert sorted(due.now) == sorted(plan)


@pytest.mark.parametrize(
    ("months", "count", "last"),
    [
        (3, 12, "report:2027-10-01/2027-12-31"),
        (12, 3, "report:2027-01-01/2027-12-31"),
        (5, 8, "report:2027-12-01/2027-12-31"),
    ],
    ids=["quarters", "years", "a length that does not divide the year"],
)
def test_the_original_range_is_last_year_to_next_year(months, count, last):
    plan = blocks(date(2026, 11, 24), first_year=-1, last_year=1, months=months, too_large=())
    assert plan[0].first == date(2025, 1, 1)
    assert (len(plan), plan[-1].scope) == (count, last)


QUARTER = Block(date(2026, 10, 1), date(2026, 12, 31))
THIRDS = [
    Block(date(2026, 10, 1), date(2026, 10, 31)),
    Block(date(2026, 11, 1), date(2026, 11, 30)),
    Block(date(2026, 12, 1), date(2026, 12, 31)),
]


@pytest.mark.parametrize(
    ("block", "plan", "parts"),
    [
        pytest.param(QUARTER, THIRDS, THIRDS, id="halves and thirds"),
        pytest.param(THIRDS[1], [QUARTER], [QUARTER], id="a larger block"),
        pytest.param(QUARTER, THIRDS[:2], None, id="its last month is read no more"),
        pytest.param(QUARTER, THIRDS[1:], None, id="nor its first"),
        pytest.param(QUARTER, [THIRDS[0], THIRDS[2]], None, id="a gap between"),
        pytest.param(QUARTER, [], None, id="a year that left the range"),
    ],
)
def test_what_a_block_held_is_missed_only_where_others_read_all_its_days(block, plan, parts):
    assert covering(block, plan) == parts


def test_a_scope_names_its_block():
    assert Block.of(QUARTER.scope) == QUARTER
    assert [Block.of(other) for other in ("search:open", "lookup", "report:2026-10-01")] == [None] * 3


@pytest.mark.parametrize(
    ("pages", "runs"),
    [(0, 1), (10, 1), (35, 1), (36, 2), (124, 4)],
    ids=["never searched", "5,000 open tasks", "as many as fit", "one page more", "60,000 open tasks"],
)
def test_a_search_of_many_pages_is_made_less_often(pages, runs):
    seven = timedelta(minutes=7)
    every = search_every(pages, every=seven, requests_per_hour=600)
    assert every == runs * seven
    assert pages * (timedelta(hours=1) / every) <= 300
