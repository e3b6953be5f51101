"""Settings: every wrong variable in one message, secrets also from files."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.settings import (
    Broker,
    Database,
    Duration,
    HttpUrl,
    LandingPlace,
    SettingsError,
    Share,
    WholeUrl,
    load,
    with_password,
)


class Settings(Broker, Database, LandingPlace):
    gap: Duration = timedelta(minutes=13)
    limit: Share = 0.15
    api: HttpUrl = "https://api.example"
    door: WholeUrl = "https://door.example"
    bot_token: SecretStr


RIGHT = {"AMQP_URL": "amqp://a@h/v", "DATABASE_URL": "postgresql://a@h/d", "BOT_TOKEN": "xoxb-1"}


def wrong_of(environ: dict[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as error:
        load(Settings, environ)
    lines = str(error.value).splitlines()[1:]
    return {name: said for name, _, said in (line.strip().partition(": ") for line in lines)}


def test_every_wrong_variable_is_named_in_one_message():
    wrong = wrong_of(
        {"GAP": "soon", "LIMIT": "200%", "API": "ftp://x", "LOG_LEVEL": "loud", "HEALTH_PORT": "70000", "AMQP_URL": "x"}
    )
    assert set(wrong) == {"GAP", "LIMIT", "API", "LOG_LEVEL", "HEALTH_PORT", "AMQP_URL", "DATABASE_URL", "BOT_TOKEN"}
    assert wrong["BOT_TOKEN"] == wrong["DATABASE_URL"] == "is missing"


def test_a_wrong_setting_ends_the_process_with_its_message():
    assert issubclass(SettingsError, SystemExit)


@pytest.mark.parametrize("name", ["AMQP_URL", "DATABASE_URL"])
@pytest.mark.parametrize("url", ["hunter2", "https://u:hunter2@h", "amqp:/u:hunter2@h", "amqp://u:hunter2/x@h:y"])
def test_a_wrong_address_is_not_repeated_with_its_password(name, url):
    wrong = wrong_of(RIGHT | {name: url})
    assert set(wrong) == {name}
    assert "hunter2" not in wrong[name]


@pytest.mark.parametrize("name", ["API", "DOOR"])
@pytest.mark.parametrize("url", ["hunter2", "ftp://h/hunter2", "https:///hunter2"])
def test_a_wrong_address_of_the_web_is_not_repeated_either(name, url):
    wrong = wrong_of(RIGHT | {name: url})
    assert set(wrong) == {name}
    assert "hunter2" not in wrong[name]


def test_a_base_loses_its_last_slash_and_a_whole_address_nothing():
    url = "https://h/path/"
    told = load(Settings, RIGHT | {"API": url, "DOOR": url})
    assert (told.api, told.door) == ("https://h/path", url)


def test_a_socket_is_an_address_of_postgresql():
    assert load(Settings, RIGHT | {"DATABASE_URL": "postgresql:///d?host=/run/postgresql"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("7m", timedelta(minutes=7)),
        ("1h", timedelta(hours=1)),
        ("90d", timedelta(days=90)),
        ("1.5 h", timedelta(minutes=90)),
    ],
)
def test_durations_read_as_people_write_them(text, expected):
    assert load(Settings, RIGHT | {"GAP": text}).gap == expected


@pytest.mark.parametrize("text", ["0s", "-1m", "7", "m", "7 minutes", "1h30m", "nan", "∞"])
def test_what_is_no_duration_is_refused(text):
    assert set(wrong_of(RIGHT | {"GAP": text})) == {"GAP"}


@pytest.mark.parametrize(("text", "expected"), [("15%", 0.15), ("0.2", 0.2), ("0%", 0.0), ("100 %", 1.0)])
def test_shares_read_as_percent_or_as_a_number(text, expected):
    assert load(Settings, RIGHT | {"LIMIT": text}).limit == pytest.approx(expected)


@pytest.mark.parametrize("text", ["-1%", "101%", "%", "much", "nan"])
def test_what_is_no_share_is_refused(text):
    assert set(wrong_of(RIGHT | {"LIMIT": text})) == {"LIMIT"}


def test_an_empty_variable_takes_the_default():
    assert load(Settings, RIGHT | {"GAP": ""}).gap == timedelta(minutes=13)


def given_file(tmp_path: Path, content: bytes) -> dict[str, str]:
    path = tmp_path / "token"
    path.write_bytes(content)
    return {key: value for key, value in RIGHT.items() if key != "BOT_TOKEN"} | {"BOT_TOKEN_FILE": str(path)}


def test_a_secret_comes_from_the_file_that_is_named(tmp_path):
    assert load(Settings, given_file(tmp_path, b"xoxb-2\n")).bot_token.get_secret_value() == "xoxb-2"


def test_an_empty_file_is_as_missing_as_an_empty_variable(tmp_path):
    assert wrong_of(given_file(tmp_path, b"\n")) == {"BOT_TOKEN": "is missing"}


def test_a_file_that_cannot_be_read_is_named_once(tmp_path):
    environ = given_file(tmp_path, b"x") | {"BOT_TOKEN_FILE": str(tmp_path / "absent")}
    wrong = wrong_of(environ)
    assert set(wrong) == {"BOT_TOKEN_FILE"}
    assert "absent" in wrong["BOT_TOKEN_FILE"]


def test_a_file_that_is_no_text_is_named(tmp_path):
    assert set(wrong_of(given_file(tmp_path, b"\xff\xfe\x00"))) == {"BOT_TOKEN_FILE"}


def test_no_setting_shows_its_secret():
    assert "xoxb-1" not in repr(load(Settings, RIGHT))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_password_survives_its_way_into_an_address(password):
    url = with_password("amqp://robot@host:5672/v", SecretStr(password))
    parts = urlsplit(url)
    assert (parts.username, unquote(parts.password or ""), parts.hostname) == ("robot", password, "host")
    assert re.fullmatch(r"[\w.~%-]+", parts.password or "", re.ASCII)


def test_an_address_keeps_its_own_login_and_the_file_wins_over_its_password():
    assert with_password("amqp://a%40b:old@h/v", SecretStr("n/w")) == "amqp://a%40b:n%2Fw@h/v"
    assert with_password("amqp://a:old@h/v", None) == "amqp://a:old@h/v"
