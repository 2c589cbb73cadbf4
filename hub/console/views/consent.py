"""What programs may do in a person's name: consent pages and what was allowed (OAuth 2.1, RFC 8628)."""

from urllib.parse import urlsplit
from uuid import UUID

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import console
from hub.console.forms import Form
from hub.http import action, principal, service
from hub.oauth.scopes import SCOPES, scopes_within
from hub.oauth.services.authorizations import Authorizations, Question, SentBack
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.sessions import Sessions
from hub.oauth.views.session import BrowserSessions


def _parameters() -> dict[str, list[str]]:
    return {name: request.args.getlist(name) for name in request.args}


@console.get("/oauth/authorize")
@action("console.use")
def authorize() -> Response | str:
    g.console_section = ""
    try:
        question = service(Authorizations).question(principal(), _parameters())
    except SentBack as back:
        return redirect(back.address, 303)
    g.form_targets = [_target(question.redirect_uri)]
    return _ask(question, url_for("console.authorize_decided") + "?" + request.query_string.decode())


@console.post("/oauth/authorize")
@action("console.use")
def authorize_decided() -> Response:
    authorizations = service(Authorizations)
    try:
        if request.form.get("decision") == "allow":
            session = service(BrowserSessions).session_id(request)
            address = authorizations.allow(principal(), Sessions.digest_of(session), _parameters())
        else:
            address = authorizations.refuse(principal(), _parameters())
    except SentBack as back:
        address = back.address
    return redirect(address, 303)


def _target(address: str) -> str:
    """What `form-action` has to name, so that the browser follows the answer: an origin, or a scheme of its own."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def _ask(question: Question, target: str) -> str:
    return render_template("console/consent.html", question=question, target=target, scopes=SCOPES)


@console.get("/device")
@action("console.use")
def device() -> str:
    g.console_section = ""
    return render_template("console/device.html", form=Form(code=request.args.get("code", "")[:20]))


@console.post("/device")
@action("console.use")
def device_asked() -> str | tuple[str, int]:
    g.console_section = ""
    form = Form()
    found = form.attempt(lambda: service(Authorizations).device_question(principal(), form["code"]))
    if found is None:
        return render_template("console/device.html", form=form), form.status
    return _ask(found[1], url_for("console.device_decided"))


@console.post("/device/decision")
@action("console.use")
def device_decided() -> Response:
    allowed = request.form.get("decision") == "allow"
    service(Authorizations).decide_device(principal(), request.form.get("code", ""), allowed=allowed)
    return redirect(url_for("console.account", done="device-allowed" if allowed else "device-refused"), 303)


@console.post("/account/programs/<uuid:grant_id>/end")
@action("console.use")
def account_end_grant(grant_id: UUID) -> Response:
    service(Authorizations).end(principal(), grant_id)
    return redirect(url_for("console.account", done="grant-ended"), 303)


@console.get("/account/tokens/new")
@action("console.use")
def account_new_token() -> str:
    return _token_page(Form(days="90"))


@console.post("/account/tokens/new")
@action("console.use")
def account_make_token() -> str | tuple[str, int]:
    g.console_section = ""
    form = Form()
    days = int(form["days"]) if form["days"].isascii() and form["days"].isdigit() and len(form["days"]) < 6 else 0
    made = form.attempt(lambda: service(PersonalTokens).create(principal(), form["name"], form.all("scopes"), days))
    if made is None:
        return _token_page(form), form.status
    return render_template("console/token_made.html", token=made[0], secret=made[1])


def _token_page(form: Form) -> str:
    g.console_section = ""
    return render_template("console/token_new.html", form=form, scopes=scopes_within(principal().actions))


@console.post("/account/tokens/<uuid:token_id>/revoke")
@action("console.use")
def account_revoke_token(token_id: UUID) -> Response:
    service(PersonalTokens).revoke(principal(), token_id)
    return redirect(url_for("console.account", done="token-revoked"), 303)
