"""Logs: one canonical JSON line per unit of work on stdout, pretty on a terminal, and never a secret in them."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

_SECRET_KEYS = re.compile(r"password|token|secret|authorization|cookie", re.IGNORECASE)
_HARMLESS_KEYS = frozenset({"token_expires_at", "tokens_dir"})
_SECRET_TEXT = (
    (re.compile(r"\b(JWT|Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), r"\1 [redacted]"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?"), "[redacted]"),
    (re.compile(r"\b(ntn|secret|xox[abeprs]|xapp)[_-][\w-]{8,}"), "[redacted]"),
    (re.compile(r"(\w+://[^/\s:@]*):[^\s/]+@"), r"\1:[redacted]@"),
    (re.compile(r"\b((?:\w+_)?(?:password|token|secret))=[^\s&,;]+", re.IGNORECASE), r"\1=[redacted]"),
)


def configure(*, service: str, level: str = "INFO") -> None:
    """Set up structlog and the standard library's logging (pika, urllib3, …) to one stream of lines."""

    def name(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        # Not a context variable: those stay in the thread that bound them.
        return {"service": service, **event}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    pretty = sys.stdout.isatty()
    render: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if pretty
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    # An exception becomes text before it is redacted: what a renderer formats by itself nobody redacts.
    final: list[Processor] = [structlog.processors.format_exc_info, redact, render]
    structlog.configure(
        processors=[*shared, *final],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # pika reports a refused or lost connection as errors of its own, several lines each; ours says it once.
    logging.getLogger("pika").setLevel(logging.CRITICAL)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank whatever is, or looks like, a credential, at any depth."""
    for key, value in event.items():
        event[key] = "[redacted]" if _is_secret(key) and value else _clean(value)
    return event


def clean(text: str) -> str:
    """`text` without what looks like a credential: for errors that leave the process by another way than the log."""
    for pattern, instead in _SECRET_TEXT:
        text = pattern.sub(instead, text)
    return text


def _is_secret(key: object) -> bool:
    return isinstance(key, str) and key not in _HARMLESS_KEYS and bool(_SECRET_KEYS.search(key))


def _clean(value: Any) -> Any:
    match value:
        case str():
            return clean(value)
        case dict():
            return {k: "[redacted]" if _is_secret(k) and v else _clean(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(item) for item in value]
        case bool() | int() | float() | None:
            return value
        case _:
            return clean(str(value))  # an exception, an address: what the renderer would write out by itself
