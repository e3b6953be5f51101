"""Even spacing of calls, and a pause that everybody obeys."""

import pytest

from shared.http import Pace, Shut
from tests.unit.shared.pretended import Hands, Waits


@pytest.mark.parametrize(
    ("answers", "credit", "took"),
    [
        ([0.3] * 60, 0.0, 59.3),
        ([0.3] * 60, 5.0, 59.3),
        ([0.1, 1.9] * 30, 0.0, 30 * 2.9),
        ([0.1, 1.9] * 30, 5.0, 60.9),
        ([1.5] * 60, 5.0, 90.0),
        ([30.0] + [0.0] * 59, 5.0, 30.0 - 5.0 + 58.0),
    ],
    ids=[
        "the gap holds the answer already",
        "with credit as well",
        "without credit a slow answer is time lost",
        "with credit the next call makes up for it",
        "answers that are always slower than the gap",
        "a long silence earns no more than the credit",
    ],
)
def test_a_pace_adds_no_answers_time_to_its_gap(answers, credit, took):
    hands = Hands()
    pace = Pace(60, 60, credit=credit, wait=hands.forward, clock=hands)
    for answer in answers:
        pace.turn()
        hands.forward(answer)
    assert hands.now - 100.0 == pytest.approx(took)


def test_credit_never_shortens_a_pause():
    hands = Hands()
    pace = Pace(60, 60, credit=5, wait=hands.forward, clock=hands)
    hands.forward(100)
    pace.turn()
    pace.pause(30)
    pace.turn()
    assert hands.now == pytest.approx(230)


def test_a_pause_that_begins_while_a_call_waits_for_its_turn_holds_it_too():
    hands = Hands()
    asked: list[float] = []

    def wait(seconds):
        hands.forward(seconds)
        if not asked:
            asked.append(hands.now)
            pace.pause(30)  # another thread's answer

    pace = Pace(60, 60, wait=wait, clock=hands)
    pace.turn()
    pace.turn()
    assert hands.now - asked[0] == pytest.approx(30)


def test_nobody_stands_before_a_gate_that_is_shut_for_longer_than_the_patience_and_it_opens_when_it_was_asked_to():
    hands = Hands()
    pace = Pace(60, 60, patience=600, wait=hands.forward, clock=hands)
    pace.pause(3600)
    for _ in range(100):
        with pytest.raises(Shut, match="another 60 min") as caught:
            pace.turn()
        assert caught.value.retry_after == pytest.approx(3600)
    hands.forward(3000)
    pace.turn()
    assert hands.now == pytest.approx(100 + 3600)


def test_a_long_pause_that_begins_while_a_call_waits_for_its_turn_is_told_to_it():
    hands = Hands()

    def wait(seconds):
        hands.forward(seconds)
        pace.pause(601)  # another thread's answer

    pace = Pace(60, 60, patience=600, wait=wait, clock=hands)
    pace.turn()
    with pytest.raises(Shut):
        pace.turn()


def test_a_slow_rate_is_no_shut_gate():
    hands = Hands()
    pace = Pace(1, 3600, patience=600, wait=hands.forward, clock=hands)
    for _ in range(3):
        pace.turn()
    assert hands.now == pytest.approx(100 + 2 * 3600)


def test_a_pace_spaces_calls_evenly_and_a_pause_holds_everybody():
    waits = Waits()
    pace = Pace(60, 60, wait=waits)
    for _ in range(3):
        pace.turn()
    pace.pause(30)
    pace.turn()
    assert list(waits) == pytest.approx([1, 2, 30], abs=0.2)
