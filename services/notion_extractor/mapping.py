"""Which property feeds which field: recognised by common names, or said in NOTION_MAPPING. Decisions.

The mapping is read here and nowhere else; what it made of a schema goes into the manifest by property id.
"""

from collections.abc import Mapping
from typing import Any, get_args

from services.notion_extractor.names import GROUPS, KNOWN, WORDS, bare
from shared.contracts.vocabulary import Role, Status
from shared.errors import Rejected


def resolve(
    schema: Mapping[str, Any], own: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """`{"role", "fields": {field: {"id", "name", "type", "known_as"}}, "statuses": {word: status}}` for a schema.

    `own` is the source's part of the mapping file: an optional `role`, and `fields` from field to property name.
    `before` is what this made of the source last time: a property that was renamed since goes on feeding its field,
    under the name it was known by. Raises `Rejected` for a property or a field that does not exist, with those that do.
    """
    role: Role = own.get("role", "clients")
    if role not in KNOWN:
        raise Rejected(f"NOTION_MAPPING: role {role!r} is neither `clients` nor `tasks`")
    properties = _properties(schema)
    renamed = _renamed(properties, before or {}, role)
    by_name: dict[str, str] = {}
    for name in properties:
        by_name.setdefault(bare(name), name)
    title = next((name for name, p in properties.items() if p["type"] == "title"), None)
    fields = {"title": (title, title)}
    for field, names in KNOWN[role].items():
        found = next((by_name[name] for name in names if name in by_name), None)
        known_as = next((old for of, old in renamed if of == field and bare(old) in names), None)
        fields[field] = (found, found) if found or not known_as else (renamed[field, known_as], known_as)
    if role == "clients" and fields["client_code"][0] is None:
        fields["client_code"] = (title, title)
    for field, name in (own.get("fields") or {}).items():
        if field not in fields:
            raise Rejected(f"NOTION_MAPPING: {role} have no field {field!r}; there are {', '.join(sorted(fields))}")
        now_called = name if name in properties else renamed.get((field, name))
        if now_called is None:
            raise Rejected(f"NOTION_MAPPING: no property {name!r}; there are {', '.join(sorted(properties))}")
        fields[field] = (now_called, name)
    for word, status in (own.get("statuses") or {}).items():
        if status not in get_args(Status):
            raise Rejected(f"NOTION_MAPPING: {word!r} is no {status!r}; there are {', '.join(get_args(Status))}")
    return {
        "role": role,
        "fields": {
            field: {
                "id": str(properties[name]["id"]),
                "name": name,
                "type": properties[name]["type"],
                "known_as": known_as,
            }
            for field, (name, known_as) in fields.items()
            if name is not None
        },
        "statuses": _statuses(properties, fields.get("source_status", (None, None))[0])
        | dict(own.get("statuses") or {}),
    }


def relations(schema: Mapping[str, Any], mapping: Mapping[str, Any]) -> dict[str, str]:
    """The mapped relations: property id, and the data source whose titles it needs."""
    properties = _properties(schema)
    needed = {}
    for feed in mapping["fields"].values():
        relation = properties[feed["name"]].get("relation") if feed["type"] == "relation" else None
        if isinstance(relation, dict) and (target := relation.get("data_source_id") or relation.get("database_id")):
            needed[feed["id"]] = str(target)
    return needed


def _properties(schema: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Properties by name; what has no id or no type cannot feed anything."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {
        name: each
        for name, each in properties.items()
        if isinstance(each, dict) and each.get("id") is not None and isinstance(each.get("type"), str)
    }


def _renamed(
    properties: Mapping[str, Mapping[str, Any]], before: Mapping[str, Any], role: str
) -> dict[tuple[str, str], str]:
    """`(field, the name its property was known by)`: the property's name now."""
    if before.get("role") != role:
        return {}
    by_id = {str(each["id"]): name for name, each in properties.items()}
    return {
        (field, feed["known_as"]): by_id[feed["id"]]
        for field, feed in (before.get("fields") or {}).items()
        if feed["id"] in by_id and feed.get("known_as")
    }


def _statuses(properties: Mapping[str, Any], name: str | None) -> dict[str, str]:
    definition = properties[name].get(properties[name]["type"]) if name is not None else None
    if not isinstance(definition, dict):
        return {}
    options = {str(o.get("id")): str(o.get("name")) for o in _objects(definition.get("options"))}
    found = {word: WORDS[bare(word)] for word in options.values() if bare(word) in WORDS}
    for group in _objects(definition.get("groups")):
        name_of_group = bare(str(group.get("name", "")))
        status = GROUPS.get(name_of_group) or WORDS.get(name_of_group)
        option_ids = group.get("option_ids")
        for option_id in option_ids if isinstance(option_ids, list) else []:
            word = options.get(str(option_id))
            if word is not None and status is not None:
                found.setdefault(word, status)
    return found


def _objects(given: object) -> list[dict[str, Any]]:
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
