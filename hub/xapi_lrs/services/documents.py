"""State and profile documents: read, stored, merged, removed (Communication 2.2, 2.3, 2.6, 2.7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import Database
from hub.errors import NotFound
from hub.identity import Principal
from hub.ports import Clock
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.spec import documents as rules
from hub.xapi_lrs.spec.documents import Address, Guard, Preconditions
from hub.xapi_lrs.storage import documents
from hub.xapi_lrs.storage.documents import Place
from hub.xapi_lrs.storage.tables import Document

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document with its bytes."""

    content: bytes
    content_type: str
    etag: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """Ids of documents, and when the newest of them was changed."""

    names: Sequence[str]
    updated_at: datetime | None


class Documents:
    """The documents of every store."""

    def __init__(self, db: Database, clock: Clock, stores: Stores) -> None:
        self._db = db
        self._clock = clock
        self._stores = stores

    def get(self, principal: Principal, address: Address) -> DocumentView:
        """The document of the address; 404 when there is none."""
        place, name = self._place(principal, address), _name(address)
        with self._db.read(principal.tenant_id, place.store) as session:
            return _view(_found(documents.get(session, place, name)))

    def list(self, principal: Principal, address: Address) -> Listing:
        """The ids of all documents of the address, of every registration unless it names one."""
        since = None if address.since is None else _EPOCH + timedelta(microseconds=address.since)
        any_registration = address.registration is None
        place = self._place(principal, address)
        with self._db.read(principal.tenant_id, place.store) as session:
            rows = documents.names(session, place, any_registration=any_registration, since=since)
        return Listing([name for name, _ in rows], max((changed for _, changed in rows), default=None))

    def put(
        self,
        principal: Principal,
        address: Address,
        content: bytes,
        content_type: str,
        preconditions: Preconditions,
        guard: Guard,
    ) -> None:
        """Store the document in place of what is there, as far as the preconditions and the guard allow it."""
        rules.check_content(content, content_type)
        place, name = self._place(principal, address), _name(address)
        with self._db.unit_of_work(principal.tenant_id, place.store) as work:
            before = _locked(work.session, place, name)
            rules.check(preconditions, _etag(before), guard)
            self._save(work.session, place, name, before, content, content_type)

    def post(
        self, principal: Principal, address: Address, content: bytes, content_type: str, preconditions: Preconditions
    ) -> None:
        """Merge the document into what is there, or store it where nothing is."""
        place, name = self._place(principal, address), _name(address)
        with self._db.unit_of_work(principal.tenant_id, place.store) as work:
            before = _locked(work.session, place, name)
            rules.check(preconditions, _etag(before))
            merged = rules.merged(content, content_type, *_content(before))
            self._save(work.session, place, name, before, merged, content_type)

    def delete(self, principal: Principal, address: Address, preconditions: Preconditions) -> None:
        """Remove the document, or all of the address when it names none; all of them have no entity tag, so no
        If-Match holds for them."""
        place = self._place(principal, address)
        with self._db.unit_of_work(principal.tenant_id, place.store) as work:
            if address.name is None:
                rules.check(preconditions, None)
                documents.delete_all(work.session, place, any_registration=address.registration is None)
                return
            before = _locked(work.session, place, address.name)
            rules.check(preconditions, _etag(before))
            if before is not None:
                work.session.delete(before)

    def _place(self, principal: Principal, address: Address) -> Place:
        store = self._stores.of(principal)
        registration = UUID(address.registration) if address.registration else None
        return Place(store.number, address.owner, registration, address.agent)

    def _save(
        self,
        session: Session,
        place: Place,
        name: str,
        before: Document | None,
        content: bytes,
        content_type: str,
    ) -> None:
        row = before or Document(store=place.store, owner=place.digest, registration=place.registration, name=name)
        row.content = content
        row.agent = place.agent_digest
        row.content_type = content_type
        row.etag = rules.etag_of(content)
        row.updated_at = self._clock.now()
        session.add(row)


def _locked(session: Session, place: Place, name: str) -> Document | None:
    documents.lock(session, place, name)
    return documents.get(session, place, name)


def _etag(row: Document | None) -> str | None:
    return None if row is None else row.etag


def _content(row: Document | None) -> tuple[bytes, str] | tuple[None, None]:
    return (None, None) if row is None else (row.content, row.content_type)


def _name(address: Address) -> str:
    assert address.name is not None, "the rules demand the id here"
    return address.name


def _found(row: Document | None) -> Document:
    if row is None:
        raise NotFound("There is no such document.", code="document_not_found")
    return row


def _view(row: Document) -> DocumentView:
    return DocumentView(row.content, row.content_type, row.etag, row.updated_at)
