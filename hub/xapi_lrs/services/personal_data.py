"""What the stores of a tenant have of a person: statements, documents, attachments, the names they were seen under."""

import hashlib
import re
from collections.abc import Iterator, Sequence, Set
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg

from hub.db import Database, UnitOfWork
from hub.errors import Invalid
from hub.identity import system_principal
from hub.personal_data import AgentId, Collection, Erasure, File, Holding, Identity, Person
from hub.ports import ObjectStore
from hub.xapi_lrs.services.forgetting import Forgetting
from hub.xapi_lrs.services.stores import Stores, StoreView
from hub.xapi_lrs.spec import actors, attachments, documents, erasure, filing, query, rows
from hub.xapi_lrs.spec.erasure import Erased
from hub.xapi_lrs.spec.values import microseconds
from hub.xapi_lrs.storage import attachments as attachment_rows
from hub.xapi_lrs.storage import documents as document_rows
from hub.xapi_lrs.storage import intake, rewriting
from hub.xapi_lrs.storage.rewriting import Change, Kept
from hub.xapi_lrs.storage.terms import term_number

#: Statements that one transaction changes, and other writers of the store wait for.
BATCH = 500
_READ_AT_ONCE = 1_000
#: Statements that are looked up at once: some bytes of memory each.
_TIMES_AT_ONCE = 50_000
#: Statements that one call of `expire` removes.
_EXPIRED_AT_ONCE = 20_000
_DOCUMENTS_AT_ONCE = 500

#: A time before any statement was stored.
_BEFORE_ALL = -1

_PEOPLE = (filing.AGENT, filing.RELATED_AGENT, filing.AUTHORITY)
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")


class PersonalStatements:
    """`hub.personal_data.Holder` of the LRS."""

    def __init__(
        self, db: Database, objects: ObjectStore, stores: Stores, forgetting: Forgetting, home_page: str
    ) -> None:
        self._db = db
        self._objects = objects
        self._stores = stores
        self._forgetting = forgetting
        self._home_page = home_page

    # --- finding

    def look_up(self, tenant_id: UUID, words: str) -> Sequence[Identity]:
        """The agents that `words` name, those that a store has statements or documents of: an agent as JSON, an e-mail
        address, an OpenID, or the SHA-1 of a mailbox."""
        agents = agents_named(words)
        if not any(each.count for each in self.holdings(Person(tenant_id, agents=agents))):
            return ()
        texts = (agents[0]["mbox"].removeprefix("mailto:"),) if "mbox" in agents[0] else ()
        return [Identity("agent", orjson.dumps(agents[0]).decode(), label_of(agents[0]), agents, texts)]

    def holdings(self, person: Person) -> Sequence[Holding]:
        """Statements that name the person anywhere, and their state and profile documents, over all stores."""
        keys = _keys_of(person)
        statements = profiles = 0
        for store in self._stores_of(person) if keys else ():
            with self._db.read(person.tenant_id, store.number) as session:
                statements += rewriting.count_under(_driver(session), _terms_of(store, keys), store.number)
                profiles += document_rows.count_of_agents(session, store.number, keys, _profiles_of(keys))
        return [Holding("statements", statements), Holding("documents", profiles)]

    # --- telling

    def tell(self, person: Person) -> Iterator[Collection | File]:
        """Statements and documents of each store, and the data of the attachments that the store has."""
        keys = _keys_of(person)
        for store in self._stores_of(person) if keys else ():
            folder = f"statements-{store.number}-{_plain(store.name)}"

            def bodies(store: StoreView = store) -> Iterator[bytes]:
                return (kept.body for kept in self._each(person.tenant_id, store, keys))

            yield Collection(folder, bodies, rows.COLUMNS, lambda body: rows.row_of(orjson.loads(body)))
            yield from self._documents(person.tenant_id, store, keys)
            yield from self._attachments(person.tenant_id, store, bodies)

    def _each(self, tenant_id: UUID, store: StoreView, keys: Sequence[str]) -> Iterator[Kept]:
        """Every statement that names the person, a page at a time, so that no transaction stays open."""
        terms = _terms_of(store, keys)
        for times in self._times(tenant_id, store, terms, _READ_AT_ONCE):
            with self._db.read(tenant_id, store.number) as session:
                page = rewriting.found_under(_driver(session), terms, store.number, times)
            yield from page

    def _times(self, tenant_id: UUID, store: StoreView, terms: Sequence[int], size: int) -> Iterator[list[int]]:
        """When what may have one of the terms was stored, oldest first, up to `size` at a time."""
        after = _BEFORE_ALL
        while True:
            with self._db.read(tenant_id, store.number) as session:
                times = rewriting.times_under(_driver(session), terms, store.number, after, _TIMES_AT_ONCE)
            for start in range(0, len(times), size):
                yield times[start : start + size]
            if len(times) < _TIMES_AT_ONCE:
                return
            after = times[-1]

    def _documents(self, tenant_id: UUID, store: StoreView, keys: Sequence[str]) -> Iterator[Collection | File]:
        owners = self._owners(tenant_id, store, keys)
        folder = f"documents-{store.number}-{_plain(store.name)}"
        with self._db.read(tenant_id, store.number) as session:
            found = [
                {
                    "file": f"{folder}/{row.id}",
                    "id": row.name,
                    "registration": None if row.registration is None else str(row.registration),
                    "content_type": row.content_type,
                    "updated_at": row.updated_at.isoformat(),
                    "bytes": len(row.content),
                }
                for row in document_rows.of_agents(session, store.number, keys, owners)
            ]
        yield Collection(folder, lambda: iter(found))
        for each in found:
            document_id = UUID(str(each["file"]).rpartition("/")[2])
            yield File(str(each["file"]), lambda one=document_id: _Content(self._content(tenant_id, store, one)))  # type: ignore[misc]

    def _content(self, tenant_id: UUID, store: StoreView, document_id: UUID) -> Iterator[bytes]:
        with self._db.read(tenant_id, store.number) as session:
            row = document_rows.by_id(session, store.number, document_id)
            if row is not None:
                yield row.content

    def _owners(self, tenant_id: UUID, store: StoreView, keys: Sequence[str]) -> list[str]:
        """By what documents are found that were stored before documents told whose they are: the agents' profiles, and
        their states at each activity that their statements name."""
        with self._db.read(tenant_id, store.number) as session:
            if not document_rows.has_untold_agents(session, store.number):
                return []
        activities = {
            activity["id"]
            for kept in self._each(tenant_id, store, keys)
            for activity in filing.activities_in(orjson.loads(kept.body))
        }
        states = [documents.owner_of(documents.STATE, activity, key) for activity in activities for key in keys]
        return _profiles_of(keys) + states

    def _attachments(self, tenant_id: UUID, store: StoreView, bodies: Any) -> Iterator[File]:
        with self._db.read(tenant_id, store.number) as session:
            if not attachment_rows.has_any(session, store.number):
                return
        hashes = attachments.declared(orjson.loads(body) for body in bodies() if b'"attachments"' in body)
        with self._db.read(tenant_id, store.number) as session:
            found = attachment_rows.find(session, store.number, list(hashes))
            kept = [(row.sha2, row.object_key) for row in found]
        for sha2, object_key in kept:
            name = f"attachments-{store.number}-{_plain(store.name)}/{sha2}"
            yield File(name, lambda key=object_key: self._objects.open(key))  # type: ignore[misc]

    # --- erasing

    def erase(self, person: Person, how: Erasure) -> None:
        """Statements by the person are removed or pseudonymised, those of others that name them pseudonymised, in every
        store; documents, attachments that only they had, and the names that were learned are removed."""
        keys = _keys_of(person)
        account = {"homePage": f"{self._home_page}/erased", "name": how.pseudonym}
        who = erasure.erased((dict(agent) for agent in person.agents), person.texts, account)
        for store in self._stores_of(person) if keys else ():
            self._erase_documents(person.tenant_id, store, keys, how)
            self._erase_attachments(person.tenant_id, store, who, how)
            self._erase_statements(person.tenant_id, store, keys, who, how)
        if keys:
            self._forgetting.spread()

    def _erase_documents(self, tenant_id: UUID, store: StoreView, keys: Sequence[str], how: Erasure) -> None:
        owners = self._owners(tenant_id, store, keys)
        while True:
            with self._db.unit_of_work(tenant_id, store.number) as work:
                count = document_rows.delete_of_agents(
                    work.session, store.number, keys, owners or _profiles_of(keys), _DOCUMENTS_AT_ONCE
                )
                how.note(work.session, "documents", "removed", count)
            if count < _DOCUMENTS_AT_ONCE:
                return

    def _erase_attachments(self, tenant_id: UUID, store: StoreView, who: Erased, how: Erasure) -> None:
        """Before the statements: what is left of them then still tells which attachments were theirs."""
        with self._db.read(tenant_id, store.number) as session:
            if not attachment_rows.has_any(session, store.number):
                return
            newest = rewriting.newest(_driver(session), store.number)
            theirs: set[str] = set()
            others: set[str] = set()
            for kept in rewriting.with_attachments(_driver(session), store.number):
                before = erasure.read(kept.body)
                after = _after(before, who, how)
                if after != before:
                    theirs |= erasure.hashes_of([before])
                if after is not None:
                    others |= erasure.hashes_of([after])
        with self._db.unit_of_work(tenant_id, store.number) as work:
            gone = self._drop_attachments(work, store, theirs - others, newest)
            how.note(work.session, "attachments", "removed", gone)

    def _drop_attachments(self, work: UnitOfWork, store: StoreView, hashes: Set[str], newest: int) -> int:
        """Remove those of `hashes` that no statement after the `newest` of those that were read has.

        As the one writer of the store: a statement that was stored before is seen here, and whoever stores one later
        finds afterwards that its attachment went, and keeps it once more (`Attachments.keep_what_went`).
        """
        if not hashes:
            return 0
        intake.take_order(work.psycopg, store.number)
        since = rewriting.with_attachments(work.psycopg, store.number, newest)
        gone = list(hashes - erasure.hashes_of(orjson.loads(kept.body) for kept in since))
        found = attachment_rows.find(work.session, store.number, gone)
        self._objects.delete([row.object_key for row in found])
        return attachment_rows.remove(work.session, store.number, gone)

    def _erase_statements(
        self, tenant_id: UUID, store: StoreView, keys: Sequence[str], who: Erased, how: Erasure
    ) -> None:
        terms = _terms_of(store, keys)
        for times in self._times(tenant_id, store, terms, BATCH):
            with self._db.unit_of_work(tenant_id, store.number) as work:
                connection = work.psycopg
                intake.take_order(connection, store.number)
                page = rewriting.found_under(connection, terms, store.number, times)
                changes = [_change(kept, who, how) for kept in page]
                rewriting.rewrite(connection, store.number, store.term_key, changes)
                about = {one["id"] for each in changes for one in filing.activities_in(each.before)}
                forgotten = rewriting.forget_definitions(connection, store.number, store.term_key, about)
                removed = sum(each.after is None for each in changes)
                how.note(work.session, "statements", "removed", removed)
                how.note(work.session, "statements", "pseudonymised", len(changes) - removed)
                how.note(work.session, "definitions of activities", "removed", forgotten)
        with self._db.unit_of_work(tenant_id, store.number) as work:
            intake.take_order(work.psycopg, store.number)
            names = rewriting.forget_agents(work.psycopg, store.number, store.term_key, keys)
            how.note(work.session, "names of agents", "removed", names)

    # --- the end of what is kept

    def expire(self, tenant_id: UUID, before: datetime) -> int:
        """Remove some of the oldest statements and documents of the tenant that are from before a time, and the
        attachments that only such statements had; returns how many statements and documents."""
        count = sum(
            self._expire_statements(tenant_id, store, microseconds(before))
            + self._expire_documents(tenant_id, store, before)
            for store in self._stores.list(system_principal(tenant_id))
        )
        if count:
            self._forgetting.spread()
        return count

    def _expire_statements(self, tenant_id: UUID, store: StoreView, before: int) -> int:
        self._expire_attachments(tenant_id, store, before)
        count = 0
        while count < _EXPIRED_AT_ONCE and (removed := self._expire_batch(tenant_id, store, before)):
            count += removed
        return count

    def _expire_attachments(self, tenant_id: UUID, store: StoreView, before: int) -> None:
        """Before the statements, which tell which attachments were theirs: all at once, for it reads every statement
        that has any."""
        with self._db.read(tenant_id, store.number) as session:
            connection = _driver(session)
            newest = rewriting.newest(connection, store.number)
            is_due = rewriting.stored_before(connection, store.number, before, 1)
            if not is_due or not attachment_rows.has_any(session, store.number):
                return
            theirs: set[str] = set()
            others: set[str] = set()
            for kept in rewriting.with_attachments(connection, store.number):
                (theirs if kept.stored < before else others).update(erasure.hashes_of([orjson.loads(kept.body)]))
        with self._db.unit_of_work(tenant_id, store.number) as work:
            self._drop_attachments(work, store, theirs - others, newest)

    def _expire_batch(self, tenant_id: UUID, store: StoreView, before: int) -> int:
        with self._db.unit_of_work(tenant_id, store.number) as work:
            connection = work.psycopg
            intake.take_order(connection, store.number)
            page = rewriting.stored_before(connection, store.number, before, BATCH)
            changes = [Change(kept.stored, kept.id, orjson.loads(kept.body), None, None) for kept in page]
            rewriting.rewrite(connection, store.number, store.term_key, changes)
            activities = {one["id"] for each in changes for one in filing.activities_in(each.before)}
            rewriting.forget_definitions(connection, store.number, store.term_key, activities)
            people = {key for each in changes for one in filing.people_in(each.before) if (key := actors.key_of(one))}
            rewriting.forget_unnamed_agents(connection, store.number, store.term_key, people)
            return len(page)

    def _expire_documents(self, tenant_id: UUID, store: StoreView, before: datetime) -> int:
        with self._db.unit_of_work(tenant_id, store.number) as work:
            return document_rows.delete_before(work.session, store.number, before, _DOCUMENTS_AT_ONCE)

    def _stores_of(self, person: Person) -> list[StoreView]:
        return self._stores.list(system_principal(person.tenant_id))


class _Content(AbstractContextManager[Iterator[bytes]]):
    """Bytes that come from a generator, closed at the end of the block."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __enter__(self) -> Iterator[bytes]:
        return self._pieces

    def __exit__(self, *_: object) -> None:
        self._pieces.close()  # type: ignore[attr-defined]


def agents_named(words: str) -> tuple[AgentId, ...]:
    """The agents that `words` may be: an agent as JSON, an e-mail address, an OpenID, or the SHA-1 of a mailbox. A
    mailbox is also known by its SHA-1 (Data 2.4.2.3)."""
    words = words.strip()
    if words.startswith("{"):
        return _agents_of_json(words)
    if words.startswith(("http://", "https://")):
        return ({"openid": words},)
    if _SHA1.fullmatch(words):
        return ({"mbox_sha1sum": words.lower()},)
    name, _, domain = words.removeprefix("mailto:").rpartition("@")
    return _agents_of_mbox(f"mailto:{name}@{domain}") if name and domain and " " not in words else ()


def _agents_of_mbox(mbox: str) -> tuple[AgentId, ...]:
    digest = hashlib.sha1(mbox.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    return {"mbox": mbox}, {"mbox_sha1sum": digest}


def _agents_of_json(text: str) -> tuple[AgentId, ...]:
    try:
        found = actors.identifier_of(query.agent(text))
    except (Invalid, ValueError):
        return ()
    return _agents_of_mbox(found["mbox"]) if "mbox" in found else (found,)


def label_of(agent: AgentId) -> str:
    """The identifier for people."""
    [(name, value)] = agent.items()
    return f"{value['name']} @ {value['homePage']}" if name == "account" else str(value).removeprefix("mailto:")


def _keys_of(person: Person) -> list[str]:
    return sorted({key for agent in person.agents if (key := actors.key_of(dict(agent))) is not None})


def _terms_of(store: StoreView, keys: Sequence[str]) -> list[int]:
    return [term_number(store.term_key, (kind, key)) for kind in _PEOPLE for key in keys]


def _profiles_of(keys: Sequence[str]) -> list[str]:
    return [documents.owner_of(documents.AGENT_PROFILE, key) for key in keys]


def _change(kept: Kept, who: Erased, how: Erasure) -> Change:
    before = erasure.read(kept.body)
    after = _after(before, who, how)
    return Change(kept.stored, kept.id, before, after, None if after is None else erasure.written(after))


def _after(before: dict[str, Any], who: Erased, how: Erasure) -> dict[str, Any] | None:
    """What becomes of a statement; None when it goes."""
    if how.treatment == "remove" and erasure.is_by(before, who):
        return None
    return erasure.pseudonymised(before, who)


def _plain(name: str) -> str:
    """A store's name as part of a file name."""
    return re.sub(r"[^\w-]+", "_", name)[:50]


def _driver(session: Any) -> psycopg.Connection[Any]:
    connection: psycopg.Connection[Any] = session.connection().connection.driver_connection
    return connection
