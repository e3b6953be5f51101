"""What a reader is told before believing a figure."""

from datetime import UTC, date, datetime

import pytest

from services.panel.board import Board, Figures, Freshness, Task, banners, day, number, when
from services.panel.newest import View

NOON = datetime(2026, 11, 24, 15, tzinfo=UTC)
NOTHING = Figures(0, 0, 0, 0, 0, 0, 0)
FRESH = Freshness("gestta", 2, 0, 0, NOON, None)


def board(*freshness):
    return Board(at=NOON, total=NOTHING, departments=(), managers=(), tasks=(), freshness=freshness)


@pytest.mark.parametrize(
    ("view", "told"),
    [
        pytest.param(View(board(FRESH)), [], id="all is fresh"),
        pytest.param(View(board()), ["Ainda não houve nenhuma leitura completa"], id="empty tables"),
        pytest.param(
            View(board(FRESH, Freshness("notion", 3, 2, 0, NOON, NOON))),
            ["Notion: 2 de 3 partes estão desatualizadas, a mais antiga desde 24/11/2026 12:00:00."],
            id="scopes are stale",
        ),
        pytest.param(
            View(board(Freshness("notion", 3, 2, 1, NOON, NOON))),
            ["Notion: 1 de 3 partes está desatualizada desde", "Notion: 1 de 3 partes ainda não foi lida"],
            id="one is stale, one was never read",
        ),
        pytest.param(
            View(board(FRESH), "away"),
            ["O banco de dados não responde. Os números abaixo são de 24/11/2026 12:00:00."],
            id="the database is away",
        ),
        pytest.param(View(None, "away"), ["O banco de dados não responde."], id="it was never there"),
    ],
)
def test_what_is_not_fresh_is_said(view, told):
    said = banners(view)

    assert len(said) == len(told)
    assert all(one.startswith(start) for one, start in zip(said, told, strict=True))


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://app.example/1", "https://app.example/1"),
        ("javascript:alert(1)", None),
        ("", None),
        (None, None),
    ],
)
def test_only_web_addresses_are_linked(url, link):
    assert (
        Task("t", None, None, None, None, None, None, is_past_legal=False, generates_fine=False, url=url).link == link
    )


def test_the_share_on_time_is_of_what_was_done():
    assert Figures(1, 0, 0, 0, 0, 8, 7).on_time_share == "88%"
    assert NOTHING.on_time_share == "—"


def test_numbers_and_dates_read_as_in_brazil():
    assert (number(1234567), day(date(2026, 1, 2)), when(NOON)) == ("1.234.567", "02/01/2026", "24/11/2026 12:00:00")
