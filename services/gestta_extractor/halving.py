"""How a block that Gestta does not manage is read in smaller parts. Decisions."""

from collections import deque

from services.gestta_extractor.plan import Block

FAILED_DAYS = 3
"""So many parts of a block may fail and be told by their own names."""


class Halving:
    """The descent into one block: ask `following`, then tell what became of it.

    It goes down one side first. If even a single day fails before anything smaller than the block was read that held a
    task, size is not the trouble, and it gives up: a source that is down costs one request a level, not one a day. It
    also gives up where one day after the other fails: that is the block's trouble, and is told as one.
    """

    def __init__(self, block: Block) -> None:
        self.block = block
        self.was_read: list[Block] = []
        self.failed: list[Block] = []
        self.split: list[Block] = [block]
        self._pending: deque[Block] = deque(block.halves() or ())
        self.is_proven = False
        """Something smaller than the block was read that held a task: its size is the trouble."""
        self.gave_up = not self._pending

    @property
    def following(self) -> Block | None:
        """The part to read now; None at the end."""
        return self._pending[0] if self._pending and not self.gave_up else None

    def part_read(self, *, rows: int) -> None:
        """The part that followed was read whole."""
        self.is_proven = self.is_proven or rows > 0
        self.was_read.append(self._pending.popleft())

    def part_too_large(self) -> None:
        """It was too large as well."""
        part = self._pending.popleft()
        halves = part.halves()
        if halves is not None:
            self.split.append(part)
            self._pending.extendleft(reversed(halves))
            return
        self.failed.append(part)
        self.gave_up = not self.is_proven or len(self.failed) > FAILED_DAYS

    def part_failed(self) -> None:
        """It failed for a reason that no smaller part would mend."""
        self.failed.append(self._pending.popleft())
        self.gave_up = len(self.failed) > FAILED_DAYS

    @property
    def parts(self) -> list[Block]:
        """What stands in the plan in the block's place."""
        return [self.block] if self.gave_up else sorted([*self.was_read, *self.failed, *self._pending])

    @property
    def pending(self) -> list[Block]:
        """What nobody has asked for yet."""
        return list(self._pending)
