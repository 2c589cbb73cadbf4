"""The authorization server's addresses: token endpoint, keys, metadata."""

from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from flask import Blueprint, Flask, Response, jsonify, request

from hub.errors import HubError
from hub.http import public, register_dialect, service
from hub.http.headers import content_security_policy
from hub.oauth.authlib_bridge import TokenAnswer, TokenRequest
from hub.oauth.services.single_sign_on import SingleSignOn
from hub.oauth.services.tokens import Tokens


def register_oauth(app: Flask) -> None:
    """Put the authorization server on the Hub's origin."""
    blueprint = Blueprint("oauth", __name__)
    blueprint.add_url_rule("/oauth/token", view_func=token, methods=["POST"])
    blueprint.add_url_rule("/oauth/revoke", view_func=revoke, methods=["POST"])
    blueprint.add_url_rule("/oauth/introspect", view_func=introspect, methods=["POST"])
    blueprint.add_url_rule("/oauth/device_authorization", view_func=begin_device, methods=["POST"])
    blueprint.add_url_rule("/oauth/jwks", view_func=jwks)
    there = "<uuid:provider_id>"
    blueprint.add_url_rule(f"/oauth/back-channel-logout/{there}", view_func=back_channel_logout, methods=["POST"])
    blueprint.add_url_rule(f"/oauth/front-channel-logout/{there}", view_func=front_channel_logout)
    blueprint.add_url_rule(f"/oauth/sign-in-answer/{there}", view_func=sign_in_answer, methods=["POST"])
    blueprint.add_url_rule("/.well-known/oauth-authorization-server", view_func=metadata)
    app.register_blueprint(blueprint)
    register_dialect(app, blueprint, _as_oauth)


@public
def token() -> Response:
    """RFC 6749 section 3.2. The client authenticates itself, so the endpoint is public."""
    return _answered(service(Tokens).answer(_asked()))


@public
def revoke() -> Response:
    """RFC 7009."""
    return _answered(service(Tokens).revoke(_asked()))


@public
def introspect() -> Response:
    """RFC 7662."""
    return _answered(service(Tokens).introspect(_asked()))


@public
def begin_device() -> Response:
    """RFC 8628 section 3.1."""
    return _answered(service(Tokens).begin_device(_asked()))


def _asked() -> TokenRequest:
    return TokenRequest(dict(request.headers), {name: request.form.getlist(name) for name in request.form})


def _answered(answer: TokenAnswer) -> Response:
    response = jsonify(answer.body)
    response.status_code = answer.status
    response.headers.extend((name, value) for name, value in answer.headers if name.lower() != "content-type")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@public
def back_channel_logout(provider_id: UUID) -> Response:
    """OpenID Connect Back-Channel Logout section 2.8: an identity provider ends sessions here."""
    service(SingleSignOn).back_channel_logout(provider_id, request.form.get("logout_token", ""))
    return Response(status=200, headers={"Cache-Control": "no-store"})


@public
def front_channel_logout(provider_id: UUID) -> Response:
    """OpenID Connect Front-Channel Logout section 2: the same by a frame in the browser, which only it may show."""
    told = (request.args.get(name, "") for name in ("iss", "sid"))
    issuer = service(SingleSignOn).front_channel_logout(provider_id, *told)
    parts = urlsplit(issuer)
    policy = content_security_policy(frame_ancestors=f"{parts.scheme}://{parts.netloc}")
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": policy}
    return Response("", 200, headers, mimetype="text/html")


@public
def sign_in_answer(provider_id: UUID) -> Response:
    """OAuth 2.0 Form Post Response Mode: an identity provider's answer as a form.

    No cookie comes with a form of another site (SameSite), so nothing is decided here: the browser is sent on to where
    it is known, and where other answers arrive at once.
    """
    told = {name: request.form[name] for name in ("state", "code", "iss", "error") if name in request.form}
    return Response(
        status=303, headers={"Location": f"/sign-in/back/{provider_id}?{urlencode(told)}", "Cache-Control": "no-store"}
    )


@public
def jwks() -> Response:
    """RFC 7517: what verifies our tokens; resource servers may keep it for five minutes."""
    return _cacheable(service(Tokens).jwks())


@public
def metadata() -> Response:
    """RFC 8414."""
    return _cacheable(service(Tokens).metadata())


def _cacheable(document: dict[str, Any]) -> Response:
    response = jsonify(document)
    response.cache_control.public = True
    response.cache_control.max_age = 300
    return response


def _as_oauth(error: HubError) -> Response:
    """The dialect of RFC 6749 section 5.2 for what goes wrong before or beside the protocol."""
    names = {400: "invalid_request", 401: "invalid_client", 503: "temporarily_unavailable"}
    name = names.get(error.status, "invalid_request" if error.status < 500 else "server_error")
    response = jsonify(error=name, error_description=error.detail)
    response.status_code = error.status
    response.headers.extend(error.headers)
    response.headers["Cache-Control"] = "no-store"
    return response
