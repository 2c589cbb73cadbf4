"""Sign-in: the identity providers of the tenant."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import console
from hub.console.forms import Form
from hub.console.views.people import roles_to_give
from hub.console.words import ROLE_NAMES
from hub.errors import HubError
from hub.http import action, principal, service
from hub.oauth.services.providers import NewProvider, Providers, ProviderView
from hub.oauth.services.single_sign_on import ProviderCheck, SingleSignOn
from hub.oauth.spec.providers import KINDS


@console.get("/providers")
@action("providers.read")
def providers() -> str:
    found = service(Providers).list(principal())
    return render_template("console/providers.html", providers=found, kinds=KINDS)


@console.get("/providers/new")
@action("providers.write")
def providers_new() -> str:
    kind = KINDS.get(request.args.get("kind", ""), KINDS["oidc"])
    return _new_page(Form(kind=kind.key, name=kind.name, issuer=kind.issuer, makes_accounts="yes"))


def _new_page(form: Form) -> str:
    kind = KINDS.get(form["kind"], KINDS["oidc"])
    return render_template("console/provider_form.html", form=form, kind=kind, kinds=KINDS, roles=roles_to_give())


@console.post("/providers/new")
@action("providers.write")
def providers_create() -> Response | tuple[str, int]:
    form = Form()
    wanted = NewProvider(kind=form["kind"], client_secret=form["client_secret"], **_facts(form))
    made = form.attempt(lambda: service(Providers).create(principal(), wanted))
    if made is None:
        return _new_page(form), form.status
    return redirect(url_for("console.providers_one", provider_id=made.id, done="provider-added"), 303)


def _facts(form: Form) -> dict[str, Any]:
    """What is asked for a provider, new or changed."""
    texts = {name: form[name] for name in ("name", "issuer", "client_id", "domains", "rules")}
    return texts | {"default_roles": form.all("default_roles"), "makes_accounts": "makes_accounts" in form.values}


@console.get("/providers/<uuid:provider_id>/change")
@action("providers.write")
def providers_change(provider_id: UUID) -> str:
    provider = service(Providers).get(principal(), provider_id)
    return _change_page(provider, _as_form(provider))


def _as_form(provider: ProviderView) -> Form:
    form = Form(
        name=provider.name,
        issuer=provider.issuer,
        client_id=provider.client_id,
        domains=", ".join(provider.domains),
        rules=provider.rules_text,
    )
    form.values.setlist("default_roles", list(provider.default_roles))
    switches = {"makes_accounts": provider.makes_accounts, "is_active": provider.is_active}
    form.values.update({name: "yes" for name, is_on in switches.items() if is_on})
    return form


def _change_page(provider: ProviderView, form: Form) -> str:
    kind = KINDS[provider.kind]
    return render_template("console/provider_form.html", form=form, kind=kind, provider=provider, roles=roles_to_give())


@console.post("/providers/<uuid:provider_id>/change")
@action("providers.write")
def providers_changed(provider_id: UUID) -> Response | tuple[str, int]:
    form = Form()
    wanted = _facts(form) | {"is_active": "is_active" in form.values, "client_secret": form["client_secret"] or None}
    changed = form.attempt(lambda: service(Providers).change(principal(), provider_id, **wanted))
    if changed is None:
        return _change_page(service(Providers).get(principal(), provider_id), form), form.status
    return redirect(url_for("console.providers_one", provider_id=provider_id, done="provider-changed"), 303)


@console.get("/providers/<uuid:provider_id>")
@action("providers.read")
def providers_one(provider_id: UUID) -> str:
    return _one_page(provider_id, Form())


def _one_page(provider_id: UUID, form: Form, found: ProviderCheck | None = None) -> str:
    """A provider; `found` is what asking it has told, `form` why that was in vain."""
    provider = service(Providers).get(principal(), provider_id)
    addresses = (
        service(SingleSignOn).return_address(provider),
        *service(SingleSignOn).logout_addresses(provider.id),
    )
    return render_template(
        "console/provider.html",
        provider=provider,
        kind=KINDS[provider.kind],
        addresses=addresses,
        roles=ROLE_NAMES,
        form=form,
        found=found,
    )


@console.post("/providers/<uuid:provider_id>/check")
@action("providers.write")
def providers_check(provider_id: UUID) -> str:
    form, provider = Form(), service(Providers).get(principal(), provider_id)
    try:
        return _one_page(provider_id, form, service(SingleSignOn).check(provider))
    except HubError as refusal:  # A provider that is down is what the page was asked for, and no failure of ours.
        form.refusal = refusal
        return _one_page(provider_id, form)


@console.post("/providers/<uuid:provider_id>/remove")
@action("providers.write")
def providers_remove(provider_id: UUID) -> Response:
    service(Providers).remove(principal(), provider_id)
    return redirect(url_for("console.providers", done="provider-removed"), 303)
