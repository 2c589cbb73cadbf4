"""Platforms: the LMSs that launch into this tenant, and the scores that go back to them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from urllib.parse import urljoin, urlsplit
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import console
from hub.console.forms import Form
from hub.console.listing import listing
from hub.console.lms_guides import BY_KEY, GUIDES, Guide
from hub.console.query import uuid_of
from hub.http import action, principal, service
from hub.lti.services.connections import Check, Connections
from hub.lti.services.dynamic_registration import INVITATION_DAYS, DynamicRegistration
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
    guide = _guide()
    return _new_page(Form(**(guide.presets if guide else {})))


def _guide() -> Guide | None:
    """The make of platform whose words the page uses; None for any other."""
    return BY_KEY.get(request.args.get("lms", ""))


def _new_page(form: Form, invited: str | None = None) -> str:
    registration = service(DynamicRegistration)
    return render_template(
        "console/platform_new.html",
        form=form,
        guide=_guide(),
        guides=GUIDES,
        tool=_tool(),
        invited=invited,
        registration_url=registration.address(principal()),
        invitations=registration.open_invitations(principal()),
        days=INVITATION_DAYS,
    )


def _tool() -> dict[str, str]:
    """What is entered in a platform, by the names that the guides use."""
    settings = service(Platforms).settings
    return {
        **asdict(settings),
        "domain": urlsplit(settings.launch_url).netloc,
        "canvas_url": urljoin(settings.launch_url, url_for("lti.canvas")),
    }


@console.post("/platforms/new")
@action("platforms.write")
def platforms_create() -> Response | tuple[str, int]:
    form = Form()
    added = form.attempt(lambda: service(Platforms).add(principal(), _details(form)))
    if added is None:
        return _new_page(form), form.status
    return redirect(url_for("console.platforms_one", platform_id=added.id, done="platform-added"), 303)


@console.post("/platforms/invite")
@action("platforms.write")
def platforms_invite() -> str:
    """Make an invitation; its address is shown on this page and never again."""
    _, url = service(DynamicRegistration).invite(principal())
    return _new_page(Form.empty(), invited=url)


@console.post("/platforms/invitations/<uuid:invitation_id>/revoke")
@action("platforms.write")
def platforms_revoke_invitation(invitation_id: UUID) -> Response:
    service(DynamicRegistration).revoke(principal(), invitation_id)
    return redirect(url_for("console.platforms_new", done="invitation-revoked"), 303)


def _details(form: Form) -> PlatformDetails:
    return PlatformDetails(
        issuer=form["issuer"].strip(),
        client_id=form["client_id"].strip(),
        auth_url=form["auth_url"].strip(),
        token_url=form["token_url"].strip(),
        jwks_url=form["jwks_url"].strip(),
        deployment_ids=tuple(form["deployment"].split()),
        name=form["name"].strip(),
        token_audience=form["token_audience"].strip() or None,
        learns_deployments="learns_deployments" in form.values,
        uses_pseudonyms="uses_pseudonyms" in form.values,
        product=form["product"] if form["product"] in BY_KEY else None,
    )


@console.post("/platforms/<uuid:platform_id>/test")
@action("platforms.write")
def platforms_test(platform_id: UUID) -> str:
    """Try the platform's services, and show what came of it."""
    checks = service(Connections).test(principal(), platform_id)
    return _platform_page(service(Platforms).get(principal(), platform_id), Form.empty(), checks)


@console.post("/platforms/<uuid:platform_id>/approve")
@action("platforms.write")
def platforms_approve(platform_id: UUID) -> Response:
    service(Platforms).approve(principal(), platform_id)
    return redirect(url_for("console.platforms_one", platform_id=platform_id, done="platform-approved"), 303)


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
        learns_deployments="learns_deployments" in form.values,
        uses_pseudonyms="uses_pseudonyms" in form.values,
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


def _platform_page(platform: Platform, form: Form, checks: Sequence[Check] | None = None) -> str:
    recent = service(Scores).list(principal(), platform_id=platform.id, limit=5)
    launches = service(Connections).recent(principal(), platform.id)
    return render_template(
        "console/platform.html",
        platform=platform,
        form=form,
        tool=_tool(),
        recent=recent,
        launches=launches,
        checks=checks,
    )


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
