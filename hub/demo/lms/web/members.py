"""Who is in a course, and its groups: Names and Role Provisioning Services 2.0, Course Groups Service 1.0."""

from typing import Any

from flask import Blueprint, Response, abort, request

from .. import courses, exchanges
from ..claims import GROUP_SCOPE, MEMBERSHIP_ROLE, MEMBERSHIP_SCOPE
from ..courses import Course, Member
from ..tools import Refused
from .answers import answer, faulty, link_header, page_of, problem
from .context import lms, switched, transaction
from .services import scoped

blueprint = Blueprint("members", __name__, url_prefix="/lti")

MEMBERSHIPS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
GROUPS_TYPE = "application/vnd.ims.lti-gs.v1.contextgroupcontainer+json"


@blueprint.errorhandler(Refused)
def _refused(refusal: Refused) -> Response:
    return problem(400, str(refusal))


@blueprint.get("/courses/<int:course_id>/memberships")
@scoped(MEMBERSHIP_SCOPE)
@faulty("members")
def memberships(course_id: int) -> Response:
    """Who is in the course (sections 2.2 to 2.5): by role, by resource link, page by page, or what changed `since`."""
    with transaction() as db:
        course = courses.course(db, course_id)
        if course is None or not _is_link(request.args.get("rlid"), [a.id for a in courses.activities(db, course_id)]):
            abort(problem(404, "There is no such course or link."))
        everyone = courses.members(db, course_id)
        found = [one for one in _asked_for(everyone) if _has_role(one)]
        exchanges.note(db, exchanges.FROM_TOOL, "Memberships", _about(course, len(found)))
    page, following = page_of(found)
    links = link_header(next=following, differences=None if following else _differences(course, everyone))
    body = {"id": request.url, "context": _context(course), "members": [_member(one) for one in page]}
    return answer(body, MEMBERSHIPS_TYPE, headers=links)


@blueprint.get("/courses/<int:course_id>/groups")
@scoped(GROUP_SCOPE)
@faulty("members")
def groups(course_id: int) -> Response:
    """The groups of the course."""
    with transaction() as db:
        course = courses.course(db, course_id)
        if course is None:
            abort(problem(404, "There is no such course."))
        exchanges.note(db, exchanges.FROM_TOOL, "Groups", f"{len(courses.GROUPS)} groups of {course.label}")
    page, following = page_of([{"id": team, "name": name} for team, name in courses.GROUPS.items()])
    return answer({"id": request.url, "groups": page}, GROUPS_TYPE, headers=link_header(next=following))


def _is_link(link_id: str | None, known: list[str]) -> bool:
    return link_id is None or link_id in known


def _asked_for(everyone: list[Member]) -> list[Member]:
    """Those who changed since the version in `since`, those who left among them; without it those who are there."""
    since = request.args.get("since")
    if since is None:
        return [one for one in everyone if one.status == "Active"]
    if not since.isdecimal():
        raise Refused(f"since must be a whole number, found {since!r}")
    return [one for one in everyone if one.version > int(since)]


def _differences(course: Course, everyone: list[Member]) -> str:
    """Where to ask later what has changed since now (section 2.4.2)."""
    newest = max((one.version for one in everyone), default=0)
    link = f"&rlid={request.args['rlid']}" if "rlid" in request.args else ""
    return f"{lms().settings.issuer}/lti/courses/{course.id}/memberships?since={newest}{link}"


def _about(course: Course, number: int) -> str:
    kinds = {"since": "changed", "rlid": "of a link"}
    asked = ", ".join(word for name, word in kinds.items() if name in request.args)
    return f"{number} people of {course.label}" + (f" ({asked})" if asked else "")


def _has_role(member: Member) -> bool:
    role = request.args.get("role")
    return role in (None, member.role, MEMBERSHIP_ROLE + member.role)


def _context(course: Course) -> dict[str, str]:
    return {"id": str(course.id), "label": course.label, "title": course.title}


def _member(member: Member) -> dict[str, Any]:
    person = member.person
    names = {"name": person.name, "given_name": person.given_name, "family_name": person.family_name}
    return {
        "status": member.status,
        "user_id": person.id,
        **({**names, "email": person.email} if switched().tells_names else {}),
        "roles": [MEMBERSHIP_ROLE + member.role],
        **({"group_enrollments": [{"group_id": member.team}]} if member.team else {}),
    }
