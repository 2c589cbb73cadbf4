"""Platforms: the LMSs that launch into this tenant, and the scores that go back to them."""

from datetime import datetime
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import console
from hub.console.forms import Form
from hub.console.listing import listing
from hub.console.query import uuid_of
from hub.http import action, principal, service
from hub.lti.services.platforms import PlatformChange, Platforms
from hub.lti.services.scores import STATUSES, Scores
from hub.lti.spec.platform import Platform, PlatformDetails


@console.get("/platforms")
@action("platforms.read")
def platforms() -> str:
    found = listing(
        lambda after, limit: service(Platforms).list(principal(), after=UUID(after[0]) if after else None, limit=limit),
        key=lambda platform: [str(platform.id)],
    )
    return render_template("console/platforms.html", found=found)


@console.get("/platforms/new")
@action("platforms.write")
def platforms_new() -> str:
    return render_template("console/platform_new.html", form=Form(), tool=service(Platforms).settings)


@console.post("/platforms/new")
@action("platforms.write")
def platforms_create() -> Response | tuple[str, int]:
    form = Form()
    added = form.attempt(lambda: service(Platforms).add(principal(), _details(form)))
    if added is None:
        page = render_template("console/platform_new.html", form=form, tool=service(Platforms).settings)
        return page, form.status
    return redirect(url_for("console.platforms_one", platform_id=added.id, done="platform-added"), 303)


def _details(form: Form) -> PlatformDetails:
    return PlatformDetails(
        issuer=form["issuer"].strip(),
        client_id=form["client_id"].strip(),
        auth_url=form["auth_url"].strip(),
        token_url=form["token_url"].strip(),
        jwks_url=form["jwks_url"].strip(),
        deployment_ids=tuple(form["deployment"].split()),
        name=form["name"].strip(),
    )


@console.get("/platforms/<uuid:platform_id>")
@action("platforms.read")
def platforms_one(platform_id: UUID) -> str:
    return _platform_page(service(Platforms).get(principal(), platform_id), Form())


@console.post("/platforms/<uuid:platform_id>")
@action("platforms.write")
def platforms_change(platform_id: UUID) -> Response | tuple[str, int]:
    form = Form()
    wanted = PlatformChange(
        name=form["name"].strip(),
        auth_url=form["auth_url"].strip(),
        token_url=form["token_url"].strip(),
        jwks_url=form["jwks_url"].strip(),
        is_active="is_active" in form.values,
        deployment_ids=tuple(form["deployment"].split()),
    )
    changed = form.attempt(lambda: service(Platforms).change(principal(), platform_id, wanted))
    if changed is None:
        return _platform_page(service(Platforms).get(principal(), platform_id), form), form.status
    return redirect(url_for("console.platforms_one", platform_id=platform_id, done="platform-changed"), 303)


@console.post("/platforms/<uuid:platform_id>/remove")
@action("platforms.write")
def platforms_remove(platform_id: UUID) -> Response:
    service(Platforms).remove(principal(), platform_id)
    return redirect(url_for("console.platforms", done="platform-removed"), 303)


def _platform_page(platform: Platform, form: Form) -> str:
    recent = service(Scores).list(principal(), platform_id=platform.id, limit=5)
    tool = service(Platforms).settings
    return render_template("console/platform.html", platform=platform, form=form, tool=tool, recent=recent)


@console.get("/deliveries")
@action("platforms.read")
def deliveries() -> str:
    status, platform = request.args.get("status") or None, uuid_of("platform")
    found = listing(
        lambda after, limit: service(Scores).list(
            principal(),
            status=status,
            platform_id=platform,
            before=(datetime.fromisoformat(after[0]), UUID(after[1])) if after else None,
            limit=limit,
        ),
        key=lambda row: [row.created_at.isoformat(), str(row.id)],
    )
    return render_template("console/deliveries.html", found=found, statuses=STATUSES)


@console.post("/deliveries/<uuid:delivery_id>/again")
@action("platforms.write")
def deliveries_again(delivery_id: UUID) -> Response:
    service(Scores).send_again(principal(), delivery_id)
    return redirect(url_for("console.deliveries", done="delivery-retried"), 303)
