"""Recognition: ordinary statements are put together of parts that this process has judged before (`spec.parts`).

What is remembered follows from the bytes of a part and from rules that do not change while the process runs, so it
never becomes untrue. Two threads may judge the same part at once; they come to the same.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from hub.xapi_lrs.services.knowledge import Knowledge, Lesson
from hub.xapi_lrs.services.stores import StoreView
from hub.xapi_lrs.spec import filing, parts
from hub.xapi_lrs.spec.versions import Version
from hub.xapi_lrs.storage.terms import term_bytes

#: The most parts that are remembered, and the longest: what clients send must not fill the memory.
_MOST_REMEMBERED = 50_000
_LONGEST_REMEMBERED = 2_048


class Recognised(msgspec.Struct, gc=False):
    """A valid statement: the bytes of its members and of its context's, the hashes of its terms (the verb's first), and
    what it tells."""

    members: dict[str, bytes]
    terms: list[bytes]
    lessons: list[Lesson]


class _Part(msgspec.Struct):
    """A part as its store files it; `related` has the hash of each related term behind that of its plain kind. Of the
    actor and the verb it has their `keys` too, which make terms together."""

    terms: list[bytes]
    related: list[tuple[bytes, bytes]]
    lessons: list[Lesson]
    keys: list[str]


class Recognition:
    """The parts of statements that this process knows."""

    def __init__(self, knowledge: Knowledge, depth: int) -> None:
        self._knowledge = knowledge
        self._depth = depth
        self._known: dict[tuple[int, str], dict[tuple[str, bytes], _Part]] = {}
        self._count = 0

    def forget(self) -> None:
        """Forget every part; whoever is at it now may still keep one."""
        self._known.clear()
        self._count = 0

    def recognise(self, store: StoreView, version: Version, raw: bytes) -> Recognised | None:
        """What there is to know of an ordinary, valid statement; None for one that must be judged as a whole."""
        members = parts.parts_of(raw)
        if members is None:
            return None
        known = self._known.setdefault((store.number, version.name), {})
        terms: list[bytes] = []
        related: list[tuple[bytes, bytes]] = []
        lessons: list[Lesson] = []
        who: list[str] = []
        did = ""
        for each in members.items():
            name, value = each
            is_valid_at_sight = parts.SILENT.get(name)
            if is_valid_at_sight is not None:
                if not is_valid_at_sight(value) and parts.part_of(name, value, version, self._depth) is None:
                    return None
                continue
            part = known.get(each) or self._judged(store, version, each)
            if part is None:
                return None
            terms += part.terms
            related += part.related
            if name == "actor":
                who = part.keys
            elif name == "verb":
                [did] = part.keys
            if part.lessons:
                part.lessons = self._knowledge.news_in(part.lessons)
                lessons += part.lessons
        terms += [term_bytes(store.term_key, *filing.agent_did(key, did)) for key in dict.fromkeys(who)]
        return Recognised(members, _distinct(terms, related), lessons)

    def _judged(self, store: StoreView, version: Version, member: tuple[str, bytes]) -> _Part | None:
        """A part that is not known; None for one that is not valid or not ordinary."""
        value = parts.part_of(*member, version, self._depth)
        if value is None:
            return None
        part = self._filed(store, member[0], value)
        self._remember(store, version, member, part)
        return part

    def _filed(self, store: StoreView, name: str, value: Any) -> _Part:
        terms, related = [], []
        for kind, text in filing.terms_of_part(name, value):
            term = term_bytes(store.term_key, kind, text)
            if kind in filing.PLAIN:
                related.append((term_bytes(store.term_key, filing.PLAIN[kind], text), term))
            else:
                terms.append(term)
        keys = [text for _, text in filing.terms_of_part(name, value)] if name in ("actor", "verb") else []
        return _Part(terms, related, self._knowledge.lessons_of(store, *_said_in(name, value)), keys)

    def _remember(self, store: StoreView, version: Version, member: tuple[str, bytes], part: _Part) -> None:
        if len(member[1]) > _LONGEST_REMEMBERED:
            return
        self._count += 1
        if self._count > _MOST_REMEMBERED:
            self._known.clear()
            self._count = 0
        self._known.setdefault((store.number, version.name), {})[member] = part


def _distinct(terms: list[bytes], related: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Every term once, and the related ones only where the same is not there under its plain kind."""
    distinct = dict.fromkeys(terms)
    for plain, term in related:
        if plain not in distinct:
            distinct[term] = None
    return list(distinct)


def _said_in(name: str, value: Any) -> tuple[Iterable[Any], Iterable[Any]]:
    """The activities and the people that a part is about."""
    if name == "object":
        return [value], ()
    if name == "contextActivities":
        return filing.listed_activities(value), ()
    return (), filing.with_members(value) if name in ("actor", "instructor", "team") else ()
