"""What follows from a change in the run-time data: tracking, the course's result, statements and news."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hub.db import UnitOfWork
from hub.events import RegistrationProgressed
from hub.scorm.services.courses import Course, CourseActivity
from hub.scorm.services.results import tracking_of, write
from hub.scorm.services.sequencing import sequenced
from hub.scorm.services.statement_log import StatementLog
from hub.scorm.spec import statements as say
from hub.scorm.spec.answers import Answer, as_row, changed_answers
from hub.scorm.spec.rollup import course_result, sequenced_result
from hub.scorm.spec.runtime import transfer
from hub.scorm.spec.runtime.transfer import Tracking
from hub.scorm.spec.settings import SUSPEND_DATA, course_judgement, settings_of
from hub.scorm.spec.statements import Moment, Place, Statement
from hub.scorm.storage import answers, runtime
from hub.scorm.storage.runtime import Learning
from hub.scorm.storage.tables_runtime import RuntimeState


@dataclass(frozen=True, slots=True)
class Scene:
    """One activity of one attempt, held in one transaction, at one time."""

    work: UnitOfWork
    course: Course
    learning: Learning
    activity: CourseActivity
    state: RuntimeState
    now: datetime


class Progress:
    """Records what changed, in the transaction of the change."""

    def __init__(self, log: StatementLog, public_url: str) -> None:
        self._log = log
        self._public_url = public_url

    def record(
        self, scene: Scene, stored: Mapping[str, str], values: Mapping[str, str], *, kind: str, counts: bool = True
    ) -> None:
        """Keep the new values of a session, and say what they changed.

        What abandoned content said does not count (SN TB.2.3 6): its data are kept, its results are not.
        """
        state, standard = scene.state, scene.course.standard
        exit_ = transfer.exit_of(standard, values)
        ended = kind == "terminate" and exit_ != "suspend"
        before = after = tracking_of(state)
        if counts:
            found = transfer.tracking(standard, values, scene.activity.settings, ended=ended)
            after = transfer.later(before, found)
        decided = transfer.decided(standard, values, scene.activity.settings, ended=ended)
        state.values = json.dumps({**values, **decided})
        state.location = say.clean(transfer.location_of(standard, values))
        state.suspend_length = len(values.get(SUSPEND_DATA, ""))
        state.changed_at = scene.now
        seconds = self._count_time(scene, values)
        place, moment = self._place(scene), _moment(scene)
        said = self._begin(scene)
        answered = list(changed_answers(standard, stored, values))
        self._keep_answers(scene, answered, values)
        said += say.responses(place, moment, answered)
        said += say.comments(place, moment, standard, stored, values)
        said += say.objective_changes(place, moment, standard, stored, values)
        said += say.changes(place, moment, before, after)
        if kind == "terminate":
            self._fold_time(scene, values)
            state.session_exit = exit_
            said.append(say.ended(place, moment, after, seconds, suspended=not ended))
        self._conclude(scene, after, said, ended=kind == "terminate" and counts)

    def _keep_answers(self, scene: Scene, answered: Sequence[Answer], values: Mapping[str, str]) -> None:
        """Keep what reports count: of each interaction the last answer."""
        common = {
            "tenant_id": scene.state.tenant_id,
            "attempt_id": scene.state.attempt_id,
            "activity_id": scene.state.activity_id,
            "package_version_id": scene.course.version.id,
            "answered_at": scene.now,
        }
        rows = {row["item"]: row | common for row in (as_row(answer, values) for answer in answered)}
        if rows:
            answers.keep(scene.work.session, list(rows.values()))

    def cut_off(self, scene: Scene) -> None:
        """End a session whose content never said goodbye, as if it had suspended."""
        state = scene.state
        said: list[Statement] = []
        values: dict[str, str] = json.loads(state.values)
        if state.initialized:
            seconds = state.duration_seconds - state.duration_before
            moment = replace(_moment(scene), sequence=state.sequence + 1, timestamp=_rfc3339(state.changed_at))
            said.append(say.ended(self._place(scene), moment, tracking_of(state), seconds, suspended=True))
        self._fold_time(scene, values)
        self._total_time(scene)
        state.session_exit = "suspend"
        self._log.write(scene.work, state.tenant_id, said)

    def complete_asset(self, scene: Scene) -> None:
        """What cannot say anything is completed when it is delivered (SCORM 2004 SN UP.4 for assets)."""
        scene.state.session_exit = ""
        before = tracking_of(scene.state)
        after = replace(before, completion="completed")
        said = list(say.changes(self._place(scene), _moment(scene), before, after))
        self._conclude(scene, after, said, ended=True)

    def _begin(self, scene: Scene) -> list[Statement]:
        """The session's first word, with its first commit."""
        state = scene.state
        if state.initialized:
            return []
        state.initialized = True
        return [say.begun(self._place(scene), _moment(scene), resumed=state.entry == "resume")]

    def _count_time(self, scene: Scene, values: Mapping[str, str]) -> float:
        """The length of this session so far: what content reports, but never more than the clock saw."""
        state = scene.state
        seen = max(0.0, (scene.now - state.session_began_at).total_seconds())
        reported = transfer.session_seconds(scene.course.standard, values)
        seconds = seen if reported is None else min(reported, seen)
        state.duration_seconds = round(state.duration_before + seconds, 2)
        return seconds

    def _fold_time(self, scene: Scene, values: Mapping[str, str]) -> None:
        """Add the session's own time to the total that content is told (RTE 4.2.25 cmi.total_time)."""
        scene.state.seconds_before += transfer.session_seconds(scene.course.standard, values) or 0.0

    def _total_time(self, scene: Scene) -> None:
        """Count a session's time for attempt and registration, where no result is rolled up that would."""
        session, attempt = scene.work.session, scene.learning.attempt
        session.flush()
        rows = runtime.results(session, attempt.tenant_id, attempt.id)
        attempt.duration_seconds = scene.learning.registration.duration_seconds = _seconds(rows)

    def _conclude(self, scene: Scene, after: Tracking, said: list[Statement], *, ended: bool) -> None:
        """Write the results of activity and course, store the statements, tell higher areas."""
        state = scene.state
        changed = after != tracking_of(state)
        write(state, after, state.duration_seconds)
        state.progress = after.progress
        if changed or ended or scene.learning.registration.began_at is None:
            said += self._roll_up(scene, ended=ended)
        self._log.write(scene.work, state.tenant_id, said)

    def roll_up(self, scene: Scene) -> None:
        """Bring the course's result up to date after navigation, which may have ended attempts."""
        self._log.write(scene.work, scene.state.tenant_id, self._roll_up(scene, ended=False, navigated=True))

    def _roll_up(self, scene: Scene, *, ended: bool, navigated: bool = False) -> list[Statement]:
        work, attempt, registration = scene.work, scene.learning.attempt, scene.learning.registration
        work.session.flush()
        rows = {row.activity_id: row for row in runtime.results(work.session, attempt.tenant_id, attempt.id)}
        launchable = scene.course.launchable
        trackings = [tracking_of(rows[one.id]) if one.id in rows else Tracking() for one in launchable]
        before = tracking_of(registration)
        found = self._course_result(scene, trackings, navigated)
        after = _kept(before, found, is_completed=registration.completed_at is not None)
        if navigated and replace(after, progress=None) == before:
            return []
        seconds = _seconds(rows.values())
        write(attempt, after, seconds)
        write(registration, after, seconds)
        for row in (attempt, registration):
            row.changed_at = scene.now
            row.began_at = row.began_at or scene.now
            if after.completion == "completed":
                row.completed_at = row.completed_at or scene.now
        self._publish(scene, after, seconds, registration.began_at or scene.now, ended=ended)
        if len(launchable) == 1 and _say_the_same(trackings[0], after):
            return []  # The SCO's own statements say it already.
        moment = _moment(scene)
        if navigated:  # No commit stands behind it, whose number would tell it apart.
            moment = replace(moment, sequence=int(scene.now.timestamp() * 1000))
        return list(say.course_changes(self._place(scene), moment, before, replace(after, progress=None)))

    def _course_result(self, scene: Scene, trackings: Sequence[Tracking], navigated: bool) -> Tracking:
        """The result of the course: by its sequencing rules where it has any, judged as the package is set."""
        settings = settings_of(scene.learning.attempt.settings)
        plain = course_result(trackings, settings.rollup)
        return course_judgement(self._rolled_up(scene, plain, trackings, navigated), settings)

    def _rolled_up(self, scene: Scene, plain: Tracking, trackings: Sequence[Tracking], navigated: bool) -> Tracking:
        attempt = sequenced(scene.course, scene.learning, scene.now)
        if attempt is None:
            return plain
        if navigated or scene.state.session_exit is not None:
            found = attempt.result_if_left(running=navigated)
        else:
            values, said = json.loads(scene.state.values), json.loads(scene.state.said)
            found = attempt.result_with(scene.activity, values, said)
        was_completed = scene.learning.registration.completed_at is not None
        return sequenced_result(plain, found, trackings, was_completed=was_completed)

    def _publish(self, scene: Scene, result: Tracking, seconds: float, began_at: datetime, *, ended: bool) -> None:
        scene.work.publish(
            RegistrationProgressed(
                tenant_id=scene.learning.attempt.tenant_id,
                registration_id=scene.learning.registration.id,
                attempt_id=scene.learning.attempt.id,
                completion=result.completion,
                success=result.success,
                score_scaled=result.score.scaled,
                score_raw=result.score.raw,
                score_min=result.score.least,
                score_max=result.score.most,
                duration_seconds=seconds,
                began_at=began_at,
                changed_at=scene.now,
                ended=ended,
            )
        )

    def _place(self, scene: Scene) -> Place:
        learner, registration = scene.learning.learner, scene.learning.registration
        return Place(
            base_url=self._public_url,
            learner_source=learner.source,
            learner_subject=learner.subject,
            learner_name=learner.name,
            pseudonym=learner.pseudonym,
            registration_id=registration.id,
            attempt_id=scene.learning.attempt.id,
            package_id=registration.package_id,
            course_title=scene.course.title,
            activity_id=scene.activity.node.id,
            activity_title=scene.activity.node.title,
            attempt_session=scene.state.attempt_session,
        )


def _kept(before: Tracking, after: Tracking, *, is_completed: bool) -> Tracking:
    """What a registration keeps while a learner goes through a course again.

    A course that was completed stays so, and unknown never takes the place of a result: to open finished content once
    more must not cost a grade. A new result counts, be it worse.
    """
    kept = transfer.later(before, after)
    return replace(kept, completion="completed") if is_completed else kept


def _say_the_same(activity: Tracking, course: Tracking) -> bool:
    return replace(activity, progress=None) == replace(course, progress=None)


def _seconds(rows: Iterable[Any]) -> float:
    """The time of all activities together."""
    return round(sum(row.duration_seconds for row in rows), 2)


def _moment(scene: Scene) -> Moment:
    return Moment(scene.state.session, scene.state.sequence, _rfc3339(scene.now))


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
