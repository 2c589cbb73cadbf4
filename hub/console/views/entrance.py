"""Signing in and out, one's own account, and the files that every page needs."""

from uuid import UUID

from flask import Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.console.assets import send_asset
from hub.console.blueprint import console, language, look, require_recent_proof, signed_in
from hub.console.forms import Form, require_same
from hub.errors import HubError
from hub.http import action, principal, public, service
from hub.oauth.services.authorizations import Authorizations
from hub.oauth.services.passkeys import Passkeys
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.providers import Providers
from hub.oauth.services.second_factors import Enrolment, SecondFactors
from hub.oauth.services.sessions import Sessions
from hub.oauth.services.sign_in import SecondStepNeeded, SignIn
from hub.oauth.services.single_sign_on import SingleSignOn
from hub.oauth.services.users import Users
from hub.oauth.spec.addresses import local_return_address
from hub.oauth.views.session import BrowserSessions


@console.get("/assets/<path:name>")
@public
def asset_file(name: str) -> Response:
    return send_asset(name)


@console.get("/sign-in")
@public
def sign_in() -> AnyResponse | str:
    target = local_return_address(request.args.get("next"), url_for("console.home"))
    if signed_in() is not None:
        return redirect(target, 303)
    return sign_in_page(Form(), target, _left_provider())


def _left_provider() -> UUID | None:
    """Where somebody stays signed in who has just signed out here; what is no id is nobody's."""
    try:
        return UUID(request.args.get("left", ""))
    except ValueError:
        return None


def sign_in_page(form: Form, target: str, at: UUID | None = None) -> str:
    """The sign-in page; `target` is where the person goes on, `at` the provider where they tried in vain."""
    providers, slug = service(Providers), request.args.get("tenant", "")[:63]
    offered = providers.offered(slug or None) if at is None else providers.offered_beside(at)
    return render_template(
        "console/sign_in.html",
        form=form,
        next=target,
        providers=offered,
        left=next((one for one in offered if one[0] == _left_provider()), None),
        has_passkeys=service(Passkeys).are_possible,
    )


@console.get("/sign-in/with/<uuid:provider_id>")
@public
def sign_in_with(provider_id: UUID) -> AnyResponse:
    target = local_return_address(request.args.get("next"), url_for("console.home"))
    browser = service(BrowserSessions).visit(request)
    try:
        return redirect(service(SingleSignOn).begin(provider_id, browser, target), 303)
    except HubError as refusal:
        return _not_by(provider_id, refusal, target)


def _not_by(provider_id: UUID, refusal: HubError, target: str) -> AnyResponse:
    """The sign-in page, also where it was the provider that failed: there may be other ways in."""
    form = Form.unsent()
    form.refusal = refusal
    return make_response(sign_in_page(form, target, provider_id), refusal.status)


@console.get("/sign-out/at/<uuid:provider_id>")
@public
def sign_out_at(provider_id: UUID) -> AnyResponse:
    try:
        return redirect(service(SingleSignOn).sign_out_address(provider_id), 303)
    except HubError as refusal:
        return _not_by(provider_id, refusal, url_for("console.home"))


@console.get("/sign-in/back/<uuid:provider_id>")
@public
def sign_in_back(provider_id: UUID) -> AnyResponse:
    answer = {name: request.args.get(name, "") for name in ("state", "code", "iss", "error") if name in request.args}
    browser = service(BrowserSessions).visit(request)
    try:
        session_id, target = service(SingleSignOn).finish(provider_id, answer, browser)
    except HubError as refusal:
        return _not_by(provider_id, refusal, url_for("console.home"))
    return begun(session_id, target)


@console.post("/sign-in")
@public
def sign_in_sent() -> AnyResponse:
    form = Form()
    target = local_return_address(form["next"], url_for("console.home"))
    address, device = request.remote_addr or "", service(BrowserSessions).device(request)
    shown = look()
    tenant = shown.slug if shown else ""
    session_id = form.attempt(lambda: service(SignIn).sign_in(form["email"], form["password"], address, device, tenant))
    if isinstance(form.refusal, SecondStepNeeded):
        return make_response(second_step_page(Form(code=""), form.refusal.pending, target))
    return refused(form, sign_in_page(form, target)) if session_id is None else begun(session_id, target)


@console.post("/sign-in/code")
@public
def sign_in_code() -> AnyResponse:
    form = Form()
    target = local_return_address(form["next"], url_for("console.home"))
    session_id = form.attempt(lambda: service(SignIn).second_step(form["pending"], form["code"]))
    if session_id is None:
        return refused(form, second_step_page(form, form["pending"], target))
    return begun(session_id, target)


def begun(session_id: str, target: str) -> Response:
    """The person goes on to `target`, signed in."""
    response = make_response(redirect(target, 303))
    service(BrowserSessions).begin(request, response, session_id)
    return response


def refused(form: Form, page: str) -> Response:
    """The page again, with what was wrong and how long to wait."""
    response = make_response(page, form.status)
    response.headers.extend(form.refusal.headers if form.refusal else {})
    return response


def second_step_page(form: Form, pending: str, target: str) -> str:
    """The page that asks for the second step; without any where it took too long."""
    step = Form.unsent().attempt(lambda: service(SignIn).step_of(pending))
    return render_template("console/sign_in_code.html", form=form, pending=pending, next=target, step=step)


@console.post("/sign-out")
@public
def sign_out() -> AnyResponse:
    response = _signed_out()
    service(BrowserSessions).end(request, response)
    return response


def _signed_out() -> Response:
    """On to the sign-in page, which knows where the person stays signed in."""
    left = service(Sessions).stays_at(service(BrowserSessions).session_id(request))
    return make_response(redirect(url_for("console.sign_in", done="signed-out", left=left), 303))


@console.get("/account")
@action("console.use")
def account() -> str:
    g.console_section = ""
    return account_page(Form())


def account_page(form: Form) -> str:
    """A person's own account, with a form that was refused."""
    return render_template(
        "console/account.html",
        form=form,
        grants=service(Authorizations).list(principal()),
        tokens=service(PersonalTokens).list(principal()),
        sessions=service(Sessions).listed(principal(), service(BrowserSessions).session_id(request)),
        second=service(SecondFactors).of(principal()),
        own=service(Users).own(principal()),
        passkeys=service(Passkeys).of(principal()),
        has_passkeys=service(Passkeys).are_possible,
    )


@console.post("/account/password")
@action("console.use")
def account_password() -> AnyResponse | tuple[str, int]:
    g.console_section = ""
    form = Form()
    done = form.attempt(lambda: _change_password(form))
    if done is None:
        return account_page(form), form.status
    return begun(service(Sessions).begin_anew(principal()), url_for("console.account", done="password-changed"))


@console.post("/account/sessions/<key>/end")
@action("console.use")
def account_end_session(key: str) -> AnyResponse:
    service(Sessions).end_session(principal(), key)
    return redirect(url_for("console.account", done="session-ended"), 303)


@console.post("/account/sessions/end")
@action("console.use")
def account_end_all_sessions() -> AnyResponse:
    response = _signed_out()
    service(Sessions).end_all_sessions(principal())
    return response


@console.post("/account/second-step")
@action("console.use")
def account_begin_second_step() -> str:
    require_recent_proof()
    return _enrolment_page(Form.unsent(), service(SecondFactors).begin(principal(), _email()))


def _email() -> str:
    known = signed_in()
    assert known is not None  # The action needs a person.
    return known.email


@console.post("/account/second-step/confirm")
@action("console.use")
def account_confirm_second_step() -> str | tuple[str, int]:
    g.console_section = ""
    form = Form()
    codes = form.attempt(lambda: service(SecondFactors).confirm(principal(), form["code"]))
    if codes is None:
        return _enrolment_page(form, service(SecondFactors).begun(principal(), _email())), form.status
    return render_template("console/recovery_codes.html", codes=codes)


@console.post("/account/recovery-codes")
@action("console.use")
def account_renew_recovery_codes() -> str:
    g.console_section = ""
    require_recent_proof()
    return render_template(
        "console/recovery_codes.html", codes=service(SecondFactors).renew_recovery_codes(principal())
    )


def _enrolment_page(form: Form, enrolment: Enrolment) -> str:
    g.console_section = ""
    return render_template("console/second_step.html", form=form, enrolment=enrolment)


@console.post("/account/second-step/off")
@action("console.use")
def account_end_second_step() -> AnyResponse | tuple[str, int]:
    g.console_section = ""
    form = Form()
    form.attempt(lambda: service(SecondFactors).turn_off(principal(), form["code"], language()))
    if form.refusal is not None:
        return account_page(form), form.status
    return redirect(url_for("console.account", done="second-step-off"), 303)


def _change_password(form: Form) -> bool:
    require_same(form)
    service(Users).change_own_password(principal(), form["old_password"], form["password"], language())
    return True
