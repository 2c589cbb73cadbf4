"""State, Agent Profile and Activity Profile resources (Communication 2.3, 2.6, 2.7)."""

from flask import Blueprint, Response, g, request
from werkzeug.http import http_date

from hub.http import action, principal, service
from hub.xapi_lrs.services.documents import Documents
from hub.xapi_lrs.spec import documents as rules
from hub.xapi_lrs.spec.documents import ACTIVITY_PROFILE, AGENT_PROFILE, STATE, Address, Preconditions, Resource
from hub.xapi_lrs.spec.reading import Limits
from hub.xapi_lrs.views.answers import tagged
from hub.xapi_lrs.views.body import read_body
from hub.xapi_lrs.views.parameters import parameters

_ADDRESSES = (
    ("/activities/state", STATE, "state"),
    ("/activities/profile", ACTIVITY_PROFILE, "profile"),
    ("/agents/profile", AGENT_PROFILE, "profile"),
)


def add_to(blueprint: Blueprint) -> None:
    """Put the three resources on the blueprint."""
    for path, resource, noun in _ADDRESSES:
        view = _DocumentViews(resource)
        name = resource.name.replace(" ", "_")
        for method, verb, run in (
            ("GET", "read", view.get),
            ("PUT", "write", view.put),
            ("POST", "write", view.post),
            ("DELETE", "write", view.delete),
        ):
            declared = action(f"{noun}.{verb}")(lambda run=run: run())
            blueprint.add_url_rule(path, f"{method.lower()}_{name}", declared, methods=[method])


class _DocumentViews:
    """One resource's four methods."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    def get(self) -> Response:
        """One document, or the ids of all."""
        address = self._address("GET")
        if address.name is None:
            listed = service(Documents).list(principal(), address)
            response = tagged(rules.listing(list(listed.names)))
            if listed.updated_at is not None:
                response.headers["Last-Modified"] = http_date(listed.updated_at)
            return response
        found = service(Documents).get(principal(), address)
        is_known = rules.is_unchanged(request.headers.get("If-None-Match"), found.etag)
        response = Response(status=304) if is_known else Response(found.content, content_type=found.content_type)
        response.headers["ETag"] = found.etag
        response.headers["Last-Modified"] = http_date(found.updated_at)
        return response

    def put(self) -> Response:
        """Store a document."""
        address = self._address("PUT")
        guard = rules.guard_of(self._resource, g.xapi_version)
        service(Documents).put(principal(), address, _content(), _content_type(), _preconditions(), guard)
        return Response(status=204)

    def post(self) -> Response:
        """Store a document or merge it into what is there."""
        address = self._address("POST")
        service(Documents).post(principal(), address, _content(), _content_type(), _preconditions())
        return Response(status=204)

    def delete(self) -> Response:
        """Remove one document, or all states."""
        service(Documents).delete(principal(), self._address("DELETE"), _preconditions())
        return Response(status=204)

    def _address(self, method: str) -> Address:
        return rules.address_of(self._resource, method, parameters())


def _content() -> bytes:
    return read_body(service(Limits).document_bytes)


def _content_type() -> str:
    return request.headers.get("Content-Type") or "application/octet-stream"


def _preconditions() -> Preconditions:
    return Preconditions(request.headers.get("If-Match"), request.headers.get("If-None-Match"))
