"""/api/v1/tenants: for those who run the Hub, by a personal access token of a super administrator."""

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask.views import MethodView
from marshmallow import fields

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint, made
from hub.http.fields import Moment
from hub.http.paging import PageArguments, listed
from hub.http.revisions import etag, wanted_revision
from hub.oauth.services.tenant_removal import RemovalView, TenantRemovals
from hub.oauth.services.tenants import Tenants, TenantView

tenants_api = ApiBlueprint(
    "tenants_api", __name__, url_prefix=f"{PREFIX}/tenants", description="Separate worlds of data, for who runs the Hub"
)


class TenantArguments(PageArguments):
    """What a listing of tenants is narrowed to."""

    q = fields.String(load_default="", metadata={"description": "Part of a name or short name"})


class NewTenantSchema(ma.Schema):
    """A tenant to make."""

    slug = fields.String(
        required=True,
        metadata={
            "example": "hillside",
            "description": "Short name: lower-case letters, digits and hyphens. It stands in addresses and stays",
        },
    )
    name = fields.String(
        load_default="", metadata={"example": "Hillside School", "description": "What people read; else the short name"}
    )


class TenantChangesSchema(ma.Schema):
    """A JSON Merge Patch (RFC 7396)."""

    name = fields.String(metadata={"example": "Hillside School"})
    is_suspended = fields.Boolean(
        metadata={"example": False, "description": "Suspended, nobody gets in; nothing is lost"}
    )


class RemovalArguments(ma.Schema):
    """What keeps a tenant from being removed by mistake."""

    confirm = fields.String(
        required=True, metadata={"example": "hillside", "description": "The short name of the tenant, once more"}
    )


class RemovalSchema(ma.Schema):
    """The removal of a tenant."""

    tenant_id = fields.UUID()
    slug = fields.String(metadata={"example": "hillside"})
    name = fields.String(metadata={"example": "Hillside School"})
    state = fields.String(metadata={"example": "running", "description": "queued, running or done"})
    progress = fields.Integer(metadata={"example": 40, "description": "Per cent"})
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={"example": {"registration": 1200, "objects": 310}, "description": "Rows by table, and objects"},
    )
    requested_by = fields.String(metadata={"example": "R. Root"})
    created_at = Moment()
    finished_at = Moment(allow_none=True)


class TenantSchema(ma.Schema):
    """A tenant."""

    id = fields.UUID()
    slug = fields.String(metadata={"example": "hillside"})
    name = fields.String(metadata={"example": "Hillside School"})
    is_suspended = fields.Boolean(metadata={"example": False})
    suspended_at = Moment(allow_none=True)
    created_at = Moment()


Answer = tuple[TenantView, dict[str, str]]


def _with_etag(tenant: TenantView) -> Answer:
    return tenant, etag(tenant.revision)


@tenants_api.route("")
class TenantList(MethodView):
    """All tenants."""

    @action("tenants.read")
    @tenants_api.arguments(TenantArguments, location="query")
    @tenants_api.response(200, TenantSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> Response:
        """List tenants

        By short name.
        """
        return listed(
            wanted,
            lambda after, limit: service(Tenants).page(principal(), wanted["q"], after[0] if after else None, limit),
            lambda tenant: [tenant.slug],
            TenantSchema,
        )

    @action("tenants.write")
    @tenants_api.arguments(NewTenantSchema)
    @tenants_api.response(201, TenantSchema)
    def post(self, wanted: dict[str, Any]) -> Response:
        """Make a tenant

        It has nobody yet: work in it, in the console, to add its first administrator.
        """
        tenant = service(Tenants).create(wanted["slug"], wanted["name"] or wanted["slug"], principal())
        response = made(TenantSchema().dump(tenant), f"{PREFIX}/tenants/{tenant.id}")
        response.headers.extend(etag(tenant.revision))
        return response


@tenants_api.route("/<uuid:tenant_id>")
class OneTenant(MethodView):
    """One tenant."""

    @action("tenants.read")
    @tenants_api.response(200, TenantSchema)
    def get(self, tenant_id: UUID) -> Answer:
        """Read a tenant

        The ETag changes with everything that is told here.
        """
        return _with_etag(service(Tenants).get(principal(), tenant_id))

    @action("tenants.write")
    @tenants_api.arguments(TenantChangesSchema)
    @tenants_api.response(200, TenantSchema)
    def patch(self, wanted: dict[str, Any], tenant_id: UUID) -> Answer:
        """Rename, suspend or reopen a tenant

        With If-Match nothing is changed that somebody else changed meanwhile (412).
        """
        return _with_etag(service(Tenants).change(principal(), tenant_id, **wanted, revision=wanted_revision()))

    @action("tenants.remove")
    @tenants_api.arguments(RemovalArguments, location="query")
    @tenants_api.response(202, RemovalSchema)
    def delete(self, wanted: dict[str, Any], tenant_id: UUID) -> tuple[RemovalView, int, dict[str, str]]:
        """Remove a suspended tenant

        With all that it has: people, packages, statements, files. It cannot be undone; only the audit log stays. 409
        unless the tenant is suspended. Follow the Location until the state is `done`.
        """
        begun = service(TenantRemovals).begin(principal(), tenant_id, wanted["confirm"])
        return begun, 202, {"Location": f"{PREFIX}/tenants/{tenant_id}/removal"}


@tenants_api.route("/<uuid:tenant_id>/removal")
class RemovalOfTenant(MethodView):
    """How far the removal of a tenant is."""

    @action("tenants.read")
    @tenants_api.response(200, RemovalSchema)
    def get(self, tenant_id: UUID) -> RemovalView:
        """Read the removal of a tenant

        Also when the tenant is long gone: what was removed, when, and who asked for it.
        """
        return service(TenantRemovals).get(principal(), tenant_id)
