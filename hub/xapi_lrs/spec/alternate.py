"""Alternate request syntax: a POST form that stands for another request (Communication 1.3; not in 2.0)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.errors import Invalid, Violation

_METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")

#: Form parameters that stand for headers; all others but `content` stand for query parameters.
_HEADERS = (
    "Authorization",
    "X-Experience-API-Version",
    "Content-Type",
    "Content-Length",
    "If-Match",
    "If-None-Match",
)
_BY_FOLDED_NAME = {name.lower(): name for name in _HEADERS}


@dataclass(frozen=True, slots=True)
class Meant:
    """The request that is meant: `content` None where the form had none."""

    method: str
    headers: dict[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    content: bytes | None = None


def meant(query: Mapping[str, list[str]], form: Mapping[str, list[str]]) -> Meant:
    """The request that a query of `method` and a form mean; 400 for anything that does not belong there."""
    method = query["method"][0]
    if method not in _METHODS or len(query["method"]) > 1:
        raise _refused("method", "must be one of the methods", method)
    extra = [name for name in query if name != "method"]
    if extra:
        raise _refused(extra[0], "must be a form parameter: the query takes method alone")
    result = Meant(method, content=_content(form, method))
    for name, texts in form.items():
        if len(texts) > 1:
            raise _refused(name, "must not come more than once")
        header = _BY_FOLDED_NAME.get(name.lower())
        if header is not None:
            result.headers[header] = texts[0]
        elif name != "content":
            result.query.append((name, texts[0]))
    return result


def _content(form: Mapping[str, list[str]], method: str) -> bytes | None:
    if "content" in form:
        return form["content"][0].encode("utf-8", "surrogatepass")
    if method in ("PUT", "POST"):
        raise _refused("content", "is required where the request has content")
    return None


def _refused(where: str, message: str, found: str | None = None) -> Invalid:
    fault = Violation("Communication 1.3", where, message, found)
    return Invalid(
        f"The request that is meant is not valid: {where} {message}.", code="invalid_request", violations=[fault]
    )
