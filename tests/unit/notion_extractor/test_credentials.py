"""Which token is used; what was refused is not sent again."""

import pytest

from services.notion_extractor.credentials import Credentials
from shared.errors import AuthRejected, Transient
from shared.extraction.supplied import SuppliedTokens, supply


class Api:
    """Knows who asked."""

    def __init__(self, token, notion):
        self.token = token
        self.notion = notion

    def me(self):
        self.notion.asked.append(self.token)
        if self.notion.away:
            raise Transient("away")
        if self.token not in self.notion.good:
            raise AuthRejected("notion", 401, "no")


class Notion:
    """Takes the tokens in `good`."""

    def __init__(self):
        self.good = {"good"}
        self.asked = []
        self.away = False


@pytest.fixture
def notion():
    return Notion()


@pytest.fixture
def settings():
    return {"token": "set"}


@pytest.fixture
def credentials(notion, settings, tmp_path):
    supplied = SuppliedTokens(tmp_path, "notion")
    return Credentials(supplied, lambda: settings["token"], lambda token: Api(token, notion))


def test_without_a_token_a_person_is_told_what_to_do(credentials, settings):
    settings["token"] = None
    assert not credentials.has_news()
    with pytest.raises(AuthRejected, match="there is no token: set NOTION_TOKEN or `console token set notion`"):
        credentials.api()


def test_the_api_is_kept_so_that_its_pace_is_the_connections(credentials):
    assert credentials.api() is credentials.api()


def test_a_refused_token_is_not_sent_again(credentials):
    credentials.api()
    credentials.refused()
    assert not credentials.has_news()
    with pytest.raises(AuthRejected, match="every token there is was refused"):
        credentials.api()


def test_another_token_in_the_settings_is_news(credentials, settings):
    credentials.api()
    credentials.refused()
    settings["token"] = "other"
    assert credentials.has_news()
    assert credentials.api().token == "other"


def test_a_good_supplied_token_goes_before_the_setting_until_it_is_refused(credentials, tmp_path):
    supply(tmp_path, "notion", "good")
    assert credentials.try_supplied()
    assert credentials.api().token == "good"
    credentials.refused()
    assert credentials.api().token == "set"
    assert not (tmp_path / "notion.token").exists()


def test_a_bad_supplied_token_leaves_the_old_one_in_use(credentials, tmp_path, notion):
    supply(tmp_path, "notion", "bad")
    with pytest.raises(AuthRejected):
        credentials.try_supplied()
    assert credentials.api().token == "set"
    assert not (tmp_path / "notion.token.supplied").exists()
    supply(tmp_path, "notion", "bad")
    with pytest.raises(AuthRejected, match="refused before"):
        credentials.try_supplied()
    assert notion.asked == ["bad"]


def test_a_supplied_token_waits_while_notion_is_away(credentials, tmp_path, notion):
    supply(tmp_path, "notion", "good")
    notion.away = True
    with pytest.raises(Transient):
        credentials.try_supplied()
    notion.away = False
    assert credentials.try_supplied()
    assert not credentials.try_supplied()
