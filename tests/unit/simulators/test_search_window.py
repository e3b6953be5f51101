"""Which tasks a page of the simulated search holds: whatever repeats, all of them come, in their order."""

from hypothesis import given
from hypothesis import strategies as st

from simulators.gestta.behaviour import Behaviour
from simulators.gestta.search import window


@given(total=st.integers(0, 300), limit=st.integers(1, 60), repeats=st.integers(0, 70))
def test_every_task_comes_and_each_page_goes_on_where_the_last_one_ended(total, limit, repeats):
    found, behaviour = list(range(total)), Behaviour(search_repeats=repeats)
    _, pages = window(found, 1, limit, behaviour)
    shown = [window(found, page, limit, behaviour)[0] for page in range(1, pages + 1)]

    assert sorted({each for page in shown for each in page}) == found
    assert all(1 <= len(page) <= limit for page in shown)
    assert [page[0] for page in shown] == sorted({page[0] for page in shown})


@given(total=st.integers(0, 300), limit=st.integers(1, 60), repeats=st.integers(0, 70), beyond=st.integers(1, 5))
def test_after_the_last_page_there_is_nothing_or_the_last_page_again(total, limit, repeats, beyond):
    found = list(range(total))
    for past_end in ("empty", "last"):
        behaviour = Behaviour(search_repeats=repeats, search_past_end=past_end)
        pages = window(found, 1, limit, behaviour)[1]
        last = window(found, max(1, pages), limit, behaviour)[0]
        after, told = window(found, pages + beyond, limit, behaviour)

        assert told == pages
        assert after == (last if past_end == "last" else [])
