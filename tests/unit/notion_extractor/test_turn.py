"""Which sources are read whole in a run, and from where an increment reads."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notion_extractor.turn import LastFull, edited_since, turns

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


def last(rows=1_000, *, cut=0, ago=HOUR):
    return LastFull("ref", NOON - ago, rows // 100 + 1, cut)


def decided(sources, *, rate=150, every=HOUR, full_every=DAY):
    return turns(sources, requests_per_minute=rate, every=every, full_every=full_every, now=NOON)


@pytest.mark.parametrize(
    ("before", "more", "kind"),
    [
        (None, {}, "full"),
        (last(1_000), {}, "full"),
        (last(200_000), {}, "full"),
        (last(449_000), {}, "full"),
        (last(451_000), {}, "increment"),
        (last(200_000), {"every": timedelta(minutes=20)}, "increment"),
        (last(200_000), {"rate": 60}, "increment"),
        (last(1_000, cut=5_000), {}, "increment"),
        (last(451_000, ago=DAY - HOUR), {}, "increment"),
        (last(451_000, ago=DAY - HOUR + MINUTE), {}, "full"),
        (last(451_000, ago=DAY), {}, "full"),
        (last(0), {"every": MINUTE, "rate": 1}, "increment"),
    ],
    ids=[
        "never read",
        "small",
        "200,000 rows in half an hour",
        "just fits into half an hour",
        "just does not",
        "a short interval",
        "a low rate",
        "many cut cells",
        "the next run is still in time for the day's whole read",
        "the next run would be too late",
        "the day's whole read is due",
        "not even one request fits",
    ],
)
def test_a_source_is_read_whole_where_that_fits_or_is_due(before, more, kind):
    assert decided({"a": before}, **more) == {"a": kind}


def test_what_is_read_whole_fits_together_and_the_cheapest_go_first():
    sources = {"large": last(300_000), "middle": last(200_000), "small": last(100_000)}
    assert decided(sources) == {"small": "full", "middle": "full", "large": "increment"}


def test_what_is_due_takes_its_time_from_the_others():
    sources = {"due": last(400_000, ago=2 * DAY), "other": last(100_000)}
    assert decided(sources) == {"due": "full", "other": "increment"}


def test_whole_reads_are_due_in_every_run_where_full_every_is_not_longer():
    assert decided({"a": last(10_000_000)}, full_every=HOUR) == {"a": "full"}


@pytest.mark.parametrize(
    ("started", "since"),
    [
        (NOON, NOON - 2 * MINUTE),
        (NOON.replace(second=59, microsecond=999_999), NOON - 2 * MINUTE),
        (NOON.replace(second=30), NOON - 2 * MINUTE),
    ],
    ids=["on the minute", "at its end", "in its middle"],
)
def test_an_increment_begins_at_the_minute_of_the_last_reads_start_less_the_overlap(started, since):
    assert edited_since(started) == since
