"""What the LRS learns from statements: canonical definitions of activities and names of agents.

Most statements say nothing new. What this process has seen committed is remembered as a hash, so that the database
is asked only about what looks new.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg

from hub.xapi_lrs.services.stores import StoreView
from hub.xapi_lrs.spec import actors, filing
from hub.xapi_lrs.spec.definitions import merged
from hub.xapi_lrs.storage import knowledge
from hub.xapi_lrs.storage.terms import term_number

_MOST_REMEMBERED = 200_000

#: The most names that are kept of one agent.
_MOST_NAMES = 50


@dataclass(frozen=True, slots=True)
class Lesson:
    """One thing that a statement says of an activity ("activities") or an agent ("agents")."""

    what: str
    term: int
    says: Any
    mark: int


class Knowledge:
    """Definitions and names of every store."""

    def __init__(self) -> None:
        self._remembered: set[int] = set()

    def lessons_of(
        self, store: StoreView, activities: Iterable[dict[str, Any]], people: Iterable[dict[str, Any]]
    ) -> list[Lesson]:
        """What they say of themselves that this process has not seen committed."""
        lessons: list[Lesson] = []
        for activity in activities:
            definition = activity.get("definition")
            if definition:
                mark = hash((store.number, activity["id"], orjson.dumps(definition)))
                term = term_number(store.term_key, (filing.ACTIVITY, activity["id"]))
                lessons.append(Lesson("activities", term, definition, mark))
        for person in people:
            name, key = person.get("name"), actors.key_of(person)
            if name and key is not None:
                mark = hash((store.number, key, name))
                lessons.append(Lesson("agents", term_number(store.term_key, (filing.AGENT, key)), name, mark))
        return self.news_in(lessons)

    def news_in(self, lessons: Iterable[Lesson]) -> list[Lesson]:
        """Those that this process has not seen committed."""
        return [each for each in lessons if each.mark not in self._remembered]

    def are_written(self, connection: psycopg.Connection[Any], store: StoreView, lessons: Sequence[Lesson]) -> bool:
        """Whether the lessons change nothing of what is written down: another process, or one before, has seen them.
        They are remembered then."""
        if _changes(connection, store, lessons):
            return False
        self.remember(lessons)
        return True

    def learn(self, connection: psycopg.Connection[Any], store: StoreView, lessons: Sequence[Lesson]) -> None:
        """Write down what is new, within the transaction that stores the statements."""
        for what, changed in _changes(connection, store, lessons).items():
            knowledge.save(connection, what, store.number, changed)

    def remember(self, lessons: Iterable[Lesson]) -> None:
        """These lessons are committed: they need not be looked at again."""
        if len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered.update(each.mark for each in lessons)

    def forget(self) -> None:
        """Look at everything again: what was learned may have been removed."""
        self._remembered.clear()

    def definitions(
        self, connection: psycopg.Connection[Any], store: StoreView, activity_ids: Iterable[str]
    ) -> Mapping[str, dict[str, Any]]:
        """The canonical definitions of those activities that have one."""
        terms = {each: term_number(store.term_key, (filing.ACTIVITY, each)) for each in activity_ids}
        known = knowledge.load(connection, "activities", store.number, terms.values()) if terms else {}
        return {each: orjson.loads(known[term]) for each, term in terms.items() if term in known}

    def names(self, connection: psycopg.Connection[Any], store: StoreView, agent_key: str) -> list[str]:
        """The names that the agent was seen under."""
        term = term_number(store.term_key, (filing.AGENT, agent_key))
        known = knowledge.load(connection, "agents", store.number, [term])
        names: list[str] = orjson.loads(known[term]) if term in known else []
        return names


def _changes(
    connection: psycopg.Connection[Any], store: StoreView, lessons: Sequence[Lesson]
) -> dict[str, dict[int, bytes]]:
    """What the lessons make of what is written down, where that becomes something else."""
    changes: dict[str, dict[int, bytes]] = {}
    for what, merge in (("activities", _merged_definition), ("agents", _merged_names)):
        told = [each for each in lessons if each.what == what]
        if told:
            before = knowledge.load(connection, what, store.number, sorted({each.term for each in told}))
            after = dict(before)
            for each in told:
                after[each.term] = merge(after.get(each.term), each.says)
            changed = {term: text for term, text in after.items() if text != before.get(term)}
            if changed:
                changes[what] = changed
    return changes


def _merged_definition(known: bytes | None, says: dict[str, Any]) -> bytes:
    return orjson.dumps(merged(orjson.loads(known), says) if known else says)


def _merged_names(known: bytes | None, says: str) -> bytes:
    names = orjson.loads(known) if known else []
    return orjson.dumps(list(dict.fromkeys([*names, says]))[-_MOST_NAMES:])
