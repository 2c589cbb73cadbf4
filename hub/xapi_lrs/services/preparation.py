"""Preparation: the statements of a request, judged by every rule and completed with what the LRS owns (Data 2.4).

Ordinary statements are recognised by their parts. When one of a request is not, the body is read as a whole, and those
that were not recognised are judged as a whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from hub.errors import Invalid, Violation
from hub.identity import Principal
from hub.ports import Ids
from hub.xapi_lrs.services.attachments import Attachments, Part, Received
from hub.xapi_lrs.services.forgetting import Forgetting
from hub.xapi_lrs.services.intake import Incoming, Submission, Target
from hub.xapi_lrs.services.knowledge import Knowledge, Lesson
from hub.xapi_lrs.services.recognition import Recognised, Recognition
from hub.xapi_lrs.services.stores import Stores, StoreView
from hub.xapi_lrs.spec import actors, filing
from hub.xapi_lrs.spec.completion import opened, opened_as_is
from hub.xapi_lrs.spec.reading import Limits, plain_statements_of, statement_path, statements_of
from hub.xapi_lrs.spec.statement import faults_of
from hub.xapi_lrs.spec.versions import Version
from hub.xapi_lrs.storage import terms
from hub.xapi_lrs.storage.terms import all_term_bytes, term_bytes

#: The most faults that are listed of one request.
_MOST_FAULTS = 200


@dataclass(frozen=True, slots=True)
class Request:
    """Who wants to store what: `body` is a statement or an array of them, `parts` the headers and data of
    attachments, read after the statements were found valid into `received`, `put_id` the id that a PUT names."""

    principal: Principal
    body: bytes
    version: Version
    parts: Iterable[Part] = ()
    put_id: str | None = None
    received: Received | None = None

    @property
    def is_batch(self) -> bool:
        """Whether the body is an array of statements."""
        return self.body.lstrip()[:1] == b"["


class Preparation:
    """Makes submissions of requests."""

    def __init__(
        self,
        ids: Ids,
        stores: Stores,
        knowledge: Knowledge,
        attachments: Attachments,
        limits: Limits,
        home_page: str,
        forgetting: Forgetting,
    ) -> None:
        self._ids = ids
        self._stores = stores
        self._knowledge = knowledge
        self._attachments = attachments
        self._limits = limits
        self._home_page = home_page
        self._recognition = Recognition(knowledge, limits.depth)
        self._forgetting = forgetting
        forgetting.clears(self._recognition.forget, knowledge.forget, _mark.cache_clear, terms.forget)

    def submission(self, request: Request) -> Submission:
        """The statements of a request, ready to be stored; `Invalid` lists the faults of all of them."""
        self._forgetting.heed()
        store = self._stores.of(request.principal)
        raws, known = self._recognised(store, request)
        if all(known):
            statements: Sequence[Any] = known
        else:
            statements, raws, known = self._judged(request, known)
        mark = self._mark_of(store, request.principal)
        made = [
            self._completed(request, mark, raw, found) if found else self._whole(store, request, mark, raw, statement)
            for raw, found, statement in zip(raws, known, statements, strict=True)
        ]
        _refuse_repeated_ids(made)
        return Submission(store, made, request.is_batch, self._lessons(store, request.principal, statements, known))

    def authority_term(self, store: StoreView, principal: Principal) -> bytes:
        """The hash of the term that finds what a principal stored."""
        return self._mark_of(store, principal).terms[0]

    def _mark_of(self, store: StoreView, principal: Principal) -> "_Mark":
        return _mark(store.term_key, self._home_page, principal.id, principal.name, principal.client)

    def _recognised(self, store: StoreView, request: Request) -> tuple[Sequence[bytes], Sequence[Recognised | None]]:
        """The bytes of each statement, and what there is to know of the ordinary ones."""
        raws = None if request.parts else plain_statements_of(request.body, self._limits)
        if raws is None:
            return (), [None]
        known = [self._recognition.recognise(store, request.version, raw) for raw in raws]
        return raws, known if request.put_id is None or _fits(request.put_id, request.body, known) else [None]

    def _judged(
        self, request: Request, known: Sequence[Recognised | None]
    ) -> tuple[Sequence[dict[str, Any]], Sequence[bytes], Sequence[Recognised | None]]:
        """The statements, each with its bytes, after all that were not recognised were judged."""
        statements, raws, is_batch = statements_of(request.body, self._limits)
        if request.put_id is not None:
            _check_put(request.put_id, statements, is_batch)
        if len(known) != len(statements):
            known = [None] * len(statements)
        _refuse_faults(statements, known, request.version, is_batch=is_batch)
        if request.parts or any("attachments" in each or "attachments" in each["object"] for each in statements):
            received = request.received or Received()
            self._attachments.take_in(
                request.principal, statements, request.parts, request.version, received, is_batch=is_batch
            )
        return statements, raws, known

    def _completed(self, request: Request, mark: "_Mark", raw: bytes, found: Recognised) -> Incoming:
        """A recognised statement with what the LRS adds."""
        given = found.members.get("id")
        id_text = given[1:-1].decode() if given is not None else request.put_id or self._ids.uuid_text()
        opening = opened_as_is(found.members, raw, id_text, mark.authority, request.version.statement_default)
        found.terms.extend(mark.terms)
        return Incoming(bytes.fromhex(id_text.replace("-", "")), opening, found.terms, id_text, raw)

    def _whole(
        self, store: StoreView, request: Request, mark: "_Mark", raw: bytes, statement: dict[str, Any]
    ) -> Incoming:
        """A statement that was judged as a whole, with what the LRS adds."""
        id_text = statement.get("id") or request.put_id or self._ids.uuid_text()
        opening = opened(statement, raw, id_text, mark.authority, request.version.statement_default)
        terms = all_term_bytes(store.term_key, filing.terms_of(statement, mark.authority_keys))
        target_id = filing.target_of(statement)
        target = Target(UUID(target_id), filing.is_voiding(statement)) if target_id else None
        return Incoming(UUID(id_text).bytes, opening, terms, id_text, raw, target)

    def _lessons(
        self, store: StoreView, principal: Principal, statements: Sequence[Any], known: Sequence[Recognised | None]
    ) -> list[Lesson]:
        """What is new in the statements, of those who may teach the store."""
        lessons: list[Lesson] = []
        if principal.may("activities.define"):
            for found, statement in zip(known, statements, strict=True):
                if found is None:
                    about, people = filing.activities_in(statement), filing.people_in(statement)
                    lessons += self._knowledge.lessons_of(store, about, people)
                elif found.lessons:
                    lessons += found.lessons
        return lessons


@dataclass(frozen=True, slots=True)
class _Mark:
    """What a principal's statements bear: their authority as JSON (Data 2.4.9), its keys, and the hashes of the terms
    that they make."""

    authority: bytes
    authority_keys: list[str]
    terms: list[bytes]


@lru_cache(maxsize=4_096)
def _mark(term_key: bytes, home_page: str, name: str, shown: str, client: tuple[str, str] | None) -> _Mark:
    """A credential is an Agent; a program that acts for a person is a Group of the two ("3-legged OAuth")."""

    def agent(name: str, shown: str) -> dict[str, Any]:
        return {"objectType": "Agent", "name": shown, "account": {"homePage": home_page, "name": name}}

    authority = agent(name, shown)
    if client is not None:
        authority = {"objectType": "Group", "member": [agent(*client), authority]}
    keys = actors.authority_keys(authority)
    return _Mark(orjson.dumps(authority), keys, [term_bytes(term_key, filing.AUTHORITY, key) for key in keys])


def _refuse_faults(
    statements: Sequence[Any], known: Sequence[Recognised | None], version: Version, *, is_batch: bool
) -> None:
    listed: list[Violation] = []
    for index, statement in enumerate(statements):
        found = [] if known[index] else faults_of(statement, version)
        if found and is_batch:
            found = [replace(each, where=statement_path(index, is_batch=True) + each.where[1:]) for each in found]
        listed += found
        if len(listed) >= _MOST_FAULTS:
            break
    if listed:
        raise Invalid(
            f"{'The statement is' if len(statements) == 1 else 'The statements are'} not valid; nothing was stored.",
            code="invalid_statement",
            violations=listed[:_MOST_FAULTS],
        )


def _refuse_repeated_ids(incoming: Sequence[Incoming]) -> None:
    """A batch with the same id twice is refused (Communication 2.1.2)."""
    if len({each.id for each in incoming}) == len(incoming):
        return
    seen: set[bytes] = set()
    faults = []
    for index, each in enumerate(incoming):
        if each.id in seen:
            faults.append(
                Violation("Communication 2.1.2", f"$[{index}].id", "is there twice", str(UUID(bytes=each.id)))
            )
        seen.add(each.id)
    raise Invalid("The batch has the same id more than once.", code="repeated_id", violations=faults)


def _fits(put_id: str, body: bytes, known: Sequence[Recognised | None]) -> bool:
    """Whether a recognised statement may be stored under the id that a PUT names."""
    own = known[0].members.get("id") if body[:1] == b"{" and known[0] else b""
    return own is None or own[1:-1].decode().lower() == put_id.lower()


def _check_put(put_id: str, statements: Sequence[dict[str, Any]], is_batch: bool) -> None:
    if is_batch:
        fault = Violation("Communication 2.1.1", "$", "must be an object", "array", "object")
        raise Invalid("PUT stores one statement, not an array.", code="invalid_statement", violations=[fault])
    own = statements[0].get("id")
    if isinstance(own, str) and own.lower() != put_id.lower():
        fault = Violation("Communication 2.1.1", "$.id", "must equal the parameter statementId", own, put_id)
        raise Invalid("The statement has another id than the request.", code="invalid_statement", violations=[fault])
