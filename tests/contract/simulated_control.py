"""The control door and what tests ask of the systems behind it."""

from typing import Any

import requests

from simulators.serve import Running

SEARCH = "/core/customer/task/search"


def door(running: Running, method: str, path: str, body: object = None) -> requests.Response:
    return requests.request(method, running.urls["control"] + path, json=body, timeout=10)


def order(running: Running, kind: str, **more: Any) -> None:
    answer = door(running, "POST", "/faults", {"system": "gestta", "kind": kind, "path": SEARCH, **more})
    assert answer.status_code == 201, answer.text


def search(running: Running, **body: Any) -> requests.Response:
    token = running.gestta.tokens.issue().token
    headers = {"Authorization": f"JWT {token}"}
    return requests.post(running.urls["gestta"] + SEARCH, json=body, headers=headers, timeout=10)


def clients(running: Running, **body: Any) -> requests.Response:
    return requests.post(
        f"{running.urls['notion']}/v1/databases/{running.register.clients_database_id}/query",
        json={"page_size": 100, **body},
        headers={"Authorization": "Bearer ntn_simulated", "Notion-Version": "2022-06-28"},
        timeout=10,
    )
