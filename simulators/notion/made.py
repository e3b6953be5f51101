"""Objects that were made here, not recorded: what they show beside their values."""

from datetime import UTC, datetime

from simulators.notion.model import Database, DataSource, Json, page_url
from simulators.notion.values import rich_text, timestamp

# What every page made here shows beside its values; one object for all of them.
PAGE: Json = {"cover": None, "icon": None, "is_locked": False, "public_url": None}


def person(user_id: str, name: str, email: str) -> Json:
    """A member of the workspace."""
    return {
        "object": "user",
        "id": user_id,
        "name": name,
        "avatar_url": None,
        "type": "person",
        "person": {"email": email},
    }


def bot(user_id: str, name: str, workspace_id: str) -> Json:
    """The connection itself, owned by the workspace."""
    return {
        "object": "user",
        "id": user_id,
        "name": name,
        "avatar_url": None,
        "type": "bot",
        "bot": {
            "owner": {"type": "workspace", "workspace": True},
            "workspace_name": name,
            "workspace_id": workspace_id,
            "workspace_limits": {"max_file_upload_size_in_bytes": 5_242_880},
        },
    }


def database(database_id: str, title: str, parent: Json, made: datetime) -> Database:
    """A database without data sources. Its times are exact and carry an offset, unlike those of pages."""
    exact = made.astimezone(UTC).isoformat(timespec="milliseconds")
    return Database(
        database_id,
        title,
        {
            "title": rich_text(title),
            "description": [],
            "parent": parent,
            "is_inline": False,
            "in_trash": False,
            "is_locked": False,
            "created_time": exact,
            "last_edited_time": exact,
            "icon": None,
            "cover": None,
            "url": page_url(database_id),
            "public_url": None,
        },
    )


def data_source_header(source: DataSource, database_parent: Json, by: Json, made: datetime) -> Json:
    """What a data source shows beside its columns."""
    return {
        "cover": None,
        "icon": None,
        "created_time": timestamp(made),
        "created_by": by,
        "last_edited_by": by,
        "last_edited_time": timestamp(made),
        "title": rich_text(source.name),
        "description": [],
        "is_inline": False,
        "parent": {"type": "database_id", "database_id": source.database_id},
        "database_parent": database_parent,
        "url": page_url(source.database_id),
        "public_url": None,
        "in_trash": False,
    }
