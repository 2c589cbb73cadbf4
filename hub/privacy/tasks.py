"""What workers do for data protection: exports and erasures."""

from uuid import UUID

from hub.db.outbox import Claimed
from hub.privacy.services.jobs import LEASE, TOPIC, Busy, PrivacyJobs
from hub.relay import LONG, RetryLater, Topic

#: When to look again at a job that another worker holds.
_LOOK_AGAIN_SECONDS = 10.0

SWEEP_SECONDS = 900.0
RETENTION_SECONDS = 6 * 3600.0


def topics(jobs: PrivacyJobs) -> dict[str, Topic]:
    """The outbox topic of this area and who handles it; it may take long, so grades do not wait behind it.

    A job says itself who works on it, so its message is held no longer than the job: when a worker died, another one
    goes on as soon as that time is over.
    """

    def run(message: Claimed) -> None:
        try:
            jobs.run(message.tenant_id, UUID(message.payload["job_id"]))
        except Busy:
            raise RetryLater("another worker is at it", _LOOK_AGAIN_SECONDS) from None

    return {TOPIC: Topic(run, LEASE, LONG)}
