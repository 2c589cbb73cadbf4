"""What workers do for packages: import what was uploaded, erase what was deleted, sweep what failed runs left."""

from uuid import UUID

from hub.db.outbox import Claimed
from hub.relay import LONG, RetryLater, Topic
from hub.scorm.services.importing import DISCARD_TOPIC, Busy, Importing
from hub.scorm.services.imports import TOPIC, Imports
from hub.scorm.services.packages import ERASE_TOPIC, Packages

#: When to look again at a job that another worker holds.
_LOOK_AGAIN_SECONDS = 60.0

SWEEP_SECONDS = 900.0

#: What may take long, so that grades do not wait behind it.
LONG_TOPICS = (TOPIC, ERASE_TOPIC, DISCARD_TOPIC)


def topics(imports: Imports, importing: Importing, packages: Packages) -> dict[str, Topic]:
    """The outbox topics of packages and their handlers."""

    def import_package(message: Claimed) -> None:
        try:
            importing.run(message.tenant_id, UUID(message.payload["job_id"]))
        except Busy:
            raise RetryLater("another worker is importing it", _LOOK_AGAIN_SECONDS) from None

    def erase_package(message: Claimed) -> None:
        packages.erase_objects(message.tenant_id, UUID(message.payload["package_id"]))

    def discard(message: Claimed) -> None:
        imports.discard(message.tenant_id, message.payload["prefixes"], message.payload["keys"])

    return {
        topic: Topic(handler, lane=LONG)
        for topic, handler in zip(LONG_TOPICS, (import_package, erase_package, discard), strict=True)
    }
