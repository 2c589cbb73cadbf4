"""The run-time API of the player (JSON), on the content origin only.

Its credential is the token of one launch, in the Authorization header; a beacon, which cannot set headers, carries it
in its body.
"""

import json
from dataclasses import asdict
from typing import Any

import msgspec
from flask import Response, jsonify, request

from hub.errors import Invalid, Unauthenticated, Violation
from hub.http.access import public
from hub.http.context import service
from hub.scorm.services.runtime import Commit, CommitKind, Committed, Destination, Runtime
from hub.scorm.services.tokens import PlayerSession, PlayerTokens
from hub.scorm.spec.navigation import Request
from hub.scorm.spec.replay import Call, fault

#: Values of one commit: suspend_data of 64,000 characters several times over, and hundreds of interactions.
LARGEST_COMMIT = 2 * 1024 * 1024
_LARGEST_SEQUENCE = 2**31 - 1


class CommitBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the player sends for a commit; `token` only in a beacon. `calls` are for the replay, numbered on."""

    activity: str
    session: int
    base: int
    sequence: int
    kind: CommitKind
    values: dict[str, str]
    navigation: str = "_none_"
    token: str = ""
    calls: list[Call] = []
    calls_from: int = 1


class NavigationBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the player asks when the learner or content wants to go somewhere."""

    request: Request
    target: str | None = None
    current: str | None = None


@public
def commit() -> Response:
    """Take what content set. The answer is the same for a commit that comes twice."""
    body = _read(CommitBody)
    for name in ("session", "base", "sequence", "calls_from"):
        if not 0 <= getattr(body, name) <= _LARGEST_SEQUENCE:
            raise _bad_body(name, "must be a whole number of 31 bits")
    found = fault(body.calls)
    if found is not None:
        raise _bad_body(*found)
    taken = service(Runtime).commit(
        _player(body.token),
        Commit(
            activity=body.activity,
            session=body.session,
            base=body.base,
            sequence=body.sequence,
            kind=body.kind,
            values=body.values,
            navigation=body.navigation,
            calls=body.calls,
            calls_from=max(1, body.calls_from),
        ),
    )
    return _answer(taken)


@public
def navigate() -> Response:
    """Follow a navigation request; the answer holds the activity to show."""
    body = _read(NavigationBody)
    return _answer(service(Runtime).navigate(_player(), body.request, body.target, body.current))


def _player(token_in_body: str = "") -> PlayerSession:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = token_in_body
    if not token:
        raise Unauthenticated(
            "This needs the token of an opened player.", headers={"WWW-Authenticate": 'Bearer realm="player"'}
        )
    return service(PlayerTokens).read(token)


def _read(kind: type[Any]) -> Any:
    """The body as `kind`. The standard library's parser takes half surrogates, which content may well store."""
    request.max_content_length = LARGEST_COMMIT
    try:
        return msgspec.convert(json.loads(request.get_data()), kind)
    except msgspec.ValidationError as error:
        raise _bad_body("$", str(error)) from error
    except (ValueError, RecursionError) as error:
        raise Invalid("The body is not the JSON that is expected here.", code="bad_body") from error


def _bad_body(where: str, message: str) -> Invalid:
    return Invalid(
        "The body is not what is expected here.", code="bad_body", violations=[Violation("player", where, message)]
    )


def _answer(result: Committed | Destination) -> Response:
    response = jsonify(asdict(result))
    response.headers["Cache-Control"] = "no-store"
    return response
