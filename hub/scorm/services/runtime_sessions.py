"""Sessions of content with the run-time: which window may write, what a session begins with, and what is kept of it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from hub.db import UnitOfWork
from hub.errors import Conflict, NotFound
from hub.scorm.services.courses import Course, CourseActivity
from hub.scorm.services.progress import Scene
from hub.scorm.services.sequencing import sequenced
from hub.scorm.services.tokens import PlayerSession
from hub.scorm.spec.runtime import sessions
from hub.scorm.spec.runtime.model import general_name
from hub.scorm.spec.runtime.sessions import MODELS, Kept, Learner
from hub.scorm.spec.statements import clean
from hub.scorm.storage import comments, runtime
from hub.scorm.storage.runtime import Learning
from hub.scorm.storage.tables_runtime import RuntimeState

_STORES = "adl.data."


def hold(work: UnitOfWork, player: PlayerSession) -> Learning:
    """The player's attempt, held, if this is the window that may write."""
    assert player.attempt_id is not None
    learning = runtime.lock_attempt(work.session, player.tenant_id, player.attempt_id)
    if learning is None:
        raise NotFound("This attempt is not there any more; open the course again.", code="attempt_ended")
    _check_window(learning, player)
    return learning


def hold_session(
    work: UnitOfWork, player: PlayerSession, activity: CourseActivity, session: int
) -> tuple[Learning, RuntimeState]:
    """The same with the state of the activity, if `session` is the one that runs."""
    assert player.attempt_id is not None
    held = runtime.lock_session(work.session, player.tenant_id, player.attempt_id, activity.id)
    if held is None:
        hold(work, player)  # Says what is wrong with the attempt, if that is why.
        raise Conflict("This activity has not been opened.", code="stale_session")
    learning, state = held
    _check_window(learning, player)
    if state.session != session:
        raise Conflict("This activity has been opened anew since.", code="stale_session")
    return learning, state


def _check_window(learning: Learning, player: PlayerSession) -> None:
    if learning.attempt.ended_at is not None:
        raise NotFound("This attempt is over; open the course again.", code="attempt_ended")
    if learning.attempt.launch_id != player.launch_id:
        raise Conflict("The course has been opened in another window, which goes on from here.", code="superseded")


def state_of(work: UnitOfWork, learning: Learning, activity: CourseActivity) -> RuntimeState | None:
    """What is kept of the activity in this attempt; None when it was never delivered."""
    return runtime.find_state(work.session, learning.attempt.tenant_id, learning.attempt.id, activity.id)


def kept_of(state: RuntimeState | None) -> Kept | None:
    """What the last session left; None when content has never really begun."""
    if state is None or (state.entry == "ab-initio" and not state.initialized):
        return None
    values: dict[str, str] = json.loads(state.values)
    return Kept(values, state.session_exit, state.seconds_before)


def new_state(player: PlayerSession, learning: Learning, activity: CourseActivity, now: datetime) -> RuntimeState:
    """The first session of an activity that was never delivered in this attempt."""
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


def begin_session(state: RuntimeState, player: PlayerSession, begin: sessions.Start, now: datetime) -> None:
    """The next session of an activity; in another attempt at it unless `begin` resumes."""
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


def suspend(work: UnitOfWork, course: Course, learning: Learning, shown: CourseActivity) -> None:
    """The learner leaves for now: SCORM 2004 suspends the activity, whatever content set (SN UP.4, SB.2.15)."""
    state = state_of(work, learning, shown)
    if state is not None and (shown.is_awaited or state.initialized) and course.standard == "scorm_2004":
        state.session_exit = "suspend"


def initial_values(
    course: Course,
    learning: Learning,
    activity: CourseActivity,
    begin: sessions.Start,
    mode: sessions.Mode,
    now: datetime,
) -> dict[str, str]:
    """The data model as content finds it."""
    attempt, learner = sequenced(course, learning, now), learner_of(learning)
    if attempt is None:
        return sessions.initial_values(course.standard, begin, learner, mode, activity.settings)
    # Sequencing knows the objectives of the manifest, and what they show.
    settings = replace(activity.settings, objectives=())
    values = sessions.initial_values(course.standard, begin, learner, mode, settings)
    own = {name: value for name, value in values.items() if not name.startswith(_STORES)}
    return {**own, **attempt.delivered_values(activity, begin.values)}


def own_values(standard: str, values: Mapping[str, str]) -> dict[str, str]:
    """The values that content may set itself: what is kept. The others are made anew for each session.

    The ids of stores are kept with them, because writing to a store is judged by which there are.
    """
    given = set(MODELS[standard].read_only) - {f"{_STORES}n.id"}
    return {name: value for name, value in values.items() if general_name(name) not in given}


def comments_for(work: UnitOfWork, course: Course, learning: Learning, activity: CourseActivity) -> dict[str, str]:
    """What was left for the learner at the activity."""
    tenant_id, registration_id = learning.attempt.tenant_id, learning.registration.id
    rows = comments.of_registration(work.session, tenant_id, registration_id, activity.node.id)
    left = [sessions.Comment(row.comment, row.location, row.created_at) for row in rows]
    return sessions.comments_from_lms(course.standard, left)


def learner_of(learning: Learning) -> Learner:
    """The learner as content is told."""
    found = learning.learner
    return Learner(found.subject, found.name, found.preferences)


def keep_preferences(scene: Scene, standard: str, values: Mapping[str, str]) -> None:
    """What the learner prefers (audio, language, speed, captions) goes along to other courses."""
    names = sessions.PREFERENCES[standard]
    changed = {name: clean(values[element]) for element, name in names.items() if element in values}
    learner = scene.learning.learner
    if changed and not changed.items() <= learner.preferences.items():
        learner.preferences = {**learner.preferences, **changed}
