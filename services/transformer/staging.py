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
from functools import partial
from hashlib import blake2b

from sqlalchemy import Connection

from services.transformer.lines import Fresh, Said, aside, line
from services.transformer.merge import COPY, COPY_ASIDE, Table
from services.transformer.seen import Asked, Other, Seen, look, stored
from services.transformer.tidy.rows import RejectedRow, Tidied
from shared.landing import RawRow
from shared.landing.links import lasting

CHUNK = 5_000
"""Rows held in memory at a time: about 30 MiB for Gestta's tasks."""
CHUNK_TEXT = 16 << 20
"""Their characters at most, for rows that are longer than most."""
KEPT = 10_000
"""Characters of a row that cannot be read, to be looked at; the batch has them all."""
_AT_ONCE = 1 << 20
"""Bytes that COPY is given at a time: while this process makes rows tidy, each time it must wait for its turn."""

_ID = re.compile(r"[0-9A-Za-z_-]{1,100}")
_BLANKS = bytes.maketrans(b"\t\r\n", b"   ")

Tidy = Callable[[Sequence[RawRow], int], Tidied]


@dataclass(frozen=True, slots=True)
class Rules:
    """How rows become tidy, and a text that is another one whenever the same row might become another one."""

    tidy: Tidy
    tidy_other: Tidy
    """The same for rows of the other part."""
    identity: str


@dataclass(slots=True)
class Staged:
    """What came of a batch besides the table `staging`."""

    rejected: int = 0
    first_reason: str = ""
    """Of those that were rejected."""
    drift: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    raw: RawRow
    asked: Asked


def stage(
    connection: Connection,
    rows: Iterable[RawRow],
    rules: Rules,
    *,
    table: Table,
    part: str,
    merge: Callable[[], None],
    most_rejected: float,
) -> Staged:
    """Stage chunk after chunk, no id twice in one, and `merge` each, in the order of the batch.

    What cannot be read goes to `aside`. The database merges one chunk, in a thread of its own, while this one makes the
    next tidy. Ends where more than `most_rejected` rows cannot be read: the batch is none then, and nobody needs the
    rest of such rows.
    """
    staged = Staged()
    known = partial(_known, connection, rules, system=table.system, part=part)
    chunks = _chunks(_digested(rows, rules.identity))
    with ThreadPoolExecutor(max_workers=1) as database:
        merging: Future[None] = database.submit(lambda: None)
        following = next(chunks, [])
        looking = database.submit(known, [row.asked for row in following])
        before: Collection[str] = frozenset()
        while chunk := following:
            following = next(chunks, [])
            seen = looking.result()
            # Looked up while the chunk before was not merged yet: what it holds too may say otherwise by now.
            same = {n: row for n, row in seen.items() if row.updated is not None and row.row_id not in before}
            fresh, rejected = _fresh([row for n, row in enumerate(chunk) if n not in same], rules, table, staged)
            if staged.rejected > most_rejected:
                break
            newest = _newest(chunk, same, fresh)
            again = {n for n, one in newest.items() if one.asked is not chunk[n].asked or one.asked.row_id in before}
            content = _content(line(one, fresh, _other(seen, n), table) for n, one in newest.items() if n not in again)
            merging.result()  # what failed there fails here
            if again:
                found = database.submit(known, [newest[n].asked for n in again]).result()
                content += _content(line(newest[n], fresh, _other(found, m), table) for m, n in enumerate(again))
            looking = database.submit(known, [row.asked for row in following])
            merging = database.submit(_merged, connection, content, aside(rejected), merge)
            before = {one.asked.row_id for one in newest.values()}
        merging.result()
    return staged


def _fresh(rows: Sequence[_Row], rules: Rules, table: Table, staged: Staged) -> tuple[Fresh, list[RejectedRow]]:
    """The rows that say something new, made tidy, and those that cannot be read."""
    made = rules.tidy([row.raw for row in rows], 0)
    rejected = [
        replace(bad, row_number=rows[bad.row_number].number, raw=_kept(lasting(bad.raw))) for bad in made.rejected
    ]
    staged.rejected += len(rejected)
    staged.first_reason = staged.first_reason or next((bad.reason for bad in rejected), "")
    staged.drift |= made.drift
    staged.counts.update(made.counts)
    return Fresh.of(made, [_one_line(raw) for raw in made.frame["raw"].tolist()], table), rejected


def _newest(chunk: Sequence[_Row], same: Mapping[int, Seen], fresh: Fresh) -> dict[int, Said]:
    """What the chunk says of each id, by place: its newest row and of equally new ones the last."""
    frame = fresh.tidied.frame
    made = zip(*(frame[name].tolist() for name in ("row_number", "row_id", "source_updated_at")), strict=True)
    new = [n for n in range(len(chunk)) if n not in same]
    said = {n: Said(chunk[n].asked, str(row.updated)) for n, row in same.items()}
    for place, (number, row_id, updated) in enumerate(made):
        asked = chunk[new[number]].asked
        said[new[number]] = Said(asked if asked.row_id == row_id else replace(asked, row_id=row_id), updated, place)
    newest: dict[str, int] = {}
    for n in sorted(said):
        row_id = said[n].asked.row_id
        rival = newest.setdefault(row_id, n)
        if rival != n and said[rival].version <= said[n].version:
            newest[row_id] = n
    return {n: said[n] for n in newest.values()}


def _known(connection: Connection, rules: Rules, asked: Sequence[Asked], *, system: str, part: str) -> dict[int, Seen]:
    """What the warehouse knows of them; another part that was alone so far is made tidy."""
    seen = look(connection, asked, system=system, part=part)
    alone = [(n, row, row.other) for n, row in seen.items() if row.other is not None and row.other.raw is not None]
    if alone:
        made = rules.tidy_other([RawRow("", str(other.raw)) for _, _, other in alone], 0)
        said = {number: made.said(place) for place, number in enumerate(made.frame["row_number"].tolist())}
        # What these rules cannot read says what it was read as once.
        unread = stored(connection, [row.row_id for m, (_, row, _) in enumerate(alone) if m not in said])
        seen |= {
            n: replace(row, other=replace(other, fields=said[m] if m in said else unread.get(row.row_id, {})))
            for m, (n, row, other) in enumerate(alone)
        }
    return seen


def _other(seen: Mapping[int, Seen], place: int) -> Other | None:
    return seen[place].other if place in seen else None


def _chunks(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    chunk: list[_Row] = []
    length = 0
    for row in rows:
        chunk.append(row)
        length += len(row.raw.text)
        if len(chunk) >= CHUNK or length >= CHUNK_TEXT:
            yield chunk
            chunk, length = [], 0
    if chunk:
        yield chunk


def _digested(rows: Iterable[RawRow], identity: str) -> Iterator[_Row]:
    salt = blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    for number, row in enumerate(rows, 1):
        said = lasting(row.text).encode("utf-8", "surrogatepass")
        content = rf"\x{blake2b(said, digest_size=16, salt=salt).hexdigest()}"
        yield _Row(number, row, Asked(row.row_id if _ID.fullmatch(row.row_id) else "", row.read_at, content))


def _content(lines: Iterable[bytes]) -> bytes:
    """As COPY reads text, in the order of the ids: ids and typed texts hold only spaces as blanks."""
    return b"\n".join([*sorted(lines), b""]).replace(b"\\", rb"\\")


def _merged(connection: Connection, content: bytes, rejected: bytes, merge: Callable[[], None]) -> None:
    with closing(connection.connection.cursor()) as cursor:
        cursor.copy_expert(COPY, io.BytesIO(content), size=_AT_ONCE)
        cursor.copy_expert(COPY_ASIDE, io.BytesIO(rejected), size=_AT_ONCE)
    merge()


def _one_line(raw: str) -> bytes:
    return lasting(raw).encode().translate(_BLANKS)


def _kept(raw: str) -> str:
    return raw if len(raw) <= KEPT else f"{raw[:KEPT]}… ({len(raw)} characters)"
