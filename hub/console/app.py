"""Putting the console on the Hub's origin: its pages, its errors, its languages."""

from importlib import import_module
from pathlib import Path

from flask import Flask, Response, g, make_response, redirect, render_template, request, url_for
from flask_babel import Babel, get_locale

from hub.console.blueprint import LARGE_FORMS, Surroundings, console, signed_in
from hub.console.filters import FILTERS
from hub.console.listing import address
from hub.errors import HubError, NotFound, Unavailable, say
from hub.http import register_dialect, service
from hub.http.problem import problem
from hub.oauth.services.sessions import ProofNeeded
from hub.oauth.spec.branding import LARGEST_LOGO
from hub.oauth.views.session import SAFE_METHODS, BrowserSessions
from hub.scorm.spec.enrolment import LARGEST_FILE

#: Importing a module of pages puts them on the blueprint.
PAGES = (
    "entrance",
    "mailed",
    "passkeys",
    "consent",
    "home",
    "packages",
    "package_player",
    "package_analytics",
    "registrations",
    "replays",
    "learners",
    "cohorts",
    "courses",
    "statements",
    "platforms",
    "stores",
    "people",
    "branding",
    "tenants",
    "providers",
    "clients",
    "audit",
    "privacy",
    "system",
    "api_page",
)

LANGUAGES = ["en", "de"]
LONGEST_PATH = 200
#: A form with a picture: 5 MB, and what is around it.
PICTURE_FORM_BYTES = 6 * 1024 * 1024
#: What a form has besides its file.
FORM_ROOM = 64 * 1024
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
#: What answers in its own form whatever a browser says it would like.
_MACHINES = ("/api/", "/xapi", "/oauth/", "/.well-known/", "/lti/", "/healthz", "/readyz")


def register_console(app: Flask, upload_limit: int) -> None:
    """Add the console; `upload_limit` is the largest package upload in bytes."""
    for name in PAGES:
        import_module(f"hub.console.views.{name}")
    large = ("packages_upload", "packages_upload_version", "jobs_uploads_create", "jobs_uploads_one")
    LARGE_FORMS.update(dict.fromkeys(large, upload_limit))
    LARGE_FORMS["packages_thumbnail"] = PICTURE_FORM_BYTES
    LARGE_FORMS["branding_change"] = LARGEST_LOGO + FORM_ROOM
    LARGE_FORMS["cohorts_enrol"] = LARGEST_FILE + FORM_ROOM
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(Path(__file__).parent / "translations")
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        locale=lambda: str(get_locale()).replace("_", "-"),
        direction=_direction,
        filtered=lambda name, value: address(**{name: value}),
        without=lambda name: address(**{name: ""}),
    )
    Babel(app, locale_selector=lambda: request.accept_languages.best_match(LANGUAGES, "en"))
    app.register_blueprint(console)
    register_dialect(app, console, error_page)
    register_dialect(app, "", _error_outside)


def _direction() -> str:
    locale = get_locale()
    return "rtl" if locale is not None and locale.language in RIGHT_TO_LEFT else "ltr"


def error_page(error: HubError) -> Response:
    """An error for a person. Who is not signed in is led to the entrance, and back here afterwards."""
    if error.status == 401 and request.method in SAFE_METHODS and request.endpoint != "console.sign_in":
        return _to_entrance()
    if isinstance(error, ProofNeeded):
        target = request.full_path.rstrip("?") if request.method in SAFE_METHODS else url_for("console.account")
        return make_response(redirect(url_for("console.account_proof", next=target), 303))
    page = render_template("console/error.html" if signed_in() else "console/error_alone.html", error=error)
    response = make_response(page, error.status)
    response.headers.extend(error.headers)
    return response


def _to_entrance() -> Response:
    if request.headers.get("HX-Request"):
        response = make_response("", 401)
        response.headers["HX-Redirect"] = url_for("console.sign_in")
        return response
    target = request.full_path.rstrip("?")
    answer = redirect(url_for("console.sign_in", next=target if target != "/" else None), 303)
    return make_response(answer)


def _error_outside(error: HubError) -> Response:
    """An address that nobody serves, or a method that it does not take: a page for browsers, else a problem."""
    if error.status == 404:
        error = NotFound(say("There is nothing at %(path)s.", path=request.path[:LONGEST_PATH]))
    likes = request.accept_mimetypes.best_match(["application/problem+json", "text/html"])
    if request.path.startswith(_MACHINES) or likes != "text/html":
        return problem(error)
    _recognise()
    return error_page(error)


def _recognise() -> None:
    """Who is signed in keeps the menu where there is no page; without Redis they do without."""
    try:
        g.signed_in = service(BrowserSessions).who(request)
    except Unavailable:
        g.signed_in = None


__all__ = ["Surroundings", "error_page", "register_console"]
