"""What is said of the credential, and that it is said once."""

import os
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from services.gestta_extractor import token as tokens
from services.gestta_extractor.gestta_api import Refused
from services.gestta_extractor.standing import Standing
from shared.contracts.events import AuthExpiring, AuthFailed, AuthRecovered, SchemaDrifted
from shared.errors import AuthRejected, Transient
from shared.extraction.supplied import supply
from tests.unit.gestta_extractor.test_credentials import SETTING, SUPPLIED, Gestta, credentials
from tests.unit.gestta_extractor.test_token import LIFE, NOW, made

WARNING = timedelta(hours=2)
DEAD = AuthRejected("gestta", 401, "um motivo", evidence="evidence/gestta/x.png")


def standing(folder, gestta=None, **how) -> Standing:
    return Standing(credentials(gestta or Gestta(), folder, **how), WARNING)


def kinds(facts):
    return [type(fact) for fact in facts]


def test_the_first_success_says_recovered_and_the_next_ones_say_nothing(tmp_path):
    one, token = standing(tmp_path), tokens.read(SETTING)
    assert kinds(one.alive(token, NOW)) == [AuthRecovered]
    assert kinds(one.alive(token, NOW)) == []


def test_a_death_is_said_once_and_its_end_once(tmp_path):
    one, token = standing(tmp_path), tokens.read(SETTING)
    (told,) = one.dead(DEAD)
    assert told == AuthFailed(system="gestta", status=401, hint="um motivo", evidence="evidence/gestta/x.png")
    assert kinds(one.dead(DEAD)) == []
    assert kinds(one.alive(token, NOW)) == [AuthRecovered]
    assert kinds(one.dead(DEAD)) == [AuthFailed]


@pytest.mark.parametrize(
    ("life", "left", "password", "said"),
    [
        (LIFE, timedelta(hours=3), None, False),
        (LIFE, timedelta(minutes=119), None, True),
        (LIFE, timedelta(minutes=119), "right", False),
        (timedelta(hours=3), timedelta(hours=1), None, False),
    ],
    ids=["far from its end", "near its end", "renewed by a login", "its whole life is short"],
)
def test_the_end_is_told_in_good_time_once_where_nobody_renews(tmp_path, life, left, password, said):
    token = tokens.read(made(life=life, issued=NOW - life + left))
    one = standing(tmp_path, password=password)
    told = [*one.alive(token, NOW), *one.alive(token, NOW + timedelta(minutes=1))]
    assert kinds(told) == ([AuthRecovered, AuthExpiring] if said else [AuthRecovered])
    assert all("console token set gestta" in fact.hint for fact in told if isinstance(fact, AuthExpiring))


def test_another_token_ends_the_warning_and_may_be_warned_of_in_its_turn(tmp_path):
    ending, later = tokens.read(made(issued=NOW - LIFE + timedelta(hours=1))), tokens.read(SETTING)
    one = standing(tmp_path)
    assert kinds(one.alive(ending, NOW)) == [AuthRecovered, AuthExpiring]
    assert kinds(one.alive(later, NOW)) == [AuthRecovered]
    assert kinds(one.alive(later, NOW)) == []
    assert kinds(one.alive(later, NOW + LIFE - timedelta(hours=1))) == [AuthExpiring]


def test_a_login_that_was_refused_renews_no_longer_so_the_end_is_told(tmp_path):
    one = standing(tmp_path, Gestta(Refused(401)), password="wrong", setting=SETTING)
    token = one.credentials.get(NOW)
    assert kinds(one.alive(token, NOW + LIFE - timedelta(hours=1))) == [AuthRecovered, AuthExpiring]


def test_another_office_is_told_as_a_source_that_changed(tmp_path):
    standing(tmp_path, setting=SETTING).credentials.get(NOW)
    one = standing(tmp_path, setting=made(company={"_id": "other", "name": "Outra"}))
    told = list(one.alive(one.credentials.get(NOW), NOW))
    assert kinds(told) == [AuthRecovered, SchemaDrifted]
    assert ["outro escritório (Outra)" in fact.reason for fact in told if isinstance(fact, SchemaDrifted)] == [True]


def test_a_supplied_token_is_answered_and_a_bad_one_says_whether_the_old_goes_on(tmp_path):
    one = standing(tmp_path, Gestta(opens=(SUPPLIED,)))
    assert one.supplied("ana", NOW) is None
    supply(tmp_path, "gestta", made(company=None))
    assert one.supplied("ana", NOW) == AuthFailed(
        system="gestta",
        status=401,
        hint=tokens.why_refused(tokens.read(made(company=None)), NOW),
        expires_at=NOW + LIFE,
        still_working=False,
    )
    supply(tmp_path, "gestta", SUPPLIED)
    good = one.supplied("ana", NOW)
    assert isinstance(good, AuthRecovered)
    assert "ana" in good.hint
    supply(tmp_path, "gestta", "garbage")
    bad = one.supplied("ana", NOW)
    assert isinstance(bad, AuthFailed)
    assert bad.still_working


def test_a_supplied_token_that_nobody_announced_is_tried_after_a_while(tmp_path):
    one = standing(tmp_path, Gestta(opens=(SUPPLIED,)))
    supplied_at(NOW, tmp_path)
    assert one.unannounced(NOW) is None
    assert isinstance(one.unannounced(NOW + timedelta(seconds=11)), AuthRecovered)
    assert one.unannounced(NOW + timedelta(seconds=12)) is None


def supplied_at(moment, folder, token=SUPPLIED):
    supply(folder, "gestta", token)
    (path,) = folder.glob("*.supplied")
    os.utime(path, (moment.timestamp(), moment.timestamp()))


def test_while_gestta_is_away_an_unannounced_token_is_not_tried_every_second(tmp_path):
    class Away(Gestta):
        def me(self, token: str) -> object:
            self.sent.append(token)
            raise Transient("away")

    gestta = Away()
    one = standing(tmp_path, gestta)
    supplied_at(NOW, tmp_path)
    for seconds in (11, 13, 15, 40, 42):
        assert one.unannounced(NOW + timedelta(seconds=seconds)) is None
    assert len(gestta.sent) == 2


def test_a_bad_token_that_nobody_announced_is_logged_with_what_is_wrong_with_it(tmp_path):
    one = standing(tmp_path, Gestta(opens=(SUPPLIED,)))
    supply(tmp_path, "gestta", SUPPLIED)
    one.supplied("ana", NOW)
    supplied_at(NOW, tmp_path, "garbage")
    with capture_logs() as lines:
        bad = one.unannounced(NOW + timedelta(seconds=11))
    assert isinstance(bad, AuthFailed)
    assert bad.still_working
    assert [line["hint"] for line in lines if "was refused and is deleted" in line["event"]] == [bad.hint]
