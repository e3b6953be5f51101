"""Which token is used now: a fresh supplied one, else a login, else what is left; never a refused or an expired one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gestta_extractor import token as tokens
from services.gestta_extractor.choice import Do, Hand, choose, closed_until, die_too_early, is_closed, is_usable
from tests.unit.gestta_extractor.test_token import LIFE, NOW, made


def lives(left: timedelta, of: str) -> tokens.Token:
    return tokens.read(made(issued=NOW - LIFE + left, of=of))


LONG, SHORT, OVER = timedelta(hours=9), timedelta(minutes=5), -timedelta(hours=1)
SUPPLIED, LOGIN, SETTING, LAST = (lives(LONG, of) for of in ("supplied", "login", "setting", "last"))
ENDING, ENDING_LOGIN = lives(SHORT, "supplied"), lives(SHORT, "login")
EXPIRED = lives(OVER, "expired")


@pytest.mark.parametrize(
    ("hand", "expected"),
    [
        pytest.param(Hand(True, SUPPLIED, LOGIN, setting=SETTING), SUPPLIED, id="a person's choice stands"),
        pytest.param(Hand(True, None, LOGIN, setting=SETTING), LOGIN, id="the login's token is used, not renewed"),
        pytest.param(Hand(True, None, None, setting=SETTING), Do.LOG_IN, id="a login comes before the setting"),
        pytest.param(Hand(True, ENDING, None, setting=SETTING), Do.LOG_IN, id="near its end the usual order applies"),
        pytest.param(Hand(True, ENDING, LOGIN), LOGIN, id="and a login's token goes before it"),
        pytest.param(Hand(True, None, ENDING_LOGIN), Do.LOG_IN, id="a login's token is renewed before its end"),
        pytest.param(
            Hand(True, None, ENDING_LOGIN, logged_in_at=NOW), ENDING_LOGIN, id="a new token that looks old is used"
        ),
        pytest.param(Hand(False, ENDING, None, setting=SETTING), ENDING, id="without a login it is used to its end"),
        pytest.param(Hand(False, None, ENDING_LOGIN), ENDING_LOGIN, id="so is a login's when the login is closed"),
        pytest.param(Hand(False, EXPIRED, None, setting=SETTING), SETTING, id="an expired one is passed over"),
        pytest.param(Hand(False, None, None, setting=SETTING, last=LAST), SETTING, id="a replaced setting counts"),
        pytest.param(
            Hand(False, None, None, setting=SETTING, last=LAST, refused={SETTING.digest}),
            LAST,
            id="a bad new setting leaves the one that worked",
        ),
        pytest.param(
            Hand(True, SUPPLIED, LOGIN, refused={SUPPLIED.digest, LOGIN.digest}), Do.LOG_IN, id="refused: log in"
        ),
        pytest.param(Hand(False, EXPIRED, EXPIRED, setting=EXPIRED, last=EXPIRED), None, id="nothing lives"),
        pytest.param(Hand(False), None, id="nothing at all"),
    ],
)
def test_tokens_are_taken_in_order(hand, expected):
    assert choose(hand, NOW) == expected


token = st.sampled_from([None, SUPPLIED, LOGIN, SETTING, LAST, ENDING, EXPIRED, tokens.read("no token")])
digests = st.sets(st.sampled_from([one.digest for one in (SUPPLIED, LOGIN, SETTING, LAST, ENDING)]))
hands = st.builds(
    Hand, may_log_in=st.booleans(), supplied=token, login=token, setting=token, last=token, refused=digests
)


@given(hands)
def test_what_was_refused_or_is_over_is_never_chosen_and_what_may_work_is_never_left(hand):
    chosen = choose(hand, NOW)
    usable = [one for one in (hand.supplied, hand.login, hand.setting, hand.last) if is_usable(one, hand.refused, NOW)]
    match chosen:
        case None:
            assert (usable, hand.may_log_in) == ([], False)
        case Do.LOG_IN:
            assert hand.may_log_in
        case _:
            assert chosen in usable


@given(hands)
def test_while_a_login_s_token_is_young_nobody_logs_in(hand):
    if is_usable(hand.login, hand.refused, NOW) and not hand.login.is_due(NOW):
        assert choose(hand, NOW) is not Do.LOG_IN


@pytest.mark.parametrize(
    ("status", "hours"),
    [(401, None), (403, 24), (400, 1), (0, 1)],
    ids=["wrong password", "second factor", "unexpected answer", "useless token"],
)
def test_how_long_a_refused_login_stays_closed(status, hours):
    until = closed_until(status, NOW)
    assert until == (NOW + timedelta(hours=hours) if hours else None)
    assert is_closed(until, NOW)
    assert is_closed(until, NOW + timedelta(hours=25)) is (hours is None)


def test_tokens_that_die_too_often_stop_the_logins_for_an_hour():
    deaths = [NOW - timedelta(minutes=5 * n) for n in range(6)]
    assert not die_too_early(deaths[:5], NOW)
    assert die_too_early(deaths, NOW)
    assert not die_too_early(deaths, NOW + timedelta(hours=1))
