"""Tokens that people supply: one writer for each name."""

import stat

import pytest

from shared.extraction.supplied import SuppliedTokens, supply


@pytest.fixture
def tokens(tmp_path):
    return SuppliedTokens(tmp_path / "tokens", "gestta")


def give(tmp_path, token, system="gestta"):
    supply(tmp_path / "tokens", system, token)


def names(tmp_path):
    return sorted(path.name for path in (tmp_path / "tokens").iterdir())


def test_nobody_supplied_anything(tokens):
    assert (tokens.new(), tokens.good()) == (None, None)
    tokens.accept()
    tokens.refuse()
    tokens.forget()


def test_a_supplied_token_is_new_until_it_was_tried(tokens, tmp_path):
    give(tmp_path, "  abc\n")
    assert (tokens.new(), tokens.good()) == ("abc", None)
    tokens.accept()
    assert (tokens.new(), tokens.good()) == (None, "abc")
    assert names(tmp_path) == ["gestta.token"]


def test_a_refused_token_is_deleted_and_the_old_one_goes_on(tokens, tmp_path):
    give(tmp_path, "good")
    tokens.accept()
    give(tmp_path, "bad")
    tokens.refuse()
    assert (tokens.new(), tokens.good()) == (None, "good")


def test_a_good_token_that_ends_is_forgotten(tokens, tmp_path):
    give(tmp_path, "good")
    tokens.accept()
    tokens.forget()
    assert names(tmp_path) == []


def test_the_newest_supplied_token_is_tried(tokens, tmp_path):
    give(tmp_path, "first")
    give(tmp_path, "second")
    assert tokens.new() == "second"
    assert names(tmp_path) == ["gestta.token.supplied"]


def test_an_empty_token_is_none(tokens, tmp_path):
    give(tmp_path, "\n")
    assert tokens.new() is None


def test_a_token_is_for_its_system_and_for_its_group_alone(tokens, tmp_path):
    give(tmp_path, "ntn", system="notion")
    assert tokens.new() is None
    mode = (tmp_path / "tokens" / "notion.token.supplied").stat().st_mode
    assert stat.S_IMODE(mode) == 0o660
