"""A program with a token, and packages to work on."""

import base64
import io
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.clients import Clients, NewClient
from hub.scorm.services.importing import Importing
from hub.scorm.services.imports import Imports
from tests.conftest import PUBLIC_URL


class Api:
    """The API as one program sees it."""

    def __init__(self, client: FlaskClient, token: str, hub: Hub, tenant_id: UUID) -> None:
        self._client = client
        self._token = token
        self._hub = hub
        self._tenant_id = tenant_id

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, **details: Any) -> Any:
        """One request with the token."""
        with_token = {"Authorization": f"Bearer {self._token}"} | (headers or {})
        return self._client.open(f"/api/v1{path}", method=method, headers=with_token, base_url=PUBLIC_URL, **details)

    def get(self, path: str, **details: Any) -> Any:
        return self.call("GET", path, **details)

    def upload(self, data: bytes, name: str = "course.zip", headers: dict[str, str] | None = None, **form: str) -> Any:
        """Upload a zip."""
        body = {"file": (io.BytesIO(data), name), **form}
        return self.call("POST", "/packages", headers, data=body, content_type="multipart/form-data")

    def imported(self, data: bytes, **form: str) -> dict[str, Any]:
        """Upload a zip, do the worker's part, and return the job."""
        answer = self.upload(data, **form)
        assert answer.status_code == 202, answer.text
        self._hub.service(Importing).run(self._tenant_id, UUID(answer.json["id"]))
        job: dict[str, Any] = self.get(f"/jobs/{answer.json['id']}").json
        return job


def token_for(client: FlaskClient, hub: Hub, principal: Principal, *scopes: str) -> str:
    """A bearer token with these scopes, got as any program gets it."""
    made, secret = hub.service(Clients).create(principal, NewClient("Program", scopes))
    basic = base64.b64encode(f"{made.client_id}:{secret}".encode()).decode()
    answer = client.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
    )
    return str(answer.json["access_token"])


@pytest.fixture
def api(hub: Hub, client: FlaskClient, system: Principal) -> Api:
    """A program that may read and write packages."""
    token = token_for(client, hub, system, "packages:read", "packages:write")
    return Api(client, token, hub, system.tenant_id)


@pytest.fixture
def reader(hub: Hub, client: FlaskClient, system: Principal) -> Api:
    """A program that may only read packages."""
    return Api(client, token_for(client, hub, system, "packages:read"), hub, system.tenant_id)
