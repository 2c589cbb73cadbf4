"""A worker killed at any point of an import leaves the complete version or nothing, and the next one finishes."""

import io
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from hub.bootstrap import Hub, build
from hub.config import Settings
from hub.errors import NotFound
from hub.identity import Principal
from hub.scorm.services.importing import LEASE, Importing
from hub.scorm.services.imports import Imports, Upload
from hub.scorm.services.packages import Packages
from hub.scorm.services.uploads import Uploads
from tests.support.imports import WorkedImports, tidy
from tests.support.packages import course_1_2
from tests.support.serving import serving

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
    hub.service(Importing).run(tenant_id, job_id)


DATA = course_1_2(a_dot_js=b"1", b_dot_css=b"2", media__c_dot_mp3=b"3")


def uploaded(hub: Hub, system: Principal, _: str) -> UUID:
    """In one request: the zip is in the store before the job is."""
    return hub.service(Imports).accept(system, Upload(io.BytesIO(DATA), "course.zip", "p")).id


def resumed(hub: Hub, system: Principal, _: str) -> UUID:
    """In two pieces, which the worker puts together."""
    uploads = hub.service(Uploads)
    upload = uploads.create(system, len(DATA), "course.zip", "p")
    uploads.append(system, upload.id, 0, io.BytesIO(DATA[:100]))
    job_id = uploads.append(system, upload.id, 100, io.BytesIO(DATA[100:])).job_id
    assert job_id is not None
    return job_id


def fetched(hub: Hub, system: Principal, site: str) -> UUID:
    """From an address."""
    return hub.service(Imports).fetch(system, f"{site}/course.zip", "p").id


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, Response(DATA), threaded=True)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.mark.parametrize(
    ("way", "point"),
    [
        *((uploaded, point) for point in range(1, POINTS + 1)),
        # Where the zip is not in the store yet, four steps more: it is put there, and that is written down.
        *((resumed, point) for point in range(1, 13)),
        *((fetched, point) for point in range(1, 13)),
    ],
)
def test_a_killed_worker_leaves_all_or_nothing(
    hub: Hub, settings: Settings, system: Principal, site: str, way: Callable[[Hub, Principal, str], UUID], point: int
) -> None:
    packages, objects = hub.service(Packages), hub.ports.objects
    job_id = way(hub, system, site)

    die(settings, system.tenant_id, job_id, point)

    if way is not uploaded or point < POINTS:  # Before the last commit nobody sees anything.
        with pytest.raises(NotFound):
            packages.get(system, "p")
        assert hub.service(Imports).get(system, job_id).state in {"queued", "checking", "storing"}

    WorkedImports(hub, clock=Later()).run(system.tenant_id, job_id)
    tidy(hub.service(Imports), system.tenant_id)
    assert hub.service(Imports).get(system, job_id).state == "ready"
    prefix = packages.published(system, "p").content_prefix
    _sweep_strays(hub)
    left = set(objects.keys(f"{system.tenant_id}/"))
    archives = {key for key in left if "/archives/" in key}
    assert len(archives) == 1
    assert left - archives == {prefix + name for name in FILES}
    with packages.archive(system, "p") as archive:
        assert b"".join(archive.pieces) == DATA
    assert len(packages.versions(system, "p")) == 1


def _sweep_strays(hub: Hub) -> None:
    """What the sweep does once the zip that the dead worker put there is half an hour old."""

    class HalfAnHourLater:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=31)

    WorkedImports(hub, clock=HalfAnHourLater()).sweep()


def die(settings: Settings, tenant_id: UUID, job_id: UUID, point: int) -> None:
    context = get_context("forkserver")
    context.set_forkserver_preload(["hub.bootstrap"])
    process = context.Process(target=worker, args=(settings, tenant_id, job_id, point))
    process.start()
    process.join(300)
    assert process.exitcode == -signal.SIGKILL
