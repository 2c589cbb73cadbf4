"""An LRS client: a fresh store and credential for each test, at the Hub's origin."""

import base64
import json
import uuid

import pytest

from hub.xapi_lrs.services.credentials import Credentials
from hub.xapi_lrs.services.stores import Stores


class LrsClient:
    """Requests with a credential and a version header, as a learning record provider sends them."""

    def __init__(self, client, key, secret, version="2.0.0", root="/xapi"):
        self.client, self.root = client, root
        self.headers = {
            "Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode(),
            "X-Experience-API-Version": version,
        }

    def request(self, method, path, *, headers=None, **rest):
        sent = {name: value for name, value in (self.headers | (headers or {})).items() if value is not None}
        return self.client.open(self.root + path, method=method, headers=sent, **rest)

    def get(self, path="/statements", **query):
        headers = query.pop("headers", None)
        return self.request("GET", path, query_string=query, headers=headers)

    def post(self, body, **rest):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", "/statements", data=data, content_type="application/json", **rest)

    def put(self, statement_id, body, **rest):
        return self.request(
            "PUT",
            "/statements",
            query_string={"statementId": statement_id},
            data=json.dumps(body),
            content_type="application/json",
            **rest,
        )


def issue(hub, system, store, *scopes, **rest):
    """A credential of the store, with its secret."""
    return hub.service(Credentials).create(system, store.name, scopes, **rest)


@pytest.fixture
def store(hub, system):
    return hub.service(Stores).create(system, f"store-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def lrs(hub, system, store, client):
    """A client that may do everything, speaking 2.0.0."""
    issued = issue(hub, system, store, "all")
    return LrsClient(client, issued.credential.key, issued.secret)


@pytest.fixture
def lrs_as(hub, system, store, client):
    """Makes clients with other scopes or versions."""

    def make(*scopes, version="2.0.0", root="/xapi", **rest):
        issued = issue(hub, system, store, *scopes, **rest)
        return LrsClient(client, issued.credential.key, issued.secret, version, root)

    return make
