"""State, agent profile and activity profile documents: parameters, preconditions, merging
(Communication 2.2, 2.3, 2.6, 2.7 and 3.1)."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hub.errors import Conflict, Invalid, PreconditionFailed, Violation
from hub.xapi_lrs.spec import query, reading
from hub.xapi_lrs.spec.versions import Version

DEPTH = 100


@dataclass(frozen=True, slots=True)
class Resource:
    """One of the three resources: the parameters that say whose documents, which document, and what narrows."""

    name: str
    requirement: str
    owner: tuple[str, ...]
    document: str
    narrowing: tuple[str, ...] = ()

    @property
    def is_state(self) -> bool:
        return self.name == "state"


STATE = Resource("state", "Communication 2.3", ("activityId", "agent"), "stateId", ("registration",))
ACTIVITY_PROFILE = Resource("activity profile", "Communication 2.7", ("activityId",), "profileId")
AGENT_PROFILE = Resource("agent profile", "Communication 2.6", ("agent",), "profileId")


@dataclass(frozen=True, slots=True)
class Address:
    """Which documents a request is about.

    `owner` is a text that is equal for two requests about the same activity and agent; `name` the document's id (None
    for all of them); `since` in microseconds; `agent` is the key of whose documents they are, None for an activity's.
    """

    owner: str
    name: str | None
    registration: str | None = None
    since: int | None = None
    agent: str | None = None


def address_of(resource: Resource, method: str, parameters: Mapping[str, str]) -> Address:
    """The documents that these parameters name; `Invalid` lists each that is missing, unknown or malformed."""
    read: dict[str, Any] = {}
    faults: list[Violation] = []
    for name, text in parameters.items():
        if name not in allowed(resource, method):
            faults.append(Violation(resource.requirement, name, "is not a parameter of this request", name))
            continue
        try:
            read[name] = _PARSERS[name](text)
        except ValueError as fault:
            faults.append(Violation(resource.requirement, name, str(fault), text[:200]))
        except Invalid as refused:
            faults.extend(refused.violations or [Violation(resource.requirement, name, refused.detail)])
    faults += [
        Violation(resource.requirement, name, "is required")
        for name in needed(resource, method)
        if name not in parameters
    ]
    if faults:
        raise Invalid("The parameters are not valid.", code="invalid_query", violations=faults)
    owner = owner_of(resource, *(str(read[name]) for name in resource.owner))
    return Address(owner, read.get(resource.document), read.get("registration"), read.get("since"), read.get("agent"))


def owner_of(resource: Resource, *values: str) -> str:
    """The owner of a resource's documents by the values of its parameters, in their order."""
    return "\x1e".join((resource.name, *values))


def allowed(resource: Resource, method: str) -> set[str]:
    """The parameters that a request may have."""
    since = {"since"} if method == "GET" else set()
    return {*resource.owner, resource.document, *resource.narrowing, *since}


def needed(resource: Resource, method: str) -> tuple[str, ...]:
    """The parameters that a request must have. A document's id is needed except to list all (GET) and, of states, to
    delete all (Communication 2.3)."""
    if method == "GET" or (method == "DELETE" and resource.is_state):
        return resource.owner
    return (*resource.owner, resource.document)


def _plain(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not hold the character U+0000")
    return text


_PARSERS: dict[str, Callable[[str], Any]] = {
    "activityId": query.iri,
    "agent": query.agent_key,
    "stateId": _plain,
    "profileId": _plain,
    "registration": query.uuid,
    "since": query.timestamp,
}


def etag_of(content: bytes) -> str:
    """The entity tag of a document: its SHA-1 in hex, quoted (Communication 3.1)."""
    return f'"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The If-Match and If-None-Match headers of a request (RFC 9110 section 13.1)."""

    if_match: str | None = None
    if_none_match: str | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """What a change without any precondition meets (Communication 3.1): with `existing` it must not replace what is
    there (409), with `always` it is refused even where nothing is (400)."""

    existing: bool = False
    always: bool = False


UNGUARDED = Guard()


def guard_of(resource: Resource, version: Version) -> Guard:
    """What a PUT to the resource meets in that version."""
    if resource.is_state:
        return Guard(existing=version.guards_state)
    return Guard(existing=True, always=version.needs_precondition)


def check(preconditions: Preconditions, current: str | None, guard: Guard = UNGUARDED) -> None:
    """Refuse a change that is not allowed; `current` is the entity tag of what is there, None for nothing."""
    if_match, if_none_match = preconditions.if_match, preconditions.if_none_match
    if if_match is not None and not _matches(if_match, current, weakly=False):
        message = "must name the ETag of the document" if current else "cannot hold where there is no document"
        raise PreconditionFailed(
            "The document is not the one that If-Match names.",
            code="etag_mismatch",
            violations=[_unmet("If-Match", message, if_match, current)],
        )
    if if_none_match is not None and _matches(if_none_match, current, weakly=True):
        raise PreconditionFailed(
            "The document is one that If-None-Match names.",
            code="etag_match",
            violations=[_unmet("If-None-Match", "must not name the document that is there", if_none_match)],
        )
    if if_match is not None or if_none_match is not None:
        return
    if guard.existing and current is not None:
        raise Conflict(
            "There is such a document: read it, and send its ETag as If-Match, or If-None-Match: * to make sure that"
            " there is none.",
            code="precondition_needed",
            violations=[_unmet("If-Match", "is required to replace a document", allowed=current)],
        )
    if guard.always and current is None:
        raise Invalid(
            "Send If-None-Match: * to make a profile that is new.",
            code="precondition_needed",
            violations=[_unmet("If-None-Match", "is required to make a profile", allowed="*")],
        )


def _unmet(header: str, message: str, found: str | None = None, allowed: str | None = None) -> Violation:
    return Violation("Communication 3.1", header, message, found, allowed)


def is_unchanged(if_none_match: str | None, current: str) -> bool:
    """Whether a reader has the document already (304)."""
    return if_none_match is not None and _matches(if_none_match, current, weakly=True)


def _matches(header: str, current: str | None, *, weakly: bool) -> bool:
    """Whether one of the tags is the current one. A weak tag is none to If-Match, which compares strongly (RFC 9110
    section 13.1.1)."""
    if current is None:
        return False
    tags = [tag.strip() for tag in header.split(",")]
    if weakly:
        tags = [tag.removeprefix("W/") for tag in tags]
    return "*" in tags or current in tags or current.strip('"') in tags


def is_json(content_type: str) -> bool:
    """Whether a document is JSON, by its media type."""
    return content_type.partition(";")[0].strip().lower() == "application/json"


def check_content(content: bytes, content_type: str) -> None:
    """What is called JSON must be JSON (Communication 2.2)."""
    if is_json(content_type):
        reading.decode(content, DEPTH)


def merged(content: bytes, content_type: str, before: bytes | None, before_type: str | None) -> bytes:
    """What a POST makes of a document: top-level properties of the new one replace those of the old one
    (Communication 2.2, "JSON Procedure"); 400 where either is not a JSON object."""
    if before is None or before_type is None:
        if is_json(content_type):
            _object(content, "The posted document")
        return content
    if not is_json(content_type) or not is_json(before_type):
        raise Invalid(
            "A document that exists is changed by POST only if it and the posted one are application/json.",
            code="not_mergeable",
            violations=[_unmergeable(content_type, before_type)],
        )
    _object(content, "The posted document")
    _object(before, "The stored document")
    return reading.object_of(reading.members_of(before) | reading.members_of(content))


def _unmergeable(content_type: str, before_type: str) -> Violation:
    is_posted = not is_json(content_type)
    message = "of the posted document must be JSON" if is_posted else "of the stored document is not JSON: PUT another"
    found = content_type if is_posted else before_type
    return Violation("Communication 2.2", "Content-Type", message, found, "application/json")


def _object(content: bytes, what: str) -> None:
    if not isinstance(reading.decode(content, DEPTH), dict):
        fault = Violation("Communication 2.2", "$", "must be a JSON object to be merged", allowed="object")
        raise Invalid(f"{what} is not a JSON object.", code="not_mergeable", violations=[fault])


def listing(names: list[str]) -> bytes:
    """The ids of documents as a JSON array."""
    return orjson.dumps(names)
