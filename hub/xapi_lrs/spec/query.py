"""The parameters of GET statements: which there are, what they may hold, which go together (Communication 2.1.3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from hub.errors import Invalid, Violation, say
from hub.xapi_lrs.spec import actors, filing, reading, values
from hub.xapi_lrs.spec.filing import Term
from hub.xapi_lrs.spec.statement import agent_faults

FORMATS = ("exact", "ids", "canonical")

REQUIREMENT = "Communication 2.1.3"

#: The largest `stored` that is looked for: the year 9999 in microseconds.
END_OF_TIME = 253_402_300_800_000_000

_SINGLE = frozenset({"statementId", "voidedStatementId", "attachments", "format"})


@dataclass(frozen=True, slots=True)
class StatementQuery:
    """What a client asks of GET statements.

    `groups` are the filters: of each group at least one term must hold. `after` is `since` in microseconds
    (exclusive), `before` lies just past `until`. `limit` 0 is what the server allows at most.
    """

    statement_id: str | None = None
    voided_statement_id: str | None = None
    groups: tuple[tuple[Term, ...], ...] = ()
    verb: Term | None = None
    after: int = 0
    before: int = END_OF_TIME
    limit: int = 0
    format: str = "exact"
    with_attachments: bool = False
    ascending: bool = False

    @property
    def is_single(self) -> bool:
        """Whether one statement is asked for by its id."""
        return self.statement_id is not None or self.voided_statement_id is not None


def parse(parameters: Mapping[str, str]) -> StatementQuery:
    """The query of these parameters; `Invalid` names every one that is unknown, malformed or out of place."""
    faults = [
        Violation(REQUIREMENT, name, "is not a parameter of this resource", name, sorted(PARAMETERS))
        for name in parameters
        if name not in PARAMETERS
    ]
    read: dict[str, Any] = {}
    for name, text in parameters.items():
        if name in PARAMETERS:
            _read_one(name, text, read, faults)
    faults += _combination_faults(parameters)
    if faults:
        raise Invalid("The query is not valid.", code="invalid_query", violations=faults)
    return _query(read)


def continued(query: StatementQuery, boundary: int) -> StatementQuery:
    """The same query from where a page ended: after or before the last `stored` time, as the order is."""
    if query.ascending:
        return replace(query, after=max(query.after, boundary))
    return replace(query, before=min(query.before, boundary))


def _read_one(name: str, text: str, read: dict[str, Any], faults: list[Violation]) -> None:
    try:
        read[name] = PARAMETERS[name](text)
    except ValueError as fault:
        faults.append(Violation(REQUIREMENT, name, str(fault), text[:200]))
    except Invalid as refused:
        faults.extend(refused.violations or [Violation(REQUIREMENT, name, refused.detail, text[:200])])


def _combination_faults(parameters: Mapping[str, str]) -> list[Violation]:
    if "statementId" in parameters and "voidedStatementId" in parameters:
        return [Violation(REQUIREMENT, "voidedStatementId", "must not come together with statementId")]
    if "statementId" not in parameters and "voidedStatementId" not in parameters:
        return []
    return [
        Violation(REQUIREMENT, name, "must not come together with a statement's id", name, sorted(_SINGLE))
        for name in parameters
        if name not in _SINGLE and name in PARAMETERS
    ]


def _query(read: dict[str, Any]) -> StatementQuery:
    groups = [
        group for group in (_registration_group(read), _agent_group(read), _activity_group(read)) if group is not None
    ]
    verb = (filing.VERB, read["verb"]) if "verb" in read and not _is_agent_did(read) else None
    if verb is not None and not groups:
        groups, verb = [(verb,)], None
    return StatementQuery(
        statement_id=read.get("statementId"),
        voided_statement_id=read.get("voidedStatementId"),
        groups=tuple(groups),
        verb=verb,
        after=read.get("since", 0),
        before=read.get("until", END_OF_TIME - 1) + 1,
        limit=read.get("limit", 0),
        format=read.get("format", "exact"),
        with_attachments=read.get("attachments", False),
        ascending=read.get("ascending", False),
    )


def _registration_group(read: dict[str, Any]) -> tuple[Term, ...] | None:
    return ((filing.REGISTRATION, read["registration"]),) if "registration" in read else None


def _agent_group(read: dict[str, Any]) -> tuple[Term, ...] | None:
    if "agent" not in read:
        return None
    key = read["agent"]
    if _is_agent_did(read):
        return (filing.agent_did(key, read["verb"]),)
    narrow = ((filing.AGENT, key),)
    return (*narrow, (filing.RELATED_AGENT, key), (filing.AUTHORITY, key)) if read.get("related_agents") else narrow


def _is_agent_did(read: dict[str, Any]) -> bool:
    """Whether one term says both the agent and the verb that are asked for."""
    return "agent" in read and "verb" in read and not read.get("related_agents")


def _activity_group(read: dict[str, Any]) -> tuple[Term, ...] | None:
    if "activity" not in read:
        return None
    narrow = ((filing.ACTIVITY, read["activity"]),)
    return (*narrow, (filing.RELATED_ACTIVITY, read["activity"])) if read.get("related_activities") else narrow


# --- the single parameters --------------------------------------------------------------------------------------


def agent(text: str, name: str = "agent", *, may_be_group: bool = False) -> dict[str, Any]:
    """An Agent given as JSON in a parameter, or an identified Group where one may be (GET statements alone takes one:
    Communication 2.3, 2.4, 2.6); `Invalid` with every fault."""
    try:
        value = reading.decode(text.encode("utf-8", "surrogatepass"), 20)
    except Invalid as refused:
        value, faults = None, [replace(each, where=f"{name} {each.where}") for each in refused.violations]
    else:
        faults = agent_faults(value, name)
    if not faults and actors.key_of(value) is None:
        faults = [Violation(REQUIREMENT, name, "must be identified", text[:200])]
    if not faults and not may_be_group and value.get("objectType") == "Group":
        faults = [Violation(REQUIREMENT, f"{name}.objectType", "must be Agent", "Group", ["Agent"])]
    if faults:
        raise Invalid(say("The parameter %(name)s is not an Agent or identified Group.", name=name), violations=faults)
    found: dict[str, Any] = value
    return found


def agent_key(text: str, *, may_be_group: bool = False) -> str:
    """The key of an Agent, or of an identified Group where one may be (`agent`)."""
    key = actors.key_of(agent(text, may_be_group=may_be_group))
    assert key is not None
    return key


def iri(text: str) -> str:
    """An IRI; `ValueError` otherwise."""
    if not values.is_iri(text):
        raise ValueError(say("must be an IRI with a scheme"))
    return text


def uuid(text: str) -> str:
    """A UUID in lower case; `ValueError` otherwise."""
    if not values.is_uuid(text):
        raise ValueError(say("must be a UUID"))
    return text.lower()


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(say("must be true or false"))
    return text == "true"


def timestamp(text: str) -> int:
    """A timestamp as microseconds since the epoch; `ValueError` otherwise.

    A plus sign that was sent unescaped arrives as a space; where only that makes it a timestamp, it is taken back.
    """
    if not values.is_timestamp(text) and " " in text:
        text = text.replace(" ", "+")
    if not values.is_timestamp(text):
        raise ValueError(say("must be a timestamp (ISO 8601)"))
    return values.microseconds(values.moment(text))


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(say("must be a whole number of 0 or more"))
    return int(text.lstrip("0")[:9] or "0")  # More than any page holds, however long the number.


def _format(text: str) -> str:
    if text not in FORMATS:
        raise ValueError(f"must be {' or '.join(FORMATS)}")
    return text


PARAMETERS: dict[str, Callable[[str], Any]] = {
    "statementId": uuid,
    "voidedStatementId": uuid,
    "agent": partial(agent_key, may_be_group=True),
    "verb": iri,
    "activity": iri,
    "registration": uuid,
    "related_activities": _boolean,
    "related_agents": _boolean,
    "since": timestamp,
    "until": timestamp,
    "limit": _limit,
    "format": _format,
    "attachments": _boolean,
    "ascending": _boolean,
}
