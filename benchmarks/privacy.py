"""Time of an export and an erasure of one person: `python -m benchmarks.privacy [STATEMENTS]`.

Starts a PostgreSQL and a Redis of its own, stores statements (by default 100,000) of one person among twice as many of
others, of 1 kB and under about ten terms each, every hundredth of them with a file of its own, and a state document
for each of these; then it exports and erases the person: once keeping results under another name, and for as many
statements of a second person removing them. Prints seconds, CPU seconds of this process, and how much memory it took.
"""

import hashlib
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from hub.adapters.embedded import PostgresServer, RedisServer
from hub.adapters.key_files import create_keys
from hub.bootstrap import Hub, build
from hub.config import Settings
from hub.db.migrations import Migrations
from hub.identity import Principal, system_principal
from hub.oauth.scopes import actions_of_scopes
from hub.oauth.services.tenants import Tenants
from hub.privacy.services.jobs import JobView, PrivacyJobs
from hub.xapi_lrs.services.documents import Documents
from hub.xapi_lrs.services.filing import Filing
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.spec import documents
from hub.xapi_lrs.spec.documents import UNGUARDED, Preconditions

STATEMENTS = 100_000
BATCH = 500
FILE_EVERY = 100


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else STATEMENTS
    with tempfile.TemporaryDirectory() as folder:
        postgres, redis = PostgresServer(Path(folder) / "postgres"), RedisServer(Path(folder) / "redis")
        create_keys(Path(folder) / "keys")
        settings = Settings(
            database_url=postgres.start(),
            redis_url=redis.start(),
            public_url="http://localhost:8000",
            content_url="http://content.localhost:8000",
            keys_dir=str(Path(folder) / "keys"),
            object_store=f"folder:{folder}/objects",
        )
        try:
            Migrations(settings.sqlalchemy_url).upgrade()
            hub = build(settings)
            try:
                _measure(hub, count)
            finally:
                hub.close()
        finally:
            redis.stop()
            postgres.stop()


def _measure(hub: Hub, count: int) -> None:
    system = system_principal(hub.service(Tenants).create("bench", "bench").id)
    [store] = hub.service(Stores).list(system)
    writer = Principal(system.tenant_id, "lrs_credential", "key", "Writer", actions_of_scopes(["all"]), store.id)
    people = ("ann@example.com", "bob@example.com")
    for some in _batches(people, count):
        files = [_attach(one) for one in some[::FILE_EVERY]]
        hub.service(Statements).store(writer, orjson.dumps(some), parts=files)
        _put_documents(hub, writer, some[::FILE_EVERY])
    hub.service(Filing).file_rest()  # As the worker does every minute.
    for address, treatment in zip(people, ("pseudonymise", "remove"), strict=True):
        _timed(hub, system, f"export of {address}", address, None)
        _timed(hub, system, f"erasure, {treatment}", address, treatment)


def _attach(statement: dict[str, Any]) -> tuple[dict[str, str], Iterator[bytes]]:
    """Give the statement a file of 1 kB that nobody else has; returns the part that carries it."""
    data = statement["id"].encode() * 28
    sha2 = hashlib.sha256(data).hexdigest()
    statement["attachments"] = [
        {
            "usageType": "https://e.example/essay",
            "display": {"en": "Essay"},
            "contentType": "text/plain",
            "length": len(data),
            "sha2": sha2,
        }
    ]
    headers = {"content-type": "text/plain", "content-transfer-encoding": "binary", "x-experience-api-hash": sha2}
    return headers, iter([data])


def _put_documents(hub: Hub, writer: Principal, statements: list[dict[str, Any]]) -> None:
    for each in statements:
        agent = orjson.dumps({"mbox": each["actor"]["mbox"]}).decode()
        given = {"activityId": each["object"]["id"], "agent": agent, "stateId": each["id"]}
        address = documents.address_of(documents.STATE, "PUT", given)
        hub.service(Documents).put(writer, address, b"state " * 50, "text/plain", Preconditions(), UNGUARDED)


def _timed(hub: Hub, system: Principal, name: str, address: str, treatment: str | None) -> None:
    jobs = hub.service(PrivacyJobs)
    person = jobs.look_up(system, address)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, cpu = time.monotonic(), time.process_time()
    job: JobView = jobs.erase(system, person, treatment) if treatment else jobs.export(system, person)
    jobs.run(system.tenant_id, job.id)
    seconds, used = time.monotonic() - begun, time.process_time() - cpu
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    done = jobs.get(system, job.id)
    print(f"{name:28} {done.state}  {seconds:6.1f} s  CPU {used:6.1f} s  memory +{grown:.0f} MB  {dict(done.counts)}")


def _batches(people: tuple[str, ...], count: int) -> Iterator[list[dict[str, Any]]]:
    """Statements of each of the people and of as many others, mixed."""
    for start in range(0, count, BATCH):
        for person in people:
            yield [_statement(person, number) for number in range(start, min(start + BATCH, count))]
        yield [_statement(f"learner{number}@example.com", number) for number in range(start, min(start + BATCH, count))]


def _statement(person: str, number: int) -> dict[str, Any]:
    course = f"https://courses.example/{number % 50}"
    return {
        "id": str(uuid4()),
        "actor": {"objectType": "Agent", "name": f"Name {person}", "mbox": f"mailto:{person}"},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/v{number % 10}", "display": {"en": "answered"}},
        "object": {"id": f"{course}/item/{number % 200}", "definition": {"name": {"en": f"Question {number % 200}"}}},
        "result": {"score": {"scaled": 0.5, "raw": 50.0}, "success": True, "response": "an answer " * 20},
        "context": {
            "registration": str(uuid4()),
            "instructor": {"objectType": "Agent", "mbox": "mailto:teacher@example.com"},
            "contextActivities": {
                "parent": [{"id": course}],
                "grouping": [{"id": f"{course}/all"}],
                "category": [{"id": "https://w3id.org/xapi/scorm"}],
            },
            "extensions": {"https://e.example/more": "x" * 200},
        },
        "timestamp": "2026-11-20T08:15:30.123Z",
    }


if __name__ == "__main__":
    main()
