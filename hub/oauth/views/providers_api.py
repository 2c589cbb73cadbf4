"""/api/v1/identity-providers."""

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask.views import MethodView
from marshmallow import fields, validate

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint, made
from hub.identity import ROLES
from hub.oauth.services.providers import NewProvider, Providers, ProviderView
from hub.oauth.services.single_sign_on import SingleSignOn
from hub.oauth.spec.providers import KINDS

_ROLE = fields.String(validate=validate.OneOf(list(ROLES)), metadata={"example": "author"})
_ISSUER = {"example": "https://login.school.example/realms/staff"}
_DOMAINS = {"description": "Of e-mail addresses that may come; empty for all", "example": "school.example"}
_RULES = {"description": "Lines of CLAIM=VALUE -> ROLE", "example": "groups=authors -> author"}


class NewProviderSchema(ma.Schema):
    """An identity provider to register. `rules` are lines of CLAIM=VALUE -> ROLE."""

    kind = fields.String(load_default="oidc", validate=validate.OneOf(list(KINDS)))
    name = fields.String(required=True, metadata={"example": "School login"})
    issuer = fields.String(required=True, metadata=_ISSUER)
    client_id = fields.String(required=True, metadata={"example": "standards-hub"})
    client_secret = fields.String(required=True)
    domains = fields.String(load_default="", metadata=_DOMAINS)
    default_roles = fields.List(_ROLE, load_default=list)
    rules = fields.String(load_default="", metadata=_RULES)
    makes_accounts = fields.Boolean(load_default=True)
    is_active = fields.Boolean(load_default=True)


class ProviderChangeSchema(ma.Schema):
    """A JSON Merge Patch (RFC 7396): what is not named stays, the secret too."""

    name = fields.String(metadata={"example": "School login"})
    issuer = fields.String(metadata={"description": "Only while nobody came by it", "example": _ISSUER["example"]})
    client_id = fields.String()
    client_secret = fields.String()
    domains = fields.String(metadata=_DOMAINS)
    default_roles = fields.List(_ROLE)
    rules = fields.String(metadata=_RULES)
    makes_accounts = fields.Boolean()
    is_active = fields.Boolean(metadata={"description": "Whether people may sign in by it", "example": False})


class ProviderSchema(ma.Schema):
    """An identity provider without its secret, and the addresses of the Hub that it is given."""

    id = fields.UUID()
    kind = fields.String()
    name = fields.String()
    issuer = fields.String()
    client_id = fields.String()
    domains = fields.List(fields.String())
    default_roles = fields.List(fields.String())
    rules = fields.String(attribute="rules_text")
    makes_accounts = fields.Boolean()
    is_active = fields.Boolean()
    return_address = fields.Function(
        lambda one: service(SingleSignOn).return_address(one), metadata={"type": "string", "format": "uri"}
    )
    back_channel_logout = fields.Function(
        lambda one: service(SingleSignOn).logout_addresses(one.id)[0], metadata={"type": "string", "format": "uri"}
    )
    front_channel_logout = fields.Function(
        lambda one: service(SingleSignOn).logout_addresses(one.id)[1], metadata={"type": "string", "format": "uri"}
    )


class ProviderCheckSchema(ma.Schema):
    """What a provider says of itself."""

    issuer = fields.String(metadata=_ISSUER)
    keys = fields.Integer(metadata={"description": "How many keys it publishes", "example": 2})
    ends_sessions = fields.Boolean(metadata={"description": "Whether people can sign out there from the Hub"})


providers_api = ApiBlueprint(
    "identity providers", __name__, url_prefix=f"{PREFIX}/identity-providers", description="Where people sign in"
)


@providers_api.route("")
class ProviderList(MethodView):
    """All identity providers."""

    @action("providers.read")
    @providers_api.response(200, ProviderSchema(many=True))
    def get(self) -> Any:
        """List identity providers

        By name.
        """
        return service(Providers).list(principal())

    @action("providers.write")
    @providers_api.arguments(NewProviderSchema)
    @providers_api.response(201, ProviderSchema)
    def post(self, wanted: dict[str, Any]) -> Response:
        """Register an identity provider

        Its secret is kept encrypted and shown to nobody again. Give the provider the addresses in the answer.
        """
        known = service(Providers).create(principal(), NewProvider(**wanted))
        return made(ProviderSchema().dump(known), f"{PREFIX}/identity-providers/{known.id}")


@providers_api.route("/<uuid:provider_id>")
class OneProvider(MethodView):
    """One identity provider."""

    @action("providers.read")
    @providers_api.response(200, ProviderSchema)
    def get(self, provider_id: UUID) -> ProviderView:
        """Read an identity provider"""
        return service(Providers).get(principal(), provider_id)

    @action("providers.write")
    @providers_api.arguments(ProviderChangeSchema)
    @providers_api.response(200, ProviderSchema)
    def patch(self, wanted: dict[str, Any], provider_id: UUID) -> ProviderView:
        """Change an identity provider

        What was switched off signs nobody in until it is on again; open sessions go on. It takes every right that the
        provider gives to others.
        """
        return service(Providers).change(principal(), provider_id, **wanted)

    @action("providers.write")
    @providers_api.response(204)
    def delete(self, provider_id: UUID) -> None:
        """Remove an identity provider

        Accounts stay, but nobody signs in by it any more.
        """
        service(Providers).remove(principal(), provider_id)


@providers_api.route("/<uuid:provider_id>/check")
class ProviderConnection(MethodView):
    """The connection to an identity provider."""

    @action("providers.write")
    @providers_api.response(200, ProviderCheckSchema)
    def post(self, provider_id: UUID) -> Any:
        """Check the connection to an identity provider

        Fetches its discovery document and its keys; the refusal says why nobody could sign in. Whether client id and
        secret are right, only a sign-in tells.
        """
        return service(SingleSignOn).check(service(Providers).get(principal(), provider_id))
