"""A real Chromium before the simulated portal."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from services.bi_refresher.portal.pages import ModelPage
from services.bi_refresher.portal.robot import Robot
from shared import clock
from shared.landing import Landing


@pytest.fixture
def robot(chromium, simulators, tmp_path):
    """Signs in as the simulated account; `replace` it for another."""
    return Robot(
        page=ModelPage(),
        url=simulators.urls["portal"],
        email=simulators.settings.portal_email,
        password=simulators.settings.portal_password.get_secret_value(),
        profile=tmp_path / "profile",
        shelf=Landing(str(tmp_path / "landing")),
        now=clock.now,
        stop=threading.Event(),
        visit_seconds=60,
        appear_seconds=3,
    )


@pytest.fixture
def behave(simulators):
    """How the portal is from now on: `behave(second_factor=True)`."""

    def set_to(**how):
        simulators.portal.behaviour = replace(simulators.portal.behaviour, **how)

    return set_to


@pytest.fixture
def sql_rows(engine):
    """Rows of a statement, as the superuser sees them."""

    def ask(statement):
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    return ask
