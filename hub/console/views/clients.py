"""Clients: programs that get access tokens."""

import orjson
from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import console
from hub.console.forms import Form
from hub.console.words import AUTHENTICATION_NAMES, GRANT_NAMES
from hub.errors import Invalid, Violation, say
from hub.http import action, principal, service
from hub.oauth.scopes import OF_CLIENTS, SCOPES
from hub.oauth.services.clients import Clients, NewClient


@console.get("/clients")
@action("clients.read")
def clients() -> str:
    return render_template("console/clients.html", clients=service(Clients).list(principal()))


@console.get("/clients/new")
@action("clients.write")
def clients_new() -> str:
    return _new_page(Form(grants="client_credentials", authentication="secret"))


def _new_page(form: Form) -> str:
    offered = [scope for scope in SCOPES.values() if scope.family in OF_CLIENTS]
    return render_template(
        "console/client_new.html", form=form, scopes=offered, grants=GRANT_NAMES, ways=AUTHENTICATION_NAMES
    )


def _wanted(form: Form) -> NewClient:
    try:
        jwks = orjson.loads(form["jwks"]) if form["jwks"].strip() else None
    except orjson.JSONDecodeError as error:
        fault = Violation("RFC 7517", "jwks", say("is not JSON: %(error)s", error=error))
        raise Invalid("The client cannot be made like this.", violations=[fault]) from error
    return NewClient(
        form["name"],
        form.all("scopes"),
        form.all("grants"),
        form["store"] or None,
        form["authentication"],
        form["redirect_uris"].split(),
        jwks,
    )


@console.post("/clients/new")
@action("clients.write")
def clients_create() -> str | tuple[str, int]:
    form = Form()
    made = form.attempt(lambda: service(Clients).create(principal(), _wanted(form)))
    if made is None:
        return _new_page(form), form.status
    client, secret = made
    return render_template("console/client_made.html", client=client, secret=secret)


@console.get("/clients/<client_id>")
@action("clients.read")
def clients_one(client_id: str) -> str:
    client = service(Clients).get(principal(), client_id)
    return render_template("console/client.html", client=client, scopes=SCOPES, ways=AUTHENTICATION_NAMES)


@console.post("/clients/<client_id>/revoke")
@action("clients.write")
def clients_revoke(client_id: str) -> Response:
    service(Clients).revoke(principal(), client_id)
    return redirect(url_for("console.clients", done="client-revoked"), 303)
