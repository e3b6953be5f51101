"""What a run saw, kept on disk: the same answers as sets would give."""

from hypothesis import given
from hypothesis import strategies as st

from shared.extraction.ids import Ids

SOME = st.lists(st.text("ab\x00é", max_size=2), max_size=6)


@given(SOME, SOME, SOME)
def test_a_scope_lacks_what_it_held_and_no_scope_of_the_run_shows(held, shown, elsewhere):
    with Ids() as ids:
        ids.saw("s", shown)
        ids.saw("other", elsewhere)
        change = ids.compare("s", held)
        assert change.held == len(set(held))
        assert change.lacking == sorted(set(held) - set(shown) - set(elsewhere))
        assert change.fresh == (sorted(set(shown) - set(held)) if held else [])
        assert all((row_id in ids) == (row_id in {*shown, *elsewhere}) for row_id in {*held, *shown, *elsewhere})


@given(SOME, SOME)
def test_what_is_new_in_a_scope_is_counted_once(first, second):
    with Ids() as ids:
        assert ids.saw("s", first) == len(set(first))
        assert ids.saw("s", second) == len(set(second) - set(first))
        assert ids.saw("other", first) == len(set(first))


def test_a_scope_that_is_read_anew_begins_with_nothing():
    with Ids() as ids:
        ids.saw("s", ["a"])
        ids.saw("other", ["b"])
        ids.forget("s")
        assert "a" not in ids
        assert "b" in ids


def test_more_ids_than_one_batch_are_all_there():
    many = [f"{number:024x}" for number in range(2_500)]
    with Ids() as ids:
        assert ids.saw("s", iter(many)) == 2_500
        assert ids.compare("s", [*many, "x"]).lacking == ["x"]
