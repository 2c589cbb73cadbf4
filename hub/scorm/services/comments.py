"""Comments for a learner at an activity, which its content reads as comments from the LMS.

SCORM 1.2 RTE 3.4.4 cmi.comments_from_lms; SCORM 2004 4th Ed. RTE 4.2.3. Content finds what is there when it starts, and
cannot change it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import Database
from hub.db.audit import record
from hub.errors import Conflict, Invalid, NotFound, Violation, say
from hub.identity import Principal
from hub.ports import Clock, Ids
from hub.scorm.services.courses import Courses
from hub.scorm.services.imports import author_of
from hub.scorm.spec.runtime.sessions import LONGEST_COMMENT as LONGEST_COMMENT
from hub.scorm.spec.runtime.sessions import LONGEST_LOCATION as LONGEST_LOCATION
from hub.scorm.spec.runtime.sessions import MOST_COMMENTS
from hub.scorm.spec.statements import clean
from hub.scorm.storage import comments, registrations
from hub.scorm.storage.tables_runtime import LmsComment, Registration


@dataclass(frozen=True, slots=True)
class CommentView:
    """A comment as others see it; `activity` is the identifier of the item, `created_by` who wrote it, as `kind:id`."""

    id: UUID
    activity: str
    activity_title: str
    comment: str
    location: str
    created_by: str
    created_at: datetime


class Comments:
    """Leave, read and remove comments."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, courses: Courses) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._courses = courses

    def of(self, principal: Principal, registration_id: UUID) -> list[CommentView]:
        """The comments of a registration, the oldest first. Raises `NotFound`."""
        principal.require("registrations.read")
        with self._db.read(principal.tenant_id) as session:
            titles = self._titles(
                session, principal.tenant_id, _registration(session, principal, "registrations.read", registration_id)
            )
            return [
                _view(row, titles) for row in comments.of_registration(session, principal.tenant_id, registration_id)
            ]

    def activities(self, principal: Principal, registration_id: UUID) -> dict[str, str]:
        """The activities that a comment can be left at: titles by identifier, in the order of the course."""
        principal.require("registrations.read")
        with self._db.read(principal.tenant_id) as session:
            return self._titles(
                session, principal.tenant_id, _registration(session, principal, "registrations.read", registration_id)
            )

    def add(
        self, principal: Principal, registration_id: UUID, activity: str, comment: str, location: str = ""
    ) -> CommentView:
        """Leave a comment, which content reads when it is next started.

        Raises `NotFound`, `Invalid` for an empty or too long text or an activity that the course does not have, and
        `Conflict` when the activity has as many comments as content has to cope with (RTE 4.2.3: 100).
        """
        principal.require("registrations.write")
        comment, location = clean(comment).strip(), clean(location).strip()
        _check_length("comment", comment, 1, LONGEST_COMMENT)
        _check_length("location", location, 0, LONGEST_LOCATION)
        tenant_id = principal.tenant_id
        with self._db.unit_of_work(tenant_id) as work:
            row = registrations.lock(work.session, tenant_id, registration_id, principal.reach("registrations.write"))
            if row is None:
                raise NotFound("There is no such registration.", code="registration_not_found")
            titles = self._titles(work.session, tenant_id, row)
            if activity not in titles:
                raise _refused("activity", say("is no activity of the course that has content"))
            if len(comments.of_registration(work.session, tenant_id, row.id, activity)) >= MOST_COMMENTS:
                raise Conflict("The activity has as many comments as content can be given.", code="too_many_comments")
            made = LmsComment(
                id=self._ids.uuid(),
                tenant_id=tenant_id,
                registration_id=row.id,
                activity=activity,
                comment=comment,
                location=location,
                created_by=author_of(principal),
                created_at=self._clock.now(),
            )
            work.session.add(made)
            details = {"activity": activity, "comment": str(made.id)}
            record(work.session, self._ids.uuid(), principal, "registration.commented", row.external_id, details)
            return _view(made, titles)

    def remove(self, principal: Principal, registration_id: UUID, comment_id: UUID) -> None:
        """Take a comment back; content that has started has read it. Raises `NotFound`."""
        principal.require("registrations.write")
        tenant_id = principal.tenant_id
        with self._db.unit_of_work(tenant_id) as work:
            row = _registration(work.session, principal, "registrations.write", registration_id)
            activity = comments.remove(work.session, tenant_id, registration_id, comment_id)
            if activity is None:
                raise NotFound("There is no such comment.", code="comment_not_found")
            details = {"activity": activity, "comment": str(comment_id)}
            record(work.session, self._ids.uuid(), principal, "registration.comment_removed", row.external_id, details)

    def _titles(self, session: Session, tenant_id: UUID, row: Registration) -> dict[str, str]:
        course = self._courses.find(session, tenant_id, row.package_version_id)
        return {one.node.id: one.node.title or one.node.id for one in course.launchable}


def _registration(session: Session, principal: Principal, action: str, registration_id: UUID) -> Registration:
    found = registrations.find(session, principal.tenant_id, registration_id, principal.reach(action))
    if found is None:
        raise NotFound("There is no such registration.", code="registration_not_found")
    return found.registration


def _check_length(name: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        raise _refused(
            name, say("has %(least)s to %(most)s characters, not %(found)s", least=least, most=most, found=len(text))
        )


def _refused(field: str, fault: str) -> Invalid:
    violation = Violation("SCORM 2004 RTE 4.2.3", field, fault)
    return Invalid("The comment was not left.", code="bad_comment", violations=[violation])


def _view(row: LmsComment, titles: dict[str, str]) -> CommentView:
    return CommentView(
        id=row.id,
        activity=row.activity,
        activity_title=titles.get(row.activity, row.activity),
        comment=row.comment,
        location=row.location,
        created_by=row.created_by,
        created_at=row.created_at,
    )
