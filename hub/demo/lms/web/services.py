"""What a tool may ask between launches: access tokens, line items, scores, results and memberships."""

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, jsonify, make_response, request

from .. import courses, exchanges, grades, messages
from ..claims import (
    AGS_SCOPES,
    LINE_ITEM_READ_SCOPE,
    LINE_ITEM_SCOPE,
    MEMBERSHIP_ROLE,
    MEMBERSHIP_SCOPE,
    RESULT_SCOPE,
    SCORE_SCOPE,
    Platform,
)
from ..courses import Course, Member
from ..grades import LineItem, OutOfOrder, Score
from ..tool import LEEWAY, Expected, Refused
from .context import lms, transaction

blueprint = Blueprint("services", __name__, url_prefix="/lti")

TOKEN_LIFETIME = 3600
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPES = frozenset({*AGS_SCOPES, MEMBERSHIP_SCOPE})

LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
MEMBERSHIPS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"

View = TypeVar("View", bound=Callable[..., Response])
Entry = TypeVar("Entry")


def problem(status: int, detail: str, **headers: str) -> Response:
    """An error as problem+json (RFC 9457)."""
    response = jsonify({"title": "The request was refused", "status": status, "detail": detail})
    response.status_code = status
    response.mimetype = "application/problem+json"
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


@blueprint.errorhandler(Refused)
def _refused(refusal: Refused) -> Response:
    return problem(400, str(refusal))


@blueprint.errorhandler(OutOfOrder)
def _out_of_order(refusal: OutOfOrder) -> Response:
    return problem(409, str(refusal))


# --- Access tokens (LTI Security Framework 1.0 section 4) -----------------------------------------------------


@blueprint.post("/token")
def token() -> Response:
    """Client credentials with a signed assertion (RFC 7523) to an access token."""
    form = request.form
    if form.get("grant_type") != "client_credentials":
        return _oauth_error("unsupported_grant_type", "grant_type must be client_credentials")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        return _oauth_error("invalid_client", f"client_assertion_type must be {ASSERTION_TYPE}", 401)
    scopes = sorted(set(form.get("scope", "").split()) & SCOPES)
    if not scopes:
        return _oauth_error("invalid_scope", f"scope must name one of {' '.join(sorted(SCOPES))}")
    try:
        claims = _verify_assertion(form.get("client_assertion", ""))
        with transaction() as db:
            _use_assertion(db, claims)
            access_token = _new_token(db, scopes)
            names = ", ".join(scope.rpartition("/")[2] for scope in scopes)
            exchanges.note(db, exchanges.FROM_TOOL, "Access token", names)
    except Refused as refusal:
        return _oauth_error("invalid_client", str(refusal), 401)
    return jsonify(access_token=access_token, token_type="Bearer", expires_in=TOKEN_LIFETIME, scope=" ".join(scopes))


def _verify_assertion(assertion: str) -> dict[str, Any]:
    client_id = lms().tool.settings().client_id
    claims = lms().tool.verify(assertion, Expected(client_id, f"{lms().settings.issuer}/lti/token"))
    if claims.get("sub") != client_id:
        raise Refused(f"sub must be {client_id!r}, found {claims.get('sub')!r}")
    return claims


def _use_assertion(db: sqlite3.Connection, claims: dict[str, Any]) -> None:
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise Refused("jti is missing")
    if not messages.use_once(db, "jti", jti, float(claims["exp"]) + LEEWAY):
        raise Refused("jti was used before")


def _new_token(db: sqlite3.Connection, scopes: list[str]) -> str:
    access_token = secrets.token_urlsafe(32)
    db.execute("DELETE FROM access_token WHERE expires_at < ?", (time.time(),))
    db.execute(
        "INSERT INTO access_token VALUES (?, ?, ?)",
        (_digest(access_token), " ".join(scopes), time.time() + TOKEN_LIFETIME),
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
            granted = _granted_scopes()
            if granted is None:
                return problem(401, "A valid access token is needed.", WWW_Authenticate="Bearer")
            if not granted & set(scopes):
                return problem(403, f"The access token needs the scope {' or '.join(scopes)}.")
            return view(*args, **kwargs)

        return checked  # type: ignore[return-value]

    return decorate


def _granted_scopes() -> set[str] | None:
    kind, _, access_token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    with transaction() as db:
        row = db.execute(
            "SELECT scope FROM access_token WHERE digest = ? AND expires_at > ?",
            (_digest(access_token.strip()), time.time()),
        ).fetchone()
    return set(row["scope"].split()) if row else None


# --- Line items, scores and results (Assignment and Grade Services 2.0) ----------------------------------------


@blueprint.get("/courses/<int:course_id>/line-items")
@scoped(LINE_ITEM_SCOPE, LINE_ITEM_READ_SCOPE)
def line_items(course_id: int) -> Response:
    """The line items of a course, filtered and paged (section 3.2.4)."""
    with transaction() as db:
        _course(db, course_id)
        items = [item for item in grades.line_items(db, course_id) if _matches(item)]
    return _paged([_line_item_json(item) for item in items], LINE_ITEMS_TYPE)


@blueprint.post("/courses/<int:course_id>/line-items")
@scoped(LINE_ITEM_SCOPE)
def add_line_item(course_id: int) -> Response:
    """Make a line item (section 3.2.6)."""
    body = _body(LINE_ITEM_TYPE)
    with transaction() as db:
        _course(db, course_id)
        item = grades.save_line_item(db, course_id, body)
        exchanges.note(db, exchanges.FROM_TOOL, "Line item made", item.label)
    return _json(_line_item_json(item), LINE_ITEM_TYPE, 201)


@blueprint.get("/courses/<int:course_id>/line-items/<int:item_id>")
@scoped(LINE_ITEM_SCOPE, LINE_ITEM_READ_SCOPE)
def line_item(course_id: int, item_id: int) -> Response:
    """One line item."""
    with transaction() as db:
        item = _line_item(db, course_id, item_id)
    return _json(_line_item_json(item), LINE_ITEM_TYPE)


@blueprint.put("/courses/<int:course_id>/line-items/<int:item_id>")
@scoped(LINE_ITEM_SCOPE)
def put_line_item(course_id: int, item_id: int) -> Response:
    """Change a line item; its resource link stays what it was."""
    body = _body(LINE_ITEM_TYPE)
    with transaction() as db:
        item = grades.save_line_item(db, course_id, body, _line_item(db, course_id, item_id))
        exchanges.note(db, exchanges.FROM_TOOL, "Line item changed", item.label)
    return _json(_line_item_json(item), LINE_ITEM_TYPE)


@blueprint.delete("/courses/<int:course_id>/line-items/<int:item_id>")
@scoped(LINE_ITEM_SCOPE)
def delete_line_item(course_id: int, item_id: int) -> Response:
    """Drop a line item and its scores."""
    with transaction() as db:
        item = _line_item(db, course_id, item_id)
        grades.remove_line_item(db, item)
        exchanges.note(db, exchanges.FROM_TOOL, "Line item removed", item.label)
    return Response(status=204)


@blueprint.post("/courses/<int:course_id>/line-items/<int:item_id>/scores")
@scoped(SCORE_SCOPE)
def add_score(course_id: int, item_id: int) -> Response:
    """Take a score (section 3.4)."""
    body = _body(SCORE_TYPE)
    with transaction() as db:
        item = _line_item(db, course_id, item_id)
        score = grades.record_score(db, item, body, datetime.now(UTC))
        points = score.points(item)
        detail = f"{item.label}: {points:g} of {item.score_maximum:g}" if points is not None else item.label
        exchanges.note(db, exchanges.FROM_TOOL, "Score", f"{detail}, {score.activity_progress}")
    return _json({}, "application/json")


@blueprint.get("/courses/<int:course_id>/line-items/<int:item_id>/results")
@scoped(RESULT_SCOPE)
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
    if course is None or request.args.get("deployment") != lms().tool.settings().deployment_id:
        abort(problem(404, "There is no such course, or the query string of its address was lost."))
    return course


def _line_item(db: sqlite3.Connection, course_id: int, item_id: int) -> LineItem:
    item = grades.line_item(db, _course(db, course_id).id, item_id)
    if item is None:
        abort(problem(404, "There is no such line item."))
    return item


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


# --- Memberships (Names and Role Provisioning Services 2.0) ----------------------------------------------------


@blueprint.get("/courses/<int:course_id>/memberships")
@scoped(MEMBERSHIP_SCOPE)
def memberships(course_id: int) -> Response:
    """Who is in the course, filtered by role and paged (section 2.2 to 2.4)."""
    with transaction() as db:
        course = courses.course(db, course_id)
        if course is None:
            abort(problem(404, "There is no such course."))
        members = [m for m in courses.members(db, course_id) if _has_role(m)]
        exchanges.note(db, exchanges.FROM_TOOL, "Memberships", f"{len(members)} people of {course.label}")
    page, links = _page(members)
    body = {
        "id": request.url,
        "context": {"id": str(course.id), "label": course.label, "title": course.title},
        "members": [_member_json(member) for member in page],
    }
    return _json(body, MEMBERSHIPS_TYPE, headers=links)


def _has_role(member: Member) -> bool:
    role = request.args.get("role")
    return role in (None, member.role, MEMBERSHIP_ROLE + member.role)


def _member_json(member: Member) -> dict[str, Any]:
    person = member.person
    return {
        "status": "Active",
        "user_id": person.id,
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "email": person.email,
        "roles": [MEMBERSHIP_ROLE + member.role],
    }


# --- Pages of a list -------------------------------------------------------------------------------------------


def _platform() -> Platform:
    return lms().platform(lms().tool.settings())


def _json(body: Any, media_type: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.mimetype = media_type
    response.headers.update(headers or {})
    return response


def _paged(entries: Iterable[Any], media_type: str) -> Response:
    page, links = _page(list(entries))
    return _json(page, media_type, headers=links)


def _page(entries: list[Entry]) -> tuple[list[Entry], dict[str, str]]:
    """The part of `entries` asked for by `limit` and `page`, and the Link header to the next (RFC 8288)."""
    limit = _number("limit") or max(len(entries), 1)
    first = _number("page") * limit
    if first + limit >= len(entries):
        return entries[first : first + limit], {}
    query = urlencode({**request.args, "limit": limit, "page": _number("page") + 1})
    return entries[first : first + limit], {"Link": f'<{request.base_url}?{query}>; rel="next"'}


def _number(name: str) -> int:
    text = request.args.get(name, "0")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Refused(f"{name} must be a whole number, found {text!r}")
    return int(text)
