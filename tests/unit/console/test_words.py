"""What people write for a time, and what a service's own check says."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from services.console.__main__ import moment
from services.console.doctor import _parse, in_words
from services.console.settings import Settings
from shared import clock
from shared.settings import SettingsError, load


@pytest.mark.parametrize(
    ("text", "ago"),
    [("2h", timedelta(hours=2)), ("3d", timedelta(days=3)), ("0s", timedelta(0)), ("90s", timedelta(seconds=90))],
)
def test_a_span_is_so_long_ago(text, ago):
    assert abs(clock.now() - ago - moment(text)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T10:00:00Z", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23T10:00:00-03:00", datetime(2026, 11, 23, 13, tzinfo=UTC)),
        ("2026-11-23T10:00", datetime(2026, 11, 23, 13, tzinfo=UTC)),
        ("2026-11-23", datetime(2026, 11, 23, 3, tzinfo=UTC)),
    ],
    ids=str,
)
def test_a_date_is_in_the_offices_zone_unless_it_says_its_own(text, expected):
    assert moment(text) == expected


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "2 weeks", "10/11/2026", "99999999999d"])
def test_anything_else_is_refused_with_what_may_be_written(text):
    with pytest.raises(click.BadParameter, match="write 2h, 3d"):
        moment(text)


def test_a_check_is_a_line_of_json_and_anything_else_a_line_of_the_log():
    check = _parse("notifier", '{"check": "slack", "ok": false, "said": "o canal não existe"}')
    assert check is not None
    assert (check.check, check.ok, check.said) == ("notifier: slack", False, "o canal não existe")
    for line in ("", "started", '{"event": "serving"}', "[]", "7", "null"):
        assert _parse("notifier", line) is None


def test_wrong_settings_are_one_line_in_the_analysts_words():
    with pytest.raises(SettingsError) as error:
        load(Settings, {"AMQP_URL": "nonsense"})
    assert in_words(f"não pôde começar: {error.value}") == (
        "não pôde começar: corrija no .env (.env.example mostra como): "
        "AMQP_URL: is not an address: write amqp://login@host/name; DATABASE_URL: falta"
    )
    assert in_words("o Slack não responde") == "o Slack não responde"
