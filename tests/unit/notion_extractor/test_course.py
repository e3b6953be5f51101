"""The course of a walk: whatever a source holds and in whatever order its answers come, no row is lost."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notion_extractor.course import ALONE, LEAP, MOST_CELLS, Course
from services.notion_extractor.notion_api import CREDIT
from services.notion_extractor.walk import PAGE_SIZE
from services.notion_extractor.walker import WALKERS, Walker, walkers
from shared.errors import Transient
from tests.unit.notion_extractor.pretended import NOW, Pretended, row
from tests.unit.notion_extractor.proof import holds


def read(source, *, choose: Callable[[int], int] = lambda _count: 0, seconds=0.6, gap=0.4, between=lambda: None):
    """The ids of a whole walk whose answers come in the order that `choose` says, its proof, and how many asked side
    by side at most; None where no property parts a minute."""
    course, out, most = Course(gap=gap, cap=source.cap), [], 0
    seen: set[str] = set()
    while True:
        out += [(walker, source.answer(walker.body)) for walker in course.due()]
        most = max(most, sum(isinstance(walker, Walker) for walker, _ in out))
        if not out:
            return seen, course.proof(), most
        walker, page = out.pop(choose(len(out)))
        seen |= {each["id"] for each in page["results"]}
        try:
            course.took(walker, page, at=NOW, seconds=seconds)
        except Transient as broken:
            if "parts them" not in str(broken):
                raise
            return None
        between()


def ids(source):
    return {each["id"] for each in source.rows}


CODES = st.text("01ã-", max_size=4)
ROWS = st.lists(st.tuples(st.integers(0, 12), CODES, st.sampled_from([None, "a", "b"]), st.booleans()), max_size=60)


@settings(max_examples=300, deadline=None)
@given(ROWS, st.integers(1, 25), st.integers(1, 9), st.randoms())
def test_no_row_is_lost_whatever_the_rows_of_a_crowded_minute_say(rows, cap, size, random):
    made = [row(n, minute, code=c, state=s, main=m) for n, (minute, c, s, m) in enumerate(rows)]
    source = Pretended(made, cap, size=size)
    found = read(source, choose=random.randrange)
    if found is not None:
        seen, proof, _ = found
        assert seen == ids(source)
        assert proof["pages"] == source.asked
        assert holds(proof)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text("01ã", max_size=3), min_size=5, max_size=40),
    st.lists(st.tuples(st.integers(0, 39), st.text("01ã", max_size=3)), max_size=40),
    st.integers(2, 8),
    st.randoms(),
)
def test_a_row_that_changes_cells_while_they_are_read_is_not_lost(codes, edits, cap, random):
    source = Pretended([row(n, 0, code=code) for n, code in enumerate(codes)], cap, size=3)

    def between():
        if edits:
            which, code = edits.pop()
            source.change(which % len(codes), code=code, edited=NOW)

    found = read(source, choose=random.randrange, between=between)
    if found is not None:
        seen, proof, _ = found
        assert seen == ids(source)
        assert holds(proof)


def clustered(clusters):
    """So many rows spread evenly over so many minutes from one on, and again, and again."""
    numbers = count()
    return [
        row(next(numbers), begin + n * span // rows, code=f"{n:05}")
        for begin, span, rows in clusters
        for n in range(rows)
    ]


SPANS = st.sampled_from([1, 2, 50, 5_000, 200_000])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 300_000), SPANS, st.integers(1, 2_000)), max_size=4),
    st.sampled_from([0.1, 0.4, 2.0]),
    st.sampled_from([1_000, 10_000]),
    st.randoms(),
)
def test_windows_that_are_read_side_by_side_leave_no_gap_and_cost_little(clusters, gap, cap, random):
    source = Pretended(clustered(clusters), cap)
    found = read(source, choose=random.randrange, gap=gap)
    assert found is not None
    seen, proof, most = found
    assert seen == ids(source)
    assert holds(proof)
    assert most <= walkers(0.6, gap)
    if not proof["crowded"]:
        pages = len(source.rows) / PAGE_SIZE
        assert source.asked <= pages + pages / 10 + len(clusters) * 25 + 2


def test_a_minute_of_thirty_thousand_rows_takes_little_more_than_what_was_read_in_vain():
    source = Pretended([row(n, 0, code=f"{n:05}") for n in range(30_000)], 10_000)
    found = read(source)
    assert found is not None
    seen, proof, _ = found
    assert seen == ids(source)
    assert source.asked < 100 + 300 + 20
    assert len(proof["crowded"]) == 1


@pytest.mark.parametrize(
    ("rows", "gap", "most"),
    [(ALONE, 0.1, 1), (20_000, 0.1, 8), (20_000, 0.4, 2), (20_000, 0.8, 1)],
    ids=["small", "far slower than the gap", "slower than the gap", "quicker than the gap"],
)
def test_as_few_ask_side_by_side_as_the_pace_needs(rows, gap, most):
    source = Pretended([row(n, n // 3) for n in range(rows)], 10_000)
    found = read(source, gap=gap)
    assert found is not None
    assert found[2] == most
    assert source.asked <= rows / PAGE_SIZE + (rows > 10_000) + most * 2


@pytest.mark.parametrize("skew", [1, 4], ids=["evenly", "ever more of them"])
@pytest.mark.parametrize(
    ("rows", "gap", "seconds"),
    [(20_000, 0.4, 0.6), (20_000, 0.4, 0.3), (40_000, 0.4, 1.0)],
    ids=["the usual rate", "quick answers", "slow answers"],
)
def test_the_pace_is_used_for_rows_although_answers_take_longer(rows, gap, seconds, skew):
    """In made-up time: a gate as `shared.http.Pace` is, and answers that take now longer, now shorter."""
    random = Random(7)
    minutes = sorted(int(500_000 * random.random() ** skew) for _ in range(rows))
    source = Pretended([row(n, minute) for n, minute in enumerate(minutes)], 10_000)
    course, numbers, now, gate = Course(gap=gap), count(), 0.0, 0.0
    out: list[tuple[float, int, Any, dict[str, Any], float]] = []
    while True:
        for walker in course.due():
            turn = max(now - 60 * CREDIT, gate)
            gate, took = turn + gap, seconds * random.uniform(0.7, 1.3)
            heappush(out, (max(now, turn) + took, next(numbers), walker, source.answer(walker.body), took))
        if not out:
            break
        now, _, walker, page, took = heappop(out)
        course.took(walker, page, at=NOW, seconds=took)
    assert holds(course.proof())
    assert rows / PAGE_SIZE * gap / now > 0.95


@pytest.mark.parametrize(
    ("seconds", "gap", "count"),
    [(0.05, 0.4, 1), (0.3, 0.4, 1), (0.6, 0.4, 2), (1.0, 0.4, 4), (0.6, 0.1, 8), (60.0, 0.1, WALKERS), (0.0, 0.4, 1)],
)
def test_how_many_ask_side_by_side(seconds, gap, count):
    assert walkers(seconds, gap) == count


def test_a_filter_that_parts_nothing_ends_in_an_error_and_not_in_endless_cells():
    class Deaf(Pretended):
        def answer(self, body):
            return super().answer({key: value for key, value in body.items() if key != "filter"})

    source = Deaf([row(n, 0, code=f"{n:05}") for n in range(20)], 10, size=5)
    assert read(source) is None
    assert source.asked <= 2 * (MOST_CELLS + 10)


def test_a_row_of_the_last_minute_that_there_is_stops_nobody():
    rows = [row(n, n) for n in range(2_000)]
    rows[-1]["created_time"] = "9999-12-31T23:59:59.999Z"
    found = read(Pretended(rows, 10_000))
    assert found is not None
    assert len(found[0]) == 2_000


def test_a_share_is_begun_so_near_that_it_should_end_before_the_cap():
    assert 2 * LEAP <= 10_000
