"""How fast the player's commits are: 50 a second from real launches, with what content really sends.

    python -m benchmarks.commits [--seconds N] [--rate N] [--learners N]

starts a PostgreSQL, a Redis and a Hub of its own with a SCORM 1.2 course and a sequenced SCORM 2004 course of twelve
activities, opens the player for each learner by a launch, and has them commit from the same machine: a page turned,
suspend data of 200 to 16,000 characters, answered questions, scores. Commits fall due at an even rate, and their time
counts from then.
"""

import argparse
import json
import random
import re
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from benchmarks.http_load import run
from hub.identity import Principal, system_principal
from hub.oauth.services.tenants import Tenants
from hub.scorm.services.launches import Launches
from tests.support.playing import Sco, add_played_course, enrol
from tests.support.running_hub import RunningHub, running_hub

_LAUNCH = re.compile(r'id="launch">(.*?)</script>')


def main() -> None:
    """Measure and print a line for each kind of course."""
    parser = argparse.ArgumentParser(description="How long commits of the player take.")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--learners", type=int, default=60)
    wanted = parser.parse_args()
    with running_hub() as served:
        for line in measure(served, wanted.seconds, wanted.rate, wanted.learners):
            print(line, flush=True)


def measure(served: RunningHub, seconds: float, rate: float, learners: int) -> Iterator[str]:
    """A line for each standard, and one for both together."""
    slug = f"bench{uuid4().hex[:8]}"
    system = system_principal(served.hub.service(Tenants).create(slug, slug).id)
    courses = {
        "SCORM 1.2": add_played_course(served.hub, system.tenant_id, "scorm_1_2", Sco("one")),
        "SCORM 2004, sequenced": add_played_course(
            served.hub, system.tenant_id, "scorm_2004", *(Sco(f"part{number}") for number in range(12))
        ),
    }
    windows: list[Window] = []
    for name, package in courses.items():
        opened = [Window(served, system, package) for _ in range(learners // 2)]
        yield _line(served, name, opened, seconds / 2, rate)
        windows += opened
    random.Random(1).shuffle(windows)
    yield _line(served, "both", windows, seconds, rate)


def _line(served: RunningHub, name: str, windows: "list[Window]", seconds: float, rate: float) -> str:
    requests: Callable[[int], bytes] = lambda number: windows[number].next_commit()  # noqa: E731
    run(served.port, len(windows), 1, requests, rate)
    before = served.cpu_seconds()
    outcome = run(served.port, len(windows), seconds, requests, rate)
    web, postgres = (now - then for now, then in zip(served.cpu_seconds(), before, strict=True))
    count = len(outcome.latencies)
    faults = f", REFUSED {outcome.refused}" if outcome.refused else ""
    return (
        f"{name}: {outcome.rate:.0f} commits/s of {len(windows)} learners, median {outcome.percentile(0.5):.1f} ms, "
        f"p95 {outcome.percentile(0.95):.1f} ms, p99 {outcome.percentile(0.99):.1f} ms; CPU each: "
        f"web server {web / count * 1000:.2f} ms, PostgreSQL {postgres / count * 1000:.2f} ms{faults}"
    )


class Window:
    """One learner's opened player, as the browser holds it."""

    def __init__(self, served: RunningHub, system: Principal, package: UUID) -> None:
        registration = enrol(served.hub, system, package)
        self._random = random.Random(registration.id.int)
        self._place = urlsplit(served.hub.service(Launches).create(system, registration.id).url)
        page = self._ask(served.port, "GET", self._place.path)
        self._launch = json.loads(_LAUNCH.search(page)[1])  # type: ignore[index]
        answer = self._ask(served.port, "POST", "/runtime/navigation", {"request": "start"})
        self._delivery = json.loads(answer)["delivery"]
        self._sequence = 0
        self._questions = 0

    def next_commit(self) -> bytes:
        """The next commit on the wire."""
        self._sequence += 1
        body = {
            "activity": self._delivery["activity"],
            "session": self._delivery["session"],
            "base": self._sequence - 1,
            "sequence": self._sequence,
            "kind": "initialize" if self._sequence == 1 else "commit",
            "values": self._values() if self._sequence > 1 else {},
        }
        content = json.dumps(body).encode()
        head = (
            f"POST /runtime/commits HTTP/1.1\r\nHost: {self._place.netloc}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self._launch['token']}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content

    def _values(self) -> dict[str, str]:
        """What content sets: mostly a place and suspend data, now and then an answer or a score."""
        core = "cmi.core." if self._launch["standard"] == "scorm_1_2" else "cmi."
        values = {f"{core}{'lesson_' if 'core' in core else ''}location": f"page-{self._sequence}"}
        size = self._random.choice((200, 200, 800, 800, 3_000, 16_000))
        values["cmi.suspend_data"] = "".join(self._random.choices("abcdefgh0123456789", k=size))
        if self._random.random() < 0.3 and self._questions < 40:
            values |= self._answer(self._questions)
            self._questions += 1
        if self._random.random() < 0.1:
            values[f"{core}score.raw"] = str(self._random.randrange(100))
        return values

    def _answer(self, number: int) -> dict[str, str]:
        name = f"cmi.interactions.{number}"
        said = "student_response" if self._launch["standard"] == "scorm_1_2" else "learner_response"
        return {f"{name}.id": f"question-{number}", f"{name}.type": "choice", f"{name}.{said}": "a"}

    def _ask(self, port: int, method: str, path: str, body: Any = None) -> str:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Host": self._place.netloc, "Content-Type": "application/json"}
        if body is not None:
            headers["Authorization"] = f"Bearer {self._launch['token']}"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]}")
        return text


if __name__ == "__main__":
    main()
