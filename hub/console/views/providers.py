"""Sign-in: the identity providers of the tenant."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import console
from hub.console.forms import Form
from hub.console.views.people import roles_to_give
from hub.console.words import ROLE_NAMES
from hub.http import action, principal, service
from hub.oauth.services.providers import NewProvider, Providers
from hub.oauth.services.single_sign_on import SingleSignOn
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
    return render_template("console/provider_new.html", form=form, kind=kind, kinds=KINDS, roles=roles_to_give())


@console.post("/providers/new")
@action("providers.write")
def providers_create() -> Response | tuple[str, int]:
    form = Form()
    fields = {name: form[name] for name in ("kind", "name", "issuer", "client_id", "client_secret", "domains", "rules")}
    wanted = NewProvider(
        **fields, default_roles=form.all("default_roles"), makes_accounts="makes_accounts" in form.values
    )
    made = form.attempt(lambda: service(Providers).create(principal(), wanted))
    if made is None:
        return _new_page(form), form.status
    return redirect(url_for("console.providers_one", provider_id=made.id, done="provider-added"), 303)


@console.get("/providers/<uuid:provider_id>")
@action("providers.read")
def providers_one(provider_id: UUID) -> str:
    provider = service(Providers).get(principal(), provider_id)
    addresses = (
        service(SingleSignOn).return_address(provider.id),
        *service(SingleSignOn).logout_addresses(provider.id),
    )
    return render_template(
        "console/provider.html", provider=provider, kind=KINDS[provider.kind], addresses=addresses, roles=ROLE_NAMES
    )


@console.post("/providers/<uuid:provider_id>/remove")
@action("providers.write")
def providers_remove(provider_id: UUID) -> Response:
    service(Providers).remove(principal(), provider_id)
    return redirect(url_for("console.providers", done="provider-removed"), 303)
