"""What SCORM progress says in xAPI, by the SCORM xAPI profile (adlnet/xAPI-SCORM-Profile).

A session of a SCO begins with *initialized* or *resumed* and ends with *terminated* or *suspended*. In between, what
changed becomes *completed*, *passed* or *failed*, *scored* and *progressed*, about the SCO and about its objectives,
*responded* for each answer and *commented* for what the learner wrote. A course of several SCOs gets its own
*completed*, *passed* or *failed* and *scored* when its rolled-up result changes.

Ids are made from the attempt, the session and the commit, so that the same commit always says the same statements.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from hub.scorm.spec.answers import UNPAIRED_OR_ZERO, Answer, components
from hub.scorm.spec.runtime.model import entries
from hub.scorm.spec.runtime.transfer import STATUS_12, Score, Success, Tracking, score_of
from hub.scorm.spec.runtime.types import interval_of

Statement = dict[str, Any]

VERBS = "http://adlnet.gov/expapi/verbs/"
ACTIVITY_TYPES = "http://adlnet.gov/expapi/activities/"
PROFILE = {"id": "https://w3id.org/xapi/scorm", "definition": {"type": ACTIVITY_TYPES + "profile"}}
PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"

_SUCCESS: dict[str, Success] = {"passed": "passed", "failed": "failed"}
_LANGUAGE_MARK = re.compile(r"^\{lang=[^}]*\}")


@dataclass(frozen=True, slots=True)
class Place:
    """Who does what where: all that the statements of one attempt have in common.

    `activity_id` and `activity_title` are the SCO's; `attempt_session` is the session in which the present attempt on
    it began; `locale` is the language of the titles; `pseudonym` takes the learner's place where statements must not
    name them.
    """

    base_url: str
    learner_source: str
    learner_subject: str
    learner_name: str
    registration_id: UUID
    attempt_id: UUID
    package_id: UUID
    course_title: str
    activity_id: str
    activity_title: str
    attempt_session: int = 1
    locale: str = "und"
    pseudonym: str | None = None

    @property
    def course_iri(self) -> str:
        """The course as an xAPI activity."""
        return f"{self.base_url}/activities/{self.package_id}"

    @property
    def sco_iri(self) -> str:
        """The SCO as an xAPI activity (profile 3.2, Guidelines for Activity IRI Construction)."""
        return f"{self.course_iri}/{quote(self.activity_id, safe='')}"

    @property
    def attempt_iri(self) -> str:
        """The attempt on the course as an xAPI activity."""
        return f"{self.course_iri}?attemptId={self.attempt_id}"

    @property
    def sco_attempt_iri(self) -> str:
        """The attempt on the SCO: one from *initialized* over all that is resumed to *terminated* (profile 5.0)."""
        attempt = uuid5(self.attempt_id, f"{self.activity_id}:{self.attempt_session}")
        return f"{self.sco_iri}?attemptId={attempt}"


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was said: the commit's number in its session, and its time in RFC 3339."""

    session: int
    sequence: int
    timestamp: str


def begun(place: Place, moment: Moment, *, resumed: bool) -> Statement:
    """The session began (profile 5.0, Initializing and Resuming an attempt)."""
    return _about_sco(place, moment, "resumed" if resumed else "initialized")


def ended(place: Place, moment: Moment, result: Tracking, seconds: float, *, suspended: bool) -> Statement:
    """The session ended (profile 5.0, Terminating and Suspending an attempt), with the overall result."""
    verb = "suspended" if suspended else "terminated"
    return _about_sco(place, moment, verb, {**_result(result), "duration": interval_of(seconds)})


def changes(place: Place, moment: Moment, before: Tracking, after: Tracking) -> Iterator[Statement]:
    """What a commit changed in the tracking data of the SCO (profile 6.0)."""
    for verb, result in _changes(before, after):
        yield _about_sco(place, moment, verb, result)


def course_changes(place: Place, moment: Moment, before: Tracking, after: Tracking) -> Iterator[Statement]:
    """What it changed in the result of the course (profile 3.2: completed, passed, failed and scored may be its).

    Its completion tells success and score, too, where they are known (profile 6.0, Course Status).
    """
    for verb, result in _changes(before, after):
        whole = {**result, **_result(after)} if verb == "completed" else result
        yield _statement(place, moment, verb, _course(place), whole, key=f"course:{verb}", of_course=True)


def responses(place: Place, moment: Moment, answers: Iterable[Answer]) -> Iterator[Statement]:
    """What the learner answered (`hub.scorm.spec.answers`)."""
    for answer in answers:
        yield _responded(place, moment, answer)


def comments(
    place: Place, moment: Moment, standard: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[Statement]:
    """What the learner commented since (profile 6.0, Comments From Learner)."""
    for key, comment in _comments(standard, after).items():
        if comment and comment != _comments(standard, before).get(key):
            result = {"response": clean(_LANGUAGE_MARK.sub("", comment))}
            yield _statement(place, moment, "commented", _sco(place), result, key=f"commented:{key}")


def objective_changes(
    place: Place, moment: Moment, standard: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[Statement]:
    """What changed in the objectives of the SCO, each an activity of its own within it (profile 6.0, Objectives)."""
    earlier = entries(before, "cmi.objectives")
    for index, objective in entries(after, "cmi.objectives").items():
        if not objective.get("id"):
            continue
        old = _objective_tracking(standard, earlier.get(index, {}))
        new = _objective_tracking(standard, objective)
        for verb, result in _changes(old, new):
            found = _objective(place, objective)
            key = f"objective:{index}:{verb}"
            yield _statement(place, moment, verb, found, result, key=key, parent=_sco(place))


def _actor(place: Place) -> dict[str, Any]:
    if place.pseudonym is not None:
        return pseudonymous_actor(place.base_url, place.pseudonym)
    return actor(place.base_url, place.learner_source, place.learner_subject, clean(place.learner_name))


def actor(base_url: str, source: str, subject: str, name: str) -> dict[str, Any]:
    """The learner as an xAPI agent with an account (profile 3.2): no e-mail address leaves the Hub."""
    home = source if source.startswith(("http://", "https://")) else f"{base_url}/sources/{quote(source, safe='')}"
    agent: dict[str, Any] = {"objectType": "Agent", "account": {"homePage": home, "name": subject}}
    return {**agent, "name": name} if name else agent


def pseudonymous_actor(base_url: str, pseudonym: str) -> dict[str, Any]:
    """A learner whom statements do not name: an account that only the Hub can trace back."""
    return {"objectType": "Agent", "account": {"homePage": f"{base_url}/pseudonyms", "name": pseudonym}}


def _objective_tracking(standard: str, objective: Mapping[str, str]) -> Tracking:
    if standard == "scorm_1_2":
        completion, success = STATUS_12.get(objective.get("status", ""), ("unknown", "unknown"))
        return Tracking(completion, success, score_of(objective, "score", raw_most=100.0))
    progress = objective.get("progress_measure")
    return Tracking(
        completion="completed" if objective.get("completion_status") == "completed" else "unknown",
        success=_SUCCESS.get(objective.get("success_status", ""), "unknown"),
        score=score_of(objective, "score"),
        progress=float(progress) if progress else None,
    )


def _objective(place: Place, objective: Mapping[str, str]) -> dict[str, Any]:
    identifier = clean(objective["id"])
    name = clean(objective.get("description", "") or objective["id"])
    iri = f"{place.sco_iri}/objectives/{quote(identifier, safe='')}"
    return _activity(iri, "objective", place, _LANGUAGE_MARK.sub("", name))


def _changes(before: Tracking, after: Tracking) -> Iterator[tuple[str, dict[str, Any]]]:
    if after.progress is not None and after.progress != before.progress:
        # The profile takes the scaled score for it (6.0, Progress Measure), most reports cmi5's percentage.
        scaled = _rounded(after.progress)
        yield "progressed", {"score": {"scaled": scaled}, "extensions": {PROGRESS: round(after.progress * 100)}}
    if after.score.is_known and after.score != before.score:
        yield "scored", {"score": _score(after.score)}
    if after.completion == "completed" != before.completion:
        yield "completed", {"completion": True}
    if after.success != before.success and after.success != "unknown":
        yield after.success, _outcome(after)


def _outcome(result: Tracking) -> dict[str, Any]:
    """Success with its score."""
    score = {"score": _score(result.score)} if result.score.is_known else {}
    return {"success": result.success == "passed", **score}


def _result(result: Tracking) -> dict[str, Any]:
    """The overall result: whatever of it is known."""
    members: dict[str, Any] = {}
    if result.completion != "unknown":
        members["completion"] = result.completion == "completed"
    if result.success != "unknown":
        members["success"] = result.success == "passed"
    if result.score.is_known:
        members["score"] = _score(result.score)
    return members


def _score(score: Score) -> dict[str, float]:
    """The score as xAPI takes it (Data 2.4.5.1): what contradicts its own limits is left out."""
    scaled, raw, least, most = (_rounded(value) for value in (score.scaled, score.raw, score.least, score.most))
    if least is not None and most is not None and least >= most:
        least = most = None
    within = raw is not None and (least is None or raw >= least) and (most is None or raw <= most)
    members = {"scaled": scaled, "raw": raw if within else None, "min": least, "max": most}
    return {name: value for name, value in members.items() if value is not None}


def _rounded(value: float | None) -> float | None:
    """SCORM keeps seven decimals (RTE 4.1.1 real(10,7))."""
    return None if value is None else round(value, 7)


def _responded(place: Place, moment: Moment, answer: Answer) -> Statement:
    """One answer about the interaction as an activity of its own (profile 6.0, Interactions)."""
    judged: dict[str, Any] = {} if answer.success is None else {"success": answer.success}
    if answer.points is not None:
        judged["score"] = {"raw": answer.points}
    if answer.seconds is not None:
        judged["duration"] = interval_of(answer.seconds)
    result = {"response": clean(answer.response), **judged}
    key = f"responded:{answer.index}:{_digest(answer.response)}"
    found = {
        "objectType": "Activity",
        "id": f"{place.sco_iri}/interactions/{quote(clean(answer.identifier), safe='')}",
        "definition": _interaction(place, answer),
    }
    objectives = [_objective(place, {"id": each}) for each in dict.fromkeys(answer.objectives)]
    return _statement(place, moment, "responded", found, result, key=key, parent=_sco(place), other=objectives)


def _interaction(place: Place, answer: Answer) -> dict[str, Any]:
    """The definition of an interaction activity (xAPI Data 2.4.4.1, Interaction Activities)."""
    definition: dict[str, Any] = {
        "type": ACTIVITY_TYPES + "interaction",
        "interactionType": answer.kind,
        "name": {place.locale: clean(answer.identifier)},
    }
    if answer.description:
        definition["description"] = {place.locale: clean(_LANGUAGE_MARK.sub("", answer.description))}
    if answer.patterns:
        definition["correctResponsesPattern"] = [clean(pattern) for pattern in answer.patterns]
    for name, ids in components(answer).items():
        definition[name] = [{"id": each} for each in dict.fromkeys(clean(each) for each in ids)]
    return definition


def _comments(standard: str, values: Mapping[str, str]) -> dict[int, str]:
    if standard == "scorm_1_2":
        return {0: values.get("cmi.comments", "")}
    found = entries(values, "cmi.comments_from_learner")
    return {index: comment.get("comment", "") for index, comment in found.items()}


def _about_sco(place: Place, moment: Moment, verb: str, result: dict[str, Any] | None = None) -> Statement:
    return _statement(place, moment, verb, _sco(place), result, key=verb)


def _statement(
    place: Place,
    moment: Moment,
    verb: str,
    found: dict[str, Any],
    result: dict[str, Any] | None,
    *,
    key: str,
    parent: dict[str, Any] | None = None,
    other: Sequence[dict[str, Any]] = (),
    of_course: bool = False,
) -> Statement:
    activities: dict[str, Any] = {"parent": [parent]} if parent else {}
    sco_attempt = _activity(place.sco_attempt_iri, "attempt", place, place.activity_title)
    activities["grouping"] = [_course(place), _attempt(place), *([] if of_course else [sco_attempt])]
    activities["category"] = [PROFILE]
    if other:
        activities["other"] = list(other)
    statement: Statement = {
        "id": str(uuid5(place.attempt_id, f"{place.activity_id}:{moment.session}:{moment.sequence}:{key}")),
        "actor": _actor(place),
        "verb": {"id": VERBS + verb, "display": {"en-US": verb}},
        "object": found,
        "context": {
            "registration": str(place.registration_id),
            "platform": "Standards Hub",
            "contextActivities": activities,
        },
        "timestamp": moment.timestamp,
    }
    return {**statement, "result": result} if result else statement


def _activity(iri: str, kind: str, place: Place, title: str) -> dict[str, Any]:
    definition = {"type": ACTIVITY_TYPES + kind, "name": {place.locale: clean(title)}}
    return {"objectType": "Activity", "id": iri, "definition": definition}


def _course(place: Place) -> dict[str, Any]:
    return _activity(place.course_iri, "course", place, place.course_title)


def _sco(place: Place) -> dict[str, Any]:
    return _activity(place.sco_iri, "lesson", place, place.activity_title)


def _attempt(place: Place) -> dict[str, Any]:
    return _activity(place.attempt_iri, "attempt", place, place.course_title)


def clean(text: str) -> str:
    """The text without what a statement cannot carry: zeros and half surrogates become U+FFFD."""
    return text.translate(UNPAIRED_OR_ZERO)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
