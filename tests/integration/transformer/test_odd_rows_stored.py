"""What tidying keeps of an odd row, Postgres keeps too: one value that it refused would cost the whole batch."""

import pytest
from sqlalchemy import text

from services.transformer.tidy.gestta import tidy
from tests.unit.transformer.odd import ODD
from tests.unit.transformer.raw import manifest, row

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", [name for name, odd in ODD.items() if odd.field is None])
def test_what_is_kept_can_be_stored(owner_engine, name):
    odd = ODD[name]
    tidied = tidy([row(odd.text)], 1, manifest())
    with owner_engine.begin() as connection:
        stored = connection.execute(
            text("SELECT CAST(:raw AS jsonb) ->> 'id', CAST(:title AS text)"),
            {"raw": tidied.frame.raw[0], "title": tidied.said(0)["title"]},
        ).one()
    assert tuple(stored) == ("x", odd.title)


def test_what_is_set_aside_can_be_stored_as_it_came(owner_engine):
    rejected = tidy([row(odd.text) for odd in ODD.values()], 1, manifest()).rejected
    with owner_engine.begin() as connection:
        for aside in rejected:
            stored = connection.execute(text("SELECT CAST(:raw AS text)"), {"raw": aside.raw}).scalar()
            assert stored == aside.raw
