"""How fast queued scores come to a platform, and what the worker grows by.

    python -m benchmarks.scores [--scores N]

starts a PostgreSQL and a Redis of its own, a platform that takes scores, and a Hub that knows it; puts learners who
came by one graded link into the database, and queues a score for each (by default 10,000) as their progress would. Then
a worker (`hub worker`, with the usual settings) is started, and timed until the platform has the last score. Told are
the scores a second, the worker's CPU for each, and its memory after the first tenth and at the end.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import psutil
from sqlalchemy import text

from hub.bootstrap import Hub
from hub.db import EVERY_TENANT
from hub.events import RegistrationProgressed
from hub.identity import Principal, system_principal
from hub.lti.services.platforms import Platforms
from hub.lti.spec import vocabulary as v
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.tenants import Tenants
from tests.support.lti_platform import Answer, LtiPlatform, running
from tests.support.playing import Sco, add_played_course
from tests.support.running_hub import RunningHub, running_hub

SCORES = 10_000
LONGEST_SECONDS = 1800

#: One link with a column, and as many learners with a registration that came by it.
_FILL = [
    """INSERT INTO resource_link (id, tenant_id, platform_id, deployment_id, link_id, package_id)
       SELECT :link, :tenant, platform_id, id, 'link-1', :package FROM deployment WHERE tenant_id = :tenant""",
    """INSERT INTO line_item (id, tenant_id, resource_link_id, url, scopes)
       VALUES (gen_random_uuid(), :tenant, :link, :url, ARRAY[:scope])""",
    """INSERT INTO learner (id, tenant_id, source, subject, name)
       SELECT md5('l' || n)::uuid, :tenant, 'lms', 'learner-' || n, 'Learner' FROM generate_series(1, :scores) n""",
    """INSERT INTO registration (id, tenant_id, external_id, learner_id, package_id, package_version_id, changed_at)
       SELECT md5('r' || n)::uuid, :tenant, n::text, md5('l' || n)::uuid, :package, published_version_id, now()
         FROM generate_series(1, :scores) n, package WHERE package.id = :package""",
    """INSERT INTO link_registration (registration_id, tenant_id, resource_link_id, package_id, user_id)
       SELECT md5('r' || n)::uuid, :tenant, :link, :package, 'learner-' || n FROM generate_series(1, :scores) n""",
]


def main() -> None:
    """Fill, queue, deliver, print."""
    parser = argparse.ArgumentParser(description="How fast queued scores are delivered.")
    parser.add_argument("--scores", type=int, default=SCORES)
    wanted = parser.parse_args()
    with running_hub(HUB_ALLOW_PRIVATE_NETWORKS="true") as served, running(Gradebook()) as lms:
        system = system_principal(served.hub.service(Tenants).create("benchmark", "Benchmark").id)
        began_at = time.perf_counter()
        queue(served.hub, system, lms, wanted.scores)
        print(f"queued {wanted.scores} scores in {time.perf_counter() - began_at:.0f} s", flush=True)
        with worker(served) as process:
            print(deliver(lms, process, wanted.scores), flush=True)
        print(f"as they are in the database: {statuses(served.hub, system)}")


class Gradebook(LtiPlatform):
    """A platform that takes every score and keeps how many."""

    taken = 0

    def _score(self, url: str, token: str, body: bytes) -> Answer:
        self.taken += 1
        return 204, {}, b""


def queue(hub: Hub, system: Principal, lms: LtiPlatform, count: int) -> None:
    """Everybody passes."""
    hub.service(Platforms).add(system, PlatformDetails(**lms.details()))
    package = add_played_course(hub, system.tenant_id, "scorm_1_2", Sco("one"))
    facts = {
        "tenant": system.tenant_id,
        "link": UUID(int=1),
        "package": package,
        "url": f"{lms.origin}/items/1/lineitem?type_id=1",
        "scope": v.SCOPE_SCORE,
        "scores": count,
    }
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        for statement in _FILL:
            used = {name: value for name, value in facts.items() if f":{name}" in statement}
            work.session.execute(text(statement.replace("::", "\\:\\:")), used)
        found = work.session.scalars(text("SELECT registration_id FROM link_registration"))
        registrations = list(found)
    for start in range(0, count, 500):
        with hub.db.unit_of_work(system.tenant_id) as work:
            for registration in registrations[start : start + 500]:
                work.publish(_passed(hub, system, registration))


def _passed(hub: Hub, system: Principal, registration: UUID) -> RegistrationProgressed:
    now = hub.ports.clock.now()
    return RegistrationProgressed(
        tenant_id=system.tenant_id,
        registration_id=registration,
        attempt_id=hub.ports.ids.uuid(),
        completion="completed",
        success="passed",
        score_scaled=0.9,
        score_raw=None,
        score_min=None,
        score_max=None,
        duration_seconds=60.0,
        began_at=now,
        changed_at=now,
        ended=True,
    )


@contextmanager
def worker(served: RunningHub) -> Iterator[psutil.Process]:
    """A worker of the served Hub."""
    environment = {name: value for name, value in served.web.environ().items() if name.startswith("HUB_")}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "worker"], env=os.environ | environment, stdout=log, stderr=log
        )
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)


@dataclass(frozen=True)
class Moment:
    """How far the worker is."""

    seconds: float
    cpu: float
    megabytes: float


def deliver(lms: Gradebook, process: psutil.Process, count: int) -> str:
    """Wait for all scores; what it took, in words."""
    begin, first = time.perf_counter(), None
    while lms.taken < count:
        if time.perf_counter() - begin > LONGEST_SECONDS:
            raise TimeoutError(f"only {lms.taken} of {count} scores came")
        time.sleep(0.05)
        if first is None and lms.taken >= count // 10:
            first = _moment(process, begin)
    last = _moment(process, begin)
    assert first is not None
    return (
        f"delivered {count} scores in {last.seconds:.0f} s ({count / last.seconds:.0f} a second), the worker's start "
        f"included; CPU of the worker {last.cpu / count * 1000:.1f} ms each; memory {first.megabytes:.0f} MB after a "
        f"tenth, {last.megabytes:.0f} MB at the end"
    )


def _moment(process: psutil.Process, begin: float) -> Moment:
    return Moment(time.perf_counter() - begin, sum(process.cpu_times()[:2]), process.memory_full_info().uss / 2**20)


def statuses(hub: Hub, system: Principal) -> dict[str, int]:
    """How many scores have which status, once the worker has noted all."""
    query = text("SELECT status, count(*) FROM score_delivery WHERE tenant_id = :tenant GROUP BY status")
    with hub.db.read(EVERY_TENANT) as session:
        return {row[0]: row[1] for row in session.execute(query, {"tenant": system.tenant_id})}


if __name__ == "__main__":
    main()
