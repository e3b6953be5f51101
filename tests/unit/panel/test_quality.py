"""What the analyst's page says of a misfit."""

import pytest

from services.panel.quality import NAMES_SHOWN, WORDS, Named, Problem, in_order


def test_problems_stand_in_the_order_of_the_words_and_an_unknown_one_last_under_its_own_name():
    found = in_order([Problem(name, 1, ()) for name in ("new_one", *reversed(WORDS))])

    assert [one.problem for one in found] == [*WORDS, "new_one"]
    assert (found[-1].title, found[-1].meaning) == ("new_one", "")


def test_only_web_addresses_are_linked():
    assert [Named("n", None, url).link for url in ("https://a.example", "javascript:x", None)] == [
        "https://a.example",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("problem", "view"),
    [
        ("codes_used_twice", "ops.clients_at_odds"),
        ("flags_against_dates", "ops.flags_at_odds"),
        ("parts_at_odds", "ops.parts_at_odds"),
    ],
)
def test_of_too_many_the_first_are_named_and_the_view_that_has_all(problem, view):
    one = Named("n", None)
    assert Problem(problem, 150, [one] * NAMES_SHOWN).view is None
    cut = Problem(problem, 150, [one] * (NAMES_SHOWN + 1))
    assert (len(cut.named), cut.view) == (NAMES_SHOWN, view)
