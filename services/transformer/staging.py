"""A batch's rows on their way into the database: what says something new is made tidy and copied, the rest only named.

What each part of a row said last is known by a digest beside its sighting: of its text, of what else in the batch makes
a row what it is, and of the rules themselves. A row that says the same again is not even parsed.
"""

import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import islice

from sqlalchemy import Connection, text

from services.transformer.merge import COPY
from services.transformer.tidy.rows import RejectedRow, Tidied
from shared.landing import RawRow

CHUNK = 5_000
"""Rows held in memory at a time: about 30 MiB of pandas for Gestta's tasks."""

KNOWN = """
SELECT said.number, seen.row_id,
       CASE WHEN isfinite(seen.source_updated_at)
            THEN to_char(seen.source_updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\\:MI\\:SS.US"Z"')
            ELSE seen.source_updated_at::text END AS updated
FROM unnest(CAST(:numbers AS integer[]), CAST(:ids AS text[]), CAST(:contents AS text[]))
  AS said (number, row_id, content)
CROSS JOIN LATERAL (
    SELECT * FROM ops.sightings WHERE system = :system AND row_id = said.row_id AND part = :part OFFSET 0
) seen
WHERE seen.content = CAST(said.content AS bytea)
"""
# The first id of a row's text. Where it is another object's, no sighting has it with this text, and the row is parsed.
_ID = re.compile(r'"_?id": ?"([0-9A-Za-z_-]{1,100})"')
# Links that are signed anew at every read would make every read a change; and they are not to be kept.
_SIGNED = re.compile(r'(https?://[^"\\?\s]*)\?[^"\\\s]*Signature=[^"\\\s]*')
_EXPIRES = re.compile(r'("expiry_time": ?)"[^"]*"')
_BLANKS = str.maketrans("\t\r\n", "   ")

Tidy = Callable[[Sequence[RawRow], int], Tidied]


@dataclass(frozen=True, slots=True)
class Rules:
    """How rows become tidy, and a text that is another one whenever the same row might become another one."""

    tidy: Tidy
    identity: str


@dataclass(slots=True)
class Staged:
    """What came of a batch besides the table `staging`."""

    rejected: list[RejectedRow] = field(default_factory=list)
    drift: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    raw: RawRow
    content: str
    """The digest, as Postgres writes bytes."""


def stage(
    connection: Connection, rows: Iterable[RawRow], rules: Rules, *, system: str, part: str, merge: Callable[[], None]
) -> Staged:
    """Stage chunk after chunk, no id twice in one, and `merge` each, in the order of the batch.

    The database merges one chunk, in a thread of its own, while this one makes the next tidy.
    """
    staged = Staged()
    chunks = _chunks(_digested(rows, rules.identity))
    with ThreadPoolExecutor(max_workers=1) as database:
        merging: Future[None] = database.submit(lambda: None)
        following = next(chunks, [])
        looking = database.submit(_known, connection, following, system=system, part=part)
        before: Collection[str] = ()
        while chunk := following:
            # Looked up while the chunk before was not merged yet: what it holds too may say otherwise by now.
            known = {number: row for number, row in looking.result().items() if row[0] not in before}
            following = next(chunks, [])
            lines = _newest(chunk, known, _tidied(chunk, known, rules.tidy, staged))
            merging.result()  # what failed there fails here
            looking = database.submit(_known, connection, following, system=system, part=part)
            merging = database.submit(_merged, connection, list(lines.values()), merge)
            before = lines.keys()
        merging.result()
    return staged


def _tidied(
    chunk: Sequence[_Row], known: Mapping[int, tuple[str, str]], tidy: Tidy, staged: Staged
) -> dict[int, tuple[str, ...]]:
    """The lines of the rows that say something new, by row number."""
    fresh = [row for row in chunk if row.number not in known]
    if not fresh:
        return {}
    made = tidy([row.raw for row in fresh], 0)
    staged.rejected += [replace(bad, row_number=fresh[bad.row_number].number) for bad in made.rejected]
    staged.drift |= made.drift
    staged.counts.update(made.counts)
    names = ("row_number", "row_id", "read_at", "source_updated_at", "raw", "fields")
    return {
        fresh[n].number: (row_id, read_at, updated, fresh[n].content, lasting(raw).translate(_BLANKS), fields)
        for n, row_id, read_at, updated, raw, fields in zip(*(made.frame[x].tolist() for x in names), strict=True)
    }


def _newest(
    chunk: Sequence[_Row], known: Mapping[int, tuple[str, str]], fresh: Mapping[int, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The chunk's lines, of each id the newest and of equally new ones the last."""
    newest: dict[str, tuple[str, ...]] = {}
    for row in chunk:
        line = fresh.get(row.number)
        if line is None and row.number in known:
            row_id, updated = known[row.number]
            line = (row_id, row.raw.read_at, updated, row.content, "", "")
        if line is None:
            continue  # set aside
        rival = newest.get(line[0])
        if rival is None or (rival[2], rival[1]) <= (line[2], line[1]):
            newest[line[0]] = line
    return newest


def _chunks(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _digested(rows: Iterable[RawRow], identity: str) -> Iterator[_Row]:
    salt = blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    for number, row in enumerate(rows, 1):
        said = lasting(row.text).encode("utf-8", "surrogatepass")
        yield _Row(number, row, rf"\x{blake2b(said, digest_size=16, salt=salt).hexdigest()}")


def _known(connection: Connection, chunk: list[_Row], *, system: str, part: str) -> dict[int, tuple[str, str]]:
    """Of the rows that say what they said last: id and edit time, by row number."""
    guesses = {row.number: match[1] for row in chunk if (match := _ID.search(row.raw.text))}
    asked = {
        "system": system,
        "part": part,
        "numbers": list(guesses),
        "ids": list(guesses.values()),
        "contents": [row.content for row in chunk if row.number in guesses],
    }
    return {row.number: (row.row_id, row.updated) for row in connection.execute(text(KNOWN), asked)}


def _merged(connection: Connection, lines: Sequence[tuple[str, ...]], merge: Callable[[], None]) -> None:
    # As COPY reads text: ids hold only spaces as blanks, and JSON needs no others.
    content = "\n".join(map("\t".join, lines)).replace("\\", "\\\\")
    with closing(connection.connection.cursor()) as cursor:
        cursor.copy_expert(COPY, io.StringIO(content))
    merge()


def lasting(raw: str) -> str:
    """The row without the signatures of its links."""
    if "Signature=" in raw:
        return _EXPIRES.sub(r"\1null", _SIGNED.sub(r"\1", raw))
    return raw
