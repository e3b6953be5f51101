"""What the doctor asks of this service: its own settings and credentials, tried for real."""

from services.notion_extractor.credentials import Credentials
from services.notion_extractor.ids import source_id
from services.notion_extractor.mapping import resolve
from services.notion_extractor.notion_api import NotFound, NotionApi
from services.notion_extractor.settings import Settings
from shared.checks import Check, landing_works, tell
from shared.errors import AuthRejected, Rejected, Transient


def main(settings: Settings, credentials: Credentials[NotionApi], mappings: dict[str, dict[str, object]]) -> int:
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
    checks += [_source(api, given, mappings.get(source_id(given), {})) for given in settings.notion_sources]
    return tell(checks)


def _source(api: NotionApi, given: str, own: dict[str, object]) -> Check:
    name = f"notion source {given}"
    try:
        found = []
        for scope in api.data_sources(source_id(given)):
            mapping = resolve(api.schema(scope).body, own)
            fields = ", ".join(f"{field}={feed['name']}" for field, feed in mapping["fields"].items())
            found.append(f"{mapping['role']}: {fields}")
    except (AuthRejected, Transient, Rejected, ValueError) as error:
        return Check(name, False, _in_words(given, error))
    return Check(name, True, "; ".join(found))


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
