"""One-time links: asking for those that come by e-mail, and the pages that they open; the first person's too.

Opening a link changes nothing: mail programs look into links before people do. Its page has a button.
"""

from uuid import UUID

from flask import g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import console, language, require_recent_proof, signed_in
from hub.console.forms import Form, require_same
from hub.http import action, principal, public, service
from hub.oauth.services.accounts import Accounts
from hub.oauth.services.first_run import FirstRun, Newcomer
from hub.oauth.services.post import Post
from hub.oauth.views.session import BrowserSessions

Page = Response | str | tuple[str, int]


@console.get("/forgot-password")
@public
def forgot_password() -> Page:
    service(Post).require()
    return render_template(
        "console/forgot_password.html", form=Form(email=request.args.get("email", "")), is_sent=False
    )


@console.post("/forgot-password")
@public
def forgot_password_sent() -> Page:
    form = Form()
    form.attempt(lambda: service(Accounts).forgot(form["email"], language(), request.remote_addr or ""))
    is_sent = form.refusal is None
    return render_template("console/forgot_password.html", form=form, is_sent=is_sent), form.status


@console.get("/reset-password")
@public
def reset_password() -> Page:
    link = request.args.get("link", "")
    _, user = service(Accounts).link_owner(link, "reset", "invite")
    return render_template("console/reset_password.html", form=Form(), link=link, email=user.email)


@console.post("/reset-password")
@public
def reset_password_sent() -> Page:
    form = Form()
    _, user = service(Accounts).link_owner(form["link"], "reset", "invite")
    form.attempt(lambda: _reset(form))
    if form.refusal is not None:
        page = render_template("console/reset_password.html", form=form, link=form["link"], email=user.email)
        return page, form.status
    response = make_response(redirect(url_for("console.sign_in", done="password-chosen"), 303))
    service(BrowserSessions).recognise(request, response, str(user.id))
    return response


def _reset(form: Form) -> None:
    require_same(form)
    service(Accounts).reset(form["link"], form["password"], language())


@console.get("/confirm-address")
@public
def confirm_address() -> Page:
    link = request.args.get("link", "")
    known, user = service(Accounts).link_owner(link, "verify", "change")
    return render_template("console/confirm_address.html", link=link, email=known.extra or user.email)


@console.post("/confirm-address")
@public
def confirm_address_sent() -> Page:
    service(Accounts).confirm_address(request.form.get("link", ""), language())
    there = "console.account" if signed_in() else "console.sign_in"
    return redirect(url_for(there, done="address-confirmed"), 303)


@console.post("/account/address/verify")
@action("console.use")
def account_verify_address() -> Page:
    service(Accounts).ask_to_verify(principal(), language())
    return redirect(url_for("console.account", done="link-sent"), 303)


@console.get("/account/address")
@action("console.use")
def account_address() -> Page:
    g.console_section = ""
    service(Post).require()
    require_recent_proof()
    return render_template("console/address.html", form=Form())


@console.post("/account/address")
@action("console.use")
def account_change_address() -> Page:
    g.console_section = ""
    require_recent_proof()
    form = Form()
    form.attempt(lambda: service(Accounts).ask_to_change(principal(), form["email"], language()))
    if form.refusal is not None:
        return render_template("console/address.html", form=form), form.status
    return redirect(url_for("console.account", done="address-link-sent"), 303)


@console.post("/people/<uuid:user_id>/invite")
@action("users.write")
def people_invite(user_id: UUID) -> Page:
    service(Accounts).invite(principal(), user_id, language())
    return redirect(url_for("console.people_one", user_id=user_id, done="link-sent"), 303)


@console.get("/set-up")
@public
def set_up() -> Page:
    return _set_up_page(Form(), request.args.get("link", ""))


def _set_up_page(form: Form, link: str) -> str:
    needs_tenant = service(FirstRun).check(link)
    return render_template("console/set_up.html", form=form, link=link, needs_tenant=needs_tenant)


@console.post("/set-up")
@public
def set_up_sent() -> Page:
    form = Form()
    form.attempt(lambda: _set_up(form))
    if form.refusal is not None:
        return _set_up_page(form, form["link"]), form.status
    return redirect(url_for("console.sign_in", done="set-up"), 303)


def _set_up(form: Form) -> None:
    require_same(form)
    newcomer = Newcomer(form["organisation"], form["name"], form["email"], form["password"])
    service(FirstRun).finish(form["link"], newcomer)
