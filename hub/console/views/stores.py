"""Stores of the LRS, and the credentials of each."""

from uuid import UUID

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import Surroundings, console
from hub.console.forms import Form
from hub.errors import Invalid, Violation
from hub.http import action, principal, service
from hub.oauth.scopes import SCOPES
from hub.xapi_lrs.services.credentials import Credentials, IssuedCredential
from hub.xapi_lrs.services.stores import Stores, StoreView

LRS_SCOPES = [scope for scope in SCOPES.values() if scope.family == "lrs"]


@console.get("/stores")
@action("stores.read")
def stores() -> str:
    return render_template("console/stores.html", stores=service(Stores).list(principal()), form=Form())


@console.post("/stores")
@action("stores.write")
def stores_create() -> Response | tuple[str, int]:
    form = Form()
    made = form.attempt(lambda: service(Stores).create(principal(), form["name"]))
    if made is None:
        page = render_template("console/stores.html", stores=service(Stores).list(principal()), form=form)
        return page, form.status
    return redirect(url_for("console.stores_one", store_id=made.id, done="store-created"), 303)


@console.get("/stores/<uuid:store_id>")
@action("stores.read")
def stores_one(store_id: UUID) -> str:
    return _store_page(_store(store_id), Form())


@console.post("/stores/<uuid:store_id>/credentials")
@action("stores.write")
def stores_issue(store_id: UUID) -> str | tuple[str, int]:
    store, form = _store(store_id), Form()
    issued = form.attempt(
        lambda: service(Credentials).create(
            principal(), store.name, form.all("scopes"), form["name"], _limit(form["requests_per_minute"])
        )
    )
    if issued is None:
        return _store_page(store, form), form.status
    return _issued_page(store, issued)


@console.post("/stores/<uuid:store_id>/credentials/<uuid:credential_id>/rotate")
@action("stores.write")
def stores_rotate(store_id: UUID, credential_id: UUID) -> str:
    store = _store(store_id)
    return _issued_page(store, service(Credentials).rotate(principal(), credential_id))


@console.post("/stores/<uuid:store_id>/credentials/<uuid:credential_id>/limit")
@action("stores.write")
def stores_limit(store_id: UUID, credential_id: UUID) -> Response | tuple[str, int]:
    form, beside = Form(), Form.unsent()
    limited = form.attempt(
        lambda: service(Credentials).limit(principal(), credential_id, _limit(form["requests_per_minute"]))
    )
    if limited is None:
        return _store_page(_store(store_id), beside, limits=form), form.status
    return redirect(url_for("console.stores_one", store_id=store_id, done="credential-limited"), 303)


@console.post("/stores/<uuid:store_id>/credentials/<uuid:credential_id>/revoke")
@action("stores.write")
def stores_revoke(store_id: UUID, credential_id: UUID) -> Response:
    service(Credentials).revoke(principal(), credential_id)
    return redirect(url_for("console.stores_one", store_id=store_id, done="credential-revoked"), 303)


def _store(store_id: UUID) -> StoreView:
    return service(Stores).get(principal().tenant_id, store_id)


def _limit(text: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdigit():
        fault = Violation("form", "requests_per_minute", "must be a whole number", text[:20])
        raise Invalid("The limit cannot be read.", violations=[fault])
    return int(text)


def _store_page(store: StoreView, form: Form, limits: Form | None = None) -> str:
    return render_template(
        "console/store.html",
        store=store,
        credentials=service(Credentials).list(principal(), store.id),
        form=form,
        limits=limits or Form.unsent(),
        scopes=LRS_SCOPES,
        endpoint=_endpoint(),
    )


def _issued_page(store: StoreView, issued: IssuedCredential) -> str:
    return render_template("console/credential_issued.html", store=store, issued=issued, endpoint=_endpoint())


def _endpoint() -> str:
    return f"{service(Surroundings).public_url}/xapi"
