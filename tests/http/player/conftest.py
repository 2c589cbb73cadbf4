"""A course on the content origin, and what an opened player holds."""

from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.launches import Launches
from hub.scorm.services.registrations import RegistrationView
from tests.support.playing import Sco, add_played_course, enrol

FILES = {
    "media/film.m4v": bytes(range(256)) * 40,
    "media/index.html": b"<p>The folder's page</p>",
    "code.wasm": b"\0asm",
    "titles.vtt": b"WEBVTT",
    "empty.txt": b"",
    "with space/\u00fcber.html": b"<p>named</p>",
    "media/huge.mp4": bytes(range(256)) * 9_000,
    "media/large.mp4": bytes(range(256)) * 1500,
    "text.js": b"export const answer = 42;\n" * 100,
    "noise.json": Random(1).randbytes(2_000),
    "Images/Logo%20(1).PNG": b"\x89PNG",
    "caf\u00e9.htm": b"<p>composed</p>",
}


@dataclass(frozen=True)
class Player:
    """An opened player: the token of its launch and the address of its content."""

    client: FlaskClient
    token: str
    delivery: dict[str, Any]

    def call(self, path: str, body: Any, token: str | None = None) -> Any:
        """Call the run-time API."""
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        return self.client.post(f"/runtime/{path}", json=body, headers=headers)

    def commit(self, values: dict[str, str], **changes: Any) -> Any:
        """Commit values as the player would."""
        body = {
            "activity": self.delivery["activity"],
            "session": self.delivery["session"],
            "base": 0,
            "sequence": 1,
            "kind": "commit",
            "values": values,
        }
        return self.call("commits", body | changes)

    @property
    def content(self) -> str:
        """The address of the content's folder, without the origin."""
        return "/content/" + self.delivery["url"].split("/content/")[1].rpartition("/")[0]


@pytest.fixture
def package(hub: Hub, tenant: TenantView) -> UUID:
    """A SCORM 1.2 course with some files."""
    return add_played_course(hub, tenant.id, "scorm_1_2", Sco("one"), files=FILES)


@pytest.fixture
def registration(hub: Hub, system: Principal, package: UUID) -> RegistrationView:
    """A learner's registration for it."""
    return enrol(hub, system, package)


@pytest.fixture
def launch_path(hub: Hub, system: Principal, registration: RegistrationView) -> str:
    """A fresh launch's path on the content origin."""
    return "/play/" + hub.service(Launches).create(system, registration.id).url.rpartition("/")[2]


def open_player(hub: Hub, client: FlaskClient, principal: Principal, registration_id: UUID) -> Player:
    """Launch a registration and have its first activity delivered."""
    link = hub.service(Launches).create(principal, registration_id)
    opening = hub.service(Launches).open(link.url.rpartition("/")[2], None, "test")
    answer = Player(client, opening.token, {}).call("navigation", {"request": "start"})
    assert answer.status_code == 200, answer.text
    return Player(client, opening.token, answer.json["delivery"])


@pytest.fixture
def player(hub: Hub, content_client: FlaskClient, system: Principal, registration: RegistrationView) -> Player:
    """The registration's opened player."""
    return open_player(hub, content_client, system, registration.id)
