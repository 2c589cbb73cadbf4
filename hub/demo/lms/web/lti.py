"""The OpenID Connect side: key set, authentication, and what comes back from deep linking."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response

from .. import claims, courses, exchanges, grades, messages
from ..claims import DL, LTI, Launch
from ..content import read_links
from ..courses import Activity
from ..messages import Message
from ..settings import Tool
from ..tools import LEEWAY, Expected, Refused
from .context import lms, platform_time, signed_in, switched, transaction

blueprint = Blueprint("lti", __name__, url_prefix="/lti")

BOUNCED = "from_platform"
"""Marks an authentication request that a page of ours has sent again."""


class AuthenticationError(Exception):
    """An error that goes back to the tool: its code (OpenID Connect Core section 3.1.2.6) and a line."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


@blueprint.get("/jwks")
def jwks() -> Response:
    """The keys that sign id_tokens."""
    return jsonify(lms().keys.jwks())


@blueprint.route("/auth", methods=["GET", "POST"])
def authenticate() -> str:
    """Authentication request to authentication response (LTI Security Framework 1.0 section 5.1.1.2 and .3)."""
    values = request.values
    tool = _tool_to_answer(values)
    if _needs_own_initiator(values):
        return render_template("post.html", action=request.path, fields={**values.to_dict(), BOUNCED: "1"})
    state = {"state": values["state"]} if "state" in values else {}
    try:
        fields = {"id_token": _id_token(tool, values), **state}
    except AuthenticationError as error:
        fields = {"error": error.code, "error_description": error.description, **state}
    return render_template("post.html", action=values["redirect_uri"], fields=fields, title=f"Opening {tool.name}")


@blueprint.post("/deep-linking")
def deep_linking_response() -> str | tuple[str, int]:
    """Take what the teacher chose (Deep Linking 2.0 section 4.5); shown in the dialog's frame."""
    try:
        expected = Expected(lms().settings.issuer, platform_time())
        tool, payload = lms().tools.verify(request.form.get("JWT", ""), expected)
        with transaction() as db:
            course_id, titles, text = _take_choice(db, tool, payload)
    except Refused as refusal:
        with transaction() as db:
            exchanges.note(db, exchanges.FROM_TOOL, "Deep linking response refused", str(refusal))
        return render_template("message.html", title="The choice was refused", text=str(refusal)), 400
    return render_template(
        "back.html", target=url_for("pages.course", course_id=course_id), text=text or _added(titles)
    )


def _needs_own_initiator(values: Mapping[str, str]) -> bool:
    """Whether to have the browser send the request again from a page of ours.

    A frame that the tool's script sent here carries no SameSite=Lax cookie, though it is our own page's frame.
    Posted by a page of ours, the same request does.
    """
    with transaction() as db:
        return signed_in(db) is None and BOUNCED not in values


def _tool_to_answer(values: Mapping[str, str]) -> Tool:
    """The tool that asks; before it and its address are known to be right nothing may be sent anywhere."""
    try:
        tool = lms().tools.client(values.get("client_id"))
    except Refused:
        abort(400, f"client_id {values.get('client_id')!r} is not registered here.")
    if values.get("redirect_uri") not in tool.redirect_uris:
        abort(400, f"redirect_uri {values.get('redirect_uri')!r} is not registered for this tool.")
    return tool


def _id_token(tool: Tool, values: Mapping[str, str]) -> str:
    for name, value in (
        ("scope", "openid"),
        ("response_type", "id_token"),
        ("response_mode", "form_post"),
        ("prompt", "none"),
    ):
        if values.get(name) != value:
            raise AuthenticationError("invalid_request", f"{name} must be {value}")
    nonce = values.get("nonce")
    if not nonce:
        raise AuthenticationError("invalid_request", "nonce is missing")
    with transaction() as db:
        message = _expected_message(db, tool, values)
        exchanges.note(db, exchanges.FROM_TOOL, "Authentication request", message.type)
        payload = _payload(db, tool, message, nonce)
        exchanges.note(db, exchanges.TO_TOOL, "Authentication response", f"id_token with {message.type}")
    return lms().keys.sign(payload)


def _expected_message(db: sqlite3.Connection, tool: Tool, values: Mapping[str, str]) -> Message:
    message = messages.by_hint(db, values.get("lti_message_hint", ""))
    if message is None or message.deployment != tool.deployment_id:
        raise AuthenticationError("invalid_request", "lti_message_hint is unknown or has expired")
    if values.get("login_hint") != message.person_id:
        raise AuthenticationError("invalid_request", "login_hint is of another person")
    person = signed_in(db)
    if person is None or person.id != message.person_id:
        raise AuthenticationError("login_required", "this person is not signed in to the platform")
    return message


def _payload(db: sqlite3.Connection, tool: Tool, message: Message, nonce: str) -> dict[str, Any]:
    course = courses.course(db, message.course_id)
    member = courses.member(db, message.course_id, message.person_id)
    if course is None or member is None:
        raise AuthenticationError("access_denied", "this person is not in the course")
    now = int(platform_time())
    launch = Launch(lms().platform(tool), tool, member, course, switched(), nonce, now)
    if message.data is not None:
        return claims.deep_linking(launch, message.data)
    if message.activity_id is None:
        return claims.resource_link(launch, courses.course_link(course, tool), [])
    activity = courses.activity(db, message.activity_id)
    if activity is None:
        raise AuthenticationError("access_denied", "the activity was removed")
    if message.for_person_id is not None:
        return _review(db, launch, activity, message)
    return claims.resource_link(launch, activity, grades.items_of(db, activity))


def _review(db: sqlite3.Connection, launch: Launch, activity: Activity, message: Message) -> dict[str, Any]:
    item = grades.line_item(db, launch.course.id, message.line_item_id or 0)
    learner = courses.member(db, launch.course.id, message.for_person_id or "")
    if item is None or learner is None:
        raise AuthenticationError("access_denied", "the column or the learner was removed")
    return claims.submission_review(launch, activity, item, learner)


def _take_choice(db: sqlite3.Connection, tool: Tool, payload: Mapping[str, Any]) -> tuple[int, list[str], str]:
    """Add the links of a response; the course, their titles, and the tool's own message to the teacher."""
    _check_response(db, tool, payload)
    message = messages.take_by_data(db, str(payload.get(f"{DL}data", "")))
    if message is None or message.deployment != tool.deployment_id:
        raise Refused("data does not belong to a choice that is still open")
    links = read_links(payload.get(f"{DL}content_items", []), switched())
    for link in links:
        activity = courses.add_link(db, message.course_id, tool.deployment_id, link)
        if link.line_item is not None:
            grades.add_linked(db, activity, link.line_item)
    exchanges.note(db, exchanges.FROM_TOOL, "Deep linking response", f"{len(links)} content items")
    text = payload.get(f"{DL}errormsg") or payload.get(f"{DL}msg")
    return message.course_id, [link.title for link in links], text if isinstance(text, str) else ""


def _check_response(db: sqlite3.Connection, tool: Tool, payload: Mapping[str, Any]) -> None:
    for name, value in (
        ("message_type", "LtiDeepLinkingResponse"),
        ("version", "1.3.0"),
        ("deployment_id", tool.deployment_id),
    ):
        if payload.get(LTI + name) != value:
            raise Refused(f"{name} must be {value!r}, found {payload.get(LTI + name)!r}")
    nonce = payload.get("nonce")
    if not isinstance(nonce, str) or not nonce:
        raise Refused("nonce is missing")
    if not messages.use_once(db, "nonce", nonce, float(payload["exp"]) + LEEWAY):
        raise Refused("nonce was used before")


def _added(titles: list[str]) -> str:
    return f"Added: {', '.join(titles)}." if titles else "Nothing was chosen."
