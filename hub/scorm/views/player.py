"""The player's page on the content origin, and its own scripts and styles."""

import gzip
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Response, jsonify, make_response, render_template, request, url_for
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound as NoSuchFile

from hub.errors import HubError
from hub.http.access import public
from hub.http.context import request_id, service
from hub.media_types import media_type
from hub.oauth.services.branding import Branding
from hub.scorm.services.content import Contents
from hub.scorm.services.courses import Course
from hub.scorm.services.launches import RELOAD_WITHIN, Launches, Opening
from hub.scorm.spec.manifest.course import MEDIA
from hub.scorm.spec.runtime.languages import PRIMARY
from hub.scorm.spec.runtime.sessions import MODELS

COOKIE = "launch"
#: What the player speaks.
LANGUAGES = ["en", "de"]
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
_SCRIPTS = {"scorm_1_2": "scorm12.min.js", "scorm_2004": "scorm2004.min.js"}
#: Our own files, and the libraries that `make vendor` puts in place.
_FOLDERS = (
    Path(__file__).resolve().parents[1] / "player" / "static",
    Path(__file__).resolve().parents[2] / "static" / "vendor",
    Path(__file__).resolve().parents[2] / "static" / "vendor" / "pdf",
)
_YEAR = int(timedelta(days=365).total_seconds())

#: Nothing inline, nothing from elsewhere but frames: a manifest may name content on another site. The player adds what
#: it has forms for and who may frame it; an error has nothing on it to be clicked, and whose frame it is in may not be
#: known.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self' http: https:; base-uri 'none'"
)

#: The viewers show what was uploaded and run nothing of it but a web site, in a frame of its own.
_VIEWER_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self' data: blob:; media-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)


@public
def play(token: str) -> Response:
    """The player, opened once by whoever holds the address, and again in the same browser only."""
    if request.method == "HEAD" or request.headers.get("Sec-Purpose", "").startswith("prefetch"):
        return Response(status=204)  # A look ahead must not use the address up.
    agent = request.headers.get("User-Agent", "")
    opening = service(Launches).open(token, request.cookies.get(COOKIE), agent, request.host)
    response = _opened(opening, token)
    if opening.browser_secret is not None:
        response.set_cookie(
            COOKIE,
            opening.browser_secret,
            max_age=RELOAD_WITHIN,
            path=url_for("player.play", token=token),
            secure=True,
            httponly=True,
            samesite="None",
            partitioned=True,
        )
    return response


def _opened(opening: Opening, token: str) -> Response:
    """The player, or what the learner has to agree to before."""
    with force_locale(_spoken(opening.locale)):
        if opening.notice is None:
            page = render_template("player/play.html", place=token, **_page(opening))
        else:
            page = _consent_page(opening, token)
    has_form = opening.notice is not None or opening.may_withdraw
    return _protect(make_response(page), has_form=has_form, more=f"; frame-ancestors {opening.frame_ancestors}")


def _consent_page(opening: Opening, token: str) -> str:
    return render_template(
        "player/consent.html",
        heading=_("Before you begin"),
        title=opening.course.title,
        notice=opening.notice,
        token=opening.token,
        action=url_for("player.agree", token=token),
        return_url=opening.return_url,
        look=service(Branding).look(opening.tenant_id),
        asset=asset,
        **_language(opening.locale),
    )


@public
def agree(token: str) -> Response:
    """The learner agrees, and the player opens. A token in the form stands for the browser: cookies may be blocked."""
    form = request.form
    version = form.get("version", "")
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else 0
    return _opened(service(Launches).agree(token, form.get("token", ""), number, request.host), token)


@public
def withdraw(token: str) -> Response:
    """The learner takes back what they agreed to."""
    locale = service(Launches).withdraw(token, request.form.get("token", ""), request.host)
    with force_locale(_spoken(locale)):
        heading = _("You have withdrawn your consent")
        page = render_template("player/consent.html", heading=heading, notice=None, asset=asset, **_language(locale))
    return _protect(make_response(page))


@public
def viewer(kind: str) -> Response:
    """The page that shows a PDF, a video or a web site; which file is in its address, and judged by its script.

    It holds nothing of anybody: what it may read, and who may frame it, is decided by the grant in the file's own
    address.
    """
    if kind not in MEDIA:
        raise NoSuchFile
    grant = request.args.get("file", "").removeprefix("/content/").partition("/")[0]
    frame_ancestors = service(Contents).frame_ancestors(grant)
    with force_locale(_spoken(request.args.get("lang", str(get_locale())))):
        page = render_template(
            "player/viewer.html",
            kind=kind,
            heading=_VIEWERS[kind](),
            asset=asset,
            words=_inert_json(_viewer_words()),
            **_language(request.args.get("lang")),
        )
    response = _protect(make_response(page))
    response.headers["Content-Security-Policy"] = f"{_VIEWER_POLICY}; frame-ancestors {frame_ancestors}"
    return response


@public
def renew(token: str) -> Response:
    """A new token for the browser that has the player open; its cookie says that it is the one."""
    renewed = service(Launches).renew(token, request.cookies.get(COOKIE), request.host)
    response = jsonify(token=renewed)
    response.headers["Cache-Control"] = "no-store"
    return response


@public
def asset_file(name: str) -> Response:
    """A file of the player itself; for a year under its present digest."""
    found = _found(name)
    packed = request.accept_encodings.quality("gzip") > 0
    response = Response(found.gzipped if packed else found.body, content_type=found.content_type)
    response.set_etag(f"{found.digest}-gzip" if packed else found.digest)
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    is_present = request.args.get("v") == found.digest
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable" if is_present else "no-cache"
    response.make_conditional(request)
    return response


def asset(name: str) -> str:
    """The address of a file of the player."""
    return url_for("player.asset_file", name=name, v=_found(name).digest)


@dataclass(frozen=True, slots=True)
class _Asset:
    body: bytes
    gzipped: bytes
    digest: str
    content_type: str


@cache
def _found(name: str) -> _Asset:
    for folder in _FOLDERS:
        path = folder / name
        if path.is_file() and path.parent == folder:
            body = path.read_bytes()
            content_type = f"{media_type(name)}; charset=utf-8"
            return _Asset(body, gzip.compress(body, mtime=0), sha256(body).hexdigest()[:12], content_type)
    raise NoSuchFile


def _page(opening: Opening) -> dict[str, Any]:
    course = opening.course
    return {
        "title": course.title,
        "opening": opening,
        "look": service(Branding).look(opening.tenant_id),
        "outline": _outline(course),
        "has_several": len(course.launchable) > 1,
        "library": asset(_SCRIPTS[course.standard]),
        "asset": asset,
        "launch": _inert_json(_launch_data(opening)),
        **_language(opening.locale),
    }


def _language(wanted: str | None = None) -> dict[str, str]:
    """The language that the page speaks, and the direction of the script of the one that was wanted."""
    spoken = str(get_locale() or "en").replace("_", "-")
    return {"locale": spoken, "direction": "rtl" if _primary(wanted or spoken) in RIGHT_TO_LEFT else "ltr"}


def _primary(tag: str) -> str:
    """The language of a tag (BCP 47): `de` of `de-AT` or `de_AT`."""
    return re.split(r"[-_]", tag, maxsplit=1)[0].lower()


def _spoken(tag: str) -> str:
    """The language that the player speaks to someone who would like `tag`."""
    language = _primary(tag)
    return language if language in LANGUAGES else "en"


def _outline(course: Course) -> list[dict[str, Any]]:
    """The table of contents: visible activities with their depth counted from the top.

    Where sequencing decides, clusters and the course itself may be chosen, too: what they begin with is delivered.
    """
    visible = [activity for activity in course.activities if activity.node.visible]
    top = min((activity.depth for activity in visible), default=0)
    entries = [
        {
            "id": activity.node.id,
            "title": activity.node.title,
            "level": activity.depth - top,
            "has_content": activity.node.launchable,
            "may_be_chosen": activity.node.launchable or course.tree is not None,
        }
        for activity in visible
    ]
    if course.tree is None or not entries:
        return entries
    root = {"id": course.tree.activities[0].identifier, "title": course.title, "has_content": False}
    return [root | {"level": 0, "may_be_chosen": True}, *entries]


def _launch_data(opening: Opening) -> dict[str, Any]:
    """What the player's script starts with."""
    course = opening.course
    return {
        "token": opening.token,
        "launch": str(opening.launch_id),
        "journal": {"attempt": str(opening.attempt_id), "key": opening.journal_key} if opening.journal_key else None,
        "standard": course.standard,
        "mode": opening.mode,
        "preview": opening.is_preview,
        "returnUrl": opening.return_url,
        "settings": _shown_settings(opening),
        "model": MODELS[course.standard].as_data(),
        "languages": " ".join(sorted(PRIMARY)) if course.standard == "scorm_2004" else "",
        "words": _words(),
    }


def _shown_settings(opening: Opening) -> dict[str, Any]:
    """The settings of the package that the script goes by."""
    found = opening.settings
    return {
        "window": found.window,
        "width": found.window_width,
        "height": found.window_height,
        "contents": found.contents,
        "on_exit": found.on_exit,
        "strict": found.strict_suspend_data,
    }


def _words() -> dict[str, str]:
    """What the script says, in the learner's language."""
    return {
        "not_begun": _("Not begun"),
        "in_progress": _("In progress"),
        "completed": _("Completed"),
        "passed": _("Passed"),
        "failed": _("Failed"),
        "progress": _("{done} of {all} done"),
        "saving": _("Saving…"),
        "saved": _("Saved"),
        "offline": _("No connection. Your answers are kept here and sent as soon as it is back."),
        "offline_briefly": _("Not sent yet"),
        "refused": _("Something this course wanted to save was not accepted. The rest has been saved."),
        "refused_briefly": _("Not all saved"),
        "superseded": _("This course has been opened in another window. Go on there; you may close this one."),
        "not_sent": _("Your last answers could not be sent yet. They are kept in this browser. Try again."),
        "not_added": _("Answers of an earlier visit came too late: the course has gone on elsewhere since."),
        "expired_kept": _(
            "Your session is over. Your last answers are kept in this browser; open the course again to hand them in."
        ),
        "leave_course": _("Leave the course"),
        "time_over": _("The time for this part is over."),
        "time_over_exit": _("The time for this part is over. Your work is saved."),
        "expired": _("Your session is over. Open the course again to go on where you left off."),
        "failed_to_open": _("This part of the course cannot be opened now. Try again."),
        "ended": _("You have left the course. Your work is saved; you may close this window."),
        "finished": _("This part is over."),
        "choose": _("Choose from the contents where to go on."),
        "nothing_left": _("There is nothing more to do here now. Your work is saved; you may leave."),
        "leave": _("Leaving…"),
        "try_again": _("Try again"),
        "go_back": _("Back to the course"),
        "open_window": _("The course opens in a window of its own."),
        "open_window_now": _("Open the course"),
        "window_blocked": _("Your browser did not let the window open. Allow windows of this page and try again."),
        "in_window": _("The course is open in another window."),
        "to_window": _("Go to the window"),
        "window_closed": _("You have closed the course's window. Your work is saved."),
    }


_VIEWERS = {"pdf": lambda: _("Document"), "video": lambda: _("Video"), "web": lambda: _("Web pages")}


def _viewer_words() -> dict[str, str]:
    """What the viewers' scripts say; `{…}` are places that they fill."""
    return {
        "page": _("Page {number}"),
        "page_unreadable": _("This page is damaged and cannot be shown."),
        "link": _("Link within the document"),
        "captions": _("Captions"),
        "pages_seen": _("{seen} of {all} pages seen"),
        "played": _("{percent} % played"),
        "protected": _("This document asks for a password, so it cannot be shown here. Tell those who run the course."),
        "unreadable": _("This cannot be shown. Open the course again; if it happens again, tell those who run it."),
        "unplayable": _("Your browser cannot play this video. Try another one, or tell those who run the course."),
    }


def _inert_json(data: dict[str, Any]) -> str:
    """JSON that cannot end the script element that it stands in (HTML section 4.12.1.3)."""
    text = json.dumps(data)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def plain_page(error: HubError) -> Response:
    """An error for a learner: what happened, and what to do."""
    heading, advice = _advice(error)
    page = render_template(
        "player/error.html",
        heading=heading,
        advice=advice,
        error=error,
        request_id=request_id(),
        asset=asset,
        **_language(),
    )
    response = make_response(page, error.status)
    response.headers.extend(error.headers)
    return _protect(response)


def _advice(error: HubError) -> tuple[str, str]:
    if error.status == 404:
        return _("There is nothing here"), _("The address is wrong, or no longer good. Open the course again.")
    if error.status == 410:
        return _("Open it again from your course"), _("For your safety, each address of the player opens only once.")
    if error.status in (429, 503):
        return _("Please wait a moment"), _("The course cannot be opened right now. Try again in a minute.")
    return _("This did not work"), _("Open the course again. If it happens again, tell those who run it.")


def _protect(response: Response, *, has_form: bool = False, more: str = "") -> Response:
    forms = "'self'" if has_form else "'none'"
    response.headers["Content-Security-Policy"] = f"{_POLICY}; form-action {forms}{more}"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
