"""What the refresher takes from its environment."""

from datetime import timedelta

import pytest

from services.bi_refresher.settings import Settings
from shared.settings import SettingsError, load

ROAD = {"AMQP_URL": "amqp://localhost", "DATABASE_URL": "postgresql://bi_refresher@localhost/operacional"}
BI = {"BI_URL": "https://app.powerbi.com/groups/me/datasets/x/details"}
ACCOUNT = {"BI_EMAIL": "robo@escritorio.example", "BI_PASSWORD": "inventada"}


def test_power_bi_needs_an_account_and_every_wrong_variable_is_named():
    with pytest.raises(SettingsError) as refused:
        load(Settings, ROAD | {"BI_REFRESH_GAP": "13"})
    for name in ("BI_URL", "BI_EMAIL", "BI_PASSWORD", "BI_REFRESH_GAP"):
        assert f"{name}: " in str(refused.value)


def test_a_plain_page_needs_no_account():
    assert load(Settings, ROAD | BI | {"BI_FLOW": "page"}).bi_email == ""


def test_the_gap_is_thirteen_minutes_where_nothing_is_said_and_the_password_is_never_shown():
    settings = load(Settings, ROAD | BI | ACCOUNT)
    assert settings.bi_refresh_gap == timedelta(minutes=13)
    assert "inventada" not in repr(settings)
