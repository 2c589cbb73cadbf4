"""The run-time of the player: deliver activities, take their commits, follow navigation.

A commit carries the values that changed since the last one that was acknowledged (`base`), under a number that only
rises (`sequence`). So it may be sent again, come late or come twice, and nothing changes twice.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, cast
from urllib.parse import quote
from uuid import UUID

from hub.db import Database, UnitOfWork
from hub.errors import Conflict, NotFound, Unprocessable
from hub.ports import Clock
from hub.scorm.services.courses import Course, CourseActivity, Courses
from hub.scorm.services.origins import ContentOrigins
from hub.scorm.services.progress import Progress, Scene
from hub.scorm.services.replays import ReplayLog
from hub.scorm.services.results import Status, group_status, status, tracking_of
from hub.scorm.services.sequencing import request_of, sequenced
from hub.scorm.services.tokens import ContentGrants, PlayerSession
from hub.scorm.spec import navigation
from hub.scorm.spec.delivery import Store, store_faults, stores_of
from hub.scorm.spec.manifest.rules import finding
from hub.scorm.spec.navigation import Outcome, Request
from hub.scorm.spec.prerequisites import status_of
from hub.scorm.spec.replay import Call, closed_of, navigation_record
from hub.scorm.spec.runtime import sessions
from hub.scorm.spec.runtime.model import general_name, violations
from hub.scorm.spec.runtime.sessions import MODELS, Kept, Learner
from hub.scorm.spec.settings import SUSPEND_DATA, SUSPEND_DATA_12, settings_of, strict_faults
from hub.scorm.spec.statements import clean
from hub.scorm.storage import comments, runtime
from hub.scorm.storage import courses as versions
from hub.scorm.storage.runtime import Learning
from hub.scorm.storage.tables_runtime import RuntimeState

CommitKind = Literal["initialize", "commit", "terminate"]

_STORES = "adl.data."

#: Requests that end the visit.
_LEAVING = ("suspendAll", "exitAll", "abandonAll", "exit", "abandon")

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
class Moves:
    """What may be asked for now: for buttons and outline, and for content by `adl.nav.request_valid`.

    `visible` are the activities that the outline shows, in its order; `hidden` the controls that content does without
    (adlnav:hideLMSUI); `exits` the requests by which the learner may leave, those that are hidden left out.
    """

    forward: bool
    backward: bool
    choices: Sequence[str]
    jumps: Sequence[str]
    visible: Sequence[str]
    hidden: Sequence[str] = ()
    exits: Sequence[str] = ("suspendAll",)


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


@dataclass(frozen=True, slots=True)
class _Step:
    """What a request leads to. `resumed` is what sequencing decided of the delivered activity's last attempt."""

    deliver: str | None = None
    ended: bool = False
    refusal: str | None = None
    resumed: bool | None = None
    trace: Sequence[Sequence[str | None]] = ()


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
            learning = _hold(work, player)
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
            learning, state = _hold_session(work, player, activity, commit)
            scene = Scene(work, course, learning, activity, state, self._clock.now())
            if commit.sequence > state.sequence:
                self._take(scene, commit)
            request, target = _asked(commit, json.loads(state.said))
            statuses = {commit.activity: status(tracking_of(state), begun=True)}
            moves = _moves(work, course, learning, activity, scene.now) if commit.kind == "terminate" else None
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
        _keep_preferences(scene, standard, commit.values)
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
        step = _step(work, course, learning, shown, request, target, now)
        asked_at = shown
        if step.ended and request == "suspendAll" and shown is not None:
            _suspend(work, course, learning, shown)
        self._roll_up(work, course, learning, shown, now)
        delivery = None
        if step.deliver is not None:
            shown = course.activity(step.deliver)
            attempt.activity_id = shown.id
            delivery = self._deliver(work, player, course, learning, shown, step.resumed, now)
        if step.ended:
            runtime.end_launch(work.session, player.tenant_id, player.launch_id, now)
        moves = _moves(work, course, learning, shown, now)
        self._keep_step(work, course, learning, asked_at, request, target, step, now)
        statuses = self._statuses(work, course, learning)
        groups = _groups(course, learning, statuses, now)
        return Destination(delivery, step.ended, step.refusal, moves, statuses, groups)

    def _keep_step(
        self,
        work: UnitOfWork,
        course: Course,
        learning: Learning,
        shown: CourseActivity | None,
        request: str,
        target: str | None,
        step: _Step,
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
        state = _state_of(work, learning, shown) if shown and course.tree else None
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
        state = _state_of(work, learning, activity)
        begin = sessions.start(course.standard, _kept(state), resumed)
        if state is None:
            state = _new_state(player, learning, activity, now)
            work.session.add(state)
        else:
            _next_session(state, player, begin, now)
        values = _initial_values(course, learning, activity, begin, player.mode, now)
        values |= _comments(work, course, learning, activity)
        state.entry, state.values = begin.entry, json.dumps(_own_values(course.standard, values))
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
        groups = _groups(course, learning, statuses, self._clock.now()) if learning else {}
        moves = _free_moves(course, outcome.deliver)
        if outcome.deliver is None:
            return Destination(None, outcome.ended, outcome.refusal, moves, statuses, groups)
        activity = course.activity(outcome.deliver)
        state = _state_of(work, learning, activity) if learning else None
        begin = sessions.start(course.standard, _kept(state))
        learner = _learner(learning) if learning else _NOBODY
        values = sessions.initial_values(course.standard, begin, learner, player.mode, activity.settings)
        values |= _comments(work, course, learning, activity) if learning else {}
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


def _groups(course: Course, learning: Learning, statuses: Mapping[str, Status], now: datetime) -> dict[str, Status]:
    """How the groups of the course stand: by rollup where it is sequenced, else by what hangs below them."""
    attempt = sequenced(course, learning, now)
    if attempt is not None:
        return attempt.groups()
    known = dict(statuses)
    for node in reversed(course.nodes):
        below = [known[other.id] for other in course.nodes if other.parent == node.id and other.id in known]
        if below and node.id not in known:
            known[node.id] = group_status(below)
    return {name: found for name, found in known.items() if name not in statuses}


def _asked(commit: Commit, said: Mapping[str, str]) -> tuple[Request | None, str | None]:
    """The request that content leaves behind as it terminates, with its target."""
    if commit.kind != "terminate":
        return None, None
    if navigation.parse(commit.navigation) is None and commit.navigation != "_none_":
        return None, None  # Not a request of the standard's.
    found = request_of(said, commit.navigation)
    return (cast(Request, found.kind), found.target) if found else (None, None)


def _step(
    work: UnitOfWork,
    course: Course,
    learning: Learning,
    shown: CourseActivity | None,
    request: Request,
    target: str | None,
    now: datetime,
) -> _Step:
    attempt = sequenced(course, learning, now)
    if attempt is None:
        closed = _closed(work, course, learning)
        nodes = [replace(node, launchable=node.launchable and node.id not in closed) for node in course.nodes]
        plain = navigation.process(nodes, shown.node.id if shown else None, request, target)
        if closed and plain.deliver is None and request not in _LEAVING:
            return _Step(refusal="prerequisites")
        return _Step(plain.deliver, plain.ended, plain.refusal)
    if request in ("start", "resumeAll"):
        outcome = attempt.open()
    elif request in _LEAVING and attempt.state.current is None:
        return _Step(ended=True)  # Nothing runs that could be ended, and nobody is kept in.
    else:
        # A course of one activity has no outline to come back to, so leaving the activity is leaving the course.
        is_all = request == "exit" and len(course.launchable) == 1
        outcome = attempt.request("exitAll" if is_all else request, target)
        if (outcome.exception or "").startswith("NB.") and attempt.state.current is not None:
            reopened = attempt.open()  # What was shown may go on, and the player has closed it.
            outcome = replace(reopened, trace=outcome.trace + reopened.trace)
    return _Step(outcome.delivery, outcome.session_ended, outcome.exception, outcome.resumed, outcome.trace)


def _moves(work: UnitOfWork, course: Course, learning: Learning, shown: CourseActivity | None, now: datetime) -> Moves:
    attempt = sequenced(course, learning, now)
    if attempt is None:
        return _free_moves(course, shown.node.id if shown else None, _closed(work, course, learning))
    valid = attempt.navigation()
    return Moves(
        forward=valid.continue_,
        backward=valid.previous,
        choices=sorted(valid.choices),
        jumps=sorted(valid.jumps),
        visible=[entry.identifier for entry in valid.outline if entry.is_visible],
        hidden=valid.hidden,
        exits=valid.exits,
    )


def _free_moves(course: Course, shown: str | None, closed: frozenset[str] = frozenset()) -> Moves:
    nodes = [replace(node, launchable=node.launchable and node.id not in closed) for node in course.nodes]
    valid = navigation.valid_requests(nodes, shown)
    choices = [choice for choice in valid.choices if choice not in closed]
    visible = [node.id for node in course.nodes if node.visible]
    return Moves(valid.forward, valid.backward, choices, choices, visible)


def _closed(work: UnitOfWork, course: Course, learning: Learning) -> frozenset[str]:
    """The activities that a SCORM 1.2 course keeps closed until others are done."""
    if not course.prerequisites:
        return frozenset()
    work.session.flush()
    rows = runtime.results(work.session, learning.attempt.tenant_id, learning.attempt.id)
    known = {row.activity_id: status_of(tracking_of(row)) for row in rows}
    return course.closed({one.node.id: known.get(one.id, "not attempted") for one in course.launchable})


def _initial_values(
    course: Course,
    learning: Learning,
    activity: CourseActivity,
    begin: sessions.Start,
    mode: sessions.Mode,
    now: datetime,
) -> dict[str, str]:
    attempt, learner = sequenced(course, learning, now), _learner(learning)
    if attempt is None:
        return sessions.initial_values(course.standard, begin, learner, mode, activity.settings)
    # Sequencing knows the objectives of the manifest, and what they show.
    settings = replace(activity.settings, objectives=())
    values = sessions.initial_values(course.standard, begin, learner, mode, settings)
    own = {name: value for name, value in values.items() if not name.startswith(_STORES)}
    return {**own, **attempt.delivered_values(activity, begin.values)}


def _comments(work: UnitOfWork, course: Course, learning: Learning, activity: CourseActivity) -> dict[str, str]:
    """What was left for the learner at the activity."""
    tenant_id, registration_id = learning.attempt.tenant_id, learning.registration.id
    rows = comments.of_registration(work.session, tenant_id, registration_id, activity.node.id)
    left = [sessions.Comment(row.comment, row.location, row.created_at) for row in rows]
    return sessions.comments_from_lms(course.standard, left)


def _hold(work: UnitOfWork, player: PlayerSession) -> Learning:
    """The player's attempt, held, if this is the window that may write."""
    assert player.attempt_id is not None
    learning = runtime.lock_attempt(work.session, player.tenant_id, player.attempt_id)
    if learning is None:
        raise NotFound("This attempt is not there any more; open the course again.", code="attempt_ended")
    _check_window(learning, player)
    return learning


def _hold_session(
    work: UnitOfWork, player: PlayerSession, activity: CourseActivity, commit: Commit
) -> tuple[Learning, RuntimeState]:
    """The same with the state of the session that a commit belongs to."""
    assert player.attempt_id is not None
    held = runtime.lock_session(work.session, player.tenant_id, player.attempt_id, activity.id)
    if held is None:
        _hold(work, player)  # Says what is wrong with the attempt, if that is why.
        raise Conflict("This activity has not been opened.", code="stale_session")
    learning, state = held
    _check_window(learning, player)
    if state.session != commit.session:
        raise Conflict("This activity has been opened anew since.", code="stale_session")
    return learning, state


def _check_window(learning: Learning, player: PlayerSession) -> None:
    if learning.attempt.ended_at is not None:
        raise NotFound("This attempt is over; open the course again.", code="attempt_ended")
    if learning.attempt.launch_id != player.launch_id:
        raise Conflict("The course has been opened in another window, which goes on from here.", code="superseded")


def _state_of(work: UnitOfWork, learning: Learning, activity: CourseActivity) -> RuntimeState | None:
    return runtime.find_state(work.session, learning.attempt.tenant_id, learning.attempt.id, activity.id)


def _kept(state: RuntimeState | None) -> Kept | None:
    """What the last session left; None when content has never really begun."""
    if state is None or (state.entry == "ab-initio" and not state.initialized):
        return None
    values: dict[str, str] = json.loads(state.values)
    return Kept(values, state.session_exit, state.seconds_before)


def _suspend(work: UnitOfWork, course: Course, learning: Learning, shown: CourseActivity) -> None:
    """The learner leaves for now: SCORM 2004 suspends the activity, whatever content set (SN UP.4, SB.2.15)."""
    state = _state_of(work, learning, shown)
    if state is not None and (shown.is_awaited or state.initialized) and course.standard == "scorm_2004":
        state.session_exit = "suspend"


def _learner(learning: Learning) -> Learner:
    found = learning.learner
    return Learner(found.subject, found.name, found.preferences)


def _new_state(player: PlayerSession, learning: Learning, activity: CourseActivity, now: datetime) -> RuntimeState:
    return RuntimeState(
        tenant_id=player.tenant_id,
        attempt_id=learning.attempt.id,
        activity_id=activity.id,
        launch_id=player.launch_id,
        entry="ab-initio",
        values="{}",
        said="{}",
        location="",
        session=1,
        sequence=0,
        attempt_session=1,
        calls=0,
        replay_bytes=0,
        session_began_at=now,
        initialized=False,
        seconds_before=0.0,
        duration_before=0.0,
        completion="unknown",
        success="unknown",
        duration_seconds=0.0,
        changed_at=now,
    )


def _next_session(state: RuntimeState, player: PlayerSession, begin: sessions.Start, now: datetime) -> None:
    state.session += 1
    state.sequence = 0
    state.launch_id = player.launch_id
    state.session_began_at, state.session_exit = now, None
    state.initialized, state.said = False, "{}"
    state.calls = 0
    if begin.entry != "resume":
        state.attempt_session = state.session
    state.seconds_before = begin.total_seconds
    state.duration_before = state.duration_seconds
    state.changed_at = now


def _own_values(standard: str, values: Mapping[str, str]) -> dict[str, str]:
    """The values that content may set itself: what is kept. The others are made anew for each session.

    The ids of stores are kept with them, because writing to a store is judged by which there are.
    """
    given = set(MODELS[standard].read_only) - {f"{_STORES}n.id"}
    return {name: value for name, value in values.items() if general_name(name) not in given}


def _keep_preferences(scene: Scene, standard: str, values: Mapping[str, str]) -> None:
    names = sessions.PREFERENCES[standard]
    changed = {name: clean(values[element]) for element, name in names.items() if element in values}
    learner = scene.learning.learner
    if changed and not changed.items() <= learner.preferences.items():
        learner.preferences = {**learner.preferences, **changed}


def _api(course: Course, activity: CourseActivity) -> Literal["API", "API_1484_11"] | None:
    if not activity.can_speak:
        return None
    return "API" if course.standard == "scorm_1_2" else "API_1484_11"
