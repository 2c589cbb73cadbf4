"""Under what a statement is found: the terms that the filters of a query look for (Communication 2.1.3).

A term is a kind and a value. The narrow kinds answer the plain filters; the broad ones hold what only
`related_agents` and `related_activities` reach, so that a related query is the union of both. The authority is a kind
of its own: it also tells which statements a credential stored ("statements/read/mine").
"""

from collections.abc import Iterable, Iterator
from typing import Any

from hub.xapi_lrs.spec import actors
from hub.xapi_lrs.spec.statement import VOIDED

VERB = "v"
AGENT = "p"
RELATED_AGENT = "P"
ACTIVITY = "a"
RELATED_ACTIVITY = "A"
REGISTRATION = "r"
AUTHORITY = "w"
#: An agent together with a verb: what is asked for most often, and the only way to it that does not grow with all that
#: the agent did.
AGENT_DID = "d"

Term = tuple[str, str]


def terms_of(statement: dict[str, Any], authority_keys: Iterable[str] = ()) -> list[Term]:
    """Every term of a valid statement, each once. The verb comes first."""
    target = statement["object"]
    context = statement.get("context")
    terms: dict[Term, None] = {(VERB, statement["verb"]["id"]): None}
    for key in actors.keys_in(statement["actor"]):
        terms[AGENT, key] = None
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        terms[ACTIVITY, target["id"]] = None
    elif kind == "Agent" or kind == "Group":
        for key in actors.keys_in(target):
            terms[AGENT, key] = None
    if context is not None:
        registration = context.get("registration")
        if registration is not None:
            terms[REGISTRATION, registration.lower()] = None
        _add_related(terms, context)
    if kind == "SubStatement":
        _add_sub_statement(terms, target)
    for key in authority_keys:
        terms[AUTHORITY, key] = None
    agents = [key for kind, key in terms if kind == AGENT]
    return [*terms, *(agent_did(key, statement["verb"]["id"]) for key in agents)]


def agent_did(key: str, verb_id: str) -> Term:
    """The term of an agent, by its key, with a verb."""
    return AGENT_DID, f"{verb_id} {key}"


def terms_of_part(name: str, value: Any) -> list[Term]:
    """What one member of a statement about an Activity, or of its context, files it under: `terms_of` in parts. Of
    the related kinds it may name what the statement has under the plain kind already (`PLAIN`)."""
    terms: dict[Term, None] = {}
    if name == "verb":
        terms[VERB, value["id"]] = None
    elif name == "actor":
        terms.update({(AGENT, key): None for key in actors.keys_in(value)})
    elif name == "object":
        terms[ACTIVITY, value["id"]] = None
    elif name == "registration":
        terms[REGISTRATION, value.lower()] = None
    elif name in ("contextActivities", "instructor", "team"):
        _add_related(terms, {name: value})
    return list(terms)


#: The plain kind that makes a related one needless.
PLAIN = {RELATED_AGENT: AGENT, RELATED_ACTIVITY: ACTIVITY}


def _add_related(terms: dict[Term, None], context: dict[str, Any]) -> None:
    groups = context.get("contextActivities")
    if groups is not None:
        for activity in listed_activities(groups):
            if (ACTIVITY, activity["id"]) not in terms:
                terms[RELATED_ACTIVITY, activity["id"]] = None
    for key in _agents_in(context):
        if (AGENT, key) not in terms:
            terms[RELATED_AGENT, key] = None


def _agents_in(context: dict[str, Any]) -> Iterator[str]:
    for role in ("instructor", "team"):
        if role in context:
            yield from actors.keys_in(context[role])
    for member in context.get("contextAgents", ()):
        yield from actors.keys_in(member["agent"])
    for member in context.get("contextGroups", ()):
        yield from actors.keys_in(member["group"])


def _add_sub_statement(terms: dict[Term, None], inner: dict[str, Any]) -> None:
    """A sub-statement counts for the related filters only."""
    target = inner["object"]
    kind = target.get("objectType", "Activity")
    people = [inner["actor"]] + ([target] if actors.is_actor(target) else [])
    for person in people:
        for key in actors.keys_in(person):
            if (AGENT, key) not in terms:
                terms[RELATED_AGENT, key] = None
    if kind == "Activity" and (ACTIVITY, target["id"]) not in terms:
        terms[RELATED_ACTIVITY, target["id"]] = None
    if "context" in inner:
        _add_related(terms, inner["context"])


def target_of(statement: dict[str, Any]) -> str | None:
    """The id of the statement that this one targets with a StatementRef, in lower case; None for others."""
    target = statement["object"]
    return target["id"].lower() if target.get("objectType") == "StatementRef" else None


def is_voiding(statement: dict[str, Any]) -> bool:
    """Whether the statement voids another (Data 2.3.2)."""
    verb: str = statement["verb"]["id"]
    return verb == VOIDED


def activities_in(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every Activity object of a statement and its sub-statement, wherever it stands."""
    target = statement["object"]
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        yield target
    elif kind == "SubStatement":
        yield from activities_in(target)
    context = statement.get("context")
    if context is not None and "contextActivities" in context:
        yield from listed_activities(context["contextActivities"])


def listed_activities(groups: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every Activity of a `contextActivities`."""
    for listed in groups.values():
        yield from listed if type(listed) is list else (listed,)


def people_in(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every Agent and Group of a statement and its sub-statement, with the members of groups."""
    yield from with_members(statement["actor"])
    target = statement["object"]
    if actors.is_actor(target):
        yield from with_members(target)
    elif target.get("objectType") == "SubStatement":
        yield from people_in(target)
    context = statement.get("context")
    if context is not None:
        for role in ("instructor", "team"):
            if role in context:
                yield from with_members(context[role])
        for listing, role in (("contextAgents", "agent"), ("contextGroups", "group")):
            for member in context.get(listing, ()):
                yield from with_members(member[role])


def with_members(actor: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An Agent or Group, and the members of the latter."""
    yield actor
    yield from actor.get("member", ())
