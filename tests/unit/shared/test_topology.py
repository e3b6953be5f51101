"""Topic matching as the broker does it."""

import pytest

from shared.messaging import topology


@pytest.mark.parametrize(
    ("pattern", "key", "matches"),
    [
        pytest.param("a.b", "a.b", True, id="the same words"),
        pytest.param("a.b", "a.b.c", False, id="a word more"),
        pytest.param("a.b", "a", False, id="a word less"),
        pytest.param("a.*", "a.b", True, id="a star is one word"),
        pytest.param("a.*", "a", False, id="a star is not no word"),
        pytest.param("a.*", "a.b.c", False, id="a star is not two words"),
        pytest.param("*.b", "a.b", True, id="a star in front"),
        pytest.param("a.#", "a", True, id="a hash is no word"),
        pytest.param("a.#", "a.b.c", True, id="a hash is many words"),
        pytest.param("a.#", "ab.c", False, id="a hash is no prefix of a word"),
        pytest.param("#.c", "a.b.c", True, id="a hash in front"),
        pytest.param("a.#.c", "a.c", True, id="a hash between, empty"),
        pytest.param("a.#.c", "a.b.b.c", True, id="a hash between, two words"),
        pytest.param("a.#.c", "a.b.b", False, id="a hash between, another end"),
        pytest.param("#", "", True, id="a hash takes the empty key"),
        pytest.param("#.*", "a.b", True, id="a hash before a star"),
    ],
)
def test_a_pattern_takes_the_keys_that_the_broker_gives_it(pattern, key, matches):
    assert topology._matches(pattern.split("."), key.split(".") if key else []) is matches


def test_nobody_hears_a_key_of_no_pattern():
    assert topology.subscribers("weather.rain.v1.gestta") == ()
