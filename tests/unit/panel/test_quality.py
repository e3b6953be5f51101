"""What the analyst's page says of a misfit."""

from services.panel.quality import WORDS, Named, Problem, in_order


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
