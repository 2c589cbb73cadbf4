"""The tool as platforms and browsers meet it: login, launch, key set, and the small pages shown inside an LMS.

These pages live in frames where the browser may keep no cookie: what they may do is carried by a token in their forms
(`services.visits`). Each may be framed by the platform that launched it and by nobody else.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TypedDict
from urllib.parse import urlencode

from flask import Blueprint, Response, g, jsonify, redirect, request, send_from_directory
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Response as WerkzeugResponse

from hub.errors import Invalid, Violation
from hub.http import public, service
from hub.lti.services.links import Links
from hub.lti.services.messages import (
    Answer,
    Messages,
    NothingYet,
    OpenPlayer,
    OpenWindow,
    ShowCourse,
    ShowPicker,
    ShowReport,
)
from hub.lti.services.platforms import Platforms
from hub.lti.views import inside, registration
from hub.lti.views.pages import AREA, WORDS, framed, page, parting

#: What a browser says it fetches a page for when the page is to be shown in a frame (Fetch Metadata).
_FRAMES = {"iframe", "frame"}


class _CookieAttributes(TypedDict):
    path: str
    secure: bool
    httponly: bool
    samesite: str
    partitioned: bool


#: In a frame of another site a browser that blocks third-party cookies keeps partitioned ones alone.
_COOKIE = _CookieAttributes(path="/lti", secure=True, httponly=True, samesite="None", partitioned=True)


def tool_blueprint() -> Blueprint:
    """Everything below /lti/ on the Hub's origin. Its errors are pages: register `error_page` as their dialect."""
    blueprint = Blueprint("lti", __name__, url_prefix="/lti", template_folder=str(AREA / "templates"))
    blueprint.before_request(WORDS.as_default)
    blueprint.after_request(_keep_opener)
    blueprint.add_url_rule("/login", view_func=login, methods=["GET", "POST"])
    blueprint.add_url_rule("/launch", view_func=launch, methods=["POST"])
    blueprint.add_url_rule("/launch", view_func=not_by_get, methods=["GET"])
    blueprint.add_url_rule("/jwks", view_func=jwks, methods=["GET"])
    blueprint.add_url_rule("/static/<path:name>", view_func=static, methods=["GET"])
    inside.add_rules(blueprint)
    registration.add_rules(blueprint)
    return blueprint


def _keep_opener(response: WerkzeugResponse) -> WerkzeugResponse:
    """Let a window that the platform opened talk to it: to have it closed after dynamic registration (step 4), and to
    use its storage. Elsewhere the Hub cuts such ties."""
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return response


@public
def login() -> WerkzeugResponse:
    """A login initiation (Security Framework 1.0 section 5.1.1.1), by GET or POST."""
    platform, answer = service(Messages).login(request.values.to_dict(flat=False))
    cookie = answer.cookie
    response: WerkzeugResponse
    if answer.storage and request.headers.get("Sec-Fetch-Dest") in _FRAMES:
        response = page("lti/keep.html", framed(platform.origins), answer=answer)
    else:
        response = redirect(answer.url, 302)
    response.set_cookie(cookie.name, cookie.value, max_age=cookie.seconds, **_COOKIE)
    response.headers["Cache-Control"] = "no-store"
    return response


@public
def launch() -> WerkzeugResponse:
    """A launch of any message type (Security Framework 1.0 section 5.1.1.3)."""
    _require_form()
    messages = service(Messages)
    arrival = messages.arrive(request.form.to_dict(flat=False))
    g.frame_origins, g.lti_tenant = arrival.platform.origins, arrival.platform.tenant_id
    response = _answer(messages.receive(arrival, request.cookies, _stored(), parting), arrival.platform.origins)
    response.delete_cookie(arrival.cookie_name, **_COOKIE)
    return response


@public
def not_by_get() -> WerkzeugResponse:
    """Someone typed the launch address into a browser."""
    raise MethodNotAllowed(["POST"], "Platforms open this address; open the link in your course instead.")


@public
def jwks() -> Response:
    """The Hub's key set (RFC 7517 section 5)."""
    response = jsonify(service(Platforms).public_keys())
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@public
def static(name: str) -> Response:
    """Style and scripts of these pages."""
    return send_from_directory(AREA / "static", name, max_age=3600)


def _answer(answer: Answer, origins: Iterable[str]) -> WerkzeugResponse:
    if isinstance(answer, OpenPlayer):
        return redirect(answer.url, 303)
    if isinstance(answer, ShowPicker):
        return inside.picker_page(answer.token)
    if isinstance(answer, ShowCourse):
        return inside.course_page(answer.token)
    if isinstance(answer, ShowReport):
        return inside.report_page(answer.token)
    if isinstance(answer, NothingYet):
        return page("lti/nothing_yet.html", framed(origins), answer.language, title=answer.title)
    return _window_page(answer, origins)


def _require_form() -> None:
    """Refuse whatever is not the form of a launch (OAuth 2.0 Form Post Response Mode, section 2)."""
    if request.mimetype != "application/x-www-form-urlencoded":
        fault = Violation(
            "Form Post Response Mode 1.0, 2", "Content-Type", "is not that of a form", request.mimetype[:100]
        )
        raise Invalid("This is not the form of a launch.", code="lti_launch_malformed", violations=[fault])


def _stored() -> str | None:
    """The login's secret, read from the platform's storage by our own page and from nowhere else.

    A page of another site could post the secret of its own login, and so launch the visitor as somebody else; browsers
    tell where a form comes from by the Origin header, which no page can forge.
    """
    is_own = request.headers.get("Origin") == request.host_url.rstrip("/")
    return request.form.get("stored") if is_own else None


def _window_page(answer: OpenWindow, origins: Iterable[str]) -> Response:
    """The way out for a browser that keeps no cookie in the frame; the launch as it came is refused.

    First the platform's storage, where there is one; else the same login in a window of its own, where our cookie is
    not a third party's.
    """
    again = f"{request.url_root}lti/login?{urlencode(answer.parameters)}"
    policy = framed(origins, form_action=f"'self' {service(Links).player_origin}")
    response = page("lti/window.html", policy, again=again, answer=answer)
    response.status_code = HTTPStatus.UNAUTHORIZED
    return response
