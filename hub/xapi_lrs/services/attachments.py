"""Attachments: taken in as streams, kept once by their hash, given out again (Data 2.4.11)."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import SEEK_END
from typing import Any, BinaryIO, cast

import orjson

from hub.db import Database
from hub.errors import NotFound, TooLarge, Violation
from hub.identity import Principal
from hub.ports import ObjectStore
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.spec import attachments as rules
from hub.xapi_lrs.spec import signatures
from hub.xapi_lrs.spec.reading import Limits
from hub.xapi_lrs.spec.versions import Version
from hub.xapi_lrs.storage import attachments

_IN_MEMORY = 256 * 1024

Part = tuple[Mapping[str, str], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """An attachment as it is given out. `data` opens the object store when it is read; the type is that of the
    statements, None where they call the same data by several."""

    sha2: str
    content_type: str | None
    size: int
    data: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """What a signature says of its signer. A chain that holds together is not a chain that anybody trusts."""

    sha2: str
    algorithm: str
    chain: list[signatures.CertificateReport]


class Received:
    """The data of the attachments of one request, by their hashes, as long as it lasts: `with Received() as ...`."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, BinaryIO]] = {}
        self.open_files = ExitStack()

    def __enter__(self) -> "Received":
        return self

    def __exit__(self, *_: object) -> None:
        self.open_files.close()


class Attachments:
    """The attachments of every store."""

    def __init__(self, db: Database, objects: ObjectStore, stores: Stores, limits: Limits) -> None:
        self._db = db
        self._objects = objects
        self._stores = stores
        self._limits = limits

    def take_in(
        self,
        principal: Principal,
        statements: Sequence[dict[str, Any]],
        parts: Iterable[Part],
        version: Version,
        received: Received,
        *,
        is_batch: bool,
    ) -> None:
        """Read the data of the attachments that valid statements declare into `received`, check all of it, and keep it.

        Objects are written before any statement is; one that is left over when the statements are refused does no
        harm and is used again when they come again.
        """
        declared = rules.declared(statements)
        files = dict(self._received(parts, declared, received.open_files))
        rules.refuse_missing(statements, files, is_batch=is_batch)
        for statement in statements:
            for attachment in signatures.signatures_in(statement):
                file = files.get(attachment["sha2"].lower())
                if file is not None:
                    signatures.check(statement, attachment, self._whole(file), version)
        for sha2, file in files.items():
            received.files[sha2] = declared[sha2]["contentType"], file
            self._keep(principal, sha2, *received.files[sha2])

    def keep_what_went(self, principal: Principal, received: Received) -> None:
        """Keep once more what went between `take_in` and the statements: somebody was erased, or a time of keeping
        ended, and until then nobody else had it. Whoever drops attachments from now on sees the statements
        (`PersonalStatements`)."""
        for sha2, (content_type, file) in received.files.items():
            if not self._is_kept(principal, sha2):
                self._keep(principal, sha2, content_type, file)

    def _is_kept(self, principal: Principal, sha2: str) -> bool:
        store = self._stores.of(principal)
        with self._db.read(store.tenant_id, store.number) as session:
            keys = [row.object_key for row in attachments.find(session, store.number, [sha2])]
        try:
            return bool([self._objects.head(key) for key in keys])
        except NotFound:
            return False

    def _received(
        self, parts: Iterable[Part], declared: Mapping[str, dict[str, Any]], open_files: ExitStack
    ) -> Iterator[tuple[str, BinaryIO]]:
        for headers, data in parts:
            sha2 = rules.expected(headers, declared)
            hasher, size = rules.hasher(sha2), 0
            file = open_files.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115
            for piece in data:
                size += len(piece)
                if size > self._limits.attachment_bytes:
                    limit = self._limits.attachment_bytes
                    fault = Violation("limit", "$.attachments", "is too large", sha2, limit)
                    raise TooLarge(
                        f"An attachment is larger than {limit} bytes.", code="attachment_too_large", violations=[fault]
                    )
                hasher.update(piece)
                file.write(piece)
            rules.check_hash(sha2, hasher.hexdigest())
            yield sha2, cast(BinaryIO, file)

    def _whole(self, file: BinaryIO) -> bytes:
        """The data of a signature, which is no longer than a statement may be in base64."""
        file.seek(0)
        return file.read(self._limits.statement_bytes * 2)

    def _keep(self, principal: Principal, sha2: str, content_type: str, file: BinaryIO) -> None:
        store = self._stores.of(principal)
        key = f"{store.tenant_id}/lrs/{store.id}/{sha2}"
        size = file.seek(0, SEEK_END)
        file.seek(0)
        self._objects.put(key, file, "application/octet-stream")
        with self._db.unit_of_work(store.tenant_id, store.number) as work:
            attachments.add(work.session, store.number, sha2, content_type, size, key)

    def of(self, principal: Principal, bodies: Iterable[bytes]) -> list[StoredAttachment]:
        """The attachments of these statements that the store has the data of, each once."""
        store = self._stores.of(principal)
        types = rules.content_types(orjson.loads(body) for body in bodies)
        if not types:
            return []
        with self._db.read(store.tenant_id, store.number) as session:
            rows = attachments.find(session, store.number, list(types))
            return [StoredAttachment(row.sha2, types[row.sha2], row.size, self._data(row.object_key)) for row in rows]

    def signatures_of(self, principal: Principal, body: bytes) -> list[SignatureReport]:
        """The signatures of a stored statement with the certificates that they brought, for people to judge."""
        hashes = [each["sha2"].lower() for each in signatures.signatures_in(orjson.loads(body))]
        reports = []
        for attachment in self.of(principal, [body]) if hashes else ():
            if attachment.sha2 in hashes:
                signature = signatures.read(b"".join(attachment.data))
                reports.append(SignatureReport(attachment.sha2, signature.algorithm, signatures.chain_of(signature)))
        return reports

    def _data(self, object_key: str) -> Iterator[bytes]:
        with self._objects.open(object_key) as data:
            yield from data
