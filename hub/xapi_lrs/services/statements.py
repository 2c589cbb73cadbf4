"""Statements: stored, looked up, searched (Communication 2.1)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
import psycopg

from hub.db import Database, UnitOfWork
from hub.errors import Forbidden, NotFound, say
from hub.identity import Principal, system_principal
from hub.xapi_lrs.services.attachments import Attachments, Part, Received
from hub.xapi_lrs.services.intake import Intake
from hub.xapi_lrs.services.knowledge import Knowledge
from hub.xapi_lrs.services.preparation import Preparation, Request
from hub.xapi_lrs.services.stores import Stores, StoreView
from hub.xapi_lrs.spec import formats
from hub.xapi_lrs.spec.query import StatementQuery, continued
from hub.xapi_lrs.spec.reading import Limits
from hub.xapi_lrs.spec.versions import V2_0, Version
from hub.xapi_lrs.storage import search
from hub.xapi_lrs.storage.terms import term_number

#: The most statements of one answer, and how many bytes they may have: what PostgreSQL sends at once is less than 1 GB.
LARGEST_PAGE = 500
LARGEST_PAGE_BYTES = 512 * 1024 * 1024


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
        stores: Stores,
        preparation: Preparation,
        intake: Intake,
        knowledge: Knowledge,
        limits: Limits,
        attachments: Attachments,
    ) -> None:
        self._largest_page = max(min(LARGEST_PAGE, LARGEST_PAGE_BYTES // limits.statement_bytes), 1)
        self._db = db
        self._stores = stores
        self._preparation = preparation
        self._intake = intake
        self._knowledge = knowledge
        self._attachments = attachments

    # --- storing ------------------------------------------------------------------------------------------------

    def store(
        self, principal: Principal, body: bytes, version: Version = V2_0, parts: Iterable[Part] = ()
    ) -> list[str]:
        """Store a statement or an array of them, all or none; returns their ids in order (Communication 2.1.2).

        `parts` are the headers and data of attachments, read after the statements were found valid.
        """
        principal.require("statements.write")
        return self._submit(Request(principal, body, version, parts))

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
        self._submit(Request(principal, body, version, parts, statement_id))

    def _submit(self, request: Request) -> list[str]:
        if not request.parts:
            return self._stored(request)
        with Received() as received:
            ids = self._stored(replace(request, received=received))
            self._attachments.keep_what_went(request.principal, received)
        return ids

    def _stored(self, request: Request) -> list[str]:
        submission = self._preparation.submission(request)
        ids = [each.id_text for each in submission.statements]
        if ids:
            self._intake.store(submission)
        return ids

    def record(
        self, work: UnitOfWork, tenant_id: UUID, store_id: UUID, statements: Sequence[dict[str, Any]]
    ) -> list[str]:
        """Store statements of the Hub's own making in the caller's transaction; returns their ids.

        The store's other writers wait from here to the commit, so call it last.
        """
        if not statements:
            return []
        principal = replace(system_principal(tenant_id), store_id=store_id)
        submission = self._preparation.submission(Request(principal, orjson.dumps(statements), V2_0))
        ids = [each.id_text for each in submission.statements]
        self._intake.write_within(work.psycopg, submission)
        work.after_commit.append(lambda: self._intake.note_committed([submission]))
        return ids

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
        limit = min(query.limit or self._largest_page, self._largest_page)
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
            if mine is not None and not search.has_term(connection, store.number, stored, mine):
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
            raise Forbidden(say("%(name)s may not read statements.", name=principal.name), code="insufficient_scope")
        return int.from_bytes(self._preparation.authority_term(store, principal), "big", signed=True)

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


def _not_found(statement_id: str) -> NotFound:
    return NotFound(say("There is no such statement: %(id)s.", id=statement_id), code="statement_not_found")
