"""A program with a token for registrations, and a package to register for."""

import base64
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.identity import Principal, system_principal
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import Tenants, TenantView
from tests.support.playing import Sco, add_played_course


class Program:
    """The registrations API as one program sees it."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str = "", **query: Any) -> Any:
        """Read."""
        return self._client.get(f"/api/v1/registrations{path}", query_string=query, headers=self._headers)

    def post(self, path: str, body: Any) -> Any:
        """Make something."""
        return self._client.post(f"/api/v1/registrations{path}", json=body, headers=self._headers)

    def patch(self, path: str, body: Any) -> Any:
        """Change something."""
        return self._client.patch(f"/api/v1/registrations{path}", json=body, headers=self._headers)

    def delete(self, path: str) -> Any:
        """Remove something."""
        return self._client.delete(f"/api/v1/registrations{path}", headers=self._headers)

    def follow(self, link: str) -> Any:
        """Go where a Link header leads."""
        return self._client.get(link.partition(">")[0].removeprefix("<"), headers=self._headers)


def program(hub: Hub, client: FlaskClient, principal: Principal, *scopes: str) -> Program:
    """A program with a token that it got by client credentials."""
    made, secret = hub.service(Clients).create(principal, NewClient("Program", scopes))
    basic = base64.b64encode(f"{made.client_id}:{secret}".encode()).decode()
    answer = client.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
    )
    return Program(client, str(answer.json["access_token"]))


@pytest.fixture
def api(hub: Hub, client: FlaskClient, system: Principal) -> Program:
    """A program that may read and write registrations."""
    return program(hub, client, system, "registrations:read", "registrations:write")


@pytest.fixture
def package(hub: Hub, tenant: TenantView) -> UUID:
    """A package that learners can start."""
    return add_played_course(hub, tenant.id, "scorm_1_2", Sco("one"), title="Knots")


@pytest.fixture
def make_tenant(hub: Hub) -> Callable[[], Principal]:
    """Make another tenant; returns the Hub acting in it."""

    def make() -> Principal:
        slug = f"t{uuid4().hex[:12]}"
        return system_principal(hub.service(Tenants).create(slug, slug).id)

    return make
