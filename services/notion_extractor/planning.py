"""Which data sources there are: behind the settings now, and of those read before."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from services.notion_extractor import history
from services.notion_extractor.ids import dashed
from services.notion_extractor.telling import Teller, drifted
from shared.contracts.vocabulary import LOOKUP_SCOPE
from shared.errors import Rejected, Transient
from shared.extraction.record import Memory
from shared.landing import Landing


class Databases(Protocol):
    """The API as planning needs it."""

    def data_sources(self, given_id: str) -> list[str]: ...


def resolve(api: Databases, given: Sequence[str], tell: Teller) -> tuple[dict[str, str], dict[str, Exception]]:
    """The data sources behind the entries of NOTION_SOURCES (scope: entry), and the entries that failed just now, by
    their error."""
    found: dict[str, str] = {}
    unknown: dict[str, Exception] = {}
    for entry in given:
        try:
            scopes = [dashed(each) for each in api.data_sources(entry)]
        except (Transient, Rejected, ValueError) as error:
            unknown[entry] = error
            tell.failed(entry, str(error))
            continue
        found |= {scope: entry for scope in scopes if scope not in found}
        if entry not in scopes:  # a data source given by its own id has recovered only when its rows have landed
            tell.recovered(entry)
    return found, unknown


def scopes(found: Mapping[str, str], unknown: Collection[str], memory: Memory, landing: Landing) -> list[str]:
    """All scopes of the plan. Those of an entry that failed just now keep their place, and grow stale there.

    What is read no more leaves the memory and its rows the watch list; that a data source left its database is told.
    """
    kept = dict.fromkeys(found)
    for scope in [scope for scope in memory.reads if scope not in found and scope != LOOKUP_SCOPE]:
        last = history.last_read(landing, memory, scope)
        entry = str(last.content.get("given", scope)) if last else scope
        if entry in unknown:
            kept[scope] = None
            continue
        if entry in found.values():
            reason = f"{scope} is no longer a data source of the database {entry}: its rows stay as they were"
            memory.news.append(drifted(scope, reason, (scope,)))
        del memory.reads[scope]
    memory.watch = {row_id: watched for row_id, watched in memory.watch.items() if watched.scope in kept}
    return list(kept)
