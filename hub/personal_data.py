"""What the Hub keeps of a person: the contract between `hub.privacy`, which looks after it, and the areas that hold it.

Each area has a `Holder`. It knows its own tables and nothing of the others: it finds people by what they are called
there, counts, tells and erases what it has of them. In data protection law a person is a "data subject", telling is
access and portability (GDPR, articles 15 and 20), erasing is article 17.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

#: What an identity is: a sign-in account, a learner as one source knows them, or an xAPI agent.
IdentityKind = Literal["account", "learner", "agent"]

#: How an erasure treats what reports count: removed, or kept under a name that leads to nobody.
Treatment = Literal["remove", "pseudonymise"]

#: An inverse functional identifier of xAPI, as the one member that it is: {"mbox": "mailto:..."} and the like.
AgentId = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """One thing that a person is known by.

    `value` is the id of the account or learner, or the agent's identifier as JSON; `agents` are the xAPI agents that
    statements name this identity by; `texts` are the names and addresses to look for in other people's statements.
    `account` is the id of the account by which a learner signs in here, as somebody who administers learners said.
    """

    kind: IdentityKind
    value: str
    label: str
    agents: tuple[AgentId, ...] = ()
    texts: tuple[str, ...] = ()
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Everything that one person is known by in a tenant."""

    tenant_id: UUID
    users: tuple[UUID, ...] = ()
    learners: tuple[UUID, ...] = ()
    agents: tuple[AgentId, ...] = ()
    texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, tenant_id: UUID, identities: Sequence[Identity]) -> "Person":
        """The person of these identities."""
        agents = {str(sorted(agent.items())): agent for each in identities for agent in each.agents}
        return cls(
            tenant_id,
            tuple(UUID(each.value) for each in identities if each.kind == "account"),
            tuple(UUID(each.value) for each in identities if each.kind == "learner"),
            tuple(agents.values()),
            tuple(dict.fromkeys(text for each in identities for text in each.texts if text)),
        )


@dataclass(frozen=True, slots=True)
class Holding:
    """How many things of a kind (`statements`, `registrations`) an area has of a person."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Collection:
    """Things of one kind, told as a JSON and a CSV file of `name`. `rows` is asked once for each, and reads as it goes.

    A row is a JSON object, or its text. `heads` and `cells` make the CSV; without them the columns are the members.
    """

    name: str
    rows: Callable[[], Iterator[Mapping[str, Any] | bytes]]
    heads: Sequence[str] | None = None
    cells: Callable[[Any], Sequence[object]] | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A file of the person, told as it is. Its bytes are read when `content` is entered."""

    name: str
    content: Callable[[], AbstractContextManager[Iterator[bytes]]]


#: Notes what one transaction did, in the same transaction, so that the count is right whenever a worker dies:
#: session, kind of thing, outcome (`removed`, `pseudonymised`), and how many.
Note = Callable[[Session, str, str, int], None]


@dataclass(frozen=True, slots=True)
class Erasure:
    """How to erase. `pseudonym` is random text that takes the place of names, the same whenever the work is resumed."""

    treatment: Treatment
    pseudonym: str
    note: Note = field(repr=False)


class Holder(Protocol):
    """An area's side of it. Every method names the tenant; all but `erase` leave things as they are."""

    def look_up(self, tenant_id: UUID, words: str) -> Sequence[Identity]:
        """Whom `words` may mean: an id, an address, a name or a part of it."""

    def holdings(self, person: Person) -> Sequence[Holding]:
        """What there is of the person, counted; kinds with nothing may be left out."""

    def tell(self, person: Person) -> Iterator[Collection | File]:
        """All of it."""

    def erase(self, person: Person, erasure: Erasure) -> None:
        """Erase it in batches that each commit. May be called again after it was cut off, and then goes on."""
