"""How many launches the Hub takes: login, authentication, launch and the player's page, for many learners.

    python -m benchmarks.lti_launch [--seconds N] [--rate N] [--learners N] [--connections N]

starts a PostgreSQL, a Redis and a Hub of its own with a package, and a platform in this process that begins logins and
signs launches with its own key. Each launch is that of another learner: the first half of the learners launch for the
first time, and again. Launches are told by how many there can be, one after the other on each connection, and by how
long they take where they fall due at an even rate; their time counts from when they were due, the platform's signing
included.
"""

import argparse
import http.client
import itertools
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from hub.identity import system_principal
from hub.lti.services.platforms import Platforms
from hub.lti.spec import vocabulary as v
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.tenants import Tenants
from tests.support.lti_platform import Login, LtiPlatform, running
from tests.support.playing import Sco, add_played_course
from tests.support.running_hub import RunningHub, running_hub

WARM_UP = 500


def main() -> None:
    """Measure and print a line for each way."""
    parser = argparse.ArgumentParser(description="How many launches the Hub takes, and how long they last.")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rate", type=float, default=60.0)
    parser.add_argument("--learners", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=8)
    wanted = parser.parse_args()
    # The platform's key set is at loopback.
    with running_hub(HUB_ALLOW_PRIVATE_NETWORKS="true") as served, running(LtiPlatform()) as lms:
        crowd = Crowd(served, lms, wanted.learners)
        # Until every connection of the pools has its statements prepared, and half of the learners have been there.
        crowd.launch(max(WARM_UP, wanted.learners // 2), wanted.connections)
        for name, rate in (("as many as there can be", None), (f"{wanted.rate:.0f} a second", wanted.rate)):
            print(crowd.line(name, wanted.seconds, wanted.connections, rate), flush=True)


class Crowd:
    """Learners of a platform, who launch the package of one link."""

    def __init__(self, served: RunningHub, lms: LtiPlatform, learners: int) -> None:
        self._served = served
        self._lms = lms
        self._numbers = itertools.cycle(range(learners))
        self._custom = {"package_id": ""}
        system = system_principal(served.hub.service(Tenants).create("benchmark", "Benchmark").id)
        lms.launch_url = f"{served.hub.settings.public_url}/lti/launch"
        served.hub.service(Platforms).add(system, PlatformDetails(**lms.details()))
        self._custom["package_id"] = str(add_played_course(served.hub, system.tenant_id, "scorm_1_2", Sco("one")))

    def line(self, name: str, seconds: float, connections: int, rate: float | None) -> str:
        """What a run came to, in words."""
        before, began_at = self._served.cpu_seconds(), time.perf_counter()
        times = sorted(self.launch_for(seconds, connections, rate))
        spent = time.perf_counter() - began_at
        web, postgres = (now - then for now, then in zip(self._served.cpu_seconds(), before, strict=True))
        count = len(times)
        return (
            f"{name}: {count / spent:.0f} launches/s, median {statistics.median(times) * 1000:.0f} ms, "
            f"p95 {times[int(count * 0.95)] * 1000:.0f} ms, p99 {times[int(count * 0.99)] * 1000:.0f} ms; CPU each: "
            f"web server {web / count * 1000:.1f} ms, PostgreSQL {postgres / count * 1000:.1f} ms"
        )

    def launch(self, count: int, connections: int) -> None:
        """So many launches that are not told of."""
        self._each(itertools.repeat(0.0, count), connections)

    def launch_for(self, seconds: float, connections: int, rate: float | None = None) -> list[float]:
        """The seconds that each launch took."""
        return self._each(_due(time.perf_counter(), seconds, rate), connections)

    def _each(self, due: Iterator[float], connections: int) -> list[float]:
        lock = threading.Lock()

        def work(_: int) -> list[float]:
            browser, times = Browser(self._served), []
            while True:
                with lock:
                    learner, moment = next(self._numbers), next(due, None)
                if moment is None:
                    return times
                time.sleep(max(0.0, moment - time.perf_counter()))
                self._launch(browser, learner)
                times.append(time.perf_counter() - moment)

        with ThreadPoolExecutor(connections) as pool:
            return [one for times in pool.map(work, range(connections)) for one in times]

    def _launch(self, browser: "Browser", learner: int) -> None:
        query = urlencode(self._lms.login_parameters(login_hint=f"learner-{learner}"))
        asked = browser.ask("GET", f"/lti/login?{query}", 302)
        sent = dict(parse_qsl(urlsplit(asked.location).query))
        claims = self._lms.claims(
            Login(sent, None),  # type: ignore[arg-type]
            sub=f"learner-{learner}",
            name=f"Learner {learner}",
            email=f"learner-{learner}@school.example",
            **{v.CUSTOM: self._custom},
            **self._lms.ags(),
        )
        form = urlencode({"state": sent["state"], "id_token": self._lms.sign(claims)})
        entered = browser.ask("POST", "/lti/launch", 303, form, asked.cookie)
        browser.ask("GET", urlsplit(entered.location).path, 200, host=urlsplit(entered.location).netloc)


def _due(begin: float, seconds: float, rate: float | None) -> Iterator[float]:
    """When launches fall due: evenly, or at once when there is somebody to make them."""
    for number in itertools.count():
        moment = time.perf_counter() if rate is None else begin + number / rate
        if moment > begin + seconds:
            return
        yield moment


@dataclass(frozen=True)
class Answer:
    """What of an answer leads on."""

    location: str
    cookie: str


class Browser:
    """One kept connection."""

    def __init__(self, served: RunningHub) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
        self._host = urlsplit(served.hub.settings.public_url).netloc

    def ask(
        self, method: str, path: str, status: int, form: str | None = None, cookie: str = "", host: str = ""
    ) -> Answer:
        """Send a request and read all of its answer; another status than that is an error."""
        headers = {"Host": host or self._host, "Cookie": cookie}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, form, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != status:
            raise RuntimeError(f"{method} {path[:80]}: {answer.status} {text[:2000]!r}")
        cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        return Answer(answer.getheader("Location") or "", cookie)


if __name__ == "__main__":
    main()
