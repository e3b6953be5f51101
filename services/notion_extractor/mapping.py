"""Which property feeds which field: recognised by common names, or said in NOTION_MAPPING. Decisions.

The mapping is read here and nowhere else; what it made of a schema goes into the manifest by property id.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, get_args

from shared.contracts.vocabulary import Role, Status
from shared.errors import Rejected

# Names as people write them, normalised: no accents, no punctuation, lower case. The first that exists counts.
KNOWN: dict[Role, dict[str, tuple[str, ...]]] = {
    "clients": {
        "client_code": (
            "codigo dominio",
            "cod dominio",
            "codigo do cliente",
            "codigo cliente",
            "codigo",
            "client code",
            "code",
        ),
        "trade_name": ("nome fantasia", "fantasia", "razao social", "nome", "trade name", "name"),
        "client_manager": (
            "gestao de clientes",
            "gestor de clientes",
            "gestor",
            "gestao",
            "client manager",
            "manager",
        ),
        "client_state": ("estado", "uf", "state"),
        "client_since": ("1 competencia", "primeira competencia", "inicio", "cliente desde", "start", "since"),
        "client_document": ("cnpj", "cnpj cpf", "cpf cnpj", "documento", "document", "tax id"),
    },
    "tasks": {
        "source_status": ("status", "situacao", "etapa", "state"),
        "owner": ("responsavel", "responsaveis", "assignee", "owner", "pessoa"),
        "department": ("departamento", "setor", "area", "department", "team"),
        "due_date": ("prazo", "vencimento", "data", "meta", "due", "due date", "date"),
        "legal_due_date": ("prazo legal", "data legal", "legal due date"),
        "competence": ("competencia", "competence"),
        "completed_at": ("concluida em", "concluido em", "conclusao", "completed at", "done at"),
        "client_code": ("codigo do cliente", "codigo dominio", "codigo", "client code"),
        "client_document": ("cnpj", "documento"),
    },
}
# Notion's own three groups of a status property; "cancelled" is an option, not a group.
_GROUPS = {"to do": "open", "in progress": "in_progress", "complete": "done"}
_WORDS = {
    "cancelado": "cancelled",
    "cancelada": "cancelled",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "bloqueado": "blocked",
    "bloqueada": "blocked",
    "impedido": "blocked",
    "blocked": "blocked",
    "a fazer": "open",
    "nao iniciada": "open",
    "nao iniciado": "open",
    "not started": "open",
    "em andamento": "in_progress",
    "fazendo": "in_progress",
    "in progress": "in_progress",
    "feito": "done",
    "concluido": "done",
    "concluida": "done",
    "done": "done",
}


def resolve(schema: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`{"role", "fields": {field: {"id", "name", "type"}}, "statuses": {word: status}}` for a data source's schema.

    `own` is the source's part of the mapping file: an optional `role`, and `fields` from field to property name.
    Raises `Rejected` for a property or a field that does not exist, with the names that do.
    """
    role: Role = own.get("role", "clients")
    if role not in KNOWN:
        raise Rejected(f"NOTION_MAPPING: role {role!r} is neither `clients` nor `tasks`")
    properties: Mapping[str, Any] = schema.get("properties") or {}
    by_name = {_bare(name): name for name in properties}
    fields = {"title": next((name for name, p in properties.items() if p.get("type") == "title"), None)}
    for field, names in KNOWN[role].items():
        fields[field] = next((by_name[name] for name in names if name in by_name), None)
    if role == "clients" and fields["client_code"] is None:
        fields["client_code"] = fields["title"]
    for field, name in (own.get("fields") or {}).items():
        if field not in fields:
            raise Rejected(f"NOTION_MAPPING: {role} have no field {field!r}; there are {', '.join(sorted(fields))}")
        if name not in properties:
            raise Rejected(f"NOTION_MAPPING: no property {name!r}; there are {', '.join(sorted(properties))}")
        fields[field] = name
    for word, status in (own.get("statuses") or {}).items():
        if status not in get_args(Status):
            raise Rejected(f"NOTION_MAPPING: {word!r} is no {status!r}; there are {', '.join(get_args(Status))}")
    return {
        "role": role,
        "fields": {
            field: {"id": properties[name]["id"], "name": name, "type": properties[name]["type"]}
            for field, name in fields.items()
            if name is not None
        },
        "statuses": _statuses(properties, fields.get("source_status")) | dict(own.get("statuses") or {}),
    }


def relations(schema: Mapping[str, Any], mapping: Mapping[str, Any]) -> set[str]:
    """The data sources whose titles the mapped relations need."""
    needed = set()
    for feed in mapping["fields"].values():
        if feed["type"] == "relation":
            relation = schema["properties"][feed["name"]].get("relation") or {}
            target = relation.get("data_source_id") or relation.get("database_id")
            if target:
                needed.add(str(target))
    return needed


def _statuses(properties: Mapping[str, Any], name: str | None) -> dict[str, str]:
    if name is None:
        return {}
    definition = properties[name].get(properties[name]["type"]) or {}
    options = {str(o.get("id")): str(o.get("name")) for o in definition.get("options") or []}
    found = {word: _WORDS[_bare(word)] for word in options.values() if _bare(word) in _WORDS}
    for group in definition.get("groups") or []:
        name_of_group = _bare(str(group.get("name", "")))
        status = _GROUPS.get(name_of_group) or _WORDS.get(name_of_group)
        for option_id in group.get("option_ids") or []:
            word = options.get(str(option_id))
            if word is not None and status is not None:
                found.setdefault(word, status)
    return found


def _bare(name: str) -> str:
    # Ordinals go first: NFKD would make a plain `a` of the ª in "1ª Competência".
    decomposed = unicodedata.normalize("NFKD", re.sub("[ªº]", " ", name.lower()))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()
