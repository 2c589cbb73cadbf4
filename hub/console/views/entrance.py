"""Signing in and out, one's own account, and the files that every page needs."""

from uuid import UUID

from flask import Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.console.assets import send_asset
from hub.console.blueprint import console, signed_in
from hub.console.forms import Form
from hub.errors import Invalid, Violation
from hub.http import action, principal, public, service
from hub.oauth.services.authorizations import Authorizations
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.providers import Providers
from hub.oauth.services.sign_in import SignIn
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
    return _sign_in_page(Form(), target)


def _sign_in_page(form: Form, target: str) -> str:
    offered = service(Providers).offered(request.args.get("tenant", "")[:63] or None)
    return render_template("console/sign_in.html", form=form, next=target, providers=offered)


@console.get("/sign-in/with/<uuid:provider_id>")
@public
def sign_in_with(provider_id: UUID) -> AnyResponse:
    target = local_return_address(request.args.get("next"), url_for("console.home"))
    browser = service(BrowserSessions).visit(request)
    return redirect(service(SingleSignOn).begin(provider_id, browser, target), 303)


@console.get("/sign-in/back/<uuid:provider_id>")
@public
def sign_in_back(provider_id: UUID) -> AnyResponse:
    answer = {name: request.args.get(name, "") for name in ("state", "code", "iss", "error") if name in request.args}
    browser = service(BrowserSessions).visit(request)
    form = Form()
    done = form.attempt(lambda: service(SingleSignOn).finish(provider_id, answer, browser))
    if done is None:
        return make_response(_sign_in_page(form, url_for("console.home")), form.status)
    response = make_response(redirect(done[1], 303))
    service(BrowserSessions).begin(response, done[0])
    return response


@console.post("/sign-in")
@public
def sign_in_sent() -> AnyResponse:
    form = Form()
    target = local_return_address(form["next"], url_for("console.home"))
    address = request.remote_addr or ""
    session_id = form.attempt(lambda: service(SignIn).sign_in(form["email"], form["password"], address))
    if session_id is None:
        page = make_response(_sign_in_page(form, target), form.status)
        page.headers.extend(form.refusal.headers if form.refusal else {})
        return page
    response = make_response(redirect(target, 303))
    service(BrowserSessions).begin(response, session_id)
    return response


@console.post("/sign-out")
@public
def sign_out() -> AnyResponse:
    response = make_response(redirect(url_for("console.sign_in", done="signed-out"), 303))
    service(BrowserSessions).end(request, response)
    return response


@console.get("/account")
@action("console.use")
def account() -> str:
    g.console_section = ""
    return _account_page(Form())


def _account_page(form: Form) -> str:
    return render_template(
        "console/account.html",
        form=form,
        grants=service(Authorizations).list(principal()),
        tokens=service(PersonalTokens).list(principal()),
    )


@console.post("/account/password")
@action("console.use")
def account_password() -> AnyResponse | tuple[str, int]:
    g.console_section = ""
    form = Form()
    done = form.attempt(lambda: _change_password(form))
    if done is None:
        return _account_page(form), form.status
    response = make_response(redirect(url_for("console.account", done="password-changed"), 303))
    service(BrowserSessions).begin(response, service(SignIn).begin_anew(principal()))
    return response


def _change_password(form: Form) -> bool:
    if form["password"] != form["password_again"]:
        fault = Violation("form", "password_again", "is not the same as the new password")
        raise Invalid("The password was not changed.", violations=[fault])
    service(Users).change_own_password(principal(), form["old_password"], form["password"])
    return True
