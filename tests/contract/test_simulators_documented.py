"""docs/simulators.md names what can be asked of the simulators, and nothing that is gone."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from starlette.routing import Route

from simulators.faults import Kind, Order
from simulators.gestta.behaviour import Behaviour
from simulators.gestta.onvio import OnvioBehaviour
from simulators.notion.settings import NotionSettings
from simulators.notion.webhooks import Options
from simulators.world.orders import Values
from tests.contract.simulated_gestta import an_office

PAGE = (Path(__file__).parents[2] / "docs" / "simulators.md").read_text()
WORDS = set(re.findall(r"[a-z_0-9]+", PAGE))


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([field.name for field in fields(Behaviour)], id="Gestta"),
        pytest.param([field.name for field in fields(OnvioBehaviour)], id="Onvio"),
        pytest.param([field.name for field in fields(NotionSettings)], id="Notion"),
        pytest.param([field.name for field in fields(Options)], id="webhooks"),
        pytest.param(list(Order.model_fields), id="faults"),
        pytest.param(get_args(Kind), id="kinds of fault"),
        pytest.param(list(Values.model_fields), id="changes"),
    ],
)
def test_every_setting_is_named(names):
    assert not set(names) - WORDS


def test_the_control_doors_addresses_are_named_and_no_others():
    with an_office(tasks_per_quarter=60, clients=10) as office:
        there = {route.path for route in office.running.control.app().routes if isinstance(route, Route)}
    first = {path.split("/")[1] for path in there}
    named = {path for path in re.findall(r"/[a-z]+(?:/[a-z]+)*", PAGE) if path.split("/")[1] in first}

    assert named == there
