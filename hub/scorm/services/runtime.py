"""The run-time of the player: deliver activities, take their commits, follow navigation.

A commit carries the values that changed since the last one that was acknowledged (`base`), under a number that only
rises (`sequence`). So it may be sent again, come late or come twice, and nothing changes twice.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from urllib.parse import quote
from uuid import UUID

from hub.db import Database, UnitOfWork
from hub.errors import Conflict, Unprocessable
from hub.ports import Clock
from hub.scorm.services.courses import Course, CourseActivity, Courses
from hub.scorm.services.navigation import Moves, Step, follow, free_moves, groups_of, moves_of
from hub.scorm.services.origins import ContentOrigins
from hub.scorm.services.progress import Progress, Scene
from hub.scorm.services.replays import ReplayLog
from hub.scorm.services.results import Status, status, tracking_of
from hub.scorm.services.runtime_sessions import (
    begin_session,
    comments_for,
    hold,
    hold_session,
    initial_values,
    keep_preferences,
    kept_of,
    learner_of,
    new_state,
    own_values,
    state_of,
    suspend,
)
from hub.scorm.services.sequencing import request_of, sequenced
from hub.scorm.services.tokens import ContentGrants, PlayerSession
from hub.scorm.spec import navigation
from hub.scorm.spec.delivery import Store, store_faults, stores_of
from hub.scorm.spec.manifest.rules import finding
from hub.scorm.spec.navigation import Outcome, Request
from hub.scorm.spec.replay import Call, closed_of, navigation_record
from hub.scorm.spec.runtime import sessions
from hub.scorm.spec.runtime.model import violations
from hub.scorm.spec.runtime.sessions import MODELS, Learner
from hub.scorm.spec.settings import SUSPEND_DATA, SUSPEND_DATA_12, settings_of, strict_faults
from hub.scorm.storage import courses as versions
from hub.scorm.storage import runtime
from hub.scorm.storage.runtime import Learning

CommitKind = Literal["initialize", "commit", "terminate"]

#: What a preview shows content as its learner.
_NOBODY = Learner("preview", "Preview", {})


@dataclass(frozen=True, slots=True)
class Commit:
    """What content set in one session of one activity since the commit `base`.

    `navigation` is the value of `adl.nav.request` when the session terminates. `calls` are the API calls since the last
    commit, for the replay, numbered from `calls_from` on within the session.
    """

    activity: str
    session: int
    base: int
    sequence: int
    kind: CommitKind
    values: Mapping[str, str]
    navigation: str = "_none_"
    calls: Sequence[Call] = ()
    calls_from: int = 1


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of a commit: the sequence that the server is at, and the activity's status.

    `request` is what content asked for when it terminated; `moves` are told again when they may have changed.
    """

    sequence: int
    statuses: Mapping[str, Status]
    request: Request | None = None
    target: str | None = None
    moves: Moves | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An activity to show. `api` is the one that content must find, None where it cannot; `values` its data model.

    `stores` say what content may do with each of its `adl.data`; `time_limit` what happens when, if time is limited.
    """

    activity: str
    title: str
    url: str
    session: int
    api: Literal["API", "API_1484_11"] | None
    values: Mapping[str, str]
    stores: Sequence[Store]
    time_limit: sessions.TimeLimit | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a navigation request led: an activity, or the end of the visit, or nowhere.

    Nowhere, `refusal` says why; the learner then chooses from the outline what `moves` allow. `statuses` are those of
    the activities with content, `groups` those of the ones around them.
    """

    delivery: Delivery | None
    ended: bool
    refusal: str | None
    moves: Moves
    statuses: Mapping[str, Status]
    groups: Mapping[str, Status]


class Runtime:
    """Serves the opened players."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        courses: Courses,
        grants: ContentGrants,
        progress: Progress,
        replay: ReplayLog,
        origins: ContentOrigins,
    ) -> None:
        self._db = db
        self._clock = clock
        self._courses = courses
        self._grants = grants
        self._progress = progress
        self._replay = replay
        self._origins = origins
        self._noted: set[UUID] = set()

    def navigate(
        self, player: PlayerSession, request: Request, target: str | None = None, current: str | None = None
    ) -> Destination:
        """Follow a request of the learner or of content.

        `current` is the activity that is shown: only previews and reviews need to say it. Raises `Conflict` when
        another window has taken over.
        """
        with self._db.unit_of_work(player.tenant_id) as work:
            course = self._courses.find(work.session, player.tenant_id, player.version_id)
            if not player.is_recorded:
                return self._visit(work, player, course, navigation.process(course.nodes, current, request, target))
            learning = hold(work, player)
            return self._navigate(work, player, course, learning, request, target)

    def commit(self, player: PlayerSession, commit: Commit) -> Committed:
        """Take a commit. One that is late or doubled changes nothing and is answered like the first.

        Raises `Conflict` when another window has taken over (`superseded`), when the activity has been delivered
        anew (`stale_session`), or when values are missing in between (`gap`: send all of them); `Unprocessable` with
        the elements named when values break the data model. Nothing is recorded in previews and reviews.
        """
        if not player.is_recorded:
            return Committed(commit.sequence, {}, *_asked(commit, commit.values))
        with self._db.unit_of_work(player.tenant_id) as work:
            course = self._courses.find(work.session, player.tenant_id, player.version_id)
            activity = course.activity(commit.activity)
            learning, state = hold_session(work, player, activity, commit.session)
            scene = Scene(work, course, learning, activity, state, self._clock.now())
            if commit.sequence > state.sequence:
                self._take(scene, commit)
            request, target = _asked(commit, json.loads(state.said))
            statuses = {commit.activity: status(tracking_of(state), begun=True)}
            moves = moves_of(work, course, learning, activity, scene.now) if commit.kind == "terminate" else None
            return Committed(state.sequence, statuses, request, target, moves)

    def _take(self, scene: Scene, commit: Commit) -> None:
        state, standard = scene.state, scene.course.standard
        is_heard = not scene.activity.is_awaited and not state.initialized
        if state.session_exit is not None and not is_heard:
            raise Conflict("This activity has already been ended.", code="stale_session")
        if commit.base > state.sequence:
            raise Conflict("Values in between have not arrived; send all of them.", code="gap")
        stored = json.loads(state.values)
        settings = settings_of(scene.learning.attempt.settings)
        found = [
            *store_faults(scene.activity.data_maps, commit.values),
            *violations(MODELS[standard], stored, commit.values),
            *strict_faults(standard, commit.values, settings),
        ]
        if found:
            detail = "Values break the data model; nothing of this commit was kept."
            raise Unprocessable(detail, code="data_model", violations=found)
        self._note_long_data(scene, commit.values)
        state.sequence, state.session_exit = commit.sequence, None
        self._replay.calls(scene.work, state, commit.calls, commit.calls_from, scene.now)
        values, said = {**stored, **commit.values}, {**json.loads(state.said), **commit.values}
        state.said = json.dumps(said)
        keep_preferences(scene, standard, commit.values)
        request, _ = _asked(commit, said)
        is_abandoned = request in ("abandon", "abandonAll")
        attempt = sequenced(scene.course, scene.learning, scene.now)
        if attempt is not None and commit.kind == "terminate" and not is_abandoned:
            attempt.report(scene.activity, values, said)
        self._progress.record(scene, stored, values, kind=commit.kind, counts=not is_abandoned)

    def _note_long_data(self, scene: Scene, values: Mapping[str, str]) -> None:
        """Tell the author once that content stores more than SCORM 1.2 allows, which is kept all the same."""
        length, version_id = len(values.get(SUSPEND_DATA, "")), scene.course.version.id
        if scene.course.standard != "scorm_1_2" or length <= SUSPEND_DATA_12 or version_id in self._noted:
            return
        identifier = scene.activity.node.id
        note = finding("runtime.suspend-data-long", identifier=identifier, length=length, allowed=SUSPEND_DATA_12)
        versions.add_finding(scene.work.session, scene.course.tenant_id, version_id, note.as_dict())
        self._noted.add(version_id)

    def _navigate(
        self,
        work: UnitOfWork,
        player: PlayerSession,
        course: Course,
        learning: Learning,
        request: Request,
        target: str | None,
    ) -> Destination:
        attempt, now = learning.attempt, self._clock.now()
        shown = course.by_id.get(attempt.activity_id) if attempt.activity_id else None
        self._close_open_sessions(work, course, learning, now, counts=request not in ("abandon", "abandonAll"))
        step = follow(work, course, learning, shown, request, target, now)
        asked_at = shown
        if step.ended and request == "suspendAll" and shown is not None:
            suspend(work, course, learning, shown)
        self._roll_up(work, course, learning, shown, now)
        delivery = None
        if step.deliver is not None:
            shown = course.activity(step.deliver)
            attempt.activity_id = shown.id
            delivery = self._deliver(work, player, course, learning, shown, step.resumed, now)
        if step.ended:
            runtime.end_launch(work.session, player.tenant_id, player.launch_id, now)
        moves = moves_of(work, course, learning, shown, now)
        self._keep_step(work, course, learning, asked_at, request, target, step, now)
        statuses = self._statuses(work, course, learning)
        groups = groups_of(course, learning, statuses, now)
        return Destination(delivery, step.ended, step.refusal, moves, statuses, groups)

    def _keep_step(
        self,
        work: UnitOfWork,
        course: Course,
        learning: Learning,
        shown: CourseActivity | None,
        request: str,
        target: str | None,
        step: Step,
        now: datetime,
    ) -> None:
        """Tell the replay what was asked, what came of it, by which steps, and what is not offered now and why."""
        attempt = sequenced(course, learning, now)
        led_to = {
            "delivered": step.deliver,
            "resumed": bool(step.resumed),
            "ended": step.ended,
            "exception": step.refusal,
            "closed": closed_of(attempt.navigation().refusals) if attempt and not step.ended else {},
        }
        found = navigation_record(request, target, shown.node.id if shown else None, led_to, step.trace)
        self._replay.navigation(work, learning.attempt, shown.id if shown else None, found, now)

    def _close_open_sessions(
        self, work: UnitOfWork, course: Course, learning: Learning, now: datetime, *, counts: bool
    ) -> None:
        """Content that was cut off is suspended: what it has stored is what it will find."""
        for state in runtime.open_states(work.session, learning.attempt.tenant_id, learning.attempt.id):
            activity = course.by_id.get(state.activity_id)
            if activity is None:
                continue
            attempt = sequenced(course, learning, now)
            if attempt is not None and counts:
                attempt.report(activity, json.loads(state.values), json.loads(state.said))
            self._progress.cut_off(Scene(work, course, learning, activity, state, now))

    def _roll_up(
        self, work: UnitOfWork, course: Course, learning: Learning, shown: CourseActivity | None, now: datetime
    ) -> None:
        """Navigation ends attempts in a sequenced course, and with them its result may change."""
        state = state_of(work, learning, shown) if shown and course.tree else None
        if shown is not None and state is not None:
            self._progress.roll_up(Scene(work, course, learning, shown, state, now))

    def _deliver(
        self,
        work: UnitOfWork,
        player: PlayerSession,
        course: Course,
        learning: Learning,
        activity: CourseActivity,
        resumed: bool | None,
        now: datetime,
    ) -> Delivery:
        state = state_of(work, learning, activity)
        begin = sessions.start(course.standard, kept_of(state), resumed)
        if state is None:
            state = new_state(player, learning, activity, now)
            work.session.add(state)
        else:
            begin_session(state, player, begin, now)
        values = initial_values(course, learning, activity, begin, player.mode, now)
        values |= comments_for(work, course, learning, activity)
        state.entry, state.values = begin.entry, json.dumps(own_values(course.standard, values))
        if not activity.is_awaited:
            self._progress.complete_asset(Scene(work, course, learning, activity, state, now))
        work.session.flush()
        return self._delivery(player, course, activity, state.session, values)

    def _visit(self, work: UnitOfWork, player: PlayerSession, course: Course, outcome: Outcome) -> Destination:
        """Show without recording: a preview knows no learner, a review shows what the learner left.

        Whoever looks may look at everything, so the course flows and nothing is sequenced.
        """
        learning = None
        if player.attempt_id is not None:
            learning = runtime.lock_attempt(work.session, player.tenant_id, player.attempt_id)
        statuses = self._statuses(work, course, learning) if learning else {}
        groups = groups_of(course, learning, statuses, self._clock.now()) if learning else {}
        moves = free_moves(course, outcome.deliver)
        if outcome.deliver is None:
            return Destination(None, outcome.ended, outcome.refusal, moves, statuses, groups)
        activity = course.activity(outcome.deliver)
        state = state_of(work, learning, activity) if learning else None
        begin = sessions.start(course.standard, kept_of(state))
        learner = learner_of(learning) if learning else _NOBODY
        values = sessions.initial_values(course.standard, begin, learner, player.mode, activity.settings)
        values |= comments_for(work, course, learning, activity) if learning else {}
        delivery = self._delivery(player, course, activity, 0, values)
        return Destination(delivery, False, None, moves, statuses, groups)

    def _delivery(
        self,
        player: PlayerSession,
        course: Course,
        activity: CourseActivity,
        session: int,
        values: Mapping[str, str],
    ) -> Delivery:
        return Delivery(
            activity=activity.node.id,
            title=activity.node.title,
            url=self._content_address(player, course, activity),
            session=session,
            api=_api(course, activity),
            values=values,
            stores=stores_of(activity.data_maps),
            time_limit=sessions.time_limit(course.standard, values),
        )

    def _content_address(self, player: PlayerSession, course: Course, activity: CourseActivity) -> str:
        if activity.is_elsewhere:
            return cast(str, activity.href)
        origin = self._origins.of(course.version.id)
        grant = self._grants.issue(course.tenant_id, course.version.id, player.frames)
        if course.viewer is not None:
            return f"{origin}/viewer/{course.viewer}?file=/content/{grant}/{quote(activity.href or '')}"
        return f"{origin}/content/{grant}/{activity.href}"

    def _statuses(self, work: UnitOfWork, course: Course, learning: Learning) -> dict[str, Status]:
        work.session.flush()
        rows = runtime.results(work.session, learning.attempt.tenant_id, learning.attempt.id)
        known = {row.activity_id: status(tracking_of(row), begun=True) for row in rows}
        return {one.node.id: known.get(one.id, "not_begun") for one in course.launchable}


def _asked(commit: Commit, said: Mapping[str, str]) -> tuple[Request | None, str | None]:
    """The request that content leaves behind as it terminates, with its target."""
    if commit.kind != "terminate":
        return None, None
    if navigation.parse(commit.navigation) is None and commit.navigation != "_none_":
        return None, None  # Not a request of the standard's.
    found = request_of(said, commit.navigation)
    return (cast(Request, found.kind), found.target) if found else (None, None)


def _api(course: Course, activity: CourseActivity) -> Literal["API", "API_1484_11"] | None:
    if not activity.can_speak:
        return None
    return "API" if course.standard == "scorm_1_2" else "API_1484_11"
