"""Query parameters of the LRS's resources: each may come once."""

from collections.abc import Sequence

from flask import request

from hub.errors import Invalid, Violation


def parameters(known: Sequence[str] | None = None) -> dict[str, str]:
    """The query parameters; `Invalid` for one that comes twice or, where `known` is given, is not among them."""
    given = request.args.to_dict(flat=False)
    for name, texts in given.items():
        if len(texts) > 1:
            raise refused(name, "must not come more than once")
        if known is not None and name not in known:
            raise refused(name, "is not a parameter of this request")
    return {name: texts[0] for name, texts in given.items()}


def required(name: str) -> str:
    """The one parameter that the request takes and needs."""
    given = parameters((name,))
    if name not in given:
        raise refused(name, "is required")
    return given[name]


def refused(name: str, message: str, found: str | None = None) -> Invalid:
    """A refusal of one parameter."""
    fault = Violation("Communication 2", name, message, found[:200] if found else None)
    return Invalid("The query is not valid.", code="invalid_query", violations=[fault])
