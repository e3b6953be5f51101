"""The order of tokens: a login, else a supplied one, else the setting; what was refused is not sent again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.gestta_extractor import token as tokens
from services.gestta_extractor.credentials import Credentials
from services.gestta_extractor.gestta_api import Refused
from shared.errors import AuthRejected, Transient
from shared.extraction.supplied import SuppliedTokens, supply
from tests.unit.gestta_extractor.test_token import NOW, made

DEAD = made(issued=NOW - timedelta(days=2))


class Api:
    """A login that gives what it was told to, and tokens that open nothing but what it was told to."""

    def __init__(self, *logins: str | Exception, opens: tuple[str, ...] = ()) -> None:
        self.logins, self.opens, self.sent = list(logins), opens, list[str]()

    def login(self, email: str, password: str) -> str:
        self.sent.append(f"login {password}")
        given = self.logins.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    def me(self, token: str) -> object:
        self.sent.append(token)
        if token not in self.opens:
            raise Refused(401)
        return {}


def credentials(api: Api, folder: Path, *, password: str | None = None, setting: str | None = None) -> Credentials:
    email = "robo@escritorio.example" if password else None
    return Credentials(
        api, SuppliedTokens(folder, "gestta"), email=email, password=password, from_settings=lambda: setting
    )


def good(folder: Path, token: str) -> None:
    supply(folder, "gestta", token)
    SuppliedTokens(folder, "gestta").accept()


LOGIN, SUPPLIED, SETTING = made(of="login"), made(of="supplied"), made(of="setting")


@pytest.mark.parametrize(
    ("password", "supplied", "setting", "expected"),
    [
        ("right", SUPPLIED, SETTING, LOGIN),
        (None, SUPPLIED, SETTING, SUPPLIED),
        (None, None, SETTING, SETTING),
        (None, DEAD, SETTING, SETTING),
    ],
    ids=["login first", "then a supplied one", "then the setting", "an expired one is passed over"],
)
def test_tokens_are_taken_in_order(tmp_path, password, supplied, setting, expected):
    if supplied:
        good(tmp_path, supplied)
    api = Api(f"JWT {LOGIN}")
    assert credentials(api, tmp_path, password=password, setting=setting).get(NOW).value == expected


def test_without_any_token_the_person_is_told_what_to_do(tmp_path):
    with pytest.raises(AuthRejected, match="console token set gestta"):
        credentials(Api(), tmp_path).get(NOW)


def test_a_refused_token_is_never_sent_again(tmp_path):
    api = Api()
    mine = credentials(api, tmp_path, setting=SETTING)
    mine.refused(mine.get(NOW), NOW)
    for _ in range(3):
        with pytest.raises(AuthRejected):
            mine.get(NOW)
    assert not mine.has_news(NOW)
    supply(tmp_path, "gestta", f'"JWT {SETTING}"')
    with pytest.raises(AuthRejected):
        mine.try_supplied(NOW)
    assert api.sent == []


def test_a_refused_supplied_token_gives_way_to_the_setting_and_is_forgotten(tmp_path):
    good(tmp_path, SUPPLIED)
    mine = credentials(Api(), tmp_path, setting=SETTING)
    mine.refused(mine.get(NOW), NOW)
    assert mine.get(NOW).value == SETTING
    assert not (tmp_path / "gestta.token").exists()


def test_a_wrong_password_is_tried_once(tmp_path):
    api = Api(Refused(401))
    mine = credentials(api, tmp_path, password="wrong", setting=SETTING)
    assert mine.get(NOW).value == SETTING
    mine.refused(mine.get(NOW), NOW)
    with pytest.raises(AuthRejected, match="GESTTA_PASSWORD are refused"):
        mine.get(NOW)
    assert api.sent == ["login wrong"]
    assert not mine.renews_itself


def test_a_login_that_gives_the_refused_token_again_is_not_believed(tmp_path):
    mine = credentials(Api(LOGIN, LOGIN), tmp_path, password="right")
    mine.refused(mine.get(NOW), NOW)
    with pytest.raises(AuthRejected):
        mine.get(NOW)


def test_a_login_renews_before_the_end(tmp_path):
    later = NOW + timedelta(hours=23, minutes=21)
    renewed = made(issued=later)
    mine = credentials(Api(LOGIN, renewed), tmp_path, password="right")
    assert mine.get(NOW).value == LOGIN
    assert mine.get(later - timedelta(minutes=5)).value == LOGIN
    assert mine.get(later).value == renewed


@pytest.mark.parametrize("trouble", [Refused(401), Transient("away")], ids=["the password changed", "Gestta is away"])
def test_a_token_that_cannot_be_renewed_yet_is_used_to_its_end(tmp_path, trouble):
    later = NOW + timedelta(hours=23, minutes=25)
    mine = credentials(Api(LOGIN, trouble), tmp_path, password="right")
    mine.get(NOW)
    assert mine.get(later).value == LOGIN


def test_a_supplied_token_is_tried_before_it_replaces_one_that_works(tmp_path):
    api = Api(opens=(SUPPLIED,))
    mine = credentials(api, tmp_path, setting=SETTING)
    mine.get(NOW)
    supply(tmp_path, "gestta", f"JWT {SUPPLIED}")
    taken = mine.try_supplied(NOW)
    assert taken is not None
    assert (taken.value, api.sent, mine.get(NOW)) == (SUPPLIED, [SUPPLIED], taken)
    assert SuppliedTokens(tmp_path, "gestta").new() is None
    assert tokens.read(SuppliedTokens(tmp_path, "gestta").good() or "").value == SUPPLIED


@pytest.mark.parametrize("bad", [DEAD, made(of="messenger"), "not a token"], ids=["expired", "refused", "garbage"])
def test_a_bad_supplied_token_leaves_the_one_that_works(tmp_path, bad):
    mine = credentials(Api(), tmp_path, setting=SETTING)
    mine.get(NOW)
    supply(tmp_path, "gestta", bad)
    with pytest.raises(AuthRejected):
        mine.try_supplied(NOW)
    assert mine.still_working(NOW)
    assert mine.get(NOW).value == SETTING
    assert SuppliedTokens(tmp_path, "gestta").new() is None


def test_a_supplied_token_waits_while_gestta_is_away(tmp_path):
    class Away(Api):
        def me(self, token: str) -> object:
            raise Transient("away")

    supply(tmp_path, "gestta", SUPPLIED)
    with pytest.raises(Transient):
        credentials(Away(), tmp_path).try_supplied(NOW)
    assert SuppliedTokens(tmp_path, "gestta").new() == SUPPLIED


def test_nothing_supplied_is_nothing_to_try(tmp_path):
    assert credentials(Api(), tmp_path).try_supplied(datetime(2026, 1, 1, tzinfo=UTC)) is None
