"""The daily token as a non-event: it dies, one call finds out, and reading goes on with the next one."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest

from shared import clock
from shared.contracts.events import AuthExpiring, AuthFailed, AuthRecovered, SchemaDrifted, SourceFailed
from shared.extraction.supplied import supply
from tests.integration.gestta_extractor.token_office import EMAIL, PASSWORD

pytestmark = pytest.mark.integration

LOGIN = {"GESTTA_EMAIL": EMAIL, "GESTTA_PASSWORD": PASSWORD}


@pytest.fixture
def with_dead_token(token_office, eventually):
    """An extractor that read everything, and whose token then died."""
    token_office.token_file.write_text(token_office.issue())
    token_office.start()
    eventually(token_office.has_read_all, within=40)
    token_office.turn("gestta/token/expire")
    token_office.run_now()
    eventually(lambda: token_office.hears(AuthFailed), within=10)
    return token_office


def by_console(office):
    office.console(f'"JWT {office.issue()}"')


def by_slack(office):
    office.supply(office.issue())


def by_file(office):
    part = office.token_file.with_name("part")
    part.write_text(f"JWT {office.issue()}\n")
    part.replace(office.token_file)


def unannounced(office):
    supply(office.tokens_dir, "gestta", office.issue())


@pytest.mark.parametrize(
    ("bring", "within"),
    [(by_console, 10), (by_slack, 10), (by_file, 10), (unannounced, 30)],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_a_dead_token_is_sent_once_and_a_new_one_resumes_with_everything_due(
    with_dead_token, eventually, bring, within
):
    office = with_dead_token
    for _ in range(3):
        office.run_now()
    eventually(lambda: office.log().count("a run was asked for") == 4)
    assert [fact.still_working for fact in office.hears(AuthFailed)] == [False]
    brought = clock.now()
    bring(office)
    eventually(lambda: office.calls("/report", status=200, since=brought), within=within)
    eventually(lambda: office.has_read_all(since=brought), within=20)
    eventually(lambda: len(office.hears(AuthRecovered)) >= 2)
    assert len(office.calls(status=401)) == 1, "the call that found out"
    assert len(office.hears(AuthFailed)) == 1


def test_a_login_renews_a_dead_token_in_the_same_run_and_nobody_is_told(token_office, eventually):
    token_office.start(**LOGIN)
    eventually(token_office.has_read_all, within=40)
    token_office.turn("gestta/token/expire")
    died = clock.now()
    token_office.run_now()
    eventually(lambda: token_office.has_read_all(since=died), within=20)
    assert len(token_office.calls(status=401)) == 1
    assert len(token_office.calls("/core/login")) == 2
    assert token_office.hears(AuthFailed) == []


def test_a_restart_does_not_log_in(token_office, eventually):
    for _ in range(2):
        started = clock.now()
        process = token_office.start(**LOGIN)
        eventually(lambda started=started: token_office.has_read_all(since=started), within=40)
        token_office.stop(process)
    assert len(token_office.calls("/core/login")) == 1


def test_a_wrong_password_is_given_once_and_told_and_a_token_goes_on(token_office, eventually):
    wrong = LOGIN | {"GESTTA_PASSWORD": "senha-marcada-errada"}
    token_office.secrets.add("senha-marcada-errada")
    for start in (1, 2):
        process = token_office.start(**wrong)
        eventually(lambda start=start: len(token_office.hears(AuthFailed)) == start, within=20)
        token_office.run_now()
        eventually(lambda start=start: token_office.log().count("a run was asked for") == start)
        token_office.stop(process)
    assert {fact.hint for fact in token_office.hears(AuthFailed)} == {
        "o Gestta recusou o e-mail ou a senha: confira GESTTA_EMAIL e GESTTA_PASSWORD e se a conta está ativa"
    }
    assert len(token_office.calls("/core/login")) == 1
    assert len(token_office.calls()) == 1
    token_office.start(**wrong)
    token_office.supply(token_office.issue())
    eventually(token_office.has_read_all, within=40)


def test_once_tries_a_supplied_token_that_lies_there(token_office):
    supply(token_office.tokens_dir, "gestta", f"JWT {token_office.issue()}")
    assert token_office.start("--once").wait(60) == 0
    assert token_office.has_read_all()
    assert (token_office.tokens_dir / "gestta.token").exists()
    assert not (token_office.tokens_dir / "gestta.token.supplied").exists()


def test_once_after_once_logs_in_once(token_office):
    for _ in range(2):
        assert token_office.start("--once", **LOGIN).wait(60) == 0
    assert len(token_office.calls("/core/login")) == 1


@pytest.mark.parametrize(
    ("bad", "said", "sent"),
    [
        (lambda office: office.issue(kind="messenger"), "user-jwt", 1),
        (lambda office: office.made_like(office.issue(), exp=1_790_000_000), "expirou em", 0),
        (lambda office: office.issue()[:150], "cortado", 0),
        (lambda office: "copiei errado", "não é um token", 0),
    ],
    ids=["the messenger's", "expired", "cut", "no token"],
)
def test_a_bad_supplied_token_is_answered_with_its_reason_and_the_old_one_goes_on(
    token_office, eventually, bad, said, sent
):
    token_office.token_file.write_text(token_office.issue())
    token_office.start()
    eventually(token_office.has_read_all, within=40)
    cause = token_office.supply(bad(token_office))
    (told,) = eventually(lambda: token_office.envelopes(AuthFailed), within=10)
    assert (told.causationid, told.data.still_working) == (cause, True)
    assert said in told.data.hint
    assert len(token_office.calls(status=401)) == sent
    again = clock.now()
    token_office.run_now()
    eventually(lambda: token_office.has_read_all(since=again), within=20)


def test_a_token_refused_by_403_is_checked_once_by_the_cheap_call_and_dead(token_office, eventually):
    token_office.turn("gestta/settings", refuse_with=403)
    token_office.token_file.write_text(token_office.made_like(token_office.issue(), kind="messenger"))
    token_office.start()
    (told,) = eventually(lambda: token_office.hears(AuthFailed), within=20)
    assert told.status == 403
    assert [call["path"] for call in token_office.calls()] == ["/core/customer/task/report", "/core/company/user/me"]


def test_one_forbidden_call_is_told_and_the_token_lives(token_office, eventually):
    token_office.turn("faults", system="gestta", kind="403", path="/core/customer/task/report", times=0)
    token_office.token_file.write_text(token_office.issue())
    token_office.start()
    eventually(token_office.has_read_all, within=40)
    told = eventually(lambda: token_office.hears(SourceFailed))
    assert all("403" in fact.reason for fact in told)
    assert token_office.hears(AuthFailed) == []


def test_the_end_of_a_token_that_nobody_renews_is_told_once_in_good_time(token_office, eventually):
    now = clock.now()
    born, ends = now - timedelta(hours=22, minutes=30), now + timedelta(hours=1)
    token_office.token_file.write_text(
        token_office.made_like(token_office.issue(), iat=int(born.timestamp()), exp=int(ends.timestamp()))
    )
    token_office.start()
    eventually(token_office.has_read_all, within=40)
    again = clock.now()
    token_office.run_now()
    eventually(lambda: token_office.has_read_all(since=again), within=20)
    (told,) = token_office.hears(AuthExpiring)
    assert told.expires_at == ends.replace(microsecond=0)


def test_a_token_of_another_office_is_warned_of(token_office, eventually):
    token_office.token_file.write_text(token_office.issue())
    token_office.start()
    eventually(token_office.has_read_all, within=40)
    other = {"_id": "f" * 24, "name": "Outra Contabilidade"}
    token_office.supply(token_office.made_like(token_office.issue(), company=other))
    (told,) = eventually(lambda: token_office.hears(SchemaDrifted), within=20)
    assert "Outra Contabilidade" in told.reason


@pytest.mark.parametrize("how", ["token", "login", "wrong login", "messenger", "none"])
def test_the_doctor_says_role_and_office_or_what_to_do_and_never_whose_account_it_is(token_office, how):
    token_office.start().kill()  # only so that there is a log
    environment = dict(token_office.environment)
    if how in ("token", "messenger"):
        token_office.token_file.write_text(token_office.issue(**({"kind": "messenger"} if how == "messenger" else {})))
    if "login" in how:
        environment |= LOGIN | ({"GESTTA_PASSWORD": "senha-marcada-errada"} if "wrong" in how else {})
    done = subprocess.run(
        [sys.executable, "-m", "services.gestta_extractor", "--check"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    answers = {check["check"]: check for check in map(json.loads, done.stdout.splitlines())}
    token = answers["gestta token"]
    assert token["ok"] is (how in ("token", "login")), done.stderr
    wanted = {"wrong login": "GESTTA_PASSWORD", "messenger": "user-jwt", "none": "não há token"}
    assert wanted.get(how, "papel COMPANY_ADMIN, escritório Contabilidade Faz-de-Conta") in token["said"]
    assert [secret[:12] for secret in token_office.secrets if secret in done.stdout + done.stderr] == []
