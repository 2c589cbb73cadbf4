"""The access log: one event a request, with nothing that opens anything."""

import re
import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import structlog
from werkzeug.wsgi import ClosingIterator

Wsgi = Callable[..., Iterable[bytes]]

log = structlog.get_logger(__name__)

#: Launch tokens and grants stand in paths, and are long. Ids are UUIDs, and may be told.
_LONG = re.compile(r"[A-Za-z0-9_~+=-]{32,}")


class AccessLog:
    """WSGI: writes method, path, status, milliseconds, client address and request id when an answer is complete.

    Queries are left out, and long segments of a path that are no UUID: they may be secrets.
    """

    def __init__(self, application: Wsgi) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        begin = time.perf_counter()
        told: dict[str, Any] = {}

        def note(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            told["status"] = int(status[:3])
            told["request_id"] = next((value for name, value in headers if name == "X-Request-Id"), None)
            return start_response(status, headers, *more)

        def write() -> None:
            log.info(
                "request",
                method=environ["REQUEST_METHOD"],
                host=environ.get("HTTP_HOST", ""),
                path=without_secrets(environ["PATH_INFO"]),
                status=told.get("status"),
                ms=round((time.perf_counter() - begin) * 1000, 1),
                address=environ.get("REMOTE_ADDR"),
                **({"request_id": told["request_id"]} if told.get("request_id") else {}),
            )

        body = self._application(environ, note)
        if isinstance(body, list):  # Sent in one piece, without a close.
            write()
            return body
        return ClosingIterator(body, write)


def without_secrets(path: str) -> str:
    """The path with an ellipsis in place of each long segment that is no UUID."""
    return "/".join("…" if _is_secret(segment) else segment for segment in path.split("/"))


def _is_secret(segment: str) -> bool:
    if _LONG.search(segment) is None:
        return False
    try:
        return str(UUID(segment)) != segment.lower()
    except ValueError:
        return True
