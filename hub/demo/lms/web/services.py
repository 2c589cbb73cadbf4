"""What a tool may ask between launches: access tokens, line items, scores and results."""

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from flask import Blueprint, Response, abort, g, jsonify, make_response, request

from .. import courses, exchanges, grades, messages
from ..claims import (
    LINE_ITEM_READ_SCOPE,
    LINE_ITEM_SCOPE,
    RESULT_SCOPE,
    SCOPES,
    SCORE_SCOPE,
    Platform,
    allowed,
)
from ..courses import Course
from ..grades import LineItem, OutOfOrder, Score
from ..settings import Tool
from ..tools import LEEWAY, Expected, Refused
from .answers import View, answer, faulty, link_header, page_of, problem
from .context import lms, platform_time, switched, transaction

blueprint = Blueprint("services", __name__, url_prefix="/lti")

TOKEN_LIFETIME = 3600
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"


@blueprint.errorhandler(Refused)
def _refused(refusal: Refused) -> Response:
    return problem(400, str(refusal))


@blueprint.errorhandler(OutOfOrder)
def _out_of_order(refusal: OutOfOrder) -> Response:
    return problem(409, str(refusal))


# --- Access tokens (LTI Security Framework 1.0 section 4) -----------------------------------------------------


@blueprint.post("/token")
@faulty("token")
def token() -> Response:
    """Client credentials with a signed assertion (RFC 7523) to an access token."""
    form = request.form
    if form.get("grant_type") != "client_credentials":
        return _oauth_error("unsupported_grant_type", "grant_type must be client_credentials")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        return _oauth_error("invalid_client", f"client_assertion_type must be {ASSERTION_TYPE}", 401)
    asked = set(form.get("scope", "").split())
    if not asked & set(SCOPES):
        return _oauth_error("invalid_scope", f"scope must name one of {' '.join(sorted(SCOPES))}")
    try:
        tool, claims = _verify_assertion(form.get("client_assertion", ""))
        scopes = sorted(asked & set(allowed(tool)))
        if not scopes:
            return _oauth_error("invalid_scope", "this tool registered for none of these scopes")
        with transaction() as db:
            _use_assertion(db, claims)
            access_token = _new_token(db, tool, scopes)
            names = ", ".join(scope.rpartition("/")[2] for scope in scopes)
            exchanges.note(db, exchanges.FROM_TOOL, "Access token", names)
    except Refused as refusal:
        return _oauth_error("invalid_client", str(refusal), 401)
    return jsonify(access_token=access_token, token_type="Bearer", expires_in=TOKEN_LIFETIME, scope=" ".join(scopes))


def _verify_assertion(assertion: str) -> tuple[Tool, dict[str, Any]]:
    expected = Expected(f"{lms().settings.issuer}/lti/token", platform_time())
    tool, claims = lms().tools.verify(assertion, expected)
    if claims.get("sub") != tool.client_id:
        raise Refused(f"sub must be {tool.client_id!r}, found {claims.get('sub')!r}")
    return tool, claims


def _use_assertion(db: sqlite3.Connection, claims: dict[str, Any]) -> None:
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise Refused("jti is missing")
    if not messages.use_once(db, "jti", jti, float(claims["exp"]) + LEEWAY):
        raise Refused("jti was used before")


def _new_token(db: sqlite3.Connection, tool: Tool, scopes: list[str]) -> str:
    access_token = secrets.token_urlsafe(32)
    db.execute("DELETE FROM access_token WHERE expires_at < ?", (time.time(),))
    db.execute(
        "INSERT INTO access_token (digest, scope, expires_at, deployment) VALUES (?, ?, ?, ?)",
        (_digest(access_token), " ".join(scopes), time.time() + TOKEN_LIFETIME, tool.deployment_id),
    )
    return access_token


def _oauth_error(code: str, description: str, status: int = 400) -> Response:
    return make_response(jsonify(error=code, error_description=description), status)


def _digest(access_token: str) -> str:
    return hashlib.sha256(access_token.encode()).hexdigest()


def scoped(*scopes: str) -> Callable[[View], View]:
    """Let a service be called only with an access token that has one of `scopes` (RFC 6750)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Response:
            granted = _grant()
            if granted is None:
                return problem(401, "A valid access token is needed.", WWW_Authenticate="Bearer")
            if not set(granted["scope"].split()) & set(scopes):
                return problem(403, f"The access token needs the scope {' or '.join(scopes)}.")
            g.deployment = granted["deployment"]
            return view(*args, **kwargs)

        return checked  # type: ignore[return-value]

    return decorate


def _grant() -> sqlite3.Row | None:
    """The scopes and the deployment of the access token, if it is one that is still good."""
    kind, _, access_token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    with transaction() as db:
        row: sqlite3.Row | None = db.execute(
            "SELECT scope, deployment FROM access_token WHERE digest = ? AND expires_at > ?",
            (_digest(access_token.strip()), time.time()),
        ).fetchone()
    return row


# --- Line items, scores and results (Assignment and Grade Services 2.0) ----------------------------------------


@blueprint.get("/courses/<int:course_id>/line-items")
@scoped(LINE_ITEM_SCOPE, LINE_ITEM_READ_SCOPE)
@faulty("line-items")
def line_items(course_id: int) -> Response:
    """The line items of a course, filtered and paged (section 3.2.4)."""
    with transaction() as db:
        _course(db, course_id)
        items = [item for item in grades.line_items(db, course_id) if _is_own(item) and _matches(item)]
    return _paged([_line_item_json(item) for item in items], LINE_ITEMS_TYPE)


@blueprint.post("/courses/<int:course_id>/line-items")
@scoped(LINE_ITEM_SCOPE)
@faulty("line-items")
def add_line_item(course_id: int) -> Response:
    """Make a line item (section 3.2.6)."""
    body = _body(LINE_ITEM_TYPE)
    with transaction() as db:
        _course(db, course_id)
        item = grades.make_line_item(db, course_id, g.deployment, body)
        exchanges.note(db, exchanges.FROM_TOOL, "Line item made", item.label)
    return answer(_line_item_json(item), LINE_ITEM_TYPE, 201)


@blueprint.get("/courses/<int:course_id>/line-items/<int:item_id>")
@scoped(LINE_ITEM_SCOPE, LINE_ITEM_READ_SCOPE)
@faulty("line-items")
def line_item(course_id: int, item_id: int) -> Response:
    """One line item."""
    with transaction() as db:
        item = _line_item(db, course_id, item_id)
    return answer(_line_item_json(item), LINE_ITEM_TYPE)


@blueprint.put("/courses/<int:course_id>/line-items/<int:item_id>")
@scoped(LINE_ITEM_SCOPE)
@faulty("line-items")
def put_line_item(course_id: int, item_id: int) -> Response:
    """Change a line item; its resource link stays what it was."""
    body = _body(LINE_ITEM_TYPE)
    with transaction() as db:
        item = grades.change_line_item(db, _line_item(db, course_id, item_id), body)
        exchanges.note(db, exchanges.FROM_TOOL, "Line item changed", item.label)
    return answer(_line_item_json(item), LINE_ITEM_TYPE)


@blueprint.delete("/courses/<int:course_id>/line-items/<int:item_id>")
@scoped(LINE_ITEM_SCOPE)
@faulty("line-items")
def delete_line_item(course_id: int, item_id: int) -> Response:
    """Drop a line item and its scores."""
    with transaction() as db:
        item = _line_item(db, course_id, item_id)
        grades.remove_line_item(db, item)
        exchanges.note(db, exchanges.FROM_TOOL, "Line item removed", item.label)
    return Response(status=204)


@blueprint.post("/courses/<int:course_id>/line-items/<int:item_id>/scores")
@scoped(SCORE_SCOPE)
@faulty("scores")
def add_score(course_id: int, item_id: int) -> Response:
    """Take a score (section 3.4)."""
    body = _body(SCORE_TYPE)
    with transaction() as db:
        item = _line_item(db, course_id, item_id)
        score = grades.record_score(db, item, body, datetime.fromtimestamp(platform_time(), UTC))
        points = score.points(item)
        detail = f"{item.label}: {points:g} of {item.score_maximum:g}" if points is not None else item.label
        exchanges.note(db, exchanges.FROM_TOOL, "Score", f"{detail}, {score.activity_progress}")
    return answer({}, "application/json")


@blueprint.get("/courses/<int:course_id>/line-items/<int:item_id>/results")
@scoped(RESULT_SCOPE)
@faulty("line-items")
def results(course_id: int, item_id: int) -> Response:
    """The results of a line item, of everyone or of `user_id` (section 3.3)."""
    with transaction() as db:
        item = _line_item(db, course_id, item_id)
        scores = grades.scores(db, item)
    wanted = request.args.get("user_id")
    chosen = [score for person_id, score in scores.items() if wanted in (None, person_id)]
    return _paged([_result_json(item, score) for score in chosen], RESULTS_TYPE)


def _course(db: sqlite3.Connection, course_id: int) -> Course:
    """The course; the `deployment` in the query string is part of every AGS address and has to be there."""
    course = courses.course(db, course_id)
    is_whole = request.args.get("deployment") == g.deployment or not switched().has_queries
    if course is None or not is_whole:
        abort(problem(404, "There is no such course, or the query string of its address was lost."))
    return course


def _line_item(db: sqlite3.Connection, course_id: int, item_id: int) -> LineItem:
    item = grades.line_item(db, _course(db, course_id).id, item_id)
    if item is None or not _is_own(item):
        abort(problem(404, "There is no such line item."))
    return item


def _is_own(item: LineItem) -> bool:
    """Whether the column is the tool's that asks: tools see no others' (AGS section 3.1)."""
    return bool(item.deployment == g.deployment)


def _matches(item: LineItem) -> bool:
    filters = {"resource_link_id": item.activity_id, "resource_id": item.resource_id, "tag": item.tag}
    return all(request.args[name] == value for name, value in filters.items() if name in request.args)


def _body(media_type: str) -> Any:
    if request.mimetype != media_type:
        abort(problem(415, f"The body must be {media_type}, found {request.mimetype or 'no media type'}."))
    body = request.get_json(force=True, silent=True)
    if body is None:
        abort(problem(400, "The body is not JSON."))
    return body


def _line_item_json(item: LineItem) -> dict[str, Any]:
    optional = {
        "resourceLinkId": item.activity_id,
        "resourceId": item.resource_id,
        "tag": item.tag,
        "startDateTime": item.start_at,
        "endDateTime": item.end_at,
    }
    return {
        "id": _platform().line_item_url(item),
        "label": item.label,
        "scoreMaximum": item.score_maximum,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _result_json(item: LineItem, score: Score) -> dict[str, Any]:
    url = _platform().line_item_url(item)
    path, _, query = url.partition("?")
    result: dict[str, Any] = {
        "id": f"{path}/results/{score.person_id}?{query}",
        "scoreOf": url,
        "userId": score.person_id,
        "resultMaximum": item.score_maximum,
    }
    points = score.points(item)
    if points is not None:
        result["resultScore"] = points
    if score.comment:
        result["comment"] = score.comment
    return result


def _platform() -> Platform:
    return lms().platform(lms().tools.deployed(g.deployment))


def _paged(entries: Iterable[Any], media_type: str) -> Response:
    page, following = page_of(list(entries))
    return answer(page, media_type, headers=link_header(next=following))
