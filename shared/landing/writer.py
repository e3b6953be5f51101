"""A batch being written: its rows as they arrive, then its manifest."""

import gzip
import hashlib
import io
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import IO, Any, Self, cast

from shared.errors import Outage
from shared.landing.batch import MANIFEST, ROWS, Manifest, iso, written
from shared.landing.files import Files


class BrokenOff(Exception):
    """A batch was left before its last row."""


class BatchWriter:
    """Rows of one batch as they arrive; memory does not grow with them.

    Used as a context: leaving it without `commit` leaves nothing behind.
    """

    def __init__(self, files: Files, batch_ref: str) -> None:
        self._files = files
        self.batch_ref = batch_ref
        self.records = 0
        self._file = files.new(batch_ref + ROWS)
        self._digest = hashlib.sha256()
        self._finished = self._committed = False
        self._read_at: datetime | None = None
        self._stamp = ""

    def __enter__(self) -> Self:
        with self._files.reachable():
            raw = self._file.__enter__()
        self._hashing = _Hashing(raw, self._digest)
        # Level 1: raw JSON shrinks tenfold at any level, and the extractor's CPU is the bound.
        zipped = gzip.GzipFile(fileobj=cast("IO[bytes]", self._hashing), mode="wb", compresslevel=1, mtime=0)
        self._zip = zipped
        self._text = io.TextIOWrapper(cast("IO[bytes]", zipped), encoding="utf-8", newline="\n", errors="surrogatepass")
        return self

    def add(self, row: Mapping[str, Any], *, read_at: datetime) -> None:
        """One row, exactly as the source gave it. Raises `Rejected` for one that is nested too deeply to be written."""
        if read_at != self._read_at:  # one response, one time: thousands of rows share it
            self._read_at, self._stamp = read_at, iso(read_at)
        line = written(row, self._stamp)
        try:
            self._text.write(line)
        except self._files.failures as error:
            raise self._files.broken(error) from error
        self.records += 1

    def finish(self) -> str:
        """Put the rows in their place; returns the sha256 of the file."""
        with self._files.reachable():
            self._text.close()
            self._zip.close()
            self._file.__exit__(None, None, None)
        self._finished = True
        return self._digest.hexdigest()

    def commit(self, content: dict[str, Any]) -> Manifest:
        """The manifest, last: from now on the batch exists."""
        manifest = Manifest(content)
        body = json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
        self._files.put(self.batch_ref + MANIFEST, body)
        self._committed = True
        return manifest

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._committed:
            return
        if self._finished:
            with suppress(Outage):  # what stays without a manifest is no batch
                self._files.remove(self.batch_ref + ROWS)
            return
        with suppress(*self._files.failures):  # the buffer's rest finds no room either, where the disk was full
            self._text.close()
        with suppress(*self._files.failures):
            self._zip.close()
        broken = error or BrokenOff(self.batch_ref)
        with suppress(BrokenOff, *self._files.failures):
            self._file.__exit__(type(broken), broken, trace)


class _Hashing(io.RawIOBase):
    """Writes through and hashes what passes."""

    def __init__(self, target: IO[bytes], digest: Any) -> None:
        self._target = target
        self._digest = digest

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._digest.update(data)
        self._target.write(data)
        return len(data)
