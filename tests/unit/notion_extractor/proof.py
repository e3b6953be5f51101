"""Reads the proof in a manifest as a doubter would."""

from datetime import datetime, timedelta
from itertools import pairwise, product

from shared.landing import iso


def holds(proof):
    """Whether the proof in a manifest holds: the windows by time follow each other from the beginning to the end, each
    crowded minute stands between two of them, all of its cells were read, and what was edited meanwhile at last."""
    windows = proof["windows"]
    by_time = {(w["since"], w["until"]) for w in windows if not w.keys() & {"conditions", "edited_since"}}
    for crowded in proof["crowded"]:
        since = crowded["created"]
        until = iso(datetime.fromisoformat(since) + timedelta(milliseconds=1))
        by_time.add((since, until))
        read = [w["conditions"] for w in windows if (w["since"], w["until"]) == (since, until) and "conditions" in w]
        read += [c["conditions"] for c in proof["crowded"] if c["created"] == since]
        for cell in product(*(answers[:2] for answers in crowded["parted_by"])):
            assert [*crowded["conditions"], *cell] in read
        for unanswered in (one for answers in crowded["parted_by"] for one in answers[2:]):
            assert [*crowded["conditions"], unanswered] in read
        closing = [w for w in windows if w["since"] == since and "edited_since" in w]
        assert crowded["conditions"] or crowded["edited_since"] in {each["edited_since"] for each in closing}
    chain = sorted(by_time, key=lambda ends: (ends[0] or "", ends[1] or "9"))
    assert (chain[0][0], chain[-1][1]) == (None, None)
    return all(one[1] == other[0] for one, other in pairwise(chain))
