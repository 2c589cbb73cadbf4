"""The tool as platforms and browsers meet it: login, launch, key set, and the small pages shown inside an LMS.

These pages live in frames where the browser may keep no cookie: what they may do is carried by a token in their forms
(`services.visits`). Each may be framed by the platform that launched it and by nobody else.
"""

from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_from_directory,
)
from flask_babel import Domain, force_locale
from flask_babel import gettext as _
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Response as WerkzeugResponse

from hub.errors import HubError, Invalid
from hub.http import public, service
from hub.http.context import request_id
from hub.http.headers import content_security_policy
from hub.lti.services.deep_linking import DeepLinking
from hub.lti.services.links import Links
from hub.lti.services.messages import (
    Answer,
    Messages,
    NothingYet,
    OpenPlayer,
    OpenWindow,
    ShowCourse,
    ShowPicker,
)
from hub.lti.services.platforms import Platforms
from hub.lti.services.visits import Visit, Visits
from hub.scorm.services.origins import ContentOrigins

AREA = Path(__file__).resolve().parents[1]

#: The words of these pages in other languages than English.
WORDS = Domain(str(AREA / "translations"))
LANGUAGES = ["en", "de"]


def hint_for(code: str) -> str | None:
    """What an administrator should look at, by the code of the error; None where there is nothing to say."""
    hints = {
        "lti_login_refused": _(
            "The platform began the login with other settings than the Hub expects. Compare the tool's addresses in "
            "the platform with those on the Hub's page of the platform."
        ),
        "lti_platform_unknown": _(
            "Compare issuer, client id and deployment in the Hub's list of platforms with those that the platform "
            "shows for this tool; every character counts."
        ),
        "lti_launch_refused": _(
            "The platform's message does not fit its registration. The list says which claim is wrong."
        ),
        "lti_token_refused": _(
            "The platform's message is not a token that the Hub takes. Look at the signing key and algorithm (RS256 "
            "or ES256) in the platform, and at its key set address in the Hub."
        ),
        "lti_launch_malformed": _(
            "This address is opened by the platform. If a link in a course leads here, the platform sent an "
            "incomplete message."
        ),
        "lti_login_declined": _(
            "Sign in to the learning platform again and open the link once more. If it happens to everybody, the "
            "platform does not allow this tool's redirect address."
        ),
        "lti_role_refused": _("Only teachers and administrators of a course can add content to it."),
    }
    return hints.get(code)


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
    blueprint.add_url_rule("/login", view_func=login, methods=["GET", "POST"])
    blueprint.add_url_rule("/launch", view_func=launch, methods=["POST"])
    blueprint.add_url_rule("/launch", view_func=not_by_get, methods=["GET"])
    blueprint.add_url_rule("/jwks", view_func=jwks, methods=["GET"])
    blueprint.add_url_rule("/picker", view_func=picker, methods=["POST"])
    blueprint.add_url_rule("/choice", view_func=choose, methods=["POST"])
    blueprint.add_url_rule("/course", view_func=course, methods=["POST"])
    blueprint.add_url_rule("/preview", view_func=preview, methods=["POST"])
    blueprint.add_url_rule("/static/<path:name>", view_func=static, methods=["GET"])
    return blueprint


@public
def login() -> WerkzeugResponse:
    """A login initiation (Security Framework 1.0 section 5.1.1.1), by GET or POST."""
    platform, answer = service(Messages).login(request.values.to_dict(flat=False))
    cookie = answer.cookie
    response: WerkzeugResponse
    if answer.storage and request.headers.get("Sec-Fetch-Dest") in _FRAMES:
        response = _page("lti/keep.html", _framed(platform.origins), answer=answer)
    else:
        response = redirect(answer.url, 302)
    response.set_cookie(cookie.name, cookie.value, max_age=cookie.seconds, **_COOKIE)
    response.headers["Cache-Control"] = "no-store"
    return response


@public
def launch() -> WerkzeugResponse:
    """A launch of any message type (Security Framework 1.0 section 5.1.1.3)."""
    messages = service(Messages)
    arrival = messages.arrive(request.form.to_dict(flat=False))
    g.frame_origins = arrival.platform.origins
    response = _answer(messages.receive(arrival, request.cookies, _stored()), arrival.platform.origins)
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
def picker() -> WerkzeugResponse:
    """The choice of packages, searched or shown again."""
    return _picker_page(_token(), request.form.get("search", "")[:200])


@public
def choose() -> WerkzeugResponse:
    """What the teacher chose: the answer to deep linking, or what this link opens from now on."""
    token, visit = _token(), _visit()
    chosen = request.form.getlist("package")
    if visit.deep_linking is None:
        if len(chosen) != 1:
            raise Invalid("Choose one package.", code="lti_nothing_chosen")
        service(Links).choose(visit, chosen[0])
        return _course_page(token)
    answer = service(DeepLinking).answer(visit, chosen, is_graded="graded" in request.form)
    # No form-action: the platform may send the browser on to pages of its own, which the directive would stop.
    policy = _framed(visit.origins, form_action=None)
    return _page("lti/return.html", policy, visit.language, answer=answer)


@public
def course() -> WerkzeugResponse:
    """How the learners of the link are doing."""
    return _course_page(_token())


@public
def preview() -> WerkzeugResponse:
    """Show the link's package to the teacher."""
    return redirect(service(Links).preview(_visit()), 303)


@public
def static(name: str) -> Response:
    """Style and scripts of these pages."""
    return send_from_directory(AREA / "static", name, max_age=3600)


def error_page(error: HubError) -> Response:
    """The error as a page that says what an administrator should look at (dialect of the blueprint).

    It is shown in a frame of the LMS where the platform is known. Before that nobody knows whose frame it is: the page
    may be framed by anyone, and is sandboxed, as it has nothing on it to be clicked.
    """
    origins: tuple[str, ...] = g.get("frame_origins", ())
    policy = _framed(origins) if origins else content_security_policy(frame_ancestors="*") + "; sandbox"
    with force_locale(_language(None)):
        hint = hint_for(error.code)
    response = _page("lti/error.html", policy, error=error, hint=hint, request_id=request_id())
    response.status_code = error.status
    response.headers.update(dict(error.headers))
    return response


def _answer(answer: Answer, origins: Iterable[str]) -> WerkzeugResponse:
    if isinstance(answer, OpenPlayer):
        return redirect(answer.url, 303)
    if isinstance(answer, ShowPicker):
        return _picker_page(answer.token)
    if isinstance(answer, ShowCourse):
        return _course_page(answer.token)
    if isinstance(answer, NothingYet):
        return _page("lti/nothing_yet.html", _framed(origins), answer.language, title=answer.title)
    return _window_page(answer, origins)


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
    policy = _framed(origins, form_action=f"'self' {service(Links).player_origin}")
    response = _page("lti/window.html", policy, again=again, answer=answer)
    response.status_code = HTTPStatus.UNAUTHORIZED
    return response


def _picker_page(token: str, search: str = "") -> Response:
    visit = service(Visits).find(token)
    offered = service(DeepLinking).picker(visit, search)
    return _page("lti/picker.html", _framed(visit.origins), visit.language, token=token, picker=offered)


def _course_page(token: str) -> Response:
    visit = service(Visits).find(token)
    report = service(Links).report(visit)
    # The preview's form is answered by a redirect to the content origin, which form-action has to allow as well.
    policy = _framed(visit.origins, form_action=f"'self' {service(Links).player_origin}")
    return _page("lti/course.html", policy, visit.language, token=token, report=report)


def _language(told: str | None) -> str:
    """The language of a page: the one that the launch tells, else the browser's, else English."""
    primary = (told or "").partition("-")[0].lower()
    return primary if primary in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en")


def _token() -> str:
    return request.form.get("visit", "")


def _visit() -> Visit:
    visit = service(Visits).find(_token())
    g.frame_origins = visit.origins
    return visit


def _framed(origins: Iterable[str], **changes: str | None) -> str:
    """The Hub's policy for a page that the platform at these origins may frame; a change to None drops a directive."""
    kept = {name: value for name, value in changes.items() if value is not None}
    frames = ["'self'", *origins, *service(ContentOrigins).also_framed_by]
    policy = content_security_policy(frame_ancestors=" ".join(frames), **kept)
    dropped = {name.replace("_", "-") for name, value in changes.items() if value is None}
    return "; ".join(part for part in policy.split("; ") if part.partition(" ")[0] not in dropped)


def _page(template: str, policy: str, told_language: str | None = None, **values: object) -> Response:
    language = _language(told_language)
    with force_locale(language):
        response = make_response(render_template(template, language=language, **values))
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = "no-store"
    return response
