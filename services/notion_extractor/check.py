"""What the doctor asks of this service: its own settings and credentials, tried for real."""

from collections.abc import Iterator, Mapping, Sequence

from services.notion_extractor.credentials import Credentials
from services.notion_extractor.ids import dashed, source_id
from services.notion_extractor.mapping import resolve
from services.notion_extractor.mapping_file import ignored, own_of
from services.notion_extractor.notion_api import NotionApi
from services.notion_extractor.reply import NotFound
from services.notion_extractor.settings import Settings
from shared.checks import Check, landing_works, tell
from shared.errors import AuthRejected, Rejected, Transient

_ERRORS = (AuthRejected, Transient, Rejected, ValueError)


def main(settings: Settings, credentials: Credentials[NotionApi], mappings: Mapping[str, Mapping[str, object]]) -> int:
    """One JSON line per check; 0 when all is well."""
    checks = [landing_works(settings.landing_url)]
    try:
        api = credentials.api()
        api.me()
    except AuthRejected as error:
        checks.append(Check("notion token", False, f"o Notion recusou o token ({error.status}): confira NOTION_TOKEN"))
        return tell(checks)
    except (Transient, Rejected) as error:
        checks.append(Check("notion token", False, f"o Notion em {settings.notion_api_url} não respondeu: {error}"))
        return tell(checks)
    checks.append(Check("notion token", True, "o token do Notion funciona"))
    checks += _sources(api, settings.notion_sources, mappings)
    return tell(checks)


def _sources(api: NotionApi, entries: Sequence[str], mappings: Mapping[str, Mapping[str, object]]) -> Iterator[Check]:
    """Each entry; when all of them are known, also each table of the mapping that is nobody's."""
    found: dict[str, str] = {}
    unknown = False
    for given in entries:
        name = f"notion source {given}"
        try:
            entry = source_id(given)
            scopes = [dashed(scope) for scope in api.data_sources(entry)]
        except _ERRORS as error:
            unknown = True
            yield Check(name, False, _in_words(given, error))
            continue
        found |= {scope: entry for scope in scopes if scope not in found}
        try:
            fed = [_fed(api, scope, own_of(mappings, scope, found[scope])) for scope in scopes]
        except _ERRORS as error:
            yield Check(name, False, _in_words(given, error))
        else:
            yield Check(name, True, "; ".join(fed))
    for table in sorted(ignored(mappings, found)) if not unknown else ():
        sources = ", ".join(sorted(found))
        said = f"esta tabela não vale para nada: não está em NOTION_SOURCES nem é fonte de uma base de lá ({sources})"
        yield Check(f"notion mapping {table}", False, said)


def _fed(api: NotionApi, scope: str, own: Mapping[str, object]) -> str:
    mapping = resolve(api.schema(scope).body, own)
    fields = ", ".join(f"{field}={feed['name']}" for field, feed in mapping["fields"].items())
    return f"{mapping['role']}: {fields}"


def _in_words(given: str, error: Exception) -> str:
    if isinstance(error, AuthRejected) and error.status == 403:
        return (
            f"o token vale, mas a conexão não pode ler {given}: em notion.so/my-integrations, abra a "
            "integração e marque a capacidade Read content (ler conteúdo)"
        )
    if isinstance(error, AuthRejected):
        return f"o Notion deixou de aceitar o token ({error.status}): confira NOTION_TOKEN"
    if isinstance(error, NotFound):
        return (
            f"o Notion não conhece {given}, ou a base não foi compartilhada com a conexão: abra a base, "
            "••• → Conexões, e adicione-a"
        )
    return str(error)
