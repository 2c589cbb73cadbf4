"""/api/v1/stores: stores, their credentials, and their statements as a download."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response, jsonify, request
from flask.views import MethodView
from marshmallow import fields, validate

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.fields import Moment
from hub.oauth.scopes import SCOPES
from hub.oauth.services.audit_log import AuditLog
from hub.xapi_lrs.services.attachments import Attachments
from hub.xapi_lrs.services.credentials import Credentials, CredentialView, IssuedCredential
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.spec import query as queries
from hub.xapi_lrs.spec import rows

_LRS_SCOPES = [scope.name for scope in SCOPES.values() if scope.family == "lrs"]
_SCOPE = fields.String(validate=validate.OneOf(_LRS_SCOPES), metadata={"example": "statements/write"})
_LIMIT = validate.Range(1, 1_000_000)
_FILTERS = ("agent", "verb", "activity", "registration", "related_activities", "related_agents", "since", "until")

#: How many statements are joined into one piece of a download.


class NewStoreSchema(ma.Schema):
    """A store to make."""

    name = fields.String(required=True, validate=validate.Length(1, 100), metadata={"example": "research"})


class StoreSchema(ma.Schema):
    """A Learning Record Store."""

    id = fields.UUID()
    name = fields.String()


class NewCredentialSchema(ma.Schema):
    """A credential to make."""

    name = fields.String(load_default="", metadata={"example": "Authoring tool"})
    scopes = fields.List(_SCOPE, required=True, validate=validate.Length(1))
    requests_per_minute = fields.Integer(load_default=None, allow_none=True, validate=_LIMIT)


class CredentialChangeSchema(ma.Schema):
    """A JSON Merge Patch (RFC 7396); null lifts the limit."""

    requests_per_minute = fields.Integer(required=True, allow_none=True, validate=_LIMIT)


class CredentialSchema(ma.Schema):
    """A credential without its secret."""

    id = fields.UUID()
    key = fields.String()
    name = fields.String()
    scopes = fields.List(fields.String())
    requests_per_minute = fields.Integer(allow_none=True)
    created_at = Moment()
    last_used_at = Moment(allow_none=True)
    revoked_at = Moment(allow_none=True)


class IssuedCredentialSchema(CredentialSchema):
    """A credential with its secret, which is not shown again."""

    secret = fields.String()


class CertificateSchema(ma.Schema):
    """One certificate of a signer's chain; `is_issued_by_next` is null for the last."""

    subject = fields.String()
    issuer = fields.String()
    not_before = fields.String()
    not_after = fields.String()
    fingerprint = fields.String(metadata={"description": "SHA-256 in hex"})
    is_issued_by_next = fields.Boolean(allow_none=True)


class SignatureSchema(ma.Schema):
    """A signature that fits its statement. That its chain holds together does not make its signer trusted."""

    sha2 = fields.String(metadata={"description": "The attachment that holds it"})
    algorithm = fields.String()
    chain = fields.List(fields.Nested(CertificateSchema))


class DownloadArguments(ma.Schema):
    """What a download holds: the filters of GET statements, and the format."""

    format = fields.String(load_default="jsonl", validate=validate.OneOf(["jsonl", "csv"]))
    agent = fields.String(metadata={"description": "An Agent or identified Group as JSON"})
    verb = fields.String()
    activity = fields.String()
    registration = fields.String()
    related_activities = fields.String()
    related_agents = fields.String()
    since = fields.String()
    until = fields.String()


stores_api = ApiBlueprint(
    "stores", __name__, url_prefix=f"{PREFIX}/stores", description="Learning Record Stores and their credentials"
)


@stores_api.route("")
class StoreList(MethodView):
    """All stores."""

    @action("stores.read")
    @stores_api.response(200, StoreSchema(many=True))
    def get(self) -> Any:
        """List stores

        By name.
        """
        return service(Stores).list(principal())

    @action("stores.write")
    @stores_api.arguments(NewStoreSchema)
    @stores_api.response(201, StoreSchema)
    def post(self, wanted: dict[str, Any]) -> Response:
        """Make a store"""
        made = service(Stores).create(principal(), wanted["name"])
        response = jsonify(StoreSchema().dump(made))
        response.status_code = 201
        response.headers["Location"] = f"{PREFIX}/stores/{made.id}"
        return response


@stores_api.route("/<uuid:store_id>")
class OneStore(MethodView):
    """One store."""

    @action("stores.read")
    @stores_api.response(200, StoreSchema)
    def get(self, store_id: UUID) -> Any:
        """Read a store"""
        return service(Stores).get(principal().tenant_id, store_id)


@stores_api.route("/<uuid:store_id>/credentials")
class CredentialList(MethodView):
    """The credentials of a store."""

    @action("stores.read")
    @stores_api.response(200, CredentialSchema(many=True))
    def get(self, store_id: UUID) -> Any:
        """List credentials

        Newest first; revoked ones are kept.
        """
        return service(Credentials).list(principal(), store_id)

    @action("stores.write")
    @stores_api.arguments(NewCredentialSchema)
    @stores_api.response(201, IssuedCredentialSchema)
    def post(self, wanted: dict[str, Any], store_id: UUID) -> Response:
        """Make a credential

        The secret is in this answer and nowhere else.
        """
        store = service(Stores).get(principal().tenant_id, store_id)
        issued = service(Credentials).create(
            principal(), store.name, wanted["scopes"], wanted["name"], wanted["requests_per_minute"]
        )
        return _issued(issued, 201)


@stores_api.route("/<uuid:store_id>/credentials/<uuid:credential_id>")
class OneCredential(MethodView):
    """One credential."""

    @action("stores.write")
    @stores_api.arguments(CredentialChangeSchema)
    @stores_api.response(200, CredentialSchema)
    def patch(self, wanted: dict[str, Any], store_id: UUID, credential_id: UUID) -> CredentialView:
        """Set or lift the rate limit of a credential"""
        return service(Credentials).limit(principal(), credential_id, wanted["requests_per_minute"])

    @action("stores.write")
    @stores_api.response(200, CredentialSchema)
    def delete(self, store_id: UUID, credential_id: UUID) -> CredentialView:
        """Revoke a credential

        It stops within a second. The credential stays in the listing.
        """
        return service(Credentials).revoke(principal(), credential_id)


@stores_api.route("/<uuid:store_id>/credentials/<uuid:credential_id>/rotate")
class CredentialRotation(MethodView):
    """A new secret for a credential."""

    @action("stores.write")
    @stores_api.response(200, IssuedCredentialSchema)
    def post(self, store_id: UUID, credential_id: UUID) -> Response:
        """Rotate a credential

        The old secret stops at once; the new one is in this answer and nowhere else.
        """
        return _issued(service(Credentials).rotate(principal(), credential_id), 200)


@stores_api.route("/<uuid:store_id>/statements")
class StatementDownload(MethodView):
    """Statements of a store as a file."""

    @action("statements.read")
    @stores_api.arguments(DownloadArguments, location="query")
    @stores_api.response(200, content_type="application/jsonl")
    def get(self, wanted: dict[str, Any], store_id: UUID) -> Response:
        """Download statements

        Every match, newest first, as JSON Lines or CSV; streamed, so a million rows need no memory.
        """
        store = service(Stores).get(principal().tenant_id, store_id)
        query = queries.parse({name: wanted[name] for name in _FILTERS if name in wanted})
        each = service(Statements).each(principal(), query, store_name=store.name)
        service(AuditLog).exported(principal(), f"statements.{wanted['format']}", request.path)
        if wanted["format"] == "csv":
            return download(rows.csv_lines(each), "text/csv; charset=utf-8", "statements.csv")
        return download(rows.json_lines(each), "application/jsonl; charset=utf-8", "statements.jsonl")


@stores_api.route("/<uuid:store_id>/statements/<uuid:statement_id>/signatures")
class StatementSignatures(MethodView):
    """The signatures of a statement."""

    @action("statements.read")
    @stores_api.response(200, SignatureSchema(many=True))
    def get(self, store_id: UUID, statement_id: UUID) -> Any:
        """List the signatures of a statement

        Each with the certificates that came with it, the signer's first.
        """
        store = service(Stores).get(principal().tenant_id, store_id)
        reader = replace(principal(), store_id=service(Stores).of(principal(), store.name).id)
        query = queries.StatementQuery(statement_id=str(statement_id))
        found = service(Statements).find_one(reader, query)
        return service(Attachments).signatures_of(reader, found.body)


def download(pieces: Iterator[bytes], content_type: str, filename: str) -> Response:
    """A streamed file."""
    response = Response(pieces, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _issued(issued: IssuedCredential, status: int) -> Response:
    response = jsonify({**CredentialSchema().dump(issued.credential), "secret": issued.secret})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
