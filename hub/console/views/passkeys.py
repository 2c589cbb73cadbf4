"""Passkeys: signing in by one, one's own, and proving by one that it is still the same person.

Each ceremony begins with options that a script fetches (`passkeys.js`), and ends with a form that carries the answer.
"""

from uuid import UUID

from flask import Response, g, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.console.blueprint import console, language, require_recent_proof
from hub.console.forms import Form
from hub.console.views.entrance import begun, refused, second_step_page, sign_in_page
from hub.http import action, principal, public, service
from hub.oauth.services.passkeys import Passkeys, PasskeyView
from hub.oauth.services.sign_in import SignIn
from hub.oauth.spec.addresses import local_return_address
from hub.oauth.views.session import BrowserSessions


def _browser() -> str:
    """The secret that a challenge is bound to: of the session, or of the visit before there is one."""
    sessions = service(BrowserSessions)
    return sessions.session_id(request) or sessions.visit(request)


def _target() -> str:
    return local_return_address(request.form.get("next"), url_for("console.home"))


# --- signing in -----------------------------------------------------------------------------------------------------


@console.post("/sign-in/passkey/options")
@public
def sign_in_passkey_options() -> Response:
    return jsonify(service(Passkeys).begin(_browser()))


@console.post("/sign-in/passkey")
@public
def sign_in_by_passkey() -> AnyResponse:
    form, address = Form(), request.remote_addr or ""
    session_id = form.attempt(lambda: service(SignIn).by_passkey(_browser(), form["credential"], address))
    if session_id is None:
        return refused(form, sign_in_page(form, _target()))
    return begun(session_id, _target())


@console.post("/sign-in/code/options")
@public
def sign_in_code_options() -> Response:
    return jsonify(service(SignIn).begin_passkey_step(request.form.get("pending", ""), _browser()))


@console.post("/sign-in/code/passkey")
@public
def sign_in_code_by_passkey() -> AnyResponse:
    form = Form()
    session_id = form.attempt(lambda: service(SignIn).passkey_step(form["pending"], _browser(), form["credential"]))
    if session_id is None:
        return refused(form, second_step_page(form, form["pending"], _target()))
    return begun(session_id, _target())


# --- one's own ------------------------------------------------------------------------------------------------------


@console.get("/account/passkeys/new")
@action("console.use")
def account_new_passkey() -> str:
    g.console_section = ""
    require_recent_proof()
    return render_template("console/passkey_new.html", form=Form())


@console.post("/account/passkeys/options")
@action("console.use")
def account_passkey_options() -> Response:
    require_recent_proof()
    return jsonify(service(Passkeys).begin_adding(principal(), _browser()))


@console.post("/account/passkeys/new")
@action("console.use")
def account_add_passkey() -> AnyResponse | str | tuple[str, int]:
    g.console_section = ""
    require_recent_proof()
    form = Form()
    codes = form.attempt(
        lambda: service(Passkeys).add(principal(), _browser(), form["name"], form["credential"], language())
    )
    if codes is None:
        return render_template("console/passkey_new.html", form=form), form.status
    if codes:
        return render_template("console/recovery_codes.html", codes=codes)
    return redirect(url_for("console.account", done="passkey-added"), 303)


@console.get("/account/passkeys/<uuid:passkey_id>")
@action("console.use")
def account_passkey(passkey_id: UUID) -> str:
    known = service(Passkeys).get(principal(), passkey_id)
    return _passkey_page(known, Form(name=known.name))


def _passkey_page(known: PasskeyView, form: Form) -> str:
    g.console_section = ""
    return render_template("console/passkey.html", passkey=known, form=form)


@console.post("/account/passkeys/<uuid:passkey_id>")
@action("console.use")
def account_rename_passkey(passkey_id: UUID) -> AnyResponse | tuple[str, int]:
    known, form = service(Passkeys).get(principal(), passkey_id), Form()
    form.attempt(lambda: service(Passkeys).rename(principal(), passkey_id, form["name"]))
    if form.refusal is not None:
        return _passkey_page(known, form), form.status
    return redirect(url_for("console.account", done="passkey-renamed"), 303)


@console.post("/account/passkeys/<uuid:passkey_id>/remove")
@action("console.use")
def account_remove_passkey(passkey_id: UUID) -> AnyResponse:
    require_recent_proof()
    service(Passkeys).remove(principal(), passkey_id, language())
    return redirect(url_for("console.account", done="passkey-removed"), 303)


# --- is it still you? -----------------------------------------------------------------------------------------------


@console.get("/account/proof")
@action("console.use")
def account_proof() -> str:
    return _proof_page(Form(), local_return_address(request.args.get("next"), url_for("console.account")))


def _proof_page(form: Form, target: str) -> str:
    g.console_section = ""
    has_passkey = bool(service(Passkeys).of(principal()))
    return render_template("console/proof.html", form=form, next=target, has_passkey=has_passkey)


@console.post("/account/proof")
@action("console.use")
def account_proof_sent() -> AnyResponse | tuple[str, int]:
    form = Form()
    session_id = service(BrowserSessions).session_id(request)
    form.attempt(lambda: service(SignIn).prove(principal(), session_id, form["password"]))
    return _proven(form)


@console.post("/account/proof/options")
@action("console.use")
def account_proof_options() -> Response:
    known = principal()
    return jsonify(service(Passkeys).begin(_browser(), (known.tenant_id, UUID(known.id))))


@console.post("/account/proof/passkey")
@action("console.use")
def account_proof_by_passkey() -> AnyResponse | tuple[str, int]:
    form = Form()
    form.attempt(lambda: service(SignIn).prove_by_passkey(principal(), _browser(), form["credential"]))
    return _proven(form)


def _proven(form: Form) -> AnyResponse | tuple[str, int]:
    target = local_return_address(form["next"], url_for("console.account"))
    if form.refusal is not None:
        return _proof_page(form, target), form.status
    return redirect(target, 303)
