"""A person of whom there is a little of everything, and somebody else who must not be touched."""

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.scopes import actions_of_scopes
from hub.privacy.services.jobs import JobView, PrivacyJobs
from hub.xapi_lrs.services.filing import Filing
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.spec.query import StatementQuery, parse

ANN = {"mbox": "mailto:ann.larch@example.com"}
BOB = {"mbox": "mailto:bob.stone@example.com"}
DID = {"id": "http://example.com/did"}


@dataclass
class Lrs:
    """A store of the test's tenant, written to and read as a program would."""

    hub: Hub
    writer: Principal
    number: int
    is_filed: bool = False
    ids: list[str] = field(default_factory=list)

    def store(self, *statements: dict[str, Any], parts: Any = ()) -> list[str]:
        """Store statements; returns their ids."""
        made = [
            {"id": str(uuid4()), "verb": DID, "object": {"id": "http://example.com/thing"}} | one for one in statements
        ]
        ids = self.hub.service(Statements).store(self.writer, orjson.dumps(made), parts=parts)
        if self.is_filed:
            store = self.hub.service(Stores).get(self.writer.tenant_id, self.writer.store_id)
            self.hub.service(Filing).file(store, least=1)
        return ids

    def find(self, **query: Any) -> list[dict[str, Any]]:
        """The statements that match, oldest first."""
        page = self.hub.service(Statements).find(self.writer, StatementQuery(ascending=True, **query))
        return [orjson.loads(body) for body in page.bodies]

    def by(self, agent: dict[str, Any], *, related: bool = False) -> list[dict[str, Any]]:
        """The statements of an agent, by the filter that programs use."""
        given = {"agent": json.dumps(agent), "ascending": "true", "related_agents": str(related).lower()}
        page = self.hub.service(Statements).find(self.writer, parse(given))
        return [orjson.loads(body) for body in page.bodies]


@pytest.fixture
def lrs(hub: Hub, tenant: Any, system: Principal) -> Lrs:
    """The tenant's default store."""
    store = next(one for one in hub.service(Stores).list(system))
    writer = Principal(tenant.id, "lrs_credential", "key", "Writer", actions_of_scopes(["all"]), store.id)
    return Lrs(hub, writer, store.number)


@pytest.fixture
def jobs(hub: Hub) -> PrivacyJobs:
    return hub.service(PrivacyJobs)


@pytest.fixture
def erase(jobs: PrivacyJobs, system: Principal):
    """Erase whoever is known by these words; returns the finished job."""

    def run(words: str, treatment: str = "remove") -> JobView:
        job = jobs.erase(system, jobs.look_up(system, words), treatment)
        jobs.run(system.tenant_id, job.id)
        return jobs.get(system, job.id)

    return run


@pytest.fixture
def export(jobs: PrivacyJobs, system: Principal):
    """Export whoever is known by these words; returns the archive."""

    def run(words: str) -> zipfile.ZipFile:
        job = jobs.export(system, jobs.look_up(system, words))
        jobs.run(system.tenant_id, job.id)
        return archive_of(jobs, system, job.id)

    return run


def archive_of(jobs: PrivacyJobs, principal: Principal, job_id: UUID) -> zipfile.ZipFile:
    """The zip of a finished export."""
    _, content = jobs.download(principal, job_id)
    with content as pieces:
        return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
