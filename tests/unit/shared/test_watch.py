"""Gone is gone, and only then (guarantee 4), as properties of any story of one row and its fellows."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.extraction import watch
from shared.extraction.watch import Answer, Watched

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
IDS = ["a", "b", "c", "d"]
ANSWERS: list[Answer] = ["found", "gone", "forbidden"]
SOME = st.sets(st.sampled_from(IDS))


@dataclass
class Run:
    """What one run of an extractor meets."""

    held: set[str]
    seen: set[str]
    elsewhere: set[str]
    answers: dict[str, Answer]
    budget: int


RUNS = st.lists(
    st.builds(
        Run, SOME, SOME, SOME, st.fixed_dictionaries({i: st.sampled_from(ANSWERS) for i in IDS}), st.integers(-1, 5)
    ),
    max_size=8,
)


def miss(watched, *, held, seen, at=NOON, groups=watch.NOTHING):
    """The list after a read of the scope `s`."""
    lacking = sorted(set(held).difference(seen))
    return watch.joined(
        watch.seen(watched, seen), watch.missed("s", lacking, held=len(set(held)), at=at, groups=groups)
    )


@dataclass
class Story:
    """Runs as the extractors make them, and what each row went through since it was last seen."""

    watched: dict[str, Watched] = field(default_factory=dict)
    since_seen: dict[str, list[str]] = field(default_factory=dict)
    removed: list[tuple[str, list[str]]] = field(default_factory=list)
    asked: list[tuple[int, list[str]]] = field(default_factory=list)

    def live(self, number: int, run: Run) -> None:
        now = NOON + timedelta(minutes=7 * number)
        self.watched = miss(self.watched, held=run.held, seen=run.seen, at=now)
        for row_id in run.held - run.seen:
            self.since_seen.setdefault(row_id, []).append("missed")
        self.watched = watch.seen(self.watched, run.elsewhere)
        for row_id in run.seen | run.elsewhere:
            self.since_seen.pop(row_id, None)
        asked = watch.to_ask(self.watched, budget=run.budget, now=now)
        self.asked.append((run.budget, asked))
        for row_id in asked:
            self.since_seen[row_id].append(run.answers[row_id])
        # Through the manifest, as every run finds it.
        answers = {row_id: (run.answers[row_id], now) for row_id in asked}
        left, removed = watch.answered(watch.load(watch.dump(self.watched.values())), answers)
        self.watched = left
        self.removed += [(w.row_id, self.since_seen.pop(w.row_id)) for w in removed if w.answer == "gone"]


@given(RUNS)
def test_a_row_goes_only_when_missed_and_gone_in_two_runs_since_anybody_saw_it(runs):
    story = Story()
    for number, run in enumerate(runs):
        story.live(number, run)
    for _, path in story.removed:
        assert path[0] == "missed"
        assert [step for step in path if step != "missed"][-2:] == ["gone", "gone"]


@given(RUNS)
def test_who_was_seen_or_found_or_forbidden_last_is_not_gone(runs):
    story = Story()
    for number, run in enumerate(runs):
        before = len(story.removed)
        story.live(number, run)
        for row_id, _ in story.removed[before:]:
            assert row_id not in run.seen | run.elsewhere
            assert run.answers[row_id] == "gone"


@given(RUNS)
def test_no_run_asks_beyond_its_budget_nor_twice(runs):
    story = Story()
    for number, run in enumerate(runs):
        story.live(number, run)
    for budget, asked in story.asked:
        assert len(asked) <= max(budget, 0)
        assert len(set(asked)) == len(asked)


@given(RUNS)
def test_nobody_is_forgotten(runs):
    story = Story()
    for number, run in enumerate(runs):
        story.live(number, run)
    assert set(story.watched) == set(story.since_seen)


@given(st.integers(1, 3), st.integers(0, 3))
def test_everybody_has_a_turn_however_small_the_budget(budget, found):
    watched = miss({}, held=IDS, seen=[])
    asked: set[str] = set()
    for number in range(len(IDS) * 2):
        now = NOON + timedelta(days=2 * number)
        turn = watch.to_ask(watched, budget=budget, now=now)
        watched, _ = watch.answered(watched, {i: ("found" if i in IDS[:found] else "forbidden", now) for i in turn})
        asked.update(turn)
    assert asked == set(IDS)


@pytest.mark.parametrize(
    ("answer", "hours", "asked"),
    [
        pytest.param("found", 23, [], id="who was found is left alone for a day"),
        pytest.param("found", 24, ["a"], id="and asked again after it"),
        pytest.param("gone", 0.1, ["a"], id="who is gone is asked in the next run"),
        pytest.param("forbidden", 23, [], id="where asking was forbidden it is left alone as well"),
        pytest.param("forbidden", 24, ["a"], id="and tried again after a day"),
        pytest.param(None, 0.1, ["a"], id="who was never asked is asked"),
    ],
)
def test_when_a_row_is_asked_for_again(answer, hours, asked):
    watched = {"a": Watched("a", "s", NOON, 1, 9, asked_at=NOON if answer else None, answer=answer)}
    assert watch.to_ask(watched, budget=9, now=NOON + timedelta(hours=hours)) == asked


def test_who_was_found_waits_behind_who_was_not():
    day = timedelta(days=1)
    watched = {
        "found": Watched("found", "s", NOON - 9 * day, 1, 9, asked_at=NOON - 2 * day, answer="found"),
        "new": Watched("new", "s", NOON, 1, 9),
        "older": Watched("older", "s", NOON - day, 1, 9),
    }
    assert watch.to_ask(watched, budget=2, now=NOON) == ["older", "new"]


def test_the_read_that_missed_a_row_says_how_many_it_lacked_and_a_later_one_does_not_change_that():
    watched = miss({}, held=["a", "b", "c"], seen=["c"])
    again = miss(watched, held=["b", "c"], seen=["c"], at=NOON + timedelta(hours=1))
    assert again == watched
    assert (watched["a"].lacked, watched["a"].held, watched["a"].missed_at) == (2, 3, NOON)


def test_a_removal_names_the_time_its_source_was_asked():
    watched = {"a": Watched("a", "s", NOON, 1, 9, asked_at=NOON, answer="gone")}
    later = NOON + timedelta(hours=1)
    left, removed = watch.answered(watched, {"a": ("gone", later)})
    assert left == {}
    assert watch.dump_removed(removed) == [
        {"id": "a", "scope": "s", "asked_at": "2026-11-23T13:00:00.000Z", "lacked": 1, "held": 9, "answer": "gone"}
    ]


def ask(watched, answers, *, run=1, budget=9):
    """A run in which each row is what `answers` says; returns who was asked, the list, and what is told as removed."""
    now = NOON + timedelta(minutes=7 * run)
    asked = watch.to_ask(watched, budget=budget, now=now)
    left, removed = watch.answered(watched, {row_id: (answers[row_id], now) for row_id in asked})
    return asked, left, removed


MONTH = dict.fromkeys(("a", "b", "c"), "12 2026-10")


def test_of_a_group_that_vanished_whole_one_speaks_for_all_at_first_and_then_each_for_itself():
    watched = miss({}, held=IDS, seen=["d"], groups=MONTH)
    asked, watched, removed = ask(watched, {"a": "gone"})
    assert (asked, removed) == (["a"], [])
    asked, watched, removed = ask(watched, {"a": "gone", "b": "found", "c": "gone"}, run=2)
    assert asked == ["a", "b", "c"]
    assert [w.row_id for w in removed] == ["a", "c"], "b has moved to a scope that was not read yet"
    assert set(watched) == {"b"}


def test_once_every_scope_was_read_since_one_speaks_for_all_again():
    watched = miss({}, held=IDS, seen=["d"], groups=MONTH)
    _, watched, _ = ask(watched, {"a": "gone"})
    later = NOON + watch.EVERY_SCOPE_READ
    assert watch.to_ask(watched, budget=9, now=later) == ["a"]
    left, removed = watch.answered(watched, {"a": ("gone", later)})
    assert left == {}
    assert [(w.row_id, w.answer) for w in removed] == [("a", "gone"), ("b", "gone"), ("c", "gone")]


def test_who_could_not_be_asked_for_keeps_its_answer_and_waits_behind_the_others():
    watched = miss({}, held=["a", "b"], seen=[])
    _, watched, _ = ask(watched, {"a": "gone", "b": "gone"})
    now = NOON + timedelta(minutes=14)
    watched, removed = watch.answered(watched, {"a": (watch.FAILED, now)})
    assert (removed, watched["a"].answer) == ([], "gone")
    assert watch.to_ask(watched, budget=1, now=now) == ["b"]


def test_where_the_one_who_spoke_was_found_the_others_are_asked_for_themselves():
    watched = miss({}, held=IDS, seen=["d"], groups=MONTH)
    _, watched, _ = ask(watched, {"a": "found"})
    asked, watched, removed = ask(watched, {"b": "gone", "c": "found"}, run=2)
    assert (asked, removed) == (["b", "c"], [])
    asked, _, removed = ask(watched, {"b": "gone"}, run=3)
    assert [w.row_id for w in removed] == asked == ["b"]


def test_who_joins_a_group_later_is_not_gone_by_what_it_was_told_before():
    watched = miss({}, held=["a", "b"], seen=[], groups=MONTH)
    _, watched, _ = ask(watched, {"a": "gone"})
    watched = miss(watched, held=["c"], seen=[], at=NOON + timedelta(minutes=8), groups=MONTH)
    asked, watched, removed = ask(watched, {"a": "gone", "b": "gone", "c": "gone"}, run=2)
    assert asked == ["a", "b", "c"]
    assert [w.row_id for w in removed] == ["a", "b"]
    assert set(watched) == {"c"}


def test_what_may_not_be_asked_for_is_told_once_and_waits_for_a_person():
    watched = miss({}, held=["a", "b"], seen=["b"])
    _, watched, removed = ask(watched, {"a": "forbidden"})
    assert [(w.row_id, w.answer) for w in removed] == [("a", "forbidden")]
    later = NOON + timedelta(days=2)
    watched, removed = watch.answered(watched, {"a": ("forbidden", later)})
    assert removed == []
    assert set(watched) == {"a"}


def test_what_a_later_read_of_the_run_shows_is_not_counted_as_lacking():
    watched = miss({}, held=["a", "b", "c"], seen=[])
    watched = watch.recounted(watch.seen(watched, {"b", "c"}), since=NOON)
    assert (watched["a"].lacked, watched["a"].held) == (1, 3)


def test_an_earlier_runs_count_stays():
    watched = watch.recounted(watch.seen(miss({}, held=["a", "b"], seen=[]), {"b"}), since=NOON + timedelta(minutes=7))
    assert watched["a"].lacked == 2
