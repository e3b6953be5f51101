"""The columns of a data source: how they are declared here and how the API shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from urllib.parse import unquote

from simulators.notion.ids import Ids

# A type's name, or one entry {type: configuration}; the options of a select may be plain names.
PropertySpec = str | Mapping[str, Any]

OPTION_COLORS = ("default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")
WITH_OPTIONS = ("select", "multi_select", "status")
STATUS_GROUPS = (("To-do", "gray"), ("In progress", "blue"), ("Complete", "green"))
DEFAULT_CONFIGURATION: Mapping[str, Mapping[str, Any]] = {
    "number": {"format": "number"},
    "unique_id": {"prefix": None},
    "formula": {"expression": ""},
}


@dataclass(slots=True)
class Property:
    """One column. `id` is percent-encoded, as responses show it; `configuration` stands under the type's name."""

    id: str
    name: str
    type: str
    configuration: dict[str, Any]
    description: str | None = None
    options: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def decoded_id(self) -> str:
        return unquote(self.id)

    def answers_to(self, name_or_id: str) -> bool:
        """Whether a filter, a sort or `filter_properties` means this column."""
        return name_or_id in (self.name, self.decoded_id)

    def add_option(self, option: dict[str, Any]) -> None:
        """Keeps an option in the schema, and what rows show of it at hand."""
        self.configuration["options"].append(option)
        self.options[option["name"]] = {key: option[key] for key in ("id", "name", "color")}

    def json(self) -> dict[str, Any]:
        """The column as `GET /v1/data_sources/{id}` shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "type": self.type,
            self.type: self.configuration,
        }


def declare(name: str, spec: PropertySpec, ids: Ids) -> Property:
    """A new column from its declaration."""
    kind, given = (spec, None) if isinstance(spec, str) else next(iter(spec.items()))
    identifier = "title" if kind == "title" else ids.property_id()
    declared = Property(identifier, name, kind, dict(DEFAULT_CONFIGURATION.get(kind, {})))
    if kind in WITH_OPTIONS:
        names = given.get("options", ()) if isinstance(given, Mapping) else (given or ())
        declared.configuration["options"] = []
        for option, color in zip(names, cycle(OPTION_COLORS), strict=False):
            declared.add_option(new_option(option, color, ids))
    elif isinstance(given, Mapping):
        declared.configuration.update(given)
    if kind == "status":
        declared.configuration["groups"] = _status_groups(declared.configuration["options"], ids)
    if kind == "relation":
        declared.configuration.setdefault("type", "single_property")
        declared.configuration.setdefault("single_property", {})
    return declared


def new_option(option: str | Mapping[str, Any], color: str, ids: Ids) -> dict[str, Any]:
    """An option of a select with an id of its own, where none was given."""
    given = {"name": option} if isinstance(option, str) else dict(option)
    return {"id": ids.uuid("option"), "color": color, "description": None} | given


def recorded(definition: Mapping[str, Any]) -> Property:
    """A column as a recorded data source shows it."""
    kind = definition["type"]
    configuration = dict(definition.get(kind) or {})
    options = configuration.pop("options", None)
    column = Property(definition["id"], definition["name"], kind, configuration, definition.get("description"))
    if options is not None:
        column.configuration = {"options": [], **configuration}
        for option in options:
            column.add_option(dict(option))
    return column


def _status_groups(options: Sequence[Mapping[str, Any]], ids: Ids) -> list[dict[str, Any]]:
    """The first option is to do, the last is complete, all between are in progress."""
    identifiers = [option["id"] for option in options]
    parts = (identifiers[:1], identifiers[1:-1], identifiers[1:][-1:])
    return [
        {"id": ids.uuid("group"), "name": name, "color": color, "option_ids": part}
        for (name, color), part in zip(STATUS_GROUPS, parts, strict=True)
    ]
