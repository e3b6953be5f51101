"""The simulated Gestta: its login, its tokens, and what nobody may call."""

from collections.abc import Iterator
from datetime import timedelta

import jwt
import pytest
import requests
from pydantic import SecretStr

from simulators.serve import start
from simulators.settings import on_free_ports
from tests.contract.simulated_gestta import ME, NOW, SEARCH, Office, an_office


@pytest.fixture
def office() -> Iterator[Office]:
    with an_office() as found:
        yield found


def test_a_login_answers_with_an_empty_body_and_the_token_in_a_header(office):
    answer = office.call(
        "POST", "/core/login", json={"email": office.running.gestta.account.email, "password": "certa"}
    )

    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["authorization"].startswith("JWT eyJ")
    token = answer.headers["authorization"].removeprefix("JWT ")
    assert office.call("GET", "/core/company/user/me", token=token).json()["company"]["status"] == "PRODUCTION"


def test_a_wrong_password_is_unauthorized(office):
    answer = office.call("POST", "/core/login", json={"email": "robo@escritorio.example", "password": "errada"})

    assert (answer.status_code, answer.json()) == (401, {"code": "unauthorized"})


def test_a_token_lives_as_long_as_its_own_claims_say(office):
    claims = jwt.decode(office.token, options={"verify_signature": False})

    assert claims["exp"] - claims["iat"] == 3600
    assert office.report().status_code == 200
    office.clock[0] = NOW + timedelta(hours=1)
    assert office.report().status_code == 401


def test_an_expiry_ordered_from_outside_ends_every_token_but_later_ones(office):
    office.running.gestta.tokens.expire_all()

    assert office.report().status_code == 401
    office.token = office.running.gestta.tokens.issue().token
    assert office.report().status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer {}", "{}", "JWT nonsense"], ids=str)
def test_only_a_jwt_header_opens_anything(office, header):
    headers = {"Authorization": header.format(office.token)}
    answer = requests.post(office.running.urls["gestta"] + SEARCH, headers=headers, json={}, timeout=10)

    assert (answer.status_code, answer.json()) == (401, {"code": "unauthorized"})


def test_the_messengers_token_from_the_same_browser_is_refused(office):
    messenger = office.running.gestta.tokens.issue(kind="messenger").token

    assert office.call("GET", "/core/company/user/me", token=messenger).status_code == 401


def test_a_refusal_may_be_a_403_instead(office):
    office.running.gestta.tokens.expire_all()
    office.behave(refuse_with=403)

    assert office.report().status_code == 403


def test_a_first_token_of_anybodys_is_accepted_until_its_life_ends():
    first = jwt.encode({"name": "qualquer"}, "a key that the simulator has never seen", algorithm="HS256")
    clock = [NOW]
    settings = on_free_ports(
        tasks_per_quarter=60, clients=10, gestta_token=SecretStr(first), gestta_token_life=timedelta(seconds=60)
    )
    with start(settings, lambda: clock[0]) as running:
        office = Office(running, clock)
        assert office.call("GET", "/core/company/user/me", token=first).status_code == 200
        clock[0] += timedelta(seconds=61)
        assert office.call("GET", "/core/company/user/me", token=first).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("PUT", "/core/customer/task/transfer", 405, id="transfer"),
        pytest.param("PUT", "/es/task/000000000000000000000000/status", 403, id="status"),
        pytest.param("POST", "/core/customer/task/000000000000000000000000/history/comment", 403, id="comment"),
        pytest.param("POST", "/task-gen/generate", 403, id="generate"),
        pytest.param("DELETE", "/core/customer/task/000000000000000000000000", 405, id="delete"),
        pytest.param("POST", "/core/customer/task", 403, id="create"),
    ],
)
def test_whatever_writes_is_refused_and_written_down(office, method, path, status):
    before = office.running.world.version
    answer = office.call(method, path, json={})

    assert answer.status_code == status
    assert office.running.ledger.summary()["violations"] == 1
    assert office.marks() == {"write_attempt": 1}
    assert office.running.world.version == before


def test_an_unknown_address_that_is_only_read_is_404_and_a_violation_but_no_write(office):
    assert office.call("GET", "/core/anything/else").status_code == 404
    assert office.running.ledger.summary()["violations"] == 1
    assert office.marks() == {}


def test_every_reading_call_leaves_no_violation(office):
    office.report()
    office.search(limit=1)
    office.task(office.rows()[0]["id"])
    for path in (ME, "/core/report", "/admin/customer", "/admin/company/user", "/core/company/department"):
        assert office.call("GET", path).status_code == 200
    office.login()

    assert office.running.ledger.summary()["violations"] == 0
    assert office.marks() == {"login": 1}


def test_a_login_may_be_answered_with_201(office):
    office.behave(login_status=201)

    answer = office.login()

    assert answer.status_code == 201
    assert answer.headers["authorization"].startswith("JWT ")


def test_a_token_says_whose_it_is_and_lives_84600_seconds_unless_told_otherwise(office):
    claims = [_claims(office)]
    office.behave(token_life="1h")
    claims.append(_claims(office))

    assert [c["exp"] - c["iat"] for c in claims] == [84_600, 3_600]
    assert claims[0].keys() >= {"_id", "name", "email", "role", "active", "viewer", "company_departments", "last_login"}
    assert claims[0]["company"].keys() == {"_id", "name", "status", "language", "cnpj"}


def _claims(office):
    token = office.login().headers["authorization"].removeprefix("JWT ")
    return jwt.decode(token, options={"verify_signature": False})


def test_a_token_can_be_revoked_although_it_is_not_expired(office):
    other = office.running.gestta.tokens.issue(timedelta(hours=1)).token
    office.door("POST", "/gestta/token/revoke", {"token": office.token})

    assert office.call("GET", ME).status_code == 401
    assert jwt.decode(office.token, options={"verify_signature": False})["exp"] > NOW.timestamp()
    assert office.call("GET", ME, token=other).status_code == 200


def test_an_account_is_locked_after_so_many_wrong_passwords_until_it_is_unlocked(office):
    office.behave(lock_after=3)
    statuses = [office.login("errada").status_code for _ in range(3)]
    locked = office.login()

    assert statuses == [401, 401, 401]
    assert (locked.status_code, locked.json()) == (403, {"code": "user.locked"})
    assert "authorization" not in locked.headers
    assert office.marks() == {"login_refused": 3, "login_locked": 1}
    office.door("POST", "/gestta/account", {"unlock": True})
    assert office.login().status_code == 200


def test_a_right_password_forgives_the_wrong_ones_before_it(office):
    office.behave(lock_after=2)

    assert [office.login(word).status_code for word in ("errada", "certa", "errada", "certa")] == [401, 200, 401, 200]


def test_a_password_can_be_changed_while_it_runs(office):
    office.door("POST", "/gestta/account", {"password": "outra"})

    assert [office.login(word).status_code for word in ("certa", "outra")] == [401, 200]


def test_where_an_office_signs_in_elsewhere_no_password_opens_anything(office):
    office.behave(login_closed=True)

    assert (office.login().status_code, office.login().json()) == (401, {"code": "unauthorized"})


def test_the_ledger_counts_logins_calls_a_minute_and_calls_with_a_dead_token(office):
    office.login()
    office.login("errada")
    office.call("GET", ME)
    office.running.gestta.tokens.expire_all()
    office.call("GET", ME)
    office.call("GET", ME)
    office.clock[0] = NOW + timedelta(minutes=1)
    office.login()

    assert office.marks() == {"login": 2, "login_refused": 1, "dead_token": 2}
    assert office.door("GET", "/ledger/minutes?system=gestta") == {"2026-11-23T15:00": 5, "2026-11-23T15:01": 1}
