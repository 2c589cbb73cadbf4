"""What a statement must look like: the tables of Data 2.4 and 4.0, and the rules that tie properties together.

`faults_of(statement, version)` judges one statement and names every fault. The tables below are in the order of the
specification; 2.0 differs where `Version` says so.
"""

from typing import Any

from hub.errors import Violation
from hub.xapi_lrs.spec import values
from hub.xapi_lrs.spec.structure import (
    ROOT,
    Check,
    Faults,
    Place,
    array,
    boolean,
    by_object_type,
    fault,
    mapping,
    number,
    one_of,
    one_or_array,
    string,
    structure,
    text,
    whole_number,
)
from hub.xapi_lrs.spec.versions import V1_0, V2_0, Version

VOIDED = "http://adlnet.gov/expapi/verbs/voided"

#: The inverse functional identifiers (Data 2.4.2.3).
IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")

INTERACTION_TYPES = (
    "true-false", "choice", "fill-in", "long-fill-in", "matching", "performance", "sequencing", "likert", "numeric",
    "other",
)  # fmt: skip

#: Which interaction types each list of interaction components belongs to (Data 2.4.4.1).
COMPONENTS = {
    "choices": ("choice", "sequencing"),
    "scale": ("likert",),
    "source": ("matching",),
    "target": ("matching",),
    "steps": ("performance",),
}

_INTERACTION = frozenset({"correctResponsesPattern", *COMPONENTS})


def faults_of(statement: Any, version: Version) -> list[Violation]:
    """Every rule that the statement breaks; an empty list means that it is valid."""
    faults: Faults = []
    _STATEMENT[version.name](statement, ROOT, faults)
    return faults


def member_faults(name: str, value: Any, version: Version) -> list[Violation]:
    """Every rule that one member of a statement or of its context breaks by itself."""
    faults: Faults = []
    _MEMBERS[version.name][name](value, (None, name), faults)
    return faults


def agent_faults(agent: Any, name: str) -> list[Violation]:
    """Every rule that an Agent or Group in the parameter `name` breaks (Communication 2.1.3, 2.3, 2.4, 2.6)."""
    faults: Faults = []
    _ACTOR(agent, (None, name), faults)
    return faults


# --- Data 4: data types -----------------------------------------------------------------------------------------

_IRI = "an IRI with a scheme"
_LANGUAGE_MAP = mapping("Data 4.2", values.is_language_tag, "a language tag (RFC 5646)", text("Data 4.2"))
_EXTENSIONS = mapping("Data 4.1", values.is_iri, _IRI, None)


def _iri(requirement: str) -> Check:
    return string(requirement, values.is_iri, _IRI)


def _uuid(requirement: str) -> Check:
    return string(requirement, values.is_uuid, "a UUID (RFC 4122)")


def _timestamp(requirement: str, version: Version) -> Check:
    if version.needs_timezone:
        return string(requirement, values.is_rfc3339_timestamp, "a timestamp (RFC 3339)")
    return string(requirement, values.is_timestamp, "a timestamp (ISO 8601), its offset not -00:00")


# --- Data 2.4.2: actor ------------------------------------------------------------------------------------------

_ACCOUNT = structure(
    "Data 2.4.2.4",
    {"homePage": _iri("Data 2.4.2.4"), "name": text("Data 2.4.2.4")},
    required=("homePage", "name"),
)

_WHO: dict[str, Check] = {
    "name": text("Data 2.4.2"),
    "mbox": string("Data 2.4.2.3", values.is_mailbox, "mailto: and an e-mail address"),
    "mbox_sha1sum": string("Data 2.4.2.3", values.is_sha1, "the SHA-1 of a mailto IRI as 40 hex digits"),
    "openid": _iri("Data 2.4.2.3"),
    "account": _ACCOUNT,
}


def _has_one_identifier(agent: dict[str, Any], place: Place, faults: Faults) -> None:
    """An Agent has exactly one inverse functional identifier (Data 2.4.2.1)."""
    found = [name for name in IDENTIFIERS if name in agent]
    if len(found) != 1:
        message = "must be identified by exactly one of mbox, mbox_sha1sum, openid and account"
        fault(faults, place, "Data 2.4.2.1", message, found, list(IDENTIFIERS))


def _is_identified_or_has_members(group: dict[str, Any], place: Place, faults: Faults) -> None:
    """An anonymous Group has members, an identified one exactly one identifier (Data 2.4.2.2)."""
    found = [name for name in IDENTIFIERS if name in group]
    if len(found) > 1:
        fault(faults, place, "Data 2.4.2.2", "must have no more than one identifier", found, list(IDENTIFIERS))
    if not found and "member" not in group:
        fault(faults, (place, "member"), "Data 2.4.2.2", "is required for a group without an identifier")


_AGENT = structure(
    "Data 2.4.2.1", {"objectType": one_of("Data 2.4.2.1", ("Agent",)), **_WHO}, rules=[_has_one_identifier]
)
_GROUP = structure(
    "Data 2.4.2.2",
    {"objectType": one_of("Data 2.4.2.2", ("Group",)), **_WHO, "member": array("Data 2.4.2.2", _AGENT)},
    required=("objectType",),
    rules=[_is_identified_or_has_members],
)
_ACTOR = by_object_type("Data 2.4.2", {"Agent": _AGENT, "Group": _GROUP}, default="Agent")


def _is_two_agents(authority: dict[str, Any], place: Place, faults: Faults) -> None:
    """An authority that is a Group is an anonymous one of two Agents, as in OAuth (Data 2.4.9)."""
    if authority.get("objectType") != "Group":
        return
    members = authority.get("member")
    if any(name in authority for name in IDENTIFIERS) or not isinstance(members, list) or len(members) != 2:
        fault(faults, place, "Data 2.4.9", "as a Group it must be anonymous and have exactly two members", members)


def _authority(value: Any, place: Place, faults: Faults) -> None:
    _ACTOR(value, place, faults)
    if type(value) is dict:
        _is_two_agents(value, place, faults)


# --- Data 2.4.3: verb -------------------------------------------------------------------------------------------

_VERB = structure("Data 2.4.3", {"id": _iri("Data 2.4.3"), "display": _LANGUAGE_MAP}, required=("id",))

# --- Data 2.4.4: object -----------------------------------------------------------------------------------------

_COMPONENT = structure("Data 2.4.4.1", {"id": text("Data 2.4.4.1"), "description": _LANGUAGE_MAP}, required=("id",))


def _has_distinct_ids(components: Any, place: Place, faults: Faults) -> None:
    seen: set[Any] = set()
    for index, component in enumerate(components if type(components) is list else ()):
        identifier = component.get("id") if type(component) is dict else None
        if type(identifier) is str and identifier in seen:
            fault(faults, ((place, index), "id"), "Data 2.4.4.1", "must be distinct within the array", identifier)
        elif type(identifier) is str:
            seen.add(identifier)


def _components(value: Any, place: Place, faults: Faults) -> None:
    _COMPONENT_LIST(value, place, faults)
    _has_distinct_ids(value, place, faults)


_COMPONENT_LIST = array("Data 2.4.4.1", _COMPONENT)


def _fits_interaction_type(definition: dict[str, Any], place: Place, faults: Faults) -> None:
    """Response patterns and component lists need an interaction type that knows them (Data 2.4.4.1)."""
    if _INTERACTION.isdisjoint(definition):
        return
    interaction = definition.get("interactionType")
    if "correctResponsesPattern" in definition and interaction is None:
        fault(faults, (place, "interactionType"), "Data 2.4.4.1", "is required with correctResponsesPattern")
    for name, kinds in COMPONENTS.items():
        if name in definition and interaction not in kinds:
            message = f"is for the interaction type {' or '.join(kinds)} only"
            fault(faults, (place, name), "Data 2.4.4.1", message, interaction, list(kinds))


_DEFINITION = structure(
    "Data 2.4.4.1",
    {
        "name": _LANGUAGE_MAP,
        "description": _LANGUAGE_MAP,
        "type": _iri("Data 2.4.4.1"),
        "moreInfo": _iri("Data 2.4.4.1"),
        "extensions": _EXTENSIONS,
        "interactionType": one_of("Data 2.4.4.1", INTERACTION_TYPES),
        "correctResponsesPattern": array("Data 2.4.4.1", text("Data 2.4.4.1")),
        **dict.fromkeys(COMPONENTS, _components),
    },
    rules=[_fits_interaction_type],
)
_ACTIVITY = structure(
    "Data 2.4.4.1",
    {"objectType": one_of("Data 2.4.4.1", ("Activity",)), "id": _iri("Data 2.4.4.1"), "definition": _DEFINITION},
    required=("id",),
)
_STATEMENT_REF = structure(
    "Data 2.4.4.3",
    {"objectType": one_of("Data 2.4.4.3", ("StatementRef",)), "id": _uuid("Data 2.4.4.3")},
    required=("objectType", "id"),
)
_OBJECTS: dict[str, Check] = {
    "Activity": _ACTIVITY,
    "Agent": _AGENT,
    "Group": _GROUP,
    "StatementRef": _STATEMENT_REF,
}

# --- Data 2.4.5: result -----------------------------------------------------------------------------------------


def _lies_in_range(score: dict[str, Any], place: Place, faults: Faults) -> None:
    """min < max, and raw between them (Data 2.4.5.1)."""
    raw, low, high = (_plain_number(score.get(name)) for name in ("raw", "min", "max"))
    if low is not None and high is not None and low >= high:
        fault(faults, (place, "min"), "Data 2.4.5.1", "must be less than max", low, f"below {high}")
    if raw is not None and ((low is not None and raw < low) or (high is not None and raw > high)):
        fault(faults, (place, "raw"), "Data 2.4.5.1", "must lie between min and max", raw, [low, high])


def _plain_number(value: Any) -> float | None:
    return value if type(value) is float or type(value) is int else None


_SCORE = structure(
    "Data 2.4.5.1",
    {
        "scaled": number("Data 2.4.5.1", -1, 1),
        "raw": number("Data 2.4.5.1"),
        "min": number("Data 2.4.5.1"),
        "max": number("Data 2.4.5.1"),
    },
    rules=[_lies_in_range],
)
_RESULT = structure(
    "Data 2.4.5",
    {
        "score": _SCORE,
        "success": boolean("Data 2.4.5"),
        "completion": boolean("Data 2.4.5"),
        "response": text("Data 2.4.5"),
        "duration": string("Data 4.6", values.is_duration, "a duration (ISO 8601)"),
        "extensions": _EXTENSIONS,
    },
)

# --- Data 2.4.6: context ----------------------------------------------------------------------------------------

_CONTEXT_ACTIVITIES = structure(
    "Data 2.4.6.2",
    dict.fromkeys(("parent", "grouping", "category", "other"), one_or_array("Data 2.4.6.2", _ACTIVITY)),
)
_RELEVANT_TYPES = array("2.0 section 4.2.2.5", _iri("2.0 section 4.2.2.5"), needs_items=True)


def _context_member(object_type: str, role: str, who: Check) -> Check:
    """A contextAgent or contextGroup (2.0 section 4.2.2.5)."""
    requirement = "2.0 section 4.2.2.5"
    return structure(
        requirement,
        {"objectType": one_of(requirement, (object_type,)), role: who, "relevantTypes": _RELEVANT_TYPES},
        required=("objectType", role),
    )


def _context_members(version: Version) -> dict[str, Check]:
    properties: dict[str, Check] = {
        "registration": _uuid("Data 2.4.6"),
        "instructor": _ACTOR,
        "team": by_object_type("Data 2.4.6", {"Group": _GROUP}, default=None),
        "contextActivities": _CONTEXT_ACTIVITIES,
        "revision": text("Data 2.4.6"),
        "platform": text("Data 2.4.6"),
        "language": string("Data 2.4.6", values.is_language_tag, "a language tag (RFC 5646)"),
        "statement": _STATEMENT_REF,
        "extensions": _EXTENSIONS,
    }
    if version.has_context_agents:
        agent = _context_member("contextAgent", "agent", _AGENT)
        group = _context_member("contextGroup", "group", _GROUP)
        properties["contextAgents"] = array("2.0 section 4.2.2.5", agent)
        properties["contextGroups"] = array("2.0 section 4.2.2.5", group)
    return properties


def _context_fits_object(statement: dict[str, Any], place: Place, faults: Faults) -> None:
    """revision and platform are for statements about an Activity only (Data 2.4.6)."""
    context, target = statement.get("context"), statement.get("object")
    if type(context) is not dict or type(target) is not dict or target.get("objectType", "Activity") == "Activity":
        return
    for name in ("revision", "platform"):
        if name in context:
            message = "is allowed only where the object is an Activity"
            fault(faults, ((place, "context"), name), "Data 2.4.6", message, target.get("objectType"), "Activity")


# --- Data 2.4.11: attachments -----------------------------------------------------------------------------------

_ATTACHMENT = structure(
    "Data 2.4.11",
    {
        "usageType": _iri("Data 2.4.11"),
        "display": _LANGUAGE_MAP,
        "description": _LANGUAGE_MAP,
        "contentType": string("Data 2.4.11", values.is_media_type, "an Internet media type"),
        "length": whole_number("Data 2.4.11"),
        "sha2": text("Data 2.4.11"),
        "fileUrl": _iri("Data 2.4.11"),
    },
    required=("usageType", "display", "contentType", "length", "sha2"),
)

# --- Data 2.4: the statement, and 2.4.4.3: the sub-statement ----------------------------------------------------


def _voids_by_reference(statement: dict[str, Any], place: Place, faults: Faults) -> None:
    """The object of a voiding statement is a StatementRef (Data 2.3.2)."""
    verb, target = statement.get("verb"), statement.get("object")
    if type(verb) is not dict or verb.get("id") != VOIDED or type(target) is not dict:
        return
    if target.get("objectType") != "StatementRef":
        found = target.get("objectType")
        fault(faults, ((place, "object"), "objectType"), "Data 2.3.2", "must be StatementRef to void", found)


def _common(version: Version, objects: Check) -> dict[str, Check]:
    return {
        "actor": _ACTOR,
        "verb": _VERB,
        "object": objects,
        "result": _RESULT,
        "context": structure("Data 2.4.6", _context_members(version)),
        "timestamp": _timestamp("Data 4.5", version),
        "attachments": array("Data 2.4.11", _ATTACHMENT),
    }


def _statement_members(version: Version) -> dict[str, Check]:
    inner = _common(version, by_object_type("Data 2.4.4", _OBJECTS, default="Activity"))
    inner["objectType"] = one_of("Data 2.4.4.3", ("SubStatement",))
    # It is judged as a statement besides (Data 2.4.4.3, "SubStatements").
    rules = [_context_fits_object, _voids_by_reference]
    sub_statement = structure("Data 2.4.4.3", inner, required=_NEEDED, rules=rules)
    outer = _common(
        version, by_object_type("Data 2.4.4", {**_OBJECTS, "SubStatement": sub_statement}, default="Activity")
    )
    outer["id"] = _uuid("Data 2.4.1")
    outer["stored"] = _timestamp("Data 2.4.8", version)
    outer["authority"] = _authority
    is_version = values.is_version_2_0 if version is V2_0 else values.is_version_1_0
    outer["version"] = string("Data 2.4.10", is_version, "a version that this request's version allows")
    return outer


def _statement(version: Version) -> Check:
    rules = [_context_fits_object, _voids_by_reference]
    return structure("Data 2.4", _statement_members(version), required=_NEEDED, rules=rules)


_NEEDED = ("actor", "verb", "object")
_STATEMENT = {version.name: _statement(version) for version in (V1_0, V2_0)}
_MEMBERS = {version.name: _statement_members(version) | _context_members(version) for version in (V1_0, V2_0)}
