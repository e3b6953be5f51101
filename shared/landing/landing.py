"""The folder of all batches."""

import gzip
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import structlog

from shared.errors import Rejected
from shared.landing import batch
from shared.landing.batch import CSV, MANIFEST, ROWS, SAID, Manifest, Pruned, RawRow
from shared.landing.files import Files
from shared.landing.retention import abandoned, spent
from shared.landing.spreadsheet import Cells, flat, write_csv
from shared.landing.writer import BatchWriter

log = structlog.get_logger()


class Landing:
    """All batches, and what else lies beside them. Raises `Outage` where its file system does not work."""

    def __init__(self, url: str) -> None:
        self._files = Files(url)

    def write(self, system: str, batch_id: str, *, day: date) -> BatchWriter:
        """A new batch, to be filled and then committed; what is not committed leaves nothing."""
        return BatchWriter(self._files, f"{system}/{day:%Y/%m/%d}/{batch_id}")

    def manifest(self, batch_ref: str) -> Manifest:
        """Raises `Pruned` where there is none."""
        try:
            with self._files.open(batch_ref + MANIFEST) as file:
                return Manifest(json.load(file))
        except FileNotFoundError:
            raise _pruned(batch_ref) from None
        except ValueError as error:
            raise Rejected(f"the manifest of {batch_ref} is damaged: {error}") from None

    def rows(self, batch_ref: str, *, sha256: str) -> Iterator[RawRow]:
        """The rows of a batch, streamed, after the whole file was checked against `sha256`.

        Raises `Rejected` for a damaged file, `Pruned` for an absent one.
        """
        for line in self._lines(batch_ref, sha256):
            row = batch.read(line)
            if row is None:
                raise _no_row(batch_ref)
            yield row

    def ids(self, batch_ref: str, *, sha256: str) -> Iterator[str]:
        """The ids of a batch's rows that have one, streamed; raises as `rows` does."""
        for line in self._lines(batch_ref, sha256):
            row_id = batch.read_id(line)
            if row_id is None:
                raise _no_row(batch_ref)
            if row_id:
                yield row_id

    def _lines(self, batch_ref: str, sha256: str) -> Iterator[str]:
        try:
            if (found := self._files.sha256(batch_ref + ROWS)) != sha256:
                raise Rejected(f"batch {batch_ref} is damaged: sha256 is {found}, the fact says {sha256}")
            with (
                self._files.open(batch_ref + ROWS) as file,
                gzip.open(file, "rt", encoding="utf-8", newline="\n") as lines,
            ):
                yield from lines
        except FileNotFoundError:
            raise _pruned(batch_ref) from None

    def manifests(self, system: str) -> Iterator[Manifest]:
        """All manifests of a system that can be read, newest first (batch ids sort by when their reading began)."""
        refs = (name.removesuffix(MANIFEST) for name in self._files.names(system) if name.endswith(MANIFEST))
        for ref in sorted(refs, key=lambda name: name.rsplit("/", 1)[-1], reverse=True):
            try:
                manifest = self.manifest(ref)
            except Pruned:
                continue  # since the folder was listed
            except Rejected as error:
                log.warning("a batch is taken for none", batch_ref=ref, reason=str(error))
                continue
            yield manifest

    def unsaid(self, system: str) -> list[str]:
        """Refs of the batches whose fact was never confirmed, oldest first."""
        names = self._files.names(system)
        refs = (name.removesuffix(MANIFEST) for name in names if name.endswith(MANIFEST))
        return sorted(ref for ref in refs if ref + SAID not in names)

    def mark_said(self, batch_ref: str) -> None:
        """The broker has confirmed this batch's fact."""
        self._files.put(batch_ref + SAID, b"")

    def write_csv(self, manifest: Manifest, cells: Cells = flat) -> None:
        """The batch for people, kept of the newest batch of each scope only (`drop_csv`)."""
        with self._files.new(manifest.batch_ref + CSV) as file:
            write_csv(file, lambda: self.rows(manifest.batch_ref, sha256=manifest.sha256), cells)

    def drop_csv(self, batch_ref: str) -> None:
        """Another batch of its scope is newer."""
        self._files.remove(batch_ref + CSV)

    def prune(self, system: str, *, now: datetime, keep: timedelta) -> int:
        """Delete what need not be kept (`retention`); returns the number of batches."""
        gone = 0
        for ref in spent(self.manifests(system), set(self.unsaid(system)), now=now, keep=keep):
            # The manifest first: without it there is no batch, so a crash in between leaves no half of one.
            self._files.remove(*(ref + suffix for suffix in (MANIFEST, SAID, CSV, ROWS)))
            gone += 1
        self._files.remove(*abandoned(self._files.names(system), now=now))
        return gone

    def put(self, name: str, content: bytes) -> None:
        """One small file beside the batches, whole or not at all."""
        self._files.put(name, content)

    def keep_newest(self, folder: str, count: int) -> None:
        """Delete the files of `folder` except the `count` whose names sort last."""
        self._files.remove(*sorted(self._files.names(folder), reverse=True)[count:])

    def probe(self, name: str) -> None:
        """Write a small file and delete it: raises `Outage` where that does not work."""
        self._files.put(name, b"probe")
        self._files.remove(name)


def _pruned(batch_ref: str) -> Pruned:
    return Pruned(f"batch {batch_ref} is not in the landing (any more)")


def _no_row(batch_ref: str) -> Rejected:
    return Rejected(f"batch {batch_ref} holds a line that is not a row")
