"""A worker killed at any point of an import leaves the complete version or nothing, and the next one finishes."""

import io
import os
import signal
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import pytest

from hub.bootstrap import Hub, build
from hub.config import Settings
from hub.errors import NotFound
from hub.identity import Principal
from hub.scorm.services.imports import LEASE, Imports, Upload
from hub.scorm.services.packages import Packages
from hub.scorm.spec.manifest.archive import Limits
from tests.support.packages import course_1_2

FILES = {"imsmanifest.xml", "index.html", "a.js", "b.css", "media/c.mp3"}
#: Before and after each of: taking the job, telling the progress, five files, making the version appear.
POINTS = 16


class Later:
    """The clock of a time when the dead worker's lease has ended."""

    def now(self) -> datetime:
        return datetime.now(UTC) + LEASE + timedelta(seconds=5)


def worker(settings: Settings, tenant_id: UUID, job_id: UUID, point: int) -> None:
    """A worker that is killed at its `point`-th step: the steps are puts and commits, before and after each."""
    from sqlalchemy import event
    from sqlalchemy.orm import Session

    steps = 0

    def step(*_: object) -> None:
        nonlocal steps
        steps += 1
        if steps == point:
            os.kill(os.getpid(), signal.SIGKILL)

    hub = build(settings)
    event.listen(Session, "before_commit", step)
    event.listen(Session, "after_commit", step)
    objects: Any = hub.ports.objects
    put = objects.put

    def counted_put(*details: Any) -> None:
        step()
        put(*details)
        step()

    objects.put = counted_put
    hub.service(Imports).run(tenant_id, job_id)


@pytest.mark.parametrize("point", range(1, POINTS + 1))
def test_a_killed_worker_leaves_all_or_nothing(hub: Hub, settings: Settings, system: Principal, point: int) -> None:
    data = course_1_2(a_dot_js=b"1", b_dot_css=b"2", media__c_dot_mp3=b"3")
    packages, objects = hub.service(Packages), hub.ports.objects
    job = hub.service(Imports).accept(system, Upload(io.BytesIO(data), "course.zip", "p"))

    _die(settings, system.tenant_id, job.id, point)

    if point < POINTS:  # Before the last commit nobody sees anything.
        with pytest.raises(NotFound):
            packages.get(system, "p")
        assert hub.service(Imports).get(system, job.id).state in {"queued", "checking", "storing"}

    Imports(hub.db, Later(), hub.ports.ids, objects, Limits(), 10**6).run(system.tenant_id, job.id)
    assert hub.service(Imports).get(system, job.id).state == "ready"
    prefix = packages.published(system, "p").content_prefix
    left = {key for key in objects.keys(f"{system.tenant_id}/") if "/archives/" not in key}
    assert left == {prefix + name for name in FILES}
    assert len(packages.versions(system, "p")) == 1


def _die(settings: Settings, tenant_id: UUID, job_id: UUID, point: int) -> None:
    context = get_context("forkserver")
    context.set_forkserver_preload(["hub.bootstrap"])
    process = context.Process(target=worker, args=(settings, tenant_id, job_id, point))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
