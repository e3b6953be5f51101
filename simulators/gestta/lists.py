"""Lists of names: customers, people, departments, templates."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulators.gestta.rows import department_id, template_id
from simulators.gestta.wire import positive
from simulators.ledger import note
from simulators.world.model import Client, Person, Task
from simulators.world.obligations import DEPARTMENTS


def customers(request: Request, clients: Iterable[Client]) -> Response:
    """`active` selects one side; without parameters all come at once."""
    rows = [
        {"_id": c.id, "name": c.name, "cnpj": c.document, "active": c.active, "external_id": None}
        | ({} if c.code is None else {"code": c.code})
        for c in clients
    ]
    active, text = request.query_params.get("active"), request.query_params.get("search", "").lower()
    if active is not None:
        rows = [row for row in rows if row["active"] is (active == "true")]
    return _paged(request, [row for row in rows if text in str(row["name"]).lower()])


def users(request: Request, people: Iterable[Person]) -> Response:
    return _paged(request, [{"_id": p.id, "name": p.name, "role": p.role, "active": True} for p in people])


def departments() -> Response:
    """A bare array, where the others have an envelope."""
    return _tagged([{"_id": department_id(index), "name": name} for index, name in enumerate(DEPARTMENTS)])


def templates(request: Request, tasks: Iterable[Task]) -> Response:
    """What tasks are made from, `type` by `type`."""
    kind = request.query_params.get("type")
    found = {template_id(task): task for task in tasks if kind in (None, task.type)}
    return _paged(request, [{"_id": key, "name": task.title, "type": task.type} for key, task in sorted(found.items())])


def _paged(request: Request, rows: list[dict[str, Any]]) -> Response:
    limit = positive(request.query_params.get("limit"), max(1, len(rows)))
    page = positive(request.query_params.get("page"), 1)
    pages = -(-len(rows) // limit)
    docs = rows[(page - 1) * limit : page * limit]
    note(request.scope, [row["_id"] for row in docs])
    return _tagged({"docs": docs, "total": len(rows), "page": page, "pages": pages, "hasNextPage": page < pages})


def _tagged(value: object) -> Response:
    body = json.dumps(value, ensure_ascii=False).encode()
    tag = hashlib.sha256(body).hexdigest()[:16]
    return Response(body, media_type="application/json", headers={"etag": f'W/"{tag}"'})
