"""Notion's error answers. Source: developers.notion.com, status codes and request limits (2026-09), and recordings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

# `rate_limit_reason` of a 429, by whose budget is spent; the last is not to be tried again.
CONNECTION = "public_api_request_rate_limit"
WORKSPACE = "public_api_space_request_rate_limit"
ENDPOINT = "public_api_endpoint_rate_limit"
BLOCKED = "public_api_request_blocked"
INTEGRATION_HINT = "Make sure the relevant pages and databases are shared with your integration"


@dataclass(frozen=True, slots=True)
class NotionError(Exception):
    """One error answer: `body(request_id)` is its JSON, `headers` what goes beside it (Retry-After)."""

    status: int
    code: str
    message: str
    additional_data: Mapping[str, str | Sequence[str]] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, Any]:
        """The JSON object of the answer."""
        body: dict[str, Any] = {
            "object": "error",
            "status": self.status,
            "code": self.code,
            "message": self.message,
        }
        if self.additional_data is not None:
            body["additional_data"] = dict(self.additional_data)
        return body | {"request_id": request_id}


def validation(message: str, additional_data: Mapping[str, str | Sequence[str]] | None = None) -> NotionError:
    return NotionError(400, "validation_error", message, additional_data)


def invalid_cursor(cursor: str) -> NotionError:
    return validation(f"The start_cursor provided is invalid: {cursor}")


def invalid_uuid(parameter: str, given: str) -> NotionError:
    return validation(f'path failed validation: path.{parameter} should be a valid uuid, instead was `"{given}"`.')


def multiple_data_sources(database_id: str, data_source_ids: Sequence[str]) -> NotionError:
    """What a client older than 2025-09-03 meets the day a user adds a second data source."""
    return validation(
        "Databases with multiple data sources are not supported in this API version.",
        {
            "error_type": "multiple_data_sources_for_database",
            "database_id": database_id,
            "child_data_source_ids": list(data_source_ids),
            "minimum_api_version": "2025-09-03",
        },
    )


def invalid_json() -> NotionError:
    return NotionError(400, "invalid_json", "Error parsing JSON body.")


def invalid_request_url() -> NotionError:
    return NotionError(400, "invalid_request_url", "Invalid request URL.")


def invalid_request() -> NotionError:
    return NotionError(400, "invalid_request", "This request is not supported.")


def missing_version() -> NotionError:
    return NotionError(
        400,
        "missing_version",
        "Notion-Version header failed validation: Notion-Version header should be defined, instead was `undefined`.",
    )


def unauthorized() -> NotionError:
    return NotionError(401, "unauthorized", "API token is invalid.")


def restricted() -> NotionError:
    return NotionError(403, "restricted_resource", "Insufficient permissions for this endpoint.")


def not_found(kind: str, object_id: str, integration_name: str, integration_id: str) -> NotionError:
    """Absent or not shared: Notion does not tell one from the other."""
    message = f'Could not find {kind} with ID: {object_id}. {INTEGRATION_HINT} "{integration_name}".'
    return NotionError(404, "object_not_found", message, {"integration_id": integration_id})


def user_not_found(user_id: str, integration_id: str) -> NotionError:
    message = (
        f"Could not find user with ID: {user_id}. Make sure your integration has capabilities to read user "
        "information. With those capabilities, only members and guests in the integration's workspace are visible."
    )
    return NotionError(404, "object_not_found", message, {"integration_id": integration_id})


def conflict() -> NotionError:
    return NotionError(409, "conflict_error", "Conflict occurred while saving. Please try again.")


def rate_limited(retry_after: int, reason: str = CONNECTION) -> NotionError:
    """429 of the connection (default), the workspace or an endpoint; whole seconds, repeated as text in the body."""
    return NotionError(
        429,
        "rate_limited",
        "You have been rate limited. Please try again in a few minutes.",
        {"rate_limit_reason": reason, "retry_after": str(retry_after)},
        {"Retry-After": str(retry_after)},
    )


def workspace_rate_limited(retry_after: int = 180) -> NotionError:
    """The budget that all connections of a workspace share; its wait can exceed a minute."""
    return rate_limited(retry_after, WORKSPACE)


def blocked() -> NotionError:
    """The 429 that must not be tried again: no Retry-After, only the reason."""
    return NotionError(
        429,
        "rate_limited",
        "This request has been blocked.",
        {"rate_limit_reason": BLOCKED},
    )


def internal() -> NotionError:
    return NotionError(500, "internal_server_error", "Unexpected error occurred.")


def bad_gateway() -> NotionError:
    return NotionError(502, "bad_gateway", "Bad gateway.")


def query_timed_out() -> NotionError:
    """503 of a query that took the datastore too long."""
    return NotionError(
        503,
        "service_unavailable",
        "Public API data source query is temporarily unavailable due to backend datastore timeouts. Retry with "
        "exponential backoff; if retries continue to fail, reduce page_size or narrow filters/sorts.",
        {
            "endpoint_name": "public_queryDataSource",
            "notion_error_name": "PgPoolWaitConnectionTimeout",
            "retry_guidance": [
                "Use exponential backoff with jitter",
                "Reduce page_size",
                "Narrow query filters/sorts",
            ],
        },
    )


def database_connection_unavailable() -> NotionError:
    return NotionError(
        503,
        "database_connection_unavailable",
        "Notion's database is unavailable or is not in a state that can be queried. Please try again later.",
    )


def gateway_timeout() -> NotionError:
    return NotionError(504, "gateway_timeout", "The request timed out.")


def overloaded(retry_after: int = 5) -> NotionError:
    """529: to be tried again as a 429 is."""
    return NotionError(
        529,
        "service_overload",
        "Notion is temporarily overloaded. Please try again later.",
        {"retry_after": str(retry_after)},
        {"Retry-After": str(retry_after)},
    )


def ordered(status: int, args: Mapping[str, Any]) -> NotionError:
    """The error that a fault on demand plays: a 400 is about the cursor; `retry_after`, `reason`, `code` may be given.

    Raises KeyError for a status that Notion does not send.
    """
    if status == 400:
        return invalid_cursor("simulated")
    error = by_status(status, retry_after=args.get("retry_after", 1), reason=args.get("reason"), code=args.get("code"))
    if "retry_after" not in args:
        return error
    return replace(error, headers={**error.headers, "Retry-After": str(args["retry_after"])})


def by_status(status: int, *, retry_after: int = 1, reason: str | None = None, code: str | None = None) -> NotionError:
    """The usual error of a status; `reason` chooses among the 429s.

    `code` chooses among the 503s, and elsewhere replaces the usual one. Raises KeyError for a status that Notion does
    not send.
    """
    if (status, code) == (503, "database_connection_unavailable"):
        return database_connection_unavailable()
    usual = _usual(status, retry_after, reason)
    return usual if code is None else replace(usual, code=code)


def _usual(status: int, retry_after: int, reason: str | None) -> NotionError:
    if status == 429:
        if reason == BLOCKED:
            return blocked()
        return rate_limited(retry_after, reason or CONNECTION)
    if status == 529:
        return overloaded(retry_after)
    if status == 404:
        absent = "00000000-0000-4000-8000-000000000000"
        return not_found("page", absent, "Projeto Operacional", absent)
    simple = {
        400: validation("body failed validation."),
        401: unauthorized(),
        403: restricted(),
        409: conflict(),
        422: replace(validation("body failed validation."), status=422),  # not seen of Notion; a proxy's, it may be
        500: internal(),
        502: bad_gateway(),
        503: query_timed_out(),
        504: gateway_timeout(),
    }
    return simple[status]
