"""What is learnt of tokens and logins: what was refused is not sent again, a login is not repeated in vain."""

import json
import stat
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from services.gestta_extractor import token as tokens
from services.gestta_extractor.credentials import TOO_MANY, Credentials, Login
from services.gestta_extractor.gestta_api import Refused
from services.gestta_extractor.kept import Kept
from shared.errors import AuthRejected, Rejected, Transient
from shared.extraction.supplied import SuppliedTokens, supply
from tests.unit.gestta_extractor.test_token import LIFE, NOW, made

DEAD = made(issued=NOW - timedelta(days=2))
LOGIN, SUPPLIED, SETTING = made(of="login"), made(of="supplied"), made(of="setting")
HOUR = timedelta(hours=1)


class Gestta:
    """Logins give what they were told to, tokens open nothing but what it was told to; `sent` is all it was sent."""

    def __init__(self, *logins: str | Exception, opens: tuple[str, ...] = (), refuses_with: int = 401) -> None:
        self.logins, self.opens, self.refuses_with = list(logins), opens, refuses_with
        self.sent: list[str] = []

    def login(self, email: str, password: str) -> str:
        self.sent.append(f"login {password}")
        given = self.logins.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    def me(self, token: str) -> object:
        self.sent.append(token)
        if token not in self.opens:
            raise Refused(self.refuses_with)
        return {}


def credentials(
    gestta: Gestta,
    folder: Path,
    *,
    password: str | None = None,
    setting: str | None = None,
    way: str = "password",
    kept: str = "gestta.token.kept",
) -> Credentials:
    """A new process with this folder."""
    return Credentials(
        login=Login(way, "robo@escritorio.example", password, gestta.login) if password else None,
        opens=gestta.me,
        supplied=SuppliedTokens(folder, "gestta"),
        from_settings=lambda: setting,
        kept=Kept(folder / kept),
    )


def accepted(folder: Path, token: str) -> None:
    supply(folder, "gestta", token)
    SuppliedTokens(folder, "gestta").accept()


def test_without_any_token_the_person_is_told_what_to_do(tmp_path):
    with pytest.raises(AuthRejected, match="console token set gestta"):
        credentials(Gestta(), tmp_path).get(NOW)


def test_a_refused_token_is_never_sent_again_not_even_after_a_restart(tmp_path):
    gestta = Gestta()
    mine = credentials(gestta, tmp_path, setting=SETTING)
    mine.refused(mine.get(NOW), NOW)
    for process in (mine, credentials(gestta, tmp_path, setting=SETTING)):
        with pytest.raises(AuthRejected, match="revogado"):
            process.get(NOW)
        assert not process.has_news(NOW)
        supply(tmp_path, "gestta", f'"JWT {SETTING}"')
        with pytest.raises(AuthRejected, match="já foi recusado"):
            process.try_supplied(NOW)
    assert gestta.sent == []


def test_a_refused_supplied_token_is_remembered_though_its_file_is_gone(tmp_path):
    gestta = Gestta()
    supply(tmp_path, "gestta", SUPPLIED)
    with pytest.raises(AuthRejected):
        credentials(gestta, tmp_path).try_supplied(NOW)
    supply(tmp_path, "gestta", SUPPLIED)
    with pytest.raises(AuthRejected):
        credentials(gestta, tmp_path).try_supplied(NOW)
    assert gestta.sent == [SUPPLIED]


def test_a_refused_supplied_token_gives_way_to_the_setting_and_is_forgotten(tmp_path):
    accepted(tmp_path, SUPPLIED)
    mine = credentials(Gestta(), tmp_path, setting=SETTING)
    mine.refused(mine.get(NOW), NOW)
    assert mine.get(NOW).value == SETTING
    assert not (tmp_path / "gestta.token").exists()


def test_a_setting_that_changes_is_read_anew_and_a_bad_one_leaves_the_old(tmp_path):
    settings = [SETTING]
    mine = Credentials(
        login=None,
        opens=Gestta().me,
        supplied=SuppliedTokens(tmp_path, "gestta"),
        from_settings=lambda: settings[-1],
        kept=Kept(tmp_path / "gestta.token.kept"),
    )
    assert mine.get(NOW).value == SETTING
    settings.append(made(of="a new file"))
    replaced = mine.get(NOW)
    assert replaced.value == settings[-1]
    mine.refused(replaced, NOW)
    assert mine.get(NOW).value == SETTING


def test_a_restart_does_not_log_in_again(tmp_path):
    gestta = Gestta(f"JWT {LOGIN}")
    for _ in range(3):
        assert credentials(gestta, tmp_path, password="right").get(NOW).value == LOGIN
    assert gestta.sent == ["login right"]


def test_a_token_of_another_account_is_not_taken_over(tmp_path):
    other = made(of="other account")
    gestta = Gestta(LOGIN, other)
    credentials(gestta, tmp_path, password="right").get(NOW)
    assert credentials(gestta, tmp_path, password="changed").get(NOW).value == other
    with pytest.raises(AuthRejected):
        credentials(gestta, tmp_path).get(NOW)


def test_what_is_kept_is_for_the_extractor_s_eyes_and_holds_no_password(tmp_path):
    credentials(Gestta(LOGIN), tmp_path, password="marked-password").get(NOW)
    file = tmp_path / "gestta.token.kept"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "marked-password" not in file.read_text()
    assert "robo@" not in file.read_text()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"refused": 7}', "\x00" * 10], ids=repr)
def test_what_was_kept_and_cannot_be_read_is_begun_anew(tmp_path, content):
    (tmp_path / "gestta.token.kept").write_text(content)
    assert credentials(Gestta(LOGIN), tmp_path, password="right").get(NOW).value == LOGIN
    assert json.loads((tmp_path / "gestta.token.kept").read_text())["login"] == LOGIN


def test_where_nothing_can_be_kept_it_is_remembered_as_long_as_the_process(tmp_path):
    (tmp_path / "a file").touch()
    gestta = Gestta(Refused(401))
    mine = credentials(gestta, tmp_path, password="wrong", setting=SETTING, kept="a file/kept")
    mine.refused(mine.get(NOW), NOW)
    for _ in range(3):
        with pytest.raises(AuthRejected):
            mine.get(NOW)
    assert gestta.sent == ["login wrong"]


def test_a_wrong_password_is_tried_once_over_restarts_until_it_changes(tmp_path):
    gestta = Gestta(Refused(401), LOGIN)
    for _ in range(3):
        mine = credentials(gestta, tmp_path, password="wrong", setting=SETTING)
        assert mine.get(NOW + 72 * HOUR - LIFE * 4).value == SETTING
        assert not mine.renews_itself
    mine.refused(mine.get(NOW), NOW)
    with pytest.raises(AuthRejected, match="GESTTA_PASSWORD") as told:
        mine.get(NOW)
    assert told.value.status == 401
    assert not mine.has_news(NOW + 72 * HOUR)
    assert gestta.sent == ["login wrong"]
    assert credentials(gestta, tmp_path, password="right").get(NOW).value == LOGIN


def test_a_wrong_password_is_tried_again_once_the_doctor_found_it_good(tmp_path):
    mine = credentials(Gestta(Refused(401), LOGIN), tmp_path, password="unlocked since")
    with pytest.raises(AuthRejected):
        mine.get(NOW)
    assert not mine.has_news(NOW)
    Kept(tmp_path / "gestta.token.kept").change(closed=None)
    assert mine.has_news(NOW)
    assert mine.get(NOW).value == LOGIN


def test_a_second_factor_is_told_with_its_picture_and_tried_again_the_next_day(tmp_path):
    asked = AuthRejected("gestta", 403, "o Onvio pede um segundo fator", evidence="evidence/gestta/x.png")
    gestta = Gestta(asked, LOGIN)
    mine = credentials(gestta, tmp_path, password="right", way="onvio")
    for moment in (NOW, NOW + 23 * HOUR):
        with pytest.raises(AuthRejected, match="segundo fator") as told:
            mine.get(moment)
        assert (told.value.status, told.value.evidence) == (403, "evidence/gestta/x.png")
        assert not mine.has_news(moment)
    assert mine.has_news(NOW + 24 * HOUR)
    assert len(gestta.sent) == 1


def test_a_login_whose_token_is_refused_at_once_is_not_repeated_for_an_hour(tmp_path):
    gestta = Gestta(LOGIN, made(of="later"))
    mine = credentials(gestta, tmp_path, password="right")
    mine.refused(mine.get(NOW), NOW)
    for process in (mine, credentials(gestta, tmp_path, password="right")):
        with pytest.raises(AuthRejected, match="o token que ele dá é recusado"):
            process.get(NOW)
        assert not process.renews_itself
    assert gestta.sent == ["login right"]
    assert mine.get(NOW + HOUR).value == made(of="later")


def test_a_login_that_gives_the_refused_token_again_is_not_believed(tmp_path):
    mine = credentials(Gestta(LOGIN, LOGIN), tmp_path, password="right", setting=SETTING)
    token = mine.get(NOW)
    mine.get(NOW)
    mine.refused(token, NOW)
    assert mine.get(NOW).value == SETTING


@pytest.mark.parametrize(
    "given", [DEAD, "not a token", Rejected("Gestta answered 404 to /core/login")], ids=["expired", "garbage", "404"]
)
def test_a_login_that_answers_otherwise_than_known_is_not_repeated_for_an_hour(tmp_path, given):
    gestta = Gestta(given, LOGIN)
    mine = credentials(gestta, tmp_path, password="right", setting=SETTING)
    for _ in range(3):
        assert mine.get(NOW).value == SETTING
    assert len(gestta.sent) == 1
    assert mine.get(NOW + HOUR).value == LOGIN


def test_two_users_of_one_account_do_not_log_each_other_out_for_ever(tmp_path):
    gestta = Gestta(*(made(of=str(n)) for n in range(20)))
    mine = credentials(gestta, tmp_path, password="right")
    for _ in range(6):
        mine.get(NOW)
        mine.refused(mine.get(NOW), NOW)
    with pytest.raises(AuthRejected, match=TOO_MANY[:30]):
        mine.get(NOW)
    assert len(gestta.sent) == 6
    assert mine.has_news(NOW + HOUR)


def test_a_login_renews_before_the_end(tmp_path):
    later = NOW + LIFE - timedelta(minutes=30)
    renewed = made(issued=later)
    mine = credentials(Gestta(LOGIN, renewed), tmp_path, password="right")
    assert mine.get(NOW).value == LOGIN
    assert mine.get(later - timedelta(minutes=1)).value == LOGIN
    assert mine.get(later).value == renewed


@pytest.mark.parametrize("trouble", [Refused(401), Transient("away")], ids=["the password changed", "Gestta is away"])
def test_a_token_that_cannot_be_renewed_yet_is_used_to_its_end(tmp_path, trouble):
    later = NOW + LIFE - timedelta(minutes=5)
    gestta = Gestta(LOGIN, trouble)
    mine = credentials(gestta, tmp_path, password="right")
    mine.get(NOW)
    for _ in range(3):
        assert mine.get(later).value == LOGIN
    assert len(gestta.sent) == 2, "tried once, then it rests"


def test_a_login_that_is_away_rests_before_it_is_asked_again(tmp_path):
    gestta = Gestta(Transient("Gestta answered 503"), LOGIN)
    mine = credentials(gestta, tmp_path, password="right")
    for _ in range(5):
        with pytest.raises(Transient, match="503"):
            mine.get(NOW)
        assert not mine.has_news(NOW)
    assert mine.get(NOW + timedelta(seconds=30)).value == LOGIN


def test_a_token_may_be_supplied_while_a_slow_login_goes_on(tmp_path):
    gestta = Gestta(opens=(SUPPLIED,))
    taken = []

    def slow(email: str, password: str) -> str:
        supply(tmp_path, "gestta", SUPPLIED)
        other_thread = threading.Thread(target=lambda: taken.append(mine.try_supplied(NOW)))
        other_thread.start()
        other_thread.join(10)
        return LOGIN

    mine = Credentials(
        login=Login("onvio", "robo@escritorio.example", "right", slow),
        opens=gestta.me,
        supplied=SuppliedTokens(tmp_path, "gestta"),
        from_settings=lambda: None,
        kept=Kept(tmp_path / "kept"),
    )
    assert [mine.get(NOW)] == taken


def test_a_supplied_token_is_tried_before_it_replaces_one_that_works(tmp_path):
    gestta = Gestta(opens=(SUPPLIED,))
    mine = credentials(gestta, tmp_path, setting=SETTING)
    mine.get(NOW)
    supply(tmp_path, "gestta", f"JWT {SUPPLIED}")
    taken = mine.try_supplied(NOW)
    assert taken is not None
    assert (taken.value, gestta.sent, mine.get(NOW)) == (SUPPLIED, [SUPPLIED], taken)
    assert SuppliedTokens(tmp_path, "gestta").new() is None
    assert tokens.read(SuppliedTokens(tmp_path, "gestta").good() or "").value == SUPPLIED


def test_a_good_supplied_token_is_used_until_near_its_end_also_over_a_restart_then_the_login_again(tmp_path):
    gestta = Gestta(LOGIN, opens=(SUPPLIED,))
    supply(tmp_path, "gestta", SUPPLIED)
    credentials(gestta, tmp_path, password="right").try_supplied(NOW)
    mine = credentials(gestta, tmp_path, password="right")
    assert mine.get(NOW + LIFE / 2).value == SUPPLIED
    near = NOW + LIFE - timedelta(minutes=20)
    gestta.logins[0] = made(issued=near)
    assert mine.get(near).value == made(issued=near)


@pytest.mark.parametrize(
    ("bad", "said", "is_sent"),
    [
        (DEAD, "expirou em", False),
        (made(company=None), "mensageiro", True),
        (made(of="revoked"), "revogado", True),
        ("not a token", "não é um token", False),
        (made(of="cut")[:90], "cortado", False),
    ],
    ids=["expired", "the messenger's", "revoked", "no JWT", "cut"],
)
def test_a_bad_supplied_token_is_said_and_leaves_the_one_that_works(tmp_path, bad, said, is_sent):
    gestta = Gestta()
    mine = credentials(gestta, tmp_path, setting=SETTING)
    mine.get(NOW)
    supply(tmp_path, "gestta", bad)
    with pytest.raises(AuthRejected, match=said):
        mine.try_supplied(NOW)
    assert mine.still_working(NOW)
    assert mine.get(NOW).value == SETTING
    assert SuppliedTokens(tmp_path, "gestta").new() is None
    assert len(gestta.sent) == is_sent


def test_a_supplied_token_without_the_permission_is_refused_with_that_reason(tmp_path):
    supply(tmp_path, "gestta", SUPPLIED)
    with pytest.raises(AuthRejected, match="permissões") as told:
        credentials(Gestta(refuses_with=403), tmp_path).try_supplied(NOW)
    assert told.value.status == 403


def test_a_supplied_token_waits_while_gestta_is_away(tmp_path):
    class Away(Gestta):
        def me(self, token: str) -> object:
            raise Transient("away")

    supply(tmp_path, "gestta", SUPPLIED)
    with pytest.raises(Transient):
        credentials(Away(), tmp_path).try_supplied(NOW)
    assert SuppliedTokens(tmp_path, "gestta").new() == SUPPLIED


def test_a_supplied_token_is_taken_where_the_call_that_tries_it_is_no_more(tmp_path):
    class Changed(Gestta):
        def me(self, token: str) -> object:
            raise Rejected("Gestta answered 404")

    supply(tmp_path, "gestta", SUPPLIED)
    mine = credentials(Changed(), tmp_path)
    assert mine.try_supplied(NOW) == mine.get(NOW)


def test_nothing_supplied_is_nothing_to_try(tmp_path):
    assert credentials(Gestta(), tmp_path).try_supplied(NOW) is None


def test_a_token_of_another_office_is_warned_of_once_over_restarts(tmp_path):
    other = made(company={"_id": "other", "name": "Outra Contabilidade"})
    credentials(Gestta(), tmp_path, setting=SETTING).get(NOW)
    mine = credentials(Gestta(), tmp_path, setting=other)
    mine.get(NOW)
    assert "Outra Contabilidade" in (mine.take_warning() or "")
    mine.get(NOW)
    assert mine.take_warning() is None
