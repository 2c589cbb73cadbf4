"""ADL's cases through the player's own services and database: what the engine decides is what learners get."""

import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from hub.bootstrap import Hub
from hub.db import EVERY_TENANT
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services import sequencing
from hub.scorm.services.courses import Courses
from hub.scorm.services.learners import OWN_SOURCE, Learners
from hub.scorm.services.registrations import Registrations
from hub.scorm.services.runtime import Destination
from hub.scorm.spec.manifest.course import Course, as_data
from hub.scorm.storage import packages, runtime
from hub.scorm.storage.tables import Activity, Package, PackageVersion
from tests.adl2004 import engine
from tests.adl2004.api import Api
from tests.adl2004.cases import Case, load
from tests.adl2004.learner import read_course
from tests.adl2004.shown import shows
from tests.support.playing import Window

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "adl2004"
pytestmark = pytest.mark.skipif(not (FOLDER / "cases.json").exists(), reason=f"ADL's cases are not at {FOLDER}.")


def add_course(hub: Hub, tenant_id: UUID, course: Course) -> UUID:
    """A published package of a manifest alone, as an import would leave it; returns the package's id."""
    package_id, version_id = uuid4(), uuid4()
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        now = datetime.now(UTC)
        work.session.add(
            Package(id=package_id, tenant_id=tenant_id, external_id=str(package_id), title=course.title, updated_at=now)
        )
        work.session.flush()
        version = PackageVersion(
            id=version_id,
            tenant_id=tenant_id,
            package_id=package_id,
            number=1,
            standard=course.standard,
            title=course.title,
            default_organization=course.default_organization,
            content_prefix=f"{tenant_id}/{version_id}/",
            file_count=0,
            content_size=0,
            archive_key="",
            archive_name="",
            archive_size=0,
            archive_sha256="",
            created_by="test",
            course=as_data(course),
            files=[],
            findings=[],
        )
        packages.add_version(work.session, version, course, iter(uuid4, None))
        # The cases have no files; every activity without children is a SCO.
        leaves = [item.identifier for item, _ in course.organization.walk() if not item.items]
        work.session.execute(
            update(Activity)
            .where(Activity.package_version_id == version_id, Activity.identifier.in_(leaves))
            .values(href="sco.html", scorm_type="sco")
        )
        work.session.get_one(Package, package_id).published_version_id = version_id
    return package_id


class HubPlayer:
    """The player that ADL's runner drives, over the services of the Hub."""

    def __init__(self, hub: Hub, system: Principal, course: Course, learner_id: UUID) -> None:
        package_id = add_course(hub, system.tenant_id, course)
        registration = hub.service(Registrations).ensure(system, learner_id, package_id)
        self.hub = hub
        self.course = course
        self.items = {item.identifier: item for item, _ in course.organization.walk()}
        self.window = Window(hub, system, registration.id)
        self.destination: Destination | None = None
        self.delivered: str | None = None

    @property
    def refusal(self) -> str | None:
        """Why nothing was delivered."""
        return self.destination.refusal if self.destination else None

    @property
    def has_ended(self) -> bool:
        """Whether the sequencing session is over, by the state of the tree as it is stored."""
        return self._ask(lambda attempt: attempt.state.current is None)

    def shows(self, control: str, wanted: str, identifier: str | None) -> bool | None:
        """Whether a control, or an activity's line in the outline, is as wanted."""
        return self._ask(lambda attempt: shows(attempt.navigation(), control, wanted, identifier))

    def _ask(self, question: Callable[[sequencing.Sequenced], Any]) -> Any:
        with self.hub.db.read(EVERY_TENANT) as session:
            return question(self._sequenced(session))

    def _sequenced(self, session: Any) -> sequencing.Sequenced:
        player = self.window.session
        assert player.attempt_id is not None
        learning = runtime.lock_attempt(session, player.tenant_id, player.attempt_id)
        assert learning is not None
        found = Courses().find(session, player.tenant_id, player.version_id)
        made = sequencing.sequenced(found, learning, datetime.now(UTC))
        assert made is not None
        return made

    def open(self, target: str | None) -> None:
        """Open the course and, if there is one, choose the target."""
        if target is None:
            self.request("start")
        else:
            self.request("choice", target)

    def request(self, kind: str, target: str | None = None) -> None:
        """Send a request as the player's page does."""
        self.destination = self.window.go(kind, target)
        self.delivered = self.destination.delivery.activity if self.destination.delivery else None

    def relaunch(self) -> None:
        """Leave the course and come back."""
        if not self.has_ended:
            self.request("exitAll")
        self.request("start")

    def launch(self) -> Api:
        """The API that the delivered activity finds, with the data model that the Hub gave it."""
        assert self.destination is not None
        assert self.destination.delivery is not None
        moves = self.destination.moves

        def is_valid(kind: str, target: str | None) -> bool:
            targets = {"choice": moves.choices, "jump": moves.jumps}
            return (
                target in targets[kind] if kind in targets else moves.forward if kind == "continue" else moves.backward
            )

        maps = self.items[self.destination.delivery.activity].data_maps
        stores = {place: (found.read_shared_data, found.write_shared_data) for place, found in enumerate(maps)}
        return Api(self.destination.delivery.values, is_valid, stores)

    def finish(self, content: Api) -> None:
        """Content terminates: commit what it set and go where it asked to, as the player does."""
        content.terminate()
        values = dict(content.set_values)
        event = values.pop("adl.nav.request", "_none_")
        answer = self.window.commit(values, "terminate", navigation=event)
        if answer.request:
            self.request(answer.request, answer.target)


def families() -> list[Any]:
    """Cases of one family share a learner."""
    cases = load(FOLDER) if (FOLDER / "cases.json").exists() else []
    groups = itertools.groupby(cases, key=lambda case: case.family)
    return [pytest.param(list(found), id=family) for family, found in groups]


@pytest.mark.parametrize("cases", families())
def test_every_family_of_cases(
    hub: Hub, tenant: TenantView, system: Principal, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencing, "_RANDOM", random.Random(2004))
    learner = hub.service(Learners).ensure(system, OWN_SOURCE, "learner-1", "A. Learner")
    faults = []
    for case in cases:
        player = HubPlayer(hub, system, read_course(case.manifest), learner.id)
        faults += list(engine.faults(case, player))
    assert faults == []
