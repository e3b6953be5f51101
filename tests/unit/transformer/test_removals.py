"""Which removals a person must see first."""

from datetime import UTC, datetime

import pytest

from services.transformer.removals import Removal, decide

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def lost(count: int, *, lacked: int, held: int, scope: str = "report:a", prefix: str = "t") -> list[Removal]:
    return [Removal(f"{prefix}{n}", scope, NOW, lacked, held) for n in range(count)]


@pytest.mark.parametrize(
    ("count", "lacked", "held", "waits"),
    [
        (1, 1, 1, False),
        (100, 100, 100, False),
        (101, 101, 101, True),
        (101, 101, 673, True),
        (101, 101, 674, False),
        (1, 5_000, 6_000, True),
        (3, 3, 0, False),
    ],
    ids=[
        "the only row of a scope",
        "all of a hundred rows",
        "one more than a hundred",
        "just above the limit",
        "just below the limit",
        "the first that is confirmed of a mass that was missed",
        "a scope that held nothing",
    ],
)
def test_a_mass_waits_for_a_person(count, lacked, held, waits):
    removals = lost(count, lacked=lacked, held=held)
    decision = decide(removals, limit=0.15)
    assert decision.later == (tuple(removals) if waits else ())
    assert decision.now == (() if waits else tuple(removals))


def test_a_mass_in_one_scope_keeps_no_other_waiting():
    many = lost(2, lacked=500, held=600, scope="report:a")
    few = lost(2, lacked=2, held=600, scope="report:b", prefix="u")
    decision = decide([*many, *few], limit=0.15)
    assert (decision.now, decision.later) == (tuple(few), tuple(many))


def test_nothing_gone_is_nothing_to_decide():
    assert decide([], limit=0.15) == decide((), limit=0.0)


def test_what_may_not_be_asked_for_waits_however_few_it_is():
    unknown = Removal("t1", "report:a", NOW, 1, 600, forbidden=True)
    gone = Removal("t2", "report:a", NOW, 1, 600)
    decision = decide([unknown, gone], limit=0.15)
    assert (decision.now, decision.later) == ((gone,), (unknown,))
