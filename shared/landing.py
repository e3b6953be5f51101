"""The landing: immutable raw batches on a file system (fsspec: a folder, or `s3://…` for many machines).

A batch is `<system>/<yyyy>/<mm>/<dd>/<batch_id>` with `.jsonl.gz` (rows), `.json` (manifest), `.said` (its fact was
confirmed) and, for people, `.csv` (the newest of each scope). It exists when its manifest does.
"""

import csv
import gzip
import hashlib
import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import IO, Any, Self, cast

import fsspec
import structlog
from fsspec.implementations.local import LocalFileSystem

from shared.errors import Outage, Rejected

log = structlog.get_logger()

ROWS, MANIFEST, SAID, CSV = ".jsonl.gz", ".json", ".said", ".csv"
RECENT = timedelta(days=2)
DEEPEST = 20
_ID = r'\{"read_at":"([^"]+)","id":"((?:[^"\\]|\\.)*)","row":'
_LINE = re.compile(_ID + r"(.*)\}\n?", re.DOTALL)
_LINE_ID = re.compile(_ID)
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class Pruned(Rejected):
    """The batch was there once; LANDING_KEEP has passed."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as the source gave it: when its response was read (ISO 8601, UTC), its JSON text, its id if it has one."""

    read_at: str
    text: str
    row_id: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a batch. `content` is the whole JSON object; the properties are what everybody reads."""

    content: dict[str, Any] = field(hash=False)

    @property
    def batch_ref(self) -> str:
        return str(self.content["batch_ref"])

    @property
    def scope(self) -> str:
        return str(self.content["scope"])

    @property
    def kind(self) -> str:
        return str(self.content["kind"])

    @property
    def sha256(self) -> str:
        return str(self.content["sha256"])

    @property
    def records(self) -> int:
        return int(self.content["records"])

    @property
    def read_to(self) -> datetime:
        return datetime.fromisoformat(self.content["read_to"])


class Landing:
    """The folder of all batches."""

    def __init__(self, url: str) -> None:
        self._fs, root = fsspec.core.url_to_fs(url)
        self._root = str(root).rstrip("/")

    def write(self, system: str, batch_id: str, *, day: date) -> "BatchWriter":
        """A new batch, to be filled and then committed; what is not committed leaves nothing."""
        ref = f"{system}/{day:%Y/%m/%d}/{batch_id}"
        with self._reachable():
            self._fs.makedirs(self._path(ref).rsplit("/", 1)[0], exist_ok=True)
        return BatchWriter(self, ref)

    def manifest(self, batch_ref: str) -> Manifest:
        """Raises `Pruned` where there is none."""
        with self._reachable():
            try:
                with self._fs.open(self._path(batch_ref + MANIFEST), "rb") as file:
                    return Manifest(json.load(file))
            except FileNotFoundError:
                raise Pruned(f"batch {batch_ref} is not in the landing (any more)") from None
            except ValueError as error:
                raise Rejected(f"the manifest of {batch_ref} is damaged: {error}") from None

    def rows(self, batch_ref: str, *, sha256: str) -> Iterator[RawRow]:
        """The rows of a batch, streamed, after the whole file was checked against `sha256`.

        Raises `Rejected` for a damaged file, `Pruned` for an absent one.
        """
        for line in self._lines(batch_ref, sha256):
            match = _LINE.fullmatch(line)
            if match is None:
                raise Rejected(f"batch {batch_ref} holds a line that is not a row")
            yield RawRow(match[1], match[3], _unquoted(match[2]))

    def ids(self, batch_ref: str, *, sha256: str) -> Iterator[str]:
        """The ids of a batch's rows that have one, streamed; raises as `rows` does."""
        for line in self._lines(batch_ref, sha256):
            match = _LINE_ID.match(line)
            if match is None:
                raise Rejected(f"batch {batch_ref} holds a line that is not a row")
            if match[2]:
                yield _unquoted(match[2])

    def _lines(self, batch_ref: str, sha256: str) -> Iterator[str]:
        path = self._path(batch_ref + ROWS)
        with self._reachable():
            try:
                if (found := self._digest(path)) != sha256:
                    raise Rejected(f"batch {batch_ref} is damaged: sha256 is {found}, the fact says {sha256}")
                with self._fs.open(path, "rb") as file, gzip.open(file, "rt", encoding="utf-8", newline="\n") as lines:
                    yield from lines
            except FileNotFoundError:
                raise Pruned(f"batch {batch_ref} is not in the landing (any more)") from None

    def manifests(self, system: str) -> Iterator[Manifest]:
        """All manifests of a system that can be read, newest first (batch ids sort by when their reading began)."""
        with self._reachable():
            for ref in self._refs(system):
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
        with self._reachable():
            names = self._names(system)
            return sorted(
                name.removesuffix(MANIFEST)
                for name in names
                if name.endswith(MANIFEST) and name.removesuffix(MANIFEST) + SAID not in names
            )

    def mark_said(self, batch_ref: str) -> None:
        """The broker has confirmed this batch's fact."""
        self.put(batch_ref + SAID, b"")

    def put(self, name: str, content: bytes) -> None:
        """One small file, whole or not at all; its folder is made where it lacks."""
        with self._reachable():
            self._fs.makedirs(self._path(name).rsplit("/", 1)[0], exist_ok=True)
            with self._new(name) as file:
                file.write(content)

    def keep_newest(self, folder: str, count: int) -> None:
        """Delete the files of `folder` except the `count` whose names sort last."""
        with self._reachable():
            for name in sorted(self._names(folder), reverse=True)[count:]:
                self._fs.rm(self._path(name))

    def probe(self, name: str) -> None:
        """Write a small file and delete it: raises `Outage` where that does not work."""
        with self._reachable():
            self._fs.makedirs(self._path(name).rsplit("/", 1)[0], exist_ok=True)
            self.put(name, b"probe")
            self._fs.rm(self._path(name))

    def drop_csv(self, batch_ref: str) -> None:
        """The CSV for people is kept of the newest batch of each scope only."""
        with self._reachable():
            if self._fs.exists(self._path(batch_ref + CSV)):
                self._fs.rm(self._path(batch_ref + CSV))

    def prune(self, system: str, *, now: datetime, keep: timedelta) -> int:
        """Delete what need not be kept; returns the number of batches.

        Everything stays two days; then, for `keep`, one full batch a day and scope and every increment and lookup.
        Never pruned: the newest of each scope, and what was not said.
        """
        unsaid, gone = set(self.unsaid(system)), 0
        newest: set[str] = set()
        newest_full: set[str] = set()
        days: set[tuple[str, date]] = set()
        for manifest in self.manifests(system):
            day = manifest.read_to.astimezone(UTC).date()
            full = manifest.kind == "full"
            # Of a scope that is read in increments also the newest full batch: they mean nothing without it.
            first_of_scope = manifest.scope not in newest or (full and manifest.scope not in newest_full)
            first_of_day = not full or (manifest.scope, day) not in days
            newest.add(manifest.scope)
            if full:
                newest_full.add(manifest.scope)
                days.add((manifest.scope, day))
            age = now - manifest.read_to
            if first_of_scope or manifest.batch_ref in unsaid or age <= RECENT or (age <= keep and first_of_day):
                continue
            self._remove(manifest.batch_ref)
            gone += 1
        self._sweep(system, now)
        return gone

    def _sweep(self, system: str, now: datetime) -> None:
        """Delete what a process that was killed left behind: rows without a manifest, files half written."""
        names = self._names(system)
        for name in names:
            whole = name.removesuffix(".part")
            ref = whole.split(".", 1)[0]
            unfinished = name != whole or (name.endswith(ROWS) and ref + MANIFEST not in names)
            day = datetime.strptime("/".join(ref.split("/")[1:4]), "%Y/%m/%d").replace(tzinfo=UTC)
            if unfinished and now - day > RECENT + timedelta(days=1):
                with self._reachable():
                    self._fs.rm(self._path(name))

    def _remove(self, batch_ref: str) -> None:
        # The manifest first: without it there is no batch, so a crash in between leaves no half of one.
        with self._reachable():
            for suffix in (MANIFEST, SAID, CSV, ROWS):
                if self._fs.exists(self._path(batch_ref + suffix)):
                    self._fs.rm(self._path(batch_ref + suffix))

    def _refs(self, system: str) -> list[str]:
        names = (n.removesuffix(MANIFEST) for n in self._names(system) if n.endswith(MANIFEST))
        return sorted(names, key=lambda name: name.rsplit("/", 1)[-1], reverse=True)

    def _names(self, system: str) -> set[str]:
        base = self._path(system)
        self._fs.invalidate_cache()
        if not self._fs.exists(base):
            return set()
        return {str(path)[len(self._root) + 1 :] for path in self._fs.find(base)}

    def _path(self, name: str) -> str:
        if ".." in name.split("/") or name.startswith("/"):
            raise Rejected(f"{name!r} is not a name in the landing")
        return f"{self._root}/{name}"

    def _digest(self, path: str) -> str:
        digest = hashlib.sha256()
        with self._fs.open(path, "rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()

    @contextmanager
    def _new(self, name: str) -> Iterator[IO[bytes]]:
        """A file that appears whole under its name: temporary name, sync, rename."""
        path = self._path(name)
        if not isinstance(self._fs, LocalFileSystem):
            with self._fs.open(path, "wb") as remote:  # an object appears when its upload is complete
                yield remote
            return
        part = f"{path}.part"
        try:
            with open(part, "wb") as local:  # noqa: PTH123
                yield local
                local.flush()
                os.fsync(local.fileno())
            os.replace(part, path)  # noqa: PTH105
            _sync_folder(path)
        finally:
            if os.path.exists(part):  # noqa: PTH110
                os.unlink(part)  # noqa: PTH108

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except (OSError, EOFError) as error:
            raise self.broken(error) from error

    def broken(self, error: Exception) -> Outage:
        """What a failure of its file system means to everybody."""
        return Outage("landing", f"the landing at {self._root} does not work: {error}")


class BatchWriter:
    """Rows of one batch as they arrive; memory does not grow with them.

    Used as a context: leaving it without `commit` leaves nothing behind.
    """

    def __init__(self, landing: Landing, batch_ref: str) -> None:
        self._landing = landing
        self.batch_ref = batch_ref
        self.records = 0
        self._file = landing._new(batch_ref + ROWS)  # noqa: SLF001  the writer is the landing's own other half
        self._digest = hashlib.sha256()
        self._finished = self._committed = False
        self._read_at: datetime | None = None
        self._stamp = ""

    def __enter__(self) -> Self:
        with self._landing._reachable():  # noqa: SLF001
            raw = self._file.__enter__()
        self._hashing = _Hashing(raw, self._digest)
        # Level 1: raw JSON shrinks tenfold at any level, and the extractor's CPU is the bound.
        zipped = gzip.GzipFile(fileobj=cast("IO[bytes]", self._hashing), mode="wb", compresslevel=1, mtime=0)
        self._zip = zipped
        self._text = io.TextIOWrapper(cast("IO[bytes]", zipped), encoding="utf-8", newline="\n", errors="surrogatepass")
        return self

    def add(self, row: Mapping[str, Any], *, read_at: datetime) -> None:
        """One row, exactly as the source gave it. Raises `Rejected` for one that is nested too deeply to be written."""
        try:
            text = _encode(row)
        except RecursionError:
            raise Rejected("a row is nested too deeply to be a row of this source") from None
        if read_at != self._read_at:  # one response, one time: thousands of rows share it
            self._read_at, self._stamp = read_at, iso(read_at)
        try:
            self._text.write(f'{{"read_at":"{self._stamp}","id":{_encode(id_of(row))},"row":{text}}}\n')
        except OSError as error:
            raise self._landing.broken(error) from error
        self.records += 1

    def finish(self) -> str:
        """Put the rows in their place; returns the sha256 of the file."""
        with self._landing._reachable():  # noqa: SLF001
            self._text.close()
            self._zip.close()
            self._file.__exit__(None, None, None)
        self._finished = True
        return self._digest.hexdigest()

    def commit(self, content: dict[str, Any]) -> Manifest:
        """The manifest, last: from now on the batch exists."""
        manifest = Manifest(content)
        body = json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
        self._landing.put(self.batch_ref + MANIFEST, body)
        self._committed = True
        return manifest

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._committed:
            return
        if self._finished:
            with suppress(OSError):  # what stays without a manifest is no batch
                self._landing._fs.rm(self._landing._path(self.batch_ref + ROWS))  # noqa: SLF001
            return
        with suppress(OSError):  # the buffer's rest finds no room either, where the disk was full
            self._text.close()
        with suppress(OSError):
            self._zip.close()
        broken = error or BrokenOff(self.batch_ref)
        with suppress(BrokenOff, OSError):
            self._file.__exit__(type(broken), broken, trace)


def _unquoted(text: str) -> str:
    return str(json.loads(f'"{text}"')) if "\\" in text else text


class BrokenOff(Exception):
    """A batch was left before its last row."""


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


def write_csv(landing: Landing, manifest: Manifest) -> None:
    """The batch for people: dotted columns, UTF-8 with BOM, `;`, cells that a spreadsheet would run neutralised.

    Two passes over the landed rows, so that memory does not grow with them.
    """
    columns: dict[str, None] = {}
    for row in landing.rows(manifest.batch_ref, sha256=manifest.sha256):
        columns.update(dict.fromkeys(flat(json.loads(row.text))))
    with landing._new(manifest.batch_ref + CSV) as file:  # noqa: SLF001
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", errors="replace")
        writer = csv.DictWriter(text, ["read_at", *columns], delimiter=";", restval="")
        writer.writerow({name: cell(name) for name in writer.fieldnames})
        for row in landing.rows(manifest.batch_ref, sha256=manifest.sha256):
            cells = {key: cell(value) for key, value in flat(json.loads(row.text)).items()}
            writer.writerow({"read_at": row.read_at} | cells)
        text.flush()
        text.detach()


def id_of(row: Mapping[str, Any]) -> str:
    """A row's id under either of its two names; empty where it has none."""
    value = row.get("id") or row.get("_id")
    return value if isinstance(value, str) and value.isascii() else ""


def flat(row: Any, prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Nested objects as dotted keys; lists, and what is nested deeper than any API does, stay values."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and value and depth < DEEPEST:
            found |= flat(value, f"{prefix}{key}.", depth + 1)
        else:
            found[f"{prefix}{key}"] = value
    return found


def cell(value: Any) -> str:
    """A CSV cell that a spreadsheet shows and never runs."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    dangerous = isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{text}" if dangerous else text


def batch_id(started: datetime, scope: str, salt: str) -> str:
    """A name that sorts by time, tells its scope, and is not given twice."""
    return f"{started.astimezone(UTC):%Y%m%dT%H%M%S}{started.microsecond // 1000:03d}-{salt}-{scope_slug(scope)}"


def scope_slug(scope: str) -> str:
    """A scope as it may stand in a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "_", scope)


def iso(moment: datetime) -> str:
    """UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sync_folder(path: str) -> None:
    folder = os.open(os.path.dirname(path), os.O_RDONLY)  # noqa: PTH120
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
