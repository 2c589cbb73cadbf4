"""The door before Flask and the pages behind it answer every request the same."""

import base64
import gzip
import uuid

import orjson
import pytest
from werkzeug.test import Client, EnvironBuilder

from hub.bootstrap import create_hub_app
from hub.errors import Unavailable
from hub.xapi_lrs.views.door import StatementDoor
from tests.http.xapi_lrs.conftest import issue

PLAIN = {
    "actor": {"mbox": "mailto:ann@example.com"},
    "verb": {"id": "http://example.com/did"},
    "object": {"id": "http://example.com/thing"},
}
KNOWN = PLAIN | {"id": "aaaaaaaa-0000-4000-8000-000000000001"}


@pytest.fixture(scope="module")
def door(hub):
    found = create_hub_app(hub).wsgi_app
    assert isinstance(found, StatementDoor)
    return found


@pytest.fixture
def ask(hub, system, store):
    """Sends one of the requests below to an application."""
    issued = {
        "all": issue(hub, system, store, "all"),
        "reader": issue(hub, system, store, "statements/read"),
        "limited": issue(hub, system, store, "all", requests_per_minute=1000),
    }

    def send(application, body=PLAIN, who="all", path="/xapi/statements", headers=(), **rest):
        known = issued.get(who)
        pair = f"{known.credential.key}:{known.secret}" if known else who
        sent = {
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "X-Experience-API-Version": "2.0.0",
            "Content-Type": "application/json",
            "X-Request-Id": "the-request-0001",
        } | dict(headers)
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        options = {"method": "POST", "base_url": hub.settings.public_url} | rest
        environ = EnvironBuilder(
            path, data=data, headers={n: v for n, v in sent.items() if v is not None}, **options
        ).get_environ()
        length = options.get("content_length")
        if length is not None:
            environ["CONTENT_LENGTH"] = str(length)
        return Client(application).open(environ)

    return send


#: Answered at the door itself.
AT_THE_DOOR = {
    "one": {},
    "one in an array": {"body": [PLAIN]},
    "several": {"body": [PLAIN, PLAIN | {"timestamp": "2026-11-20T01:02:03Z"}]},
    "none": {"body": []},
    "an id of the client's": {"body": KNOWN},
    "the same again": {"body": [KNOWN]},
    "one that is read as a whole": {"body": [PLAIN, PLAIN | {"timestamp": "2026-11-20T01:02:03+01:00"}]},
    "1.0.3 by its path": {"path": "/xapi/1.0.3/statements"},
    "1.0.3 by the header": {"headers": {"X-Experience-API-Version": "1.0.3"}},
    "a character set": {"headers": {"Content-Type": "Application/JSON ; charset=utf-8"}},
    "another origin": {"headers": {"Origin": "https://content.example.com"}},
    "gzip wanted, little to send": {"headers": {"Accept-Encoding": "gzip"}},
    "gzip wanted": {"body": [PLAIN] * 60, "headers": {"Accept-Encoding": "br, gzip"}},
    "no request id": {"headers": {"X-Request-Id": None}},
    "a request id that is none": {"headers": {"X-Request-Id": "a b"}},
    "over TLS": {"base_url": "https://HOST"},
}

#: Refused at the door, or never the door's.
BEHIND = {
    "not valid": {"body": PLAIN | {"verb": {}}},
    "two faults in a batch": {"body": [PLAIN, {}, PLAIN | {"object": 5}]},
    "no JSON": {"body": b'{"actor":'},
    "a property twice": {"body": b'{"actor":{},"actor":{}}'},
    "no statement": {"body": b"5"},
    "an id twice": {"body": [KNOWN, KNOWN]},
    "another statement of that id": {"body": KNOWN | {"verb": {"id": "http://example.com/other"}}},
    "too many": {"body": b"[" + b",".join([b"{}"] * 10_001) + b"]"},
    "a statement that is too large": {"body": PLAIN | {"result": {"response": "x" * 1_100_000}}},
    "a body that is too large": {"body": b" " * (16 * 1024 * 1024 + 1)},
    "a body that ends early": {"content_length": 5_000},
    "a length that is no number": {"content_length": "²"},
    "no version": {"headers": {"X-Experience-API-Version": None}},
    "an unknown version": {"headers": {"X-Experience-API-Version": "3.0"}},
    "an unknown version by path": {"path": "/xapi/1.0.3/statements", "headers": {"X-Experience-API-Version": None}},
    "no credential": {"headers": {"Authorization": None}},
    "a wrong credential": {"who": "nobody:secret"},
    "no key and secret": {"headers": {"Authorization": "Basic ???"}},
    "a bearer token": {"headers": {"Authorization": "Bearer abc"}},
    "a reader": {"who": "reader"},
    "a limited credential": {"who": "limited"},
    "another content type": {"headers": {"Content-Type": "text/plain"}},
    "no content type": {"headers": {"Content-Type": None}},
    "multipart without parts": {"headers": {"Content-Type": "multipart/mixed; boundary=b"}},
    "packed": {"body": gzip.compress(orjson.dumps(PLAIN), mtime=0), "headers": {"Content-Encoding": "gzip"}},
    "packed badly": {"headers": {"Content-Encoding": "gzip"}},
    "a parameter": {"path": "/xapi/statements?statementId=x"},
    "the other syntax": {"path": "/xapi/1.0.3/statements?method=GET"},
    "a slash too many": {"path": "/xapi/statements/"},
    "another method": {"method": "PUT"},
    "a question": {"method": "GET", "body": b""},
    "preflight": {"method": "OPTIONS", "headers": {"Origin": "https://content.example.com"}},
}


def told(response):
    """What an answer says, without what differs from one request to the next."""
    body = response.get_data()
    if response.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    if response.status_code == 200 and body.startswith(b"["):
        ids = orjson.loads(body)
        assert all(uuid.UUID(each) for each in ids)
        body = [each if each == KNOWN["id"] else "new" for each in ids]
    elif response.mimetype == "application/problem+json":
        body = {name: value for name, value in orjson.loads(body).items() if name != "request_id"}
    differing = {"X-Request-Id", "X-Experience-API-Consistent-Through", "RateLimit", "Content-Length"}
    headers = {name: value for name, value in response.headers.items() if name not in differing}
    return response.status, headers, sorted(set(response.headers.keys()) & differing), body


def fitted(request, hub):
    """The table knows no address and no credential."""
    base_url = request.get("base_url", "").replace("HOST", hub.settings.public_url.partition("//")[2])
    return request | ({"base_url": base_url} if base_url else {})


@pytest.mark.parametrize("name", [*AT_THE_DOOR, *BEHIND])
def test_door_and_pages_tell_the_same(name, door, ask, hub):
    request = fitted((AT_THE_DOOR | BEHIND)[name], hub)
    ask(door.pages, KNOWN)
    behind, at_the_door = ask(door.pages, **request), ask(door, **request)
    assert told(at_the_door) == told(behind)
    assert at_the_door.status_code < 500
    given = request.get("headers", {}).get("X-Request-Id", "the-request-0001")
    if given == "the-request-0001":
        assert at_the_door.headers["X-Request-Id"] == behind.headers["X-Request-Id"] == given


@pytest.mark.parametrize("name", AT_THE_DOOR)
def test_plain_requests_never_reach_the_pages(name, door, ask, hub):
    def pages(environ, start_response):
        raise AssertionError("went on")

    alone = StatementDoor(pages, door._credentials, door._statements, door._largest_body)
    assert ask(alone, **fitted(AT_THE_DOOR[name], hub)).status_code == 200


def test_what_the_door_stored_is_there(door, ask, lrs):
    [stored] = ask(door).json
    assert lrs.get(statementId=stored).status_code == 200


def test_a_body_is_read_once_and_stored_once(door, ask, lrs):
    """A refusal that goes on to the pages does not make them store what may be stored already."""

    class FailingAfterwards:
        """The database is lost right after the commit."""

        def __init__(self, statements):
            self._statements = statements

        def store(self, *given):
            self._statements.store(*given)
            raise Unavailable("The database does not answer.")

    failing = StatementDoor(door.pages, door._credentials, FailingAfterwards(door._statements), door._largest_body)
    answer = ask(failing)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert len(lrs.get().json["statements"]) == 1


def test_a_database_that_is_lost_while_the_use_is_noted_is_told_as_one(door, ask):
    class LosingTheDatabase:
        def __init__(self, credentials):
            self.authenticate, self.is_limited = credentials.authenticate, credentials.is_limited

        def note_use(self, principal):
            raise Unavailable("The database does not answer.", code="database_unavailable")

    losing = StatementDoor(door.pages, LosingTheDatabase(door._credentials), door._statements, door._largest_body)
    answer = ask(losing)
    assert (answer.status_code, answer.json["code"]) == (503, "database_unavailable")
    assert answer.headers["Retry-After"]
