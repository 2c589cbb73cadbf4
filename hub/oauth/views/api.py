"""/api/v1/clients, /api/v1/users and /api/v1/audit-events."""

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask.views import MethodView
from marshmallow import fields, validate

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint, made
from hub.http.fields import Moment
from hub.http.paging import PageArguments, listed, time_and_id
from hub.identity import ROLES
from hub.oauth.scopes import OF_CLIENTS, SCOPES
from hub.oauth.services.accounts import Accounts
from hub.oauth.services.audit_log import AuditFilter, AuditLog
from hub.oauth.services.clients import AUTHENTICATIONS, GRANTS, Client, Clients, NewClient
from hub.oauth.services.post import LANGUAGE
from hub.oauth.services.second_factors import SecondFactors
from hub.oauth.services.users import NewPerson, Person, Users

_OFFERED = [name for name, scope in SCOPES.items() if scope.family in OF_CLIENTS]
_SCOPE = fields.String(validate=validate.OneOf(_OFFERED), metadata={"example": "statements/read"})
_ROLE = fields.String(validate=validate.OneOf(list(ROLES)), metadata={"example": "author"})


class NewClientSchema(ma.Schema):
    """A client to make. `store` names the LRS store that its tokens reach (none: the default store)."""

    name = fields.String(required=True, metadata={"example": "Reports"})
    scopes = fields.List(_SCOPE, required=True)
    grants = fields.List(
        fields.String(validate=validate.OneOf(list(GRANTS))), load_default=lambda: ["client_credentials"]
    )
    authentication = fields.String(
        load_default="secret",
        validate=validate.OneOf(list(AUTHENTICATIONS)),
        metadata={"description": "How it proves who it is; private_key_jwt needs `jwks`"},
    )
    redirect_uris = fields.List(
        fields.String(),
        load_default=list,
        metadata={"description": "Where a person comes back to; compared exactly", "example": []},
    )
    jwks = fields.Dict(load_default=None, allow_none=True, metadata={"description": "Public keys (RFC 7517)"})
    store = fields.String(load_default=None, allow_none=True, metadata={"example": "default"})


class ClientSchema(ma.Schema):
    """A client without its secret."""

    client_id = fields.String()
    name = fields.String()
    grants = fields.List(fields.String())
    scopes = fields.List(fields.String())
    authentication = fields.String()
    redirect_uris = fields.List(fields.String())
    store_id = fields.UUID(allow_none=True)
    created_at = Moment()
    last_used_at = Moment(allow_none=True)
    revoked_at = Moment(allow_none=True)


class MadeClientSchema(ClientSchema):
    """A client with its secret, which is not shown again."""

    client_secret = fields.String(allow_none=True)


class UserArguments(PageArguments):
    """What a listing of users is narrowed to."""

    q = fields.String(load_default="", metadata={"description": "Part of a name or address"})


class NewUserSchema(ma.Schema):
    """A user to make; without a password one is made and shown once."""

    email = fields.String(required=True, metadata={"example": "author@school.example"})
    name = fields.String(required=True, metadata={"example": "A. Author"})
    roles = fields.List(_ROLE, required=True)
    password = fields.String(load_default=None, allow_none=True)
    invite_in = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(["en", "de"]),
        metadata={"description": "Language of an e-mail by which they choose the password instead"},
    )


class UserSchema(ma.Schema):
    """Someone who signs in to the console."""

    id = fields.UUID()
    email = fields.String()
    email_verified_at = Moment(allow_none=True)
    name = fields.String()
    roles = fields.List(fields.String())
    is_active = fields.Boolean()
    created_at = Moment()
    last_sign_in_at = Moment(allow_none=True)


class MadeUserSchema(UserSchema):
    """A user with the password that was made, if none was given."""

    password = fields.String(allow_none=True)


class UserInvitationSchema(ma.Schema):
    """How a user is invited."""

    language = fields.String(
        load_default=LANGUAGE,
        validate=validate.OneOf(["en", "de"]),
        metadata={"description": "Language of the e-mail", "example": "de"},
    )


class MadePasswordSchema(ma.Schema):
    """A password that was made."""

    password = fields.String(metadata={"example": "4oWDzltAFJIFP03MQNk-"})


class UserChangeSchema(ma.Schema):
    """A JSON Merge Patch (RFC 7396)."""

    name = fields.String()
    roles = fields.List(_ROLE)
    is_active = fields.Boolean()


class AuditArguments(PageArguments):
    """What a listing of events is narrowed to; times are [since, until)."""

    action = fields.String(load_default="", metadata={"description": "The action or its beginning", "example": "user"})
    actor = fields.String(load_default="", metadata={"description": "Part of the actor's name"})
    since = fields.AwareDateTime(load_default=None)
    until = fields.AwareDateTime(load_default=None)


class AuditEventSchema(ma.Schema):
    """Who did what on what, from where."""

    id = fields.UUID()
    at = Moment()
    actor_kind = fields.String()
    actor_id = fields.String()
    actor_name = fields.String()
    action = fields.String()
    target = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    request_id = fields.String(allow_none=True)
    details = fields.Dict()


clients_api = ApiBlueprint(
    "clients", __name__, url_prefix=f"{PREFIX}/clients", description="Programs that get access tokens"
)
users_api = ApiBlueprint("users", __name__, url_prefix=f"{PREFIX}/users", description="People who sign in")
audit_api = ApiBlueprint("audit events", __name__, url_prefix=f"{PREFIX}/audit-events", description="Who did what")


@clients_api.route("")
class ClientList(MethodView):
    """All clients."""

    @action("clients.read")
    @clients_api.response(200, ClientSchema(many=True))
    def get(self) -> Any:
        """List clients

        Those in use first, then by name; revoked ones are kept.
        """
        return service(Clients).list(principal())

    @action("clients.write")
    @clients_api.arguments(NewClientSchema)
    @clients_api.response(201, MadeClientSchema)
    def post(self, wanted: dict[str, Any]) -> Response:
        """Make a client

        The secret is in this answer and nowhere else. Nobody gives a client more than they may do themselves.
        """
        client, secret = service(Clients).create(principal(), NewClient(**wanted))
        document = {**ClientSchema().dump(client), "client_secret": secret}
        return made(document, f"{PREFIX}/clients/{client.client_id}")


@clients_api.route("/<string:client_id>")
class OneClient(MethodView):
    """One client."""

    @action("clients.read")
    @clients_api.response(200, ClientSchema)
    def get(self, client_id: str) -> Client:
        """Read a client"""
        return service(Clients).get(principal(), client_id)

    @action("clients.write")
    @clients_api.response(200, ClientSchema)
    def delete(self, client_id: str) -> Client:
        """Revoke a client

        It gets no more tokens, and those it has stop working within a second. The client stays in the listing.
        """
        return service(Clients).revoke(principal(), client_id)


@users_api.route("")
class UserList(MethodView):
    """All users."""

    @action("users.read")
    @users_api.arguments(UserArguments, location="query")
    @users_api.response(200, UserSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> Response:
        """List users

        By e-mail address.
        """
        return listed(
            wanted,
            lambda after, limit: service(Users).list(principal(), wanted["q"], after[0] if after else None, limit),
            lambda person: [person.email],
            UserSchema,
        )

    @action("users.write")
    @users_api.arguments(NewUserSchema)
    @users_api.response(201, MadeUserSchema)
    def post(self, wanted: dict[str, Any]) -> Response:
        """Make a user

        Without a password one is made; it is in this answer and nowhere else.
        """
        person, password = service(Users).create(principal(), NewPerson(**wanted))
        return made({**UserSchema().dump(person), "password": password}, f"{PREFIX}/users/{person.id}")


@users_api.route("/<uuid:user_id>")
class OneUser(MethodView):
    """One user."""

    @action("users.read")
    @users_api.response(200, UserSchema)
    def get(self, user_id: UUID) -> Person:
        """Read a user"""
        return service(Users).get(principal(), user_id)

    @action("users.write")
    @users_api.arguments(UserChangeSchema)
    @users_api.response(200, UserSchema)
    def patch(self, wanted: dict[str, Any], user_id: UUID) -> Person:
        """Change a user

        What is taken away is gone at once, in open sessions too. The last administrator stays.
        """
        return service(Users).change(principal(), user_id, **wanted)


@users_api.route("/<uuid:user_id>/invitation")
class UserInvitation(MethodView):
    """An e-mail with a link to choose a password."""

    @action("users.write")
    @users_api.arguments(UserInvitationSchema)
    @users_api.response(202)
    def post(self, wanted: dict[str, Any], user_id: UUID) -> None:
        """Send a user a link to choose a password

        The first one or another. It comes by e-mail and works once; where the Hub sends no mail, this is refused (422).
        """
        service(Accounts).invite(principal(), user_id, wanted["language"])


@users_api.route("/<uuid:user_id>/password")
class UserPassword(MethodView):
    """The password of a user."""

    @action("users.write")
    @users_api.response(200, MadePasswordSchema)
    def post(self, user_id: UUID) -> tuple[dict[str, str | None], dict[str, str]]:
        """Make a new password for a user

        It is in this answer and nowhere else. Their sessions and what they allowed to programs end at once.
        """
        made = service(Users).reset_password(principal(), user_id)
        return {"password": made}, {"Cache-Control": "no-store"}


@users_api.route("/<uuid:user_id>/second-factors")
class UserSecondFactors(MethodView):
    """What a user signs in by beside the password."""

    @action("users.write")
    @users_api.response(204)
    def delete(self, user_id: UUID) -> None:
        """Remove authenticator, passkeys and recovery codes of a user

        For someone who lost them all: their password alone is enough again. Be sure who asks.
        """
        service(Users).require_over(principal(), user_id)
        service(SecondFactors).remove(principal(), user_id)


@audit_api.route("")
class AuditList(MethodView):
    """The audit log."""

    @action("audit.read")
    @audit_api.arguments(AuditArguments, location="query")
    @audit_api.response(200, AuditEventSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> Response:
        """List audit events

        Newest first.
        """
        filters = AuditFilter(wanted["action"], wanted["actor"], wanted["since"], wanted["until"])
        return listed(
            wanted,
            lambda after, limit: service(AuditLog).list(principal(), filters, time_and_id(after), limit),
            lambda event: [event.at.isoformat(), str(event.id)],
            AuditEventSchema,
        )
