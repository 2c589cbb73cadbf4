"""`hub serve` when its workers are killed, its database restarts, and it is to stop in the middle of something."""

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from hub.db.pool import PATIENCE_SECONDS
from tests.support.playing import course_address
from tests.support.running_hub import RunningHub, running_hub

SECONDS = 120.0
#: A little less than requests wait for a database that is away.
RESTART_SECONDS = PATIENCE_SECONDS - 1
SECRET = "s" * 43


@pytest.fixture(scope="module")
def served() -> Iterator[RunningHub]:
    """A Hub with two workers that writes an access log."""
    with running_hub(HUB_ACCESS_LOG="true", HUB_LOG_FORMAT="json", HUB_WEB_WORKERS="2") as running:
        yield running


def ask(served: RunningHub, path: str = "/readyz", **headers: str) -> requests.Response:
    """One request on a connection of its own, to the Hub's origin."""
    host = {"Host": f"localhost:{served.port}"}
    return requests.get(f"http://127.0.0.1:{served.port}{path}", headers=host | headers, timeout=SECONDS)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for what the server will have done soon."""
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


def asked_for(served: RunningHub, part: str) -> list[dict[str, Any]]:
    """The lines of the access log with this part in their path; each is written when its answer has gone."""
    *whole, _ = served.log.read_text().split("\n")
    lines = [json.loads(line) for line in whole if line.startswith("{") and '"request"' in line]
    return [line for line in lines if f"/{part}/" in line["path"]]


def kill(workers: list[psutil.Process]) -> None:
    """Kill -9."""
    for worker in workers:
        worker.kill()


def test_workers_are_replaced_however_often_they_are_killed(served: RunningHub) -> None:
    refused = []
    for _ in range(5):
        kill(served.workers())
        begin = time.monotonic()
        # The connection waits in the socket of the parent; only one that a dying worker had taken is cut.
        while True:
            try:
                refused.append(ask(served).status_code)
                break
            except requests.ConnectionError:
                assert time.monotonic() - begin < SECONDS
        assert time.monotonic() - begin < SECONDS
    assert refused == [200] * 5
    assert served.web.is_running()
    wait_until(lambda: len(served.workers()) == 2)


def test_a_restart_of_postgresql_goes_unnoticed(served: RunningHub) -> None:
    def statuses() -> set[int]:
        with ThreadPoolExecutor(16) as pool:
            return set(pool.map(lambda _: ask(served).status_code, range(48)))

    assert statuses() == {200}  # Every worker has connections in its pool now.
    served.database.stop()
    served.database.start()
    assert statuses() == {200}


def test_who_asks_while_postgresql_restarts_waits_for_it(served: RunningHub) -> None:
    for _ in range(5):  # On a busy machine PostgreSQL may take longer for its start than anybody waits.
        served.database.stop()
        begun = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(ask, served) for _ in range(4)]
            time.sleep(0.3)
            assert not any(each.done() for each in asked)
            served.database.start()
            if time.monotonic() - begun < RESTART_SECONDS:
                assert {each.result().status_code for each in asked} == {200}
                return
    pytest.fail("PostgreSQL did not start in time in any of five tries")


def test_while_postgresql_is_away_every_answer_says_when_to_try_again(served: RunningHub) -> None:
    served.database.stop()
    ask(served)
    away = ask(served)
    assert (away.status_code, away.json()["parts"]["database"]) == (503, "The database does not answer.")
    assert away.headers["Retry-After"]
    served.database.start()
    assert ask(served).status_code == 200


def test_who_reads_slowly_does_not_keep_others_waiting(served: RunningHub) -> None:
    course = urlsplit(course_address(served.hub, {"film.mp4": b"x" * 8_000_000, "picture.jpg": b"y" * 100_000}))
    slow = []
    for _ in range(2 * served.hub.settings.web_threads + 20):  # More than there are threads.
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(f"GET {course.path}film.mp4 HTTP/1.1\r\nHost: {course.netloc}\r\n\r\n".encode())
        slow.append(connection)
    wait_until(lambda: ask(served, f"{course.path}film.mp4", Host=course.netloc).status_code == 503)
    picture = ask(served, f"{course.path}picture.jpg", Host=course.netloc)
    assert (picture.status_code, len(picture.content)) == (200, 100_000)
    assert ask(served).status_code == 200
    for connection in slow:
        connection.close()
    wait_until(lambda: ask(served, f"{course.path}film.mp4", Host=course.netloc).status_code == 200)


def test_the_access_log_tells_everything_but_secrets(served: RunningHub) -> None:
    ask(
        served,
        f"/play/{SECRET}?key={SECRET}",
        Host=f"content.localhost:{served.port}",
        Authorization=f"Bearer {SECRET}",
    )
    ask(served, "/api/v1/packages/0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55", **{"X-Forwarded-For": "203.0.113.7"})
    wait_until(lambda: len(asked_for(served, "play")) == len(asked_for(served, "packages")) == 1)
    [play], [package] = asked_for(served, "play"), asked_for(served, "packages")
    assert SECRET not in served.log.read_text()
    assert (play["path"], play["status"], play["method"]) == ("/play/…", 404, "GET")
    assert package["path"].endswith("0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55")
    assert package["address"] == "127.0.0.1", "nobody is trusted to speak for others"
    assert package["request_id"]
    assert package["ms"] > 0


def test_a_server_that_is_stopped_while_it_starts_ends_at_once() -> None:
    with running_hub() as served:
        begun = served.log.read_text().count("Spawning worker-")
        kill(served.workers())
        wait_until(lambda: served.log.read_text().count("Spawning worker-") > begun)
        served.web.send_signal(signal.SIGTERM)
        served.web.wait(SECONDS)
        assert "refused to gracefully stop" not in served.log.read_text()


def test_a_request_that_was_begun_is_answered_when_the_server_stops() -> None:
    body = b"grant_type=client_credentials&client_id=x&client_secret=y"
    with running_hub(HUB_WEB_WORKERS="2") as served:
        with socket.create_connection(("127.0.0.1", served.port), SECONDS) as connection:
            connection.sendall(
                f"POST /oauth/token HTTP/1.1\r\nHost: localhost:{served.port}\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
                "Expect: 100-continue\r\n\r\n".encode()
            )
            assert connection.recv(1000).startswith(b"HTTP/1.1 100"), "it has been begun"
            served.web.send_signal(signal.SIGTERM)
            wait_until(lambda: served.log.read_text().count("Stopping worker-") == 2)
            connection.sendall(body)
            assert connection.recv(1000).startswith(b"HTTP/1.1 401")
        served.web.wait(SECONDS)
        assert "refused to gracefully stop" not in served.log.read_text()
