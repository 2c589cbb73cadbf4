"""Who may call an endpoint: deny by default.

Every view function declares either `@action("noun.verb")` or `@public`; an endpoint that declares neither is refused
(and a test finds it). The credential is turned into a `Principal` by the first authenticator that knows its kind.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog
from flask import Flask, g, request
from flask.views import MethodView
from werkzeug.wrappers import Request

from hub.errors import Forbidden, Unauthenticated, say
from hub.identity import ACTIONS, Principal
from hub.oauth.scopes import scopes_allowing

#: Looks for one kind of credential in a request: None when there is none of that kind, a Principal when it is good,
#: `Unauthenticated` when it is not. A bad credential ends the request: it never falls through to another kind.
Authenticator = Callable[[Request], Principal | None]

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
_DECLARED = "_hub_action"


def action(name: str) -> Callable[[View], View]:
    """Declare that a view needs the action `name` of `hub.identity.ACTIONS`."""
    if name not in ACTIONS:
        raise LookupError(f"{name} is not an action")

    def declare(view: View) -> View:
        setattr(view, _DECLARED, name)
        return view

    return declare


def public(view: View) -> View:
    """Declare that a view needs no credential (sign-in, health, keys, protocol endpoints that check their own)."""
    setattr(view, _DECLARED, PUBLIC)
    return view


def declared_action(app: Flask, endpoint: str, method: str) -> str | None:
    """What the view behind an endpoint and method declared; None when it declared nothing."""
    view: Any = app.view_functions[endpoint]
    view_class = getattr(view, "view_class", None)
    if view_class is not None and issubclass(view_class, MethodView):
        verb = "get" if method == "HEAD" and not hasattr(view_class, "head") else method.lower()
        view = getattr(view_class, verb, None) or view_class
    declared: str | None = getattr(view, _DECLARED, None)
    return declared


def install_authentication(app: Flask, authenticators: Sequence[Authenticator]) -> None:
    """Find out who asks, before anything else is decided about a request of the app."""

    def authenticate() -> None:
        if request.endpoint is not None and request.method != "OPTIONS":
            g.principal = _authenticate(authenticators)

    app.before_request(authenticate)


def install_authorization(app: Flask) -> None:
    """Check that who asks may, before the view runs."""

    def authorize() -> None:
        if request.endpoint is None or request.method == "OPTIONS":
            return
        needed = "public" if request.endpoint == "static" else declared_action(app, request.endpoint, request.method)
        if needed is None:
            raise Forbidden("This address does not say who may use it, so nobody may.", code="undeclared_action")
        if needed != PUBLIC:
            _require(g.principal, needed)

    app.before_request(authorize)


def _authenticate(authenticators: Sequence[Authenticator]) -> Principal | None:
    for authenticator in authenticators:
        found = authenticator(request)
        if found is not None:
            structlog.contextvars.bind_contextvars(tenant=str(found.tenant_id), principal=f"{found.kind}:{found.id}")
            return found
    return None


def _require(known: Principal | None, needed: str) -> None:
    if known is None:
        scopes = scopes_allowing(needed)
        raise Unauthenticated(
            f"This needs a credential that allows {needed}: a token with one of these scopes: {', '.join(scopes)}."
            if scopes
            else f"This needs someone who may do {needed}.",
            headers={"WWW-Authenticate": f'Bearer realm="Standards Hub", scope="{" ".join(scopes[:1])}"'},
        )
    if not known.may(needed):
        raise _refusal(known, needed)


def _refusal(known: Principal, needed: str) -> Forbidden:
    """A person learns the action; a program which scope would do (RFC 6750 section 3.1)."""
    scopes = scopes_allowing(needed)
    if known.kind == "user" or not scopes:
        return Forbidden(say("%(name)s may not do %(action)s.", name=known.name, action=needed), code="not_allowed")
    challenge = f'Bearer realm="Standards Hub", error="insufficient_scope", scope="{scopes[0]}"'
    return Forbidden(
        f"This needs a credential with one of these scopes: {', '.join(scopes)}.",
        code="insufficient_scope",
        headers={"WWW-Authenticate": challenge},
    )
