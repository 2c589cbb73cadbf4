"""Branding: name, logo and colour of the tenant; and the short address of its sign-in page."""

from typing import BinaryIO, cast

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import LOOK_COOKIE, Surroundings, console, look
from hub.console.forms import Form
from hub.errors import NotFound, say
from hub.http import action, principal, public, service
from hub.oauth.services.branding import Branding, Look
from hub.oauth.spec.branding import palette


@console.get("/t/<slug>")
@public
def tenant_door(slug: str) -> Response:
    """The address of a tenant's own sign-in page, to be handed out."""
    found = service(Branding).of_slug(slug)
    if found is None:
        raise NotFound(say("There is nothing at %(path)s.", path=f"/t/{slug[:63]}"))
    response = redirect(url_for("console.sign_in", tenant=found.slug), 303)
    response.set_cookie(LOOK_COOKIE, found.slug, secure=request.is_secure, httponly=True, samesite="Lax")
    return response


@console.get("/branding")
@action("branding.write")
def branding() -> str:
    return _page(Form())


def _page(form: Form) -> str:
    found = look()
    colours = palette(found.colour) if found and found.colour else None
    door = service(Surroundings).public_url + url_for("console.tenant_door", slug=found.slug if found else "")
    return render_template("console/branding.html", form=form, shown=found, colours=colours, door=door)


@console.post("/branding")
@action("branding.write")
def branding_change() -> Response | tuple[str, int]:
    form = Form()
    if form.attempt(lambda: _change(form)) is None:
        return _page(form), form.status
    return redirect(url_for("console.branding", done="branding-changed"), 303)


def _change(form: Form) -> Look:
    file = request.files.get("logo")
    return service(Branding).change(
        principal(),
        name=form["name"],
        colour=form["colour"],
        logo=cast(BinaryIO, file.stream) if file else None,
        without_logo="without_logo" in form.values,
    )
