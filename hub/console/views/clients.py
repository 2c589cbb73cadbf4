"""Clients: programs that get access tokens."""

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import console
from hub.console.forms import Form
from hub.http import action, principal, service
from hub.oauth.scopes import SCOPES
from hub.oauth.services.clients import Clients, NewClient


@console.get("/clients")
@action("clients.read")
def clients() -> str:
    return render_template("console/clients.html", clients=service(Clients).list(principal()))


@console.get("/clients/new")
@action("clients.write")
def clients_new() -> str:
    return render_template("console/client_new.html", form=Form(), scopes=SCOPES.values())


@console.post("/clients/new")
@action("clients.write")
def clients_create() -> str | tuple[str, int]:
    form = Form()
    wanted = NewClient(form["name"], form.all("scopes"), store=form["store"] or None)
    made = form.attempt(lambda: service(Clients).create(principal(), wanted))
    if made is None:
        return render_template("console/client_new.html", form=form, scopes=SCOPES.values()), form.status
    client, secret = made
    return render_template("console/client_made.html", client=client, secret=secret)


@console.get("/clients/<client_id>")
@action("clients.read")
def clients_one(client_id: str) -> str:
    return render_template("console/client.html", client=service(Clients).get(principal(), client_id), scopes=SCOPES)


@console.post("/clients/<client_id>/revoke")
@action("clients.write")
def clients_revoke(client_id: str) -> Response:
    service(Clients).revoke(principal(), client_id)
    return redirect(url_for("console.clients", done="client-revoked"), 303)
