"""A Gestta token however it was pasted, and why one was refused."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from services.gestta_extractor import token as tokens

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEY = "an invented key that signs nothing outside this test"


def made(*, life: timedelta = timedelta(hours=23, minutes=30), issued: datetime = NOW, **claims: object) -> str:
    times = {"iat": int(issued.timestamp()), "exp": int((issued + life).timestamp())}
    return jwt.encode(times | claims, KEY, algorithm="HS256")


BARE = made()


@pytest.mark.parametrize(
    "pasted",
    [
        BARE,
        f"JWT {BARE}",
        f"jwt {BARE}",
        f"Bearer {BARE}",
        f'"JWT {BARE}"',
        f"'{BARE}'",
        json.dumps(f"JWT {BARE}"),
        f"  {BARE}\n",
        f'"JWT {BARE}',
        f"JWT  {BARE}",
    ],
    ids=[
        "bare",
        "prefix",
        "lower",
        "bearer",
        "quotes",
        "single quotes",
        "JSON string",
        "blanks",
        "half quoted",
        "two blanks",
    ],
)
def test_a_token_is_the_same_however_it_was_pasted(pasted):
    token = tokens.read(pasted)
    assert token.value == BARE
    assert token.expires_at == NOW + timedelta(hours=23, minutes=30)
    assert token.issued_at == NOW


@pytest.mark.parametrize(
    "garbage",
    ["", " ", "hello", "a.b.c", '"', "JWT ", "\x00", "eyJ" * 500, "Ω.Ω.Ω"],
    ids=["empty", "blank", "a word", "three parts", "a quote", "prefix alone", "NUL", "long", "not ASCII"],
)
def test_garbage_is_a_token_that_says_nothing_of_itself(garbage):
    token = tokens.read(garbage)
    assert token.expires_at is None
    assert "ngStorage-jwt" in tokens.why_refused(token, NOW)
    assert not token.is_expired(NOW)


@pytest.mark.parametrize("exp", [10**30, -(10**30), "tomorrow", True, None, 1e400], ids=str)
def test_an_end_that_is_no_time_is_no_end(exp):
    value = jwt.encode({"sub": "x"}, KEY, algorithm="HS256")
    head, _, signature = value.split(".")
    body = jwt.utils.base64url_encode(json.dumps({"exp": exp}).encode()).decode()
    assert tokens.read(f"{head}.{body}.{signature}").expires_at is None


def test_an_expired_token_says_when_it_ended():
    token = tokens.read(made(issued=NOW - timedelta(days=1)))
    assert token.is_expired(NOW)
    assert tokens.why_refused(token, NOW) == "it expired at 2026-11-24 11:30 UTC"


def test_a_refused_token_that_lives_may_be_the_messengers():
    said = tokens.why_refused(tokens.read(made(kind="messenger")), NOW)
    assert "ngStorage-jwt" in said
    assert "user-jwt" in said


def test_a_token_does_not_show_itself():
    token = tokens.read(BARE)
    assert BARE not in repr(token)
    assert BARE not in str([token])


@pytest.mark.parametrize(
    ("life", "left", "near"),
    [
        (timedelta(hours=23), timedelta(hours=3), False),
        (timedelta(hours=23), timedelta(hours=2), True),
        (timedelta(hours=23), timedelta(0), False),
        (timedelta(hours=3), timedelta(hours=1), False),
    ],
    ids=["far", "near", "ended", "too short a life to warn of"],
)
def test_the_end_is_near_within_the_warning(life, left, near):
    token = tokens.read(made(life=life, issued=NOW - life + left))
    assert token.is_near_end(NOW, timedelta(hours=2)) is near
