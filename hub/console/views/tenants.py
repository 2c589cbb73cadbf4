"""Tenants: for those who run the Hub. List, make, rename, suspend and open them, and act in one."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import console
from hub.console.forms import Form
from hub.console.listing import listing
from hub.http import action, principal, service
from hub.oauth.services.sessions import Sessions
from hub.oauth.services.tenant_removal import TenantRemovals
from hub.oauth.services.tenants import Tenants
from hub.oauth.views.session import BrowserSessions

#: How many of the latest removals the list of tenants ends with.
_REMOVALS_SHOWN = 20


@console.get("/tenants")
@action("tenants.read")
def tenants() -> str:
    return _page(Form())


def _page(form: Form) -> str:
    search = request.args.get("q", "").strip()
    found = listing(
        lambda after, limit: service(Tenants).page(principal(), search, after[0] if after else None, limit),
        key=lambda tenant: [tenant.slug],
    )
    removals = service(TenantRemovals).page(principal(), None, _REMOVALS_SHOWN)
    return render_template("console/tenants.html", found=found, form=form, removals=removals)


@console.post("/tenants")
@action("tenants.write")
def tenants_create() -> Response | tuple[str, int]:
    form = Form()
    name = form["name"].strip() or form["slug"].strip()
    made = form.attempt(lambda: service(Tenants).create(form["slug"].strip(), name, principal()))
    if made is None:
        return _page(form), form.status
    return redirect(url_for("console.tenants_one", tenant_id=made.id, done="tenant-created"), 303)


@console.get("/tenants/<uuid:tenant_id>")
@action("tenants.read")
def tenants_one(tenant_id: UUID) -> str:
    return _one_page(tenant_id)


def _one_page(tenant_id: UUID, **refused: Form) -> str:
    """The page of a tenant, with the one of its forms that was refused."""
    removal = service(TenantRemovals).find(principal(), tenant_id)
    if removal is not None:
        return render_template("console/tenant_removal.html", removal=removal)
    tenant = service(Tenants).get(principal(), tenant_id)
    forms = {name: refused.get(name) or Form.unsent() for name in ("renaming", "suspending", "removing")}
    return render_template("console/tenant.html", tenant=tenant, **forms)


@console.post("/tenants/<uuid:tenant_id>")
@action("tenants.write")
def tenants_rename(tenant_id: UUID) -> Response | tuple[str, int]:
    form = Form()
    if form.attempt(lambda: service(Tenants).change(principal(), tenant_id, name=form["name"])) is None:
        return _one_page(tenant_id, renaming=form), form.status
    return redirect(url_for("console.tenants_one", tenant_id=tenant_id, done="tenant-renamed"), 303)


@console.post("/tenants/<uuid:tenant_id>/suspend")
@action("tenants.write")
def tenants_suspend(tenant_id: UUID) -> Response | tuple[str, int]:
    form = Form()
    if form.attempt(lambda: service(Tenants).suspend(principal(), tenant_id)) is None:
        return _one_page(tenant_id, suspending=form), form.status
    return redirect(url_for("console.tenants_one", tenant_id=tenant_id, done="tenant-suspended"), 303)


@console.post("/tenants/<uuid:tenant_id>/reopen")
@action("tenants.write")
def tenants_reopen(tenant_id: UUID) -> Response:
    service(Tenants).reopen(principal(), tenant_id)
    return redirect(url_for("console.tenants_one", tenant_id=tenant_id, done="tenant-reopened"), 303)


@console.post("/tenants/<uuid:tenant_id>/remove")
@action("tenants.remove")
def tenants_remove(tenant_id: UUID) -> Response | tuple[str, int]:
    form = Form()
    confirmation = form["confirm"].strip()
    if form.attempt(lambda: service(TenantRemovals).begin(principal(), tenant_id, confirmation)) is None:
        return _one_page(tenant_id, removing=form), form.status
    return redirect(url_for("console.tenants_one", tenant_id=tenant_id), 303)


@console.get("/tenants/<uuid:tenant_id>/removal")
@action("tenants.read")
def tenants_removal(tenant_id: UUID) -> str:
    """The part of a tenant's page that moves while it is being removed."""
    removal = service(TenantRemovals).get(principal(), tenant_id)
    return render_template("console/tenant_removal_state.html", removal=removal)


@console.post("/tenants/<uuid:tenant_id>/enter")
@action("tenants.enter")
def tenants_enter(tenant_id: UUID) -> Response:
    """Act in the tenant from now on, until one leaves it or signs out."""
    service(Sessions).enter(principal(), service(BrowserSessions).session_id(request), tenant_id)
    return redirect(url_for("console.home"), 303)


@console.post("/tenants/leave")
@action("tenants.enter")
def tenants_leave() -> Response:
    service(Sessions).leave(principal(), service(BrowserSessions).session_id(request))
    return redirect(url_for("console.tenants"), 303)
