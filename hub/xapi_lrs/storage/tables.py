"""Tables of the LRS.

The tables of statements carry the store's small number instead of the tenant's id: a store belongs to one tenant for
ever, every read of them names the store, and the row is what the speed of the LRS is made of. They have no foreign keys
for the same reason. docs/decisions.md says more.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from hub.db.base import Base, TenantOwned, Timestamped


class Store(Base, TenantOwned, Timestamped):
    """A Learning Record Store of a tenant: statements and documents that see nothing of other stores.

    `number` stands for it in the large tables. `last_stored` is the newest `stored` time in microseconds since the
    epoch; its row lock is the order of all writes. `dangling` counts StatementRefs whose target has not come yet.
    `term_key` keys the hashes of search terms (`storage.terms`).
    """

    __tablename__ = "lrs_store"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, Identity(), unique=True)
    name: Mapped[str]
    last_stored: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    dangling: Mapped[int] = mapped_column(server_default=text("0"))
    term_key: Mapped[bytes] = mapped_column(LargeBinary)


class Credential(Base, TenantOwned, Timestamped):
    """A key and secret for HTTP Basic at one store. The secret is 256 random bits, so its SHA-256 is kept."""

    __tablename__ = "lrs_credential"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID] = mapped_column(ForeignKey("lrs_store.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    requests_per_minute: Mapped[int | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class StatementId(Base):
    """Which statement ids a store has, and when each was stored: immutability and look-up by id."""

    __tablename__ = "lrs_statement_id"

    store: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    stored: Mapped[int] = mapped_column(BigInteger)


class Statement(Base):
    """A statement as it is answered, byte for byte. Partitioned by `stored`, so that old data can be detached.

    `terms` are hashes of all that it is found under, the verb's first (`storage.terms`). None is what a release before
    there was this column wrote; `storage.postings` fills it in.
    """

    __tablename__ = "lrs_statement"
    __table_args__ = ({"postgresql_partition_by": "RANGE (stored)"},)

    store: Mapped[int] = mapped_column(Integer, primary_key=True)
    stored: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[UUID]
    is_voided: Mapped[bool]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    terms: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))


class InheritedTerms(Base):
    """What the statement at `stored` is found under because it targets another, directly or through others."""

    __tablename__ = "lrs_inherited"

    store: Mapped[int] = mapped_column(Integer, primary_key=True)
    stored: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    terms: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class Block(Base):
    """The statements of a store after the block before and up to `last` are in `lrs_posting`; later ones not yet."""

    __tablename__ = "lrs_block"

    store: Mapped[int] = mapped_column(Integer, primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class Posting(Base):
    """Which statements of a block are found under a term: their `stored` times, and of each the hash of its verb.

    Statements are looked for here and then asked for their own terms, so that an entry that has become untrue does no
    harm. The hashes are keyed by store, so a term names its store already.
    """

    __tablename__ = "lrs_posting"
    __table_args__ = (
        Index("lrs_posting_term_last_idx", "term", "last"),
        {"postgresql_partition_by": "RANGE (last)"},
    )
    __mapper_args__ = {"primary_key": ["term", "last"]}

    term: Mapped[int] = mapped_column(BigInteger)
    last: Mapped[int] = mapped_column(BigInteger)
    stored: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    verbs: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class Reference(Base):
    """A statement (`source_id`, at `stored`) whose object is a StatementRef to `target_id`."""

    __tablename__ = "lrs_reference"

    store: Mapped[int] = mapped_column(Integer, primary_key=True)
    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = mapped_column(primary_key=True)
    stored: Mapped[int] = mapped_column(BigInteger)
    is_voiding: Mapped[bool]


class ActivityDefinition(Base):
    """The definition of an activity that the store considers canonical; `definition` is JSON text."""

    __tablename__ = "lrs_activity"

    store: Mapped[int] = mapped_column(Integer, primary_key=True)
    term: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    definition: Mapped[bytes] = mapped_column(LargeBinary)


class AgentNames(Base):
    """The names that an agent was seen under; `names` is a JSON array."""

    __tablename__ = "lrs_agent"

    store: Mapped[int] = mapped_column(Integer, primary_key=True)
    term: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    names: Mapped[bytes] = mapped_column(LargeBinary)


class Document(Base):
    """A state or profile document. `owner` is a digest of what it belongs to, `registration` narrows a state.

    `agent` is a digest of whose state or profile it is; None for an activity's, and for documents from before there was
    this column, until they are written again.
    """

    __tablename__ = "lrs_document"
    __table_args__ = (
        Index(
            "lrs_document_key",
            "store",
            "owner",
            text("coalesce(registration, '00000000-0000-0000-0000-000000000000')"),
            "name",
            unique=True,
        ),
        Index("lrs_document_agent_idx", "store", "agent", postgresql_where=text("agent IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    store: Mapped[int] = mapped_column(Integer)
    owner: Mapped[bytes] = mapped_column(LargeBinary)
    agent: Mapped[bytes | None] = mapped_column(LargeBinary)
    registration: Mapped[UUID | None]
    name: Mapped[str]
    content_type: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    etag: Mapped[str]
    updated_at: Mapped[datetime]


class Attachment(Base):
    """An attachment that a store has, by its hash; the bytes are an object of the object store."""

    __tablename__ = "lrs_attachment"

    store: Mapped[int] = mapped_column(Integer, primary_key=True)
    sha2: Mapped[str] = mapped_column(primary_key=True)
    content_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    object_key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
