"""Statements: stored, looked up, searched (Communication 2.1)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
import psycopg

from hub.db import Database, UnitOfWork
from hub.errors import Forbidden, Invalid, NotFound, Violation
from hub.identity import Principal, system_principal
from hub.ports import Ids
from hub.xapi_lrs.services.attachments import Attachments, Part
from hub.xapi_lrs.services.intake import Incoming, Intake, Submission
from hub.xapi_lrs.services.knowledge import Knowledge
from hub.xapi_lrs.services.stores import Stores, StoreView
from hub.xapi_lrs.spec import actors, filing, formats
from hub.xapi_lrs.spec.completion import opened
from hub.xapi_lrs.spec.query import StatementQuery, continued
from hub.xapi_lrs.spec.reading import Limits, statements_of
from hub.xapi_lrs.spec.statement import faults_of
from hub.xapi_lrs.spec.versions import V2_0, Version
from hub.xapi_lrs.storage import search
from hub.xapi_lrs.storage.terms import all_term_bytes, term_number

#: The most statements of one answer.
LARGEST_PAGE = 500

#: The most faults that are listed of one request.
_MOST_FAULTS = 200


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Statements as JSON bytes, in the order asked for. `boundary` is the `stored` time to go on from, None at the
    end; `through` the time up to which all is known (X-Experience-API-Consistent-Through), both in microseconds."""

    bodies: Sequence[bytes]
    boundary: int | None
    through: int


@dataclass(frozen=True, slots=True)
class StoredStatement:
    """One statement as JSON bytes, and when it was stored (microseconds)."""

    body: bytes
    stored: int
    through: int


class Statements:
    """The statements of every store."""

    def __init__(
        self,
        db: Database,
        ids: Ids,
        stores: Stores,
        intake: Intake,
        knowledge: Knowledge,
        attachments: Attachments,
        limits: Limits,
        home_page: str,
    ) -> None:
        self._db = db
        self._ids = ids
        self._stores = stores
        self._intake = intake
        self._knowledge = knowledge
        self._attachments = attachments
        self._limits = limits
        self._home_page = home_page

    # --- storing ------------------------------------------------------------------------------------------------

    def store(
        self, principal: Principal, body: bytes, version: Version = V2_0, parts: Iterable[Part] = ()
    ) -> list[str]:
        """Store a statement or an array of them, all or none; returns their ids in order (Communication 2.1.2).

        `parts` are the headers and data of attachments, read after the statements were found valid.
        """
        principal.require("statements.write")
        statements, raws, _ = statements_of(body, self._limits)
        incoming = self._judged(principal, statements, raws, version)
        self._take_attachments(principal, statements, parts, version)
        return self._submit(principal, incoming)

    def store_one(
        self,
        principal: Principal,
        statement_id: str,
        body: bytes,
        version: Version = V2_0,
        parts: Iterable[Part] = (),
    ) -> None:
        """Store one statement under an id of the client's (Communication 2.1.1)."""
        principal.require("statements.write")
        statements, raws, is_batch = statements_of(body, self._limits)
        if is_batch:
            raise Invalid("PUT stores one statement, not an array.", code="invalid_statement")
        _check_put_id(statement_id, statements[0])
        incoming = self._judged(principal, statements, raws, version, statement_id)
        self._take_attachments(principal, statements, parts, version)
        self._submit(principal, incoming)

    def record(
        self, work: UnitOfWork, tenant_id: UUID, store_id: UUID, statements: Sequence[dict[str, Any]]
    ) -> list[str]:
        """Store statements of the Hub's own making in the caller's transaction; returns their ids.

        The store's other writers wait from here to the commit, so call it last.
        """
        if not statements:
            return []
        principal = replace(system_principal(tenant_id), store_id=store_id)
        raws = [orjson.dumps(statement) for statement in statements]
        incoming = self._judged(principal, statements, raws, V2_0)
        submission = self._submission(principal, incoming)
        self._intake.write_within(work.psycopg, submission)
        work.after_commit.append(lambda: self._knowledge.remember(submission.lessons))
        return [each.id_text for each in incoming]

    def _judged(
        self,
        principal: Principal,
        statements: Sequence[dict[str, Any]],
        raws: Sequence[bytes],
        version: Version,
        statement_id: str | None = None,
    ) -> list[Incoming]:
        """Every statement judged and completed; `Invalid` lists the faults of all of them."""
        _refuse_faults(statements, version)
        store = self._stores.of(principal)
        authority, authority_key = _authority(self._home_page, principal.id, principal.name)
        prepared = []
        for statement, raw in zip(statements, raws, strict=True):
            own_id = UUID(statement_id or statement["id"]) if statement_id or "id" in statement else self._ids.uuid()
            id_text = statement.get("id") or statement_id or str(own_id)
            opening = opened(statement, raw, id_text, authority, version.statement_default)
            terms = all_term_bytes(store.term_key, filing.terms_of(statement, authority_key))
            prepared.append(Incoming(own_id.bytes, id_text, statement, opening, terms))
        _refuse_repeated_ids(prepared)
        return prepared

    def _take_attachments(
        self,
        principal: Principal,
        statements: Sequence[dict[str, Any]],
        parts: Iterable[Part],
        version: Version,
    ) -> None:
        if parts or any("attachments" in each or "attachments" in each["object"] for each in statements):
            self._attachments.take_in(principal, statements, parts, version)

    def _submit(self, principal: Principal, incoming: list[Incoming]) -> list[str]:
        ids = [each.id_text for each in incoming]
        if incoming:
            self._intake.store(self._submission(principal, incoming))
        return ids

    def _submission(self, principal: Principal, incoming: list[Incoming]) -> Submission:
        store = self._stores.of(principal)
        submission = Submission(store, incoming)
        if principal.may("activities.define"):
            for each in incoming:
                submission.lessons += self._knowledge.lessons_of(store, each.statement)
        return submission

    # --- reading ------------------------------------------------------------------------------------------------

    def find(
        self,
        principal: Principal,
        query: StatementQuery,
        languages: Sequence[str] = (),
        store_name: str | None = None,
    ) -> StatementPage:
        """The statements that match, newest first unless the query says otherwise (Communication 2.1.3)."""
        store = self._stores.of(principal, store_name)
        limit = min(query.limit or LARGEST_PAGE, LARGEST_PAGE)
        wanted = self._search(principal, store, query, limit + 1)
        with self._db.connection(store.tenant_id, store.number) as connection:
            through = search.consistent_through(connection, store.number)
            found = search.find(connection, store.number, wanted)
            page = found[:limit]
            bodies = self._formatted(connection, store, [body for _, body in page], query, languages)
        return StatementPage(bodies, page[-1][0] if len(found) > limit else None, through)

    def find_one(
        self,
        principal: Principal,
        query: StatementQuery,
        languages: Sequence[str] = (),
    ) -> StoredStatement:
        """The statement of the id asked for; 404 when there is none that may be seen so (Communication 2.1.3)."""
        statement_id = query.statement_id or query.voided_statement_id
        assert statement_id is not None
        store = self._stores.of(principal)
        with self._db.connection(store.tenant_id, store.number) as connection:
            through = search.consistent_through(connection, store.number)
            found = search.find_one(connection, store.number, UUID(statement_id))
            if found is None or found[1] is (query.voided_statement_id is None):
                raise _not_found(statement_id)
            stored, _, body = found
            mine = self._own_term(principal, store)
            if mine is not None and not search.is_filed_under(connection, mine, stored):
                raise _not_found(statement_id)
            bodies = self._formatted(connection, store, [body], query, languages)
        return StoredStatement(bodies[0], stored, through)

    def consistent_through(self, principal: Principal, *, just_stored: bool = False) -> int:
        """Microseconds up to which every statement of the store can be read. Who has `just_stored` in this process
        knows a recent time without asking."""
        store = self._stores.of(principal)
        newest = self._intake.newest.get(store.number)
        if just_stored and newest is not None:
            return newest
        with self._db.connection(store.tenant_id, store.number) as connection:
            return search.consistent_through(connection, store.number)

    def each(self, principal: Principal, query: StatementQuery, store_name: str | None = None) -> Iterator[bytes]:
        """Every match, page by page in flat memory, for downloads. What refuses the first page is raised at once."""
        query = replace(query, limit=LARGEST_PAGE)
        first = self.find(principal, query, store_name=store_name)
        return self._following(principal, query, store_name, first)

    def _following(
        self, principal: Principal, query: StatementQuery, store_name: str | None, page: StatementPage
    ) -> Iterator[bytes]:
        yield from page.bodies
        while page.boundary is not None:
            query = continued(query, page.boundary)
            page = self.find(principal, query, store_name=store_name)
            yield from page.bodies

    def _search(self, principal: Principal, store: StoreView, query: StatementQuery, limit: int) -> search.Search:
        key = store.term_key
        groups = [[term_number(key, term) for term in group] for group in query.groups]
        mine = self._own_term(principal, store)
        if mine is not None:
            groups.append([mine])
        verb = term_number(key, query.verb) if query.verb is not None else None
        return search.Search(groups, verb, query.after, query.before, query.ascending, limit)

    def _own_term(self, principal: Principal, store: StoreView) -> int | None:
        """The term that limits a reader of "statements/read/mine"; None for one who may read everything."""
        if principal.may("statements.read"):
            return None
        if not principal.may("statements.read_mine"):
            raise Forbidden(f"{principal.name} may not read statements.", code="insufficient_scope")
        _, authority_key = _authority(self._home_page, principal.id, principal.name)
        return term_number(store.term_key, (filing.AUTHORITY, authority_key))

    def _formatted(
        self,
        connection: psycopg.Connection[Any],
        store: StoreView,
        bodies: list[bytes],
        query: StatementQuery,
        languages: Sequence[str],
    ) -> list[bytes]:
        if query.format == "exact":
            return bodies
        statements = [orjson.loads(body) for body in bodies]
        if query.format == "ids":
            return [orjson.dumps(formats.ids_only(statement)) for statement in statements]
        wanted = {each for statement in statements for each in formats.activity_ids(statement)}
        known: Mapping[str, Any] = self._knowledge.definitions(connection, store, wanted)
        return [orjson.dumps(formats.canonical(statement, known, languages)) for statement in statements]


@lru_cache(maxsize=4_096)
def _authority(home_page: str, name: str, shown: str) -> tuple[bytes, str]:
    """The authority of what a principal stores, as JSON, and its key (Data 2.4.9)."""
    agent = {"objectType": "Agent", "name": shown, "account": {"homePage": home_page, "name": name}}
    key = actors.key_of(agent)
    assert key is not None
    return orjson.dumps(agent), key


def _refuse_faults(statements: Sequence[Any], version: Version) -> None:
    listed: list[Violation] = []
    for index, statement in enumerate(statements):
        found = faults_of(statement, version)
        if found and len(statements) > 1:
            found = [replace(each, where=f"$[{index}]{each.where[1:]}") for each in found]
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


def _check_put_id(statement_id: str, statement: dict[str, Any]) -> None:
    own = statement.get("id")
    if isinstance(own, str) and own.lower() != statement_id.lower():
        fault = Violation("Communication 2.1.1", "$.id", "must equal the parameter statementId", own, statement_id)
        raise Invalid("The statement has another id than the request.", code="invalid_statement", violations=[fault])


def _not_found(statement_id: str) -> NotFound:
    return NotFound(f"There is no such statement: {statement_id}.", code="statement_not_found")
