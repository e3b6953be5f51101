"""Pages that land one by one beside a whole read: whatever happens meanwhile, none is lost and none stays for ever."""

from collections import deque
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.clock import ReadClock
from shared.extraction import watch
from shared.extraction.ids import Ids
from shared.extraction.record import Planned, Recorder, recall
from shared.landing import Landing

SCOPE = "source"
PLAN = (Planned(SCOPE, timedelta(hours=1)),)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FULL, PAGE = {"kind": "full"}, {"kind": "increment", "is_read": False}


class Crash(Exception):
    """The process died."""


class Again(Exception):
    """The rows have to be written anew."""


class Office:
    """A source that people change, an extractor that reads it whole and is told of pages, and what is stored of it.

    `todo` is what happens, in its order; what comes while a read is going on happens beside it, before its next row.
    """

    def __init__(self, folder, todo):
        self.todo = deque(todo)
        self.landing = Landing(str(folder))
        self.here, self.made, self.stored = set(), 0, set()
        self.recorder = self.begun_anew()

    def begun_anew(self):
        memory = recall(self.landing, "notion")
        return Recorder(self.landing, "notion", "/s", memory, ReadClock(memory.last_read_at))

    def restart(self):
        """The process begins anew, and knows what it knew of what landed."""
        known, self.recorder = self.recorder.memory, self.begun_anew()
        memory = self.recorder.memory
        assert (memory.reads, memory.last_read_at) == (known.reads, known.last_read_at)

    def begin(self):
        """Everything, from the beginning to two more reads that nobody disturbs."""
        while self.todo:
            self.happens(*self.todo.popleft())
        for _ in range(2):
            self.read()

    def happens(self, what, number):
        page = f"p{self.made - 1 - number % self.made}" if self.made else ""
        match what:
            case "created":
                self.here.add(f"p{self.made}")
                self.made += 1
            case "trashed":
                self.here.discard(page)
            case "restored" if self.made:
                self.here.add(page)
            case "told" if page in self.here and SCOPE in self.recorder.memory.reads:
                self.land([page], **PAGE)
                self.recorder.memory.watch = watch.seen(self.recorder.memory.watch, {page})
            case "read":
                self.read()
            case "restarted":
                self.restart()

    def land(self, pages, **how):
        given = (({"id": page}, self.recorder.reads.read()) for page in pages)
        manifest = self.recorder.land(SCOPE, how.pop("kind"), given, plan=PLAN, proof={}, **how)
        self.stored |= set(self.landing.ids(manifest.batch_ref, sha256=manifest.sha256))

    def meanwhile(self):
        """What happens before the read's next row; whether it is to write its rows anew."""
        while self.todo:
            what, number = self.todo.popleft()
            if what == "crashed":
                raise Crash
            if what in ("next", "read", "restarted", "written anew"):
                return what == "written anew"
            self.happens(what, number)
        return False

    def read(self):
        recorder, begun = self.recorder, self.recorder.memory.reads.get(SCOPE)
        shown = []

        def walk():
            for page in sorted(self.here):  # what is made later the walk has passed
                self.meanwhile()
                if page in self.here:
                    shown.append(page)
                    yield page
            if self.meanwhile():
                raise Again

        def spooled():
            for page in shown:
                self.meanwhile()
                yield page

        try:
            with Ids() as ids:

                def missed(at):
                    ids.saw(SCOPE, shown)
                    change = ids.compare(SCOPE, recorder.held(SCOPE, begun))
                    return watch.missed(SCOPE, change.lacking, held=change.held, at=at)

                try:
                    self.land(walk(), missed=missed, begun=begun, **FULL)
                except Again:
                    self.land(spooled(), missed=missed, begun=begun, **FULL)
            recorder.memory.watch = watch.seen(recorder.memory.watch, set(shown))
            self.meanwhile()
            self.ask()
        except Crash:
            self.restart()

    def ask(self):
        memory, answers = self.recorder.memory, {}
        for page in watch.to_ask(memory.watch, budget=100, now=NOON):
            self.meanwhile()
            answers[page] = ("found" if page in self.here else "gone", self.recorder.reads.read())
        memory.watch, removed = watch.answered(memory.watch, answers)
        self.recorder.land("lookup", "lookup", (), plan=PLAN, proof={}, removed=removed)
        assert {each.row_id for each in removed} <= {page for page, (answer, _) in answers.items() if answer == "gone"}
        self.stored -= {each.row_id for each in removed}


OFTEN, SELDOM = ("created", "told", "trashed", "next", "read"), ("restored", "restarted", "crashed", "written anew")
WHICH = st.sampled_from((0, 0, 0, 1, 2))
"""Counted from the newest page."""
HAPPENS = st.lists(st.tuples(st.sampled_from(OFTEN * 3 + SELDOM), WHICH), max_size=25)


NEXT, BESIDE = ("next", 0), [("created", 0), ("told", 0)]
READ = [("created", 0), ("created", 0), ("read", 0), NEXT, NEXT, NEXT, NEXT]
"""Two pages, read whole undisturbed."""


@settings(max_examples=150)
@example([*BESIDE, ("trashed", 0)])
@example([*BESIDE, NEXT, NEXT, ("written anew", 0), ("trashed", 0)])
@example([*BESIDE, NEXT, NEXT, NEXT, ("crashed", 0)])
@example([NEXT, NEXT, *BESIDE, NEXT, ("crashed", 0)])
@given(HAPPENS)
def test_after_two_more_whole_reads_exactly_what_is_there_is_stored_and_held_over_any_restart(todo):
    with TemporaryDirectory() as folder:
        office = Office(folder, [*READ, ("read", 0), *todo])
        office.begin()
        assert office.stored == office.here
        assert set(office.recorder.held(SCOPE)) == office.here
