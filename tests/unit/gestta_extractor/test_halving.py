"""A block that is too large is read in parts, and a source that is down costs little."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.gestta_extractor.halving import Halving
from services.gestta_extractor.plan import Block, blocks

FIRST = date(2026, 10, 1)
QUARTER = Block(FIRST, date(2026, 12, 31))


def length(block):
    return (block.last - block.first).days + 1


def descend(block, outcome):
    """Follow the halving to its end; `outcome` says of each part `read`, `too_large` or `failed`."""
    halving, asked = Halving(block), []
    while (part := halving.following) is not None:
        asked.append(part)
        tell(halving, outcome(part))
    return halving, asked


def tell(halving, outcome):
    match outcome:
        case "read":
            halving.part_read(rows=1)
        case "empty":
            halving.part_read(rows=0)
        case "too_large":
            halving.part_too_large()
        case "failed":
            halving.part_failed()


def covers(parts, block):
    days = [part.first + timedelta(days=n) for part in parts for n in range(length(part))]
    return sorted(days) == [block.first + timedelta(days=n) for n in range(length(block))]


@given(st.integers(2, 400), st.integers(1, 400))
def test_whatever_length_the_server_allows_every_day_is_read_once(days, allowed):
    block = Block(FIRST, FIRST + timedelta(days=days - 1))
    halving, _ = descend(block, lambda part: "read" if length(part) <= allowed else "too_large")
    assert covers(halving.was_read, block)
    assert halving.parts == sorted(halving.was_read)
    assert halving.is_proven
    assert halving.pending == halving.failed == []
    assert not halving.gave_up


@given(st.integers(1, 400), st.data())
def test_the_parts_in_the_plan_are_the_block_whatever_happens(days, data):
    block = Block(FIRST, FIRST + timedelta(days=days - 1))
    halving = Halving(block)
    assert covers(halving.parts, block)
    while halving.following is not None:
        tell(halving, data.draw(st.sampled_from(["read", "empty", "too_large", "failed"])))
        assert covers(halving.parts, block)
    assert halving.pending == [] or halving.gave_up


def test_where_not_even_a_day_works_it_gives_up_after_one_request_a_level():
    halving, asked = descend(QUARTER, lambda part: "too_large")
    assert [length(part) for part in asked] == [46, 23, 12, 6, 3, 2, 1]
    assert halving.gave_up
    assert halving.parts == [QUARTER]


def test_a_day_without_tasks_proves_nothing():
    empty = {FIRST, FIRST + timedelta(days=1)}
    halving, asked = descend(QUARTER, lambda part: "empty" if {part.first, part.last} <= empty else "too_large")
    assert halving.gave_up
    assert len(asked) < 12


def test_where_one_day_after_the_other_fails_it_is_the_blocks_trouble():
    halving, _ = descend(QUARTER, lambda part: "read" if part.last <= date(2026, 10, 5) else "too_large")
    assert halving.gave_up
    assert halving.parts == [QUARTER]


def test_a_day_that_fails_among_days_that_work_is_named_alone():
    poisoned = date(2026, 11, 20)
    halving, asked = descend(QUARTER, lambda part: "too_large" if part.holds(poisoned) else "read")
    assert halving.failed == [Block(poisoned, poisoned)]
    assert not halving.gave_up
    assert halving.is_proven
    assert len(asked) < 20


def test_what_no_smaller_part_would_mend_is_not_halved():
    halving, asked = descend(QUARTER, lambda part: "failed")
    assert asked == list(QUARTER.halves())
    assert halving.failed == asked


def test_a_single_day_has_no_halves():
    halving, asked = descend(Block(FIRST, FIRST), lambda part: "read")
    assert (asked, halving.gave_up, halving.parts) == ([], True, [Block(FIRST, FIRST)])


def test_what_was_split_is_read_at_that_size_by_the_next_plan():
    halving, _ = descend(QUARTER, lambda part: "read" if length(part) <= 31 else "too_large")
    again = blocks(FIRST, first_year=0, last_year=0, months=3, too_large={b.scope for b in halving.split})
    assert [b for b in again if b.first >= FIRST] == halving.parts
