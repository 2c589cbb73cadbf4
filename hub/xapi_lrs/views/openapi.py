"""The LRS described as OpenAPI 3.1, made of the same tables that judge its requests."""

from typing import Any

import orjson
from flask import Blueprint, Response

from hub import __version__
from hub.http import public
from hub.oauth.scopes import scopes_allowing
from hub.xapi_lrs.spec import documents, query
from hub.xapi_lrs.spec.documents import ACTIVITY_PROFILE, AGENT_PROFILE, STATE, Resource

_JSON = "application/json"
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_VERSION = {
    "name": "X-Experience-API-Version",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "enum": ["1.0.3", "2.0.0"]},
}
_FORMATS: dict[str, dict[str, Any]] = {
    "statementId": {"format": "uuid"},
    "voidedStatementId": {"format": "uuid"},
    "registration": {"format": "uuid"},
    "since": {"format": "date-time"},
    "until": {"format": "date-time"},
    "related_activities": {"enum": ["true", "false"]},
    "related_agents": {"enum": ["true", "false"]},
    "ascending": {"enum": ["true", "false"]},
    "attachments": {"enum": ["true", "false"]},
    "format": {"enum": list(query.FORMATS)},
    "limit": {"pattern": "^[0-9]{1,9}$"},
    "verb": {"format": "iri"},
    "activity": {"format": "iri"},
    "activityId": {"format": "iri"},
}
_OBJECT = {"type": "object"}


@public
def get_openapi() -> Response:
    """The description of this LRS."""
    return Response(_BODY, content_type=_JSON)


def add_to(blueprint: Blueprint) -> None:
    """Put the description on the blueprint."""
    blueprint.add_url_rule("/openapi.json", view_func=get_openapi, methods=["GET"])


def description() -> dict[str, Any]:
    """The OpenAPI document."""
    paths = {
        "/xapi/about": {"get": _operation("Which versions are supported", None, [], needs_version=False)},
        "/xapi/statements": _statements(),
        "/xapi/activities": {"get": _operation("Read an activity", "statements.read_mine", [_needed("activityId")])},
        "/xapi/agents": {"get": _operation("Read the Person of an agent", "statements.read_mine", [_needed("agent")])},
        "/xapi/activities/state": _documents(STATE, "state"),
        "/xapi/activities/profile": _documents(ACTIVITY_PROFILE, "profile"),
        "/xapi/agents/profile": _documents(AGENT_PROFILE, "profile"),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Standards Hub LRS", "version": __version__},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "schemas": {"Statement": _STATEMENT, "Problem": _OBJECT},
        },
    }


_STATEMENT = {
    "type": "object",
    "required": ["actor", "verb", "object"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "actor": {
            "type": "object",
            "required": ["mbox"],
            "properties": {"mbox": {"type": "string", "pattern": "^mailto:[a-z]+@[a-z]+$"}, "name": {"type": "string"}},
        },
        "verb": {
            "type": "object",
            "required": ["id"],
            "properties": {"id": {"type": "string", "pattern": "^http://[a-z]+$"}, "display": _OBJECT},
        },
        "object": {
            "type": "object",
            "required": ["id"],
            "properties": {"id": {"type": "string", "pattern": "^http://[a-z]+$"}, "definition": _OBJECT},
        },
        "result": _OBJECT,
        "context": _OBJECT,
        "timestamp": {"type": "string", "format": "date-time"},
        "attachments": {"type": "array", "items": _OBJECT},
    },
}


def _statements() -> dict[str, Any]:
    one = {"$ref": "#/components/schemas/Statement"}
    several = {"oneOf": [one, {"type": "array", "items": one}]}
    put = _operation("Store a statement under an id", "statements.write", [_needed("statementId")], one)
    get = _operation("Find statements", "statements.read_mine", [_parameter(name) for name in query.PARAMETERS])
    return {"get": get, "post": _operation("Store statements", "statements.write", [], several), "put": put}


def _documents(resource: Resource, noun: str) -> dict[str, Any]:
    methods = {"get": "Read", "put": "Store", "post": "Merge", "delete": "Remove"}
    described = {}
    for method, word in methods.items():
        needed = documents.needed(resource, method.upper())
        allowed = sorted(documents.allowed(resource, method.upper()))
        parameters = [_parameter(name, is_needed=name in needed) for name in allowed]
        kind = "read" if method == "get" else "write"
        body = _OBJECT if method in ("put", "post") else None
        described[method] = _operation(f"{word} a {resource.name} document", f"{noun}.{kind}", parameters, body)
    return described


def _operation(
    summary: str,
    action: str | None,
    parameters: list[dict[str, Any]],
    body: dict[str, Any] | None = None,
    *,
    needs_version: bool = True,
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": summary,
        "parameters": [*([_VERSION] if needs_version else []), *parameters],
        "responses": {"2XX": {"description": "Done"}, "default": {"description": "Refused", "content": _PROBLEM}},
    }
    if action is not None:
        described["security"] = [{"basic": []}, {"bearer": []}]
        described["description"] = f"Scopes: {', '.join(scopes_allowing(action))}."
    if body is not None:
        described["requestBody"] = {"required": True, "content": {_JSON: {"schema": body}}}
    return described


def _needed(name: str) -> dict[str, Any]:
    return _parameter(name, is_needed=True)


def _parameter(name: str, *, is_needed: bool = False) -> dict[str, Any]:
    schema = {"type": "string", **_FORMATS.get(name, {})}
    return {"name": name, "in": "query", "required": is_needed, "schema": schema}


_BODY = orjson.dumps(description())
