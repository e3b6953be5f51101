"""What a run does while it waits for Notion: pages that webhooks name since then land beside what it reads."""

import math
import time
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Self

import structlog

from services.notion_extractor.dirty_pages import MANY, TOGETHER, Gathered, Pages, gather
from services.notion_extractor.webhook import Dirty, Taken
from shared.errors import AuthRejected, Transient

log = structlog.get_logger()


class Meanwhile:
    """Called over and over in the run's own thread, so nothing else moves while pages land. Ends with its `with`.

    A call asks for so few pages that no cursor of a walk grows old, and the next one that asks comes after as long a
    time again: half of it is the run's. After a trouble, and while so many wait that a query is faster, they are left
    to the end of the run.
    """

    def __init__(
        self,
        api: Pages,
        dirty: Dirty,
        scopes: Collection[str],
        land: Callable[[Gathered], None],
        *,
        anew: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`anew` are the sources that the run reads for the first time, or under another mapping: their pages are dirty
        again when it is over."""
        self._api = api
        self._dirty = dirty
        self._scopes = scopes
        self._land = land
        self._anew = anew
        self._clock = clock
        self._next = -math.inf
        self._again: dict[str, set[str | None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dirty.put_back(Taken(self._again, set()))

    def __call__(self) -> None:
        """Raises `AuthRejected` where the token is refused."""
        begun = self._clock()
        if self._dirty.is_clean or begun < self._next:
            return
        pages, changed = self._dirty.take(self._scopes)
        some = list(pages)[:TOGETHER] if len(pages) <= MANY else []
        trouble: str | None = None
        try:
            for found in gather(self._api, some, self._scopes):
                self._land(found)
                for page in found.asked:
                    del pages[page]
                for scope in self._anew:
                    self._again |= {page: {scope} for page in found.pages_of(scope)}
                trouble = found.trouble
        except AuthRejected as error:
            if error.status == 401:
                raise
            trouble = error.hint
        except Transient as error:
            trouble = str(error)
        finally:
            self._dirty.put_back(Taken(pages, changed))
        now = self._clock()
        self._next = math.inf if trouble else now + (now - begun)
        if trouble:
            log.info("pages that a webhook named wait", reason=trouble)
