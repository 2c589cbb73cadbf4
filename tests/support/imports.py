"""Packages taken in within the test's own process: what people send, and the worker's part."""

import io
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.bootstrap import Hub
from hub.db.tables import OutboxMessage
from hub.identity import Principal
from hub.ports import Clock, HttpClient
from hub.scorm.services.importing import DISCARD_TOPIC, Importing
from hub.scorm.services.imports import Imports, JobView, Upload
from hub.scorm.services.incoming import Incoming
from hub.scorm.services.thumbnails import Thumbnails
from hub.scorm.spec.manifest.archive import Limits


class WorkedImports(Imports):
    """Imports of a store, a clock and limits of the test's own, and `importing`, the worker that does its jobs."""

    def __init__(
        self,
        hub: Hub,
        objects: Any = None,
        clock: Clock | None = None,
        http: HttpClient | None = None,
        db: Any = None,
        largest_upload: int = 50 * 1024 * 1024,
        allow_http: bool = True,
    ) -> None:
        ports = hub.ports
        db, clock, objects = db or hub.db, clock or ports.clock, objects or ports.objects
        incoming = Incoming(hub.db, objects, http or ports.http, allow_http=allow_http)
        super().__init__(db, clock, ports.ids, objects, incoming, largest_upload)
        thumbnails = hub.service(Thumbnails)
        self.importing = Importing(db, clock, ports.ids, objects, incoming, thumbnails, Limits(), largest_upload)

    def run(self, tenant_id: UUID, job_id: UUID) -> None:
        """Do a job as a worker does."""
        self.importing.run(tenant_id, job_id)


def imported(
    hub: Hub, principal: Principal, data: bytes, name: str = "course.zip", package_id: str | None = None
) -> JobView:
    """The job of an upload that the Hub has taken in and worked on."""
    job = hub.service(Imports).accept(principal, Upload(io.BytesIO(data), name, package_id))
    hub.service(Importing).run(principal.tenant_id, job.id)
    return hub.service(Imports).get(principal, job.id)


def tidy(imports: Imports, tenant_id: UUID) -> int:
    """Remove from the store what transactions of the tenant gave up, as a worker does; returns how many did."""
    db = imports._db
    with db.unit_of_work(tenant_id) as work:
        waiting = work.session.scalars(
            select(OutboxMessage).where(
                OutboxMessage.tenant_id == tenant_id,
                OutboxMessage.topic == DISCARD_TOPIC,
                OutboxMessage.done_at.is_(None),
            )
        ).all()
        for message in waiting:
            imports.discard(tenant_id, message.payload["prefixes"], message.payload["keys"])
            message.done_at = message.created_at
    return len(waiting)
