"""The worker's part of imports, in the test's own process."""

from uuid import UUID

from sqlalchemy import select

from hub.db.tables import OutboxMessage
from hub.scorm.services.importing import DISCARD_TOPIC
from hub.scorm.services.imports import Imports


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
