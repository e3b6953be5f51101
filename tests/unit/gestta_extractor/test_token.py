"""A Gestta token however it was pasted, what it says of itself, and why one was refused."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gestta_extractor import token as tokens

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEY = "an invented key that signs nothing outside this test"
OFFICE = {"_id": "5f0000000000000000000001", "name": "Contabilidade Faz-de-Conta", "cnpj": "00000000000191"}
LIFE = timedelta(hours=23, minutes=30)


def made(
    *, life: timedelta = LIFE, issued: datetime = NOW, company: dict[str, str] | None = OFFICE, **claims: object
) -> str:
    """A token as the web app has it; without `company` as the messenger's is taken to be."""
    times = {"iat": int(issued.timestamp()), "exp": int((issued + life).timestamp())}
    whose = {"role": "COMPANY_ADMIN", "company": company} if company else {}
    return jwt.encode(times | whose | claims, KEY, algorithm="HS256")


BARE = made(email="robo@escritorio.example")
IN_LINES = "\n".join(BARE[at : at + 64] for at in range(0, len(BARE), 64))


@pytest.mark.parametrize(
    "pasted",
    [
        pytest.param(BARE, id="bare"),
        pytest.param(f"JWT {BARE}", id="prefix"),
        pytest.param(f"jwt {BARE}", id="prefix in lower case"),
        pytest.param(f"Bearer {BARE}", id="bearer"),
        pytest.param(f'"JWT {BARE}"', id="quotes"),
        pytest.param(f"'{BARE}'", id="single quotes"),
        pytest.param(json.dumps(f"JWT {BARE}"), id="JSON string"),
        pytest.param(json.dumps(json.dumps(f"JWT {BARE}")), id="JSON string in a JSON string"),
        pytest.param(f"  {BARE}\n", id="blanks"),
        pytest.param(f'"JWT {BARE}', id="half quoted"),
        pytest.param(f"JWT  {BARE}", id="two blanks"),
        pytest.param(IN_LINES, id="line breaks inside"),
        pytest.param(f'"JWT {IN_LINES.replace(chr(10), chr(13) + chr(10) + "  ")}"', id="indented lines in quotes"),
        pytest.param(f"\ufeff{BARE[:40]}\u200b{BARE[40:]}\u00a0", id="invisible characters"),
        pytest.param(f'ngStorage-jwt\t"JWT {BARE}"', id="a line of the browser's list"),
        pytest.param(f"Authorization: JWT {BARE}", id="a header"),
        pytest.param(f"“JWT {BARE}”", id="typographic quotes"),
    ],
)
def test_a_token_is_the_same_however_it_was_pasted(pasted):
    token = tokens.read(pasted)
    assert token.value == BARE
    assert token.expires_at == NOW + LIFE
    assert token.issued_at == NOW
    assert (token.role, token.office, token.office_name) == ("COMPANY_ADMIN", OFFICE["_id"], OFFICE["name"])
    assert tokens.problem(token, NOW) is None


@pytest.mark.parametrize(
    "garbage",
    ["", " ", "hello", "a.b.c", '"', "JWT ", "\x00", "eyJ" * 500, "Ω.Ω.Ω", "minha senha", "{}", "x" * 9000],
    ids=["empty", "blank", "a word", "dots", "quote", "prefix", "NUL", "long", "Greek", "password", "JSON", "too long"],
)
def test_garbage_is_said_to_be_no_token_and_need_not_be_sent(garbage):
    token = tokens.read(garbage)
    assert (token.expires_at, token.is_jwt) == (None, False)
    assert "ngStorage-jwt" in (tokens.problem(token, NOW) or "")
    assert not token.is_expired(NOW)


def test_a_token_that_lost_its_end_is_said_to_be_cut():
    head, body, _ = BARE.split(".")
    for cut in (f"{head}.{body[: len(body) // 2]}", f"{head}.{body[:50]}.", head):
        assert "cortado" in (tokens.problem(tokens.read(cut), NOW) or "")


def test_two_tokens_pasted_at_once_are_not_guessed_about():
    both = tokens.read(f'ngStorage-jwt "JWT {BARE}"\nuser-jwt "{made(company=None)}"')
    assert "vários tokens" in (tokens.problem(both, NOW) or "")
    assert not both.is_sendable
    assert tokens.read(f"{BARE}\n{BARE}").value.startswith(BARE[:20])


def test_one_word_that_is_no_jwt_may_be_sent_and_its_refusal_is_said():
    token = tokens.read("JWT 0123456789abcdef0123456789abcdef")
    assert tokens.problem(token, NOW) is None
    assert "não parece um token" in tokens.why_refused(token, NOW)


@pytest.mark.parametrize("exp", [10**30, -(10**30), "tomorrow", True, None, 1e400], ids=str)
def test_an_end_that_is_no_time_is_no_end(exp):
    value = jwt.encode({"sub": "x"}, KEY, algorithm="HS256")
    head, _, signature = value.split(".")
    body = jwt.utils.base64url_encode(json.dumps({"exp": exp}).encode()).decode()
    assert tokens.read(f"{head}.{body}.{signature}").expires_at is None


@pytest.mark.parametrize("claims", [{"company": "text"}, {"company": {"_id": 7}}, {"company": None, "role": ["x"]}])
def test_claims_of_another_shape_say_nothing(claims):
    token = tokens.read(jwt.encode(claims, KEY, algorithm="HS256"))
    assert (token.is_jwt, token.office, token.role) == (True, "", "")


@given(st.text(max_size=300))
def test_whatever_is_pasted_is_read_and_can_be_judged(text):
    token = tokens.read(text)
    assert tokens.problem(token, NOW) is None or not token.is_sendable or token.is_expired(NOW) or not token.is_jwt
    assert tokens.why_refused(token, NOW)


def test_an_expired_token_says_when_it_ended_in_the_office_s_time():
    token = tokens.read(made(issued=NOW - timedelta(days=1)))
    assert token.is_expired(NOW)
    assert "expirou em 24/11/2026 às 08:30" in tokens.why_refused(token, NOW)


def test_a_refused_token_without_an_office_is_said_to_be_the_messengers():
    said = tokens.why_refused(tokens.read(made(company=None)), NOW)
    assert "`user-jwt`, o token do mensageiro" in said
    assert "ngStorage-jwt" in said


def test_a_refused_token_much_shorter_than_one_that_worked_is_said_to_be_the_messengers():
    worked = tokens.read(made(departments=["x" * 300]))
    assert "parece ser o `user-jwt`" in tokens.why_refused(tokens.read(made()), NOW, worked=worked)
    assert "parece ser" not in tokens.why_refused(tokens.read(made()), NOW)


def test_a_refused_token_that_lives_was_revoked_or_is_the_messengers():
    said = tokens.why_refused(tokens.read(BARE), NOW)
    assert "revogado" in said
    assert "user-jwt" in said
    assert "permissões" in tokens.why_refused(tokens.read(BARE), NOW, status=403)


def test_another_office_is_told_and_the_same_or_an_unknown_one_is_not():
    other = tokens.read(made(company={"_id": "other", "name": "Outra Contabilidade"}))
    assert "outro escritório (Outra Contabilidade)" in (tokens.other_office(other, OFFICE["_id"]) or "")
    assert tokens.other_office(tokens.read(BARE), OFFICE["_id"]) is None
    assert tokens.other_office(other, "") is None
    assert tokens.other_office(tokens.read(made(company=None)), OFFICE["_id"]) is None


def test_a_token_does_not_show_itself_nor_whose_it_is():
    token = tokens.read(BARE)
    for shown in (repr(token), str([token]), f"{token}"):
        assert BARE not in shown
        assert "robo@" not in shown
    others = (made(issued=NOW - timedelta(days=2), email="robo@escritorio.example"), made(company=None), "x" * 30)
    for text in (BARE, *others):
        said = tokens.why_refused(tokens.read(text), NOW)
        assert text not in said
        assert "robo@" not in said


@pytest.mark.parametrize(
    ("life", "left", "due"),
    [
        (LIFE, timedelta(minutes=31), False),
        (LIFE, timedelta(minutes=30), True),
        (timedelta(minutes=10), timedelta(minutes=2), False),
        (timedelta(minutes=10), timedelta(minutes=1), True),
        (timedelta(seconds=20), timedelta(seconds=20), False),
        (LIFE, timedelta(0), True),
    ],
    ids=["far", "half an hour", "a short life", "its last tenth", "just born", "ended"],
)
def test_a_token_is_renewed_before_its_end_and_never_as_soon_as_it_is_born(life, left, due):
    assert tokens.read(made(life=life, issued=NOW - life + left)).is_due(NOW) is due


def test_a_token_that_does_not_say_when_it_was_born_is_used_to_its_end():
    value = jwt.encode({"exp": int((NOW + timedelta(minutes=1)).timestamp())}, KEY, algorithm="HS256")
    assert not tokens.read(value).is_due(NOW)
    assert tokens.read(value).is_due(NOW + timedelta(minutes=1))


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
