"""A learner who came by a graded link, and everything that happens to the score."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from hub.bootstrap import Hub
from hub.db import EVERY_TENANT
from hub.db.outbox import Claimed
from hub.events import RegistrationProgressed
from hub.identity import Principal
from hub.lti.services.platforms import Platforms
from hub.lti.services.scores import ScoreDelivery, Scores
from hub.lti.spec import vocabulary as v
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.tenants import TenantView
from hub.relay import RetryLater
from tests.support.courses import add_course
from tests.support.lti_platform import LtiPlatform, running


@pytest.fixture
def platform(hub: Hub, system: Principal) -> Iterator[LtiPlatform]:
    """A running platform that the test's tenant knows."""
    with running(LtiPlatform()) as made:
        hub.service(Platforms).add(system, PlatformDetails(**made.details()))
        yield made


@dataclass
class Gradebook:
    """A learner's score on its way; the test plays the content (`progress`) and the worker (`work`)."""

    hub: Hub
    system: Principal
    platform: LtiPlatform
    registration_id: UUID

    def progress(self, **changes: Any) -> None:
        """The content commits something."""
        result: dict[str, Any] = {
            "completion": "incomplete",
            "success": "unknown",
            "score_scaled": None,
            "score_raw": None,
            "score_min": None,
            "score_max": None,
        }
        now = datetime.now(UTC)
        event = RegistrationProgressed(
            tenant_id=self.system.tenant_id,
            registration_id=self.registration_id,
            attempt_id=uuid4(),
            duration_seconds=1.0,
            began_at=now,
            changed_at=now,
            ended=False,
            **(result | changes),
        )
        with self.hub.db.unit_of_work(EVERY_TENANT) as work:
            work.publish(event)

    def messages(self) -> list[Claimed]:
        """The outbox messages that are not done, oldest first."""
        query = text(
            "SELECT id, tenant_id, topic, payload, attempts, created_at FROM outbox "
            "WHERE tenant_id = :tenant AND done_at IS NULL AND failed_at IS NULL ORDER BY created_at, id"
        )
        with self.hub.db.read(EVERY_TENANT) as session:
            return [Claimed(*row) for row in session.execute(query, {"tenant": self.system.tenant_id})]

    def work(self) -> list[RetryLater]:
        """Let the worker handle every open message once; returns those that are to be tried again."""
        again = []
        for message in self.messages():
            try:
                self.hub.service(Scores).deliver(message)
            except RetryLater as later:
                again.append(later)
            else:
                with self.hub.db.unit_of_work(EVERY_TENANT) as work:
                    done = text("UPDATE outbox SET done_at = now() WHERE id = :id")
                    work.session.execute(done, {"id": message.id})
        return again

    def take_up_again(self) -> list[RetryLater]:
        """Begin again after the worker was killed between the platform's answer to the newest score and its note."""
        with self.hub.db.unit_of_work(EVERY_TENANT) as work:
            work.session.execute(
                text(
                    "UPDATE score_delivery SET status = 'sending', leased_until = now() - interval '1 second' "
                    "WHERE tenant_id = :tenant AND status = 'delivered'"
                ),
                {"tenant": self.system.tenant_id},
            )
            work.session.execute(
                text("UPDATE outbox SET done_at = NULL WHERE tenant_id = :tenant"), {"tenant": self.system.tenant_id}
            )
        return self.work()

    def deliveries(self) -> list[ScoreDelivery]:
        """Every delivery, oldest first."""
        return list(reversed(self.hub.service(Scores).list(self.system, limit=1000)))

    def statuses(self) -> list[str]:
        """The status of every delivery, oldest first."""
        return [one.status for one in self.deliveries()]

    def sent(self) -> list[Any]:
        """The scoreGiven of every score that the platform took."""
        return [score.body.get("scoreGiven") for score in self.platform.scores]

    def let_pass(self, span: timedelta) -> None:
        """Make everything of this tenant older by so much."""
        with self.hub.db.unit_of_work(EVERY_TENANT) as work:
            values = {"span": span, "tenant": self.system.tenant_id}
            for statement in (
                "UPDATE score_delivery SET created_at = created_at - :span, leased_until = leased_until - :span "
                "WHERE tenant_id = :tenant",
                "UPDATE outbox SET created_at = created_at - :span WHERE tenant_id = :tenant",
            ):
                work.session.execute(text(statement), values)


@pytest.fixture
def enter(hub: Hub, client: FlaskClient, platform: LtiPlatform, system: Principal, tenant: TenantView):
    """Launch a link with the given claims as a learner; returns the gradebook of that learner."""
    package = add_course(hub.db, tenant.id)

    def launch(custom: dict[str, str] | None = None, **claims: Any) -> Gradebook:
        parameters = {"package_id": str(package), **(custom or {})}
        response = platform.enter(client, **{v.CUSTOM: parameters}, **claims)
        assert response.status_code == 303, response.text
        query = text("SELECT registration_id FROM link_registration WHERE tenant_id = :tenant ORDER BY created_at DESC")
        with hub.db.read(EVERY_TENANT) as session:
            registration_id = session.scalars(query, {"tenant": tenant.id}).first()
        return Gradebook(hub, system, platform, registration_id)

    return launch


@pytest.fixture
def book(enter, platform: LtiPlatform) -> Gradebook:
    """The gradebook of a learner by a link with a column."""
    return enter(**platform.ags())
