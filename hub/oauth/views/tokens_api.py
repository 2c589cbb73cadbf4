"""/api/v1/tokens: one's own personal access tokens, and /api/v1/users/{user_id}/tokens, for who administers people."""

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask.views import MethodView
from marshmallow import fields, validate

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint, made
from hub.http.fields import Moment
from hub.oauth.scopes import SCOPES
from hub.oauth.services.personal_tokens import LONGEST_DAYS, PersonalTokens
from hub.oauth.services.users import Users

_SCOPE = fields.String(validate=validate.OneOf(list(SCOPES)), metadata={"example": "packages:read"})


class NewTokenSchema(ma.Schema):
    """A personal access token to make: what it is for, what it may do, and how many days it works."""

    name = fields.String(required=True, metadata={"example": "Nightly report"})
    scopes = fields.List(_SCOPE, required=True)
    days = fields.Integer(
        load_default=90, strict=True, validate=validate.Range(1, LONGEST_DAYS), metadata={"example": 90}
    )


class TokenSchema(ma.Schema):
    """A personal access token without itself."""

    id = fields.UUID()
    name = fields.String(metadata={"example": "Nightly report"})
    scopes = fields.List(fields.String())
    created_at = Moment()
    expires_at = Moment()
    last_used_at = Moment(allow_none=True, metadata={"description": "To the minute"})


class MadeTokenSchema(TokenSchema):
    """A personal access token with itself, which is not shown again."""

    token = fields.String(metadata={"example": "hub_pat_…"})


tokens_api = ApiBlueprint(
    "tokens", __name__, url_prefix=f"{PREFIX}/tokens", description="Personal access tokens, for scripts of one's own"
)
people_tokens_api = ApiBlueprint(
    "tokens of people", __name__, url_prefix=f"{PREFIX}/users", description="Personal access tokens of anybody"
)


@tokens_api.route("")
class TokenList(MethodView):
    """One's own tokens."""

    @action("tokens.read")
    @tokens_api.response(200, TokenSchema(many=True))
    def get(self) -> Any:
        """List one's own personal access tokens

        Those that are still good, newest first. A client that acts for itself has none.
        """
        return service(PersonalTokens).list(principal())

    @action("tokens.write")
    @tokens_api.arguments(NewTokenSchema)
    @tokens_api.response(201, MadeTokenSchema)
    def post(self, wanted: dict[str, Any]) -> Response:
        """Make a personal access token

        It is in this answer and nowhere else. A token gives no other token more than it may do itself.
        """
        known, secret = service(PersonalTokens).create(principal(), **wanted)
        return made({**TokenSchema().dump(known), "token": secret}, f"{PREFIX}/tokens/{known.id}")


@tokens_api.route("/<uuid:token_id>")
class OneToken(MethodView):
    """One of one's own tokens."""

    @action("tokens.read")
    @tokens_api.response(200, TokenSchema)
    def get(self, token_id: UUID) -> Any:
        """Read a personal access token"""
        return service(PersonalTokens).get(principal(), token_id)

    @action("tokens.write")
    @tokens_api.response(204)
    def delete(self, token_id: UUID) -> None:
        """Revoke a personal access token

        It stops working within a second, also the one that asks.
        """
        service(PersonalTokens).revoke(principal(), token_id)


@people_tokens_api.route("/<uuid:user_id>/tokens")
class PersonTokens(MethodView):
    """The tokens of somebody."""

    @action("users.read")
    @people_tokens_api.response(200, TokenSchema(many=True))
    def get(self, user_id: UUID) -> Any:
        """List the personal access tokens of a user

        Those that are still good, newest first.
        """
        person = service(Users).get(principal(), user_id)
        return service(PersonalTokens).of_person(principal(), person.id)


@people_tokens_api.route("/<uuid:user_id>/tokens/<uuid:token_id>")
class OnePersonToken(MethodView):
    """A token of somebody."""

    @action("users.write")
    @people_tokens_api.response(204)
    def delete(self, user_id: UUID, token_id: UUID) -> None:
        """Revoke a personal access token of a user

        It stops working within a second.
        """
        service(PersonalTokens).revoke_of_person(principal(), user_id, token_id)
