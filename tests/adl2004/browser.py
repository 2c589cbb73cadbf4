"""The cases in Chromium: a Hub of their own, its real player, and a test SCO that runs the commands of each visit.

Packages come in by the import, learners by launches. What is shown is read off the page: which buttons can be pressed
and which lines of the outline.
"""

import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit
from uuid import UUID

from lxml import etree
from playwright.sync_api import BrowserContext, Frame, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from hub.adapters.embedded import PostgresServer, RedisServer
from hub.adapters.key_files import create_keys
from hub.bootstrap import Hub, build, create_app
from hub.config import Settings
from hub.db.migrations import Migrations
from hub.identity import Principal, system_principal
from hub.oauth.services.tenants import Tenants
from hub.scorm.services.launches import Launches
from hub.scorm.services.learners import OWN_SOURCE, Learners
from hub.scorm.services.registrations import Registrations
from tests.adl2004.cases import Case, Command
from tests.adl2004.engine import Answer
from tests.adl2004.shown import CONTROLS, as_wanted, as_wanted_in_outline
from tests.support.chromium import chromium
from tests.support.imports import imported
from tests.support.packages import package_of
from tests.support.serving import always_closed, serving

CONTENT = Path(__file__).parent / "content"
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_PATIENCE_MS = 20_000


@contextmanager
def browsing() -> Iterator["Browsing"]:
    """A Hub with its own servers on free ports, and a Chromium to visit it with, until the end of the block."""
    with (
        tempfile.TemporaryDirectory(prefix="adl2004-") as name,
        served_hub(Path(name)) as hub,
        sync_playwright() as driver,
        chromium(driver, Path(name) / "profile") as context,
    ):
        yield Browsing(hub, context)


@contextmanager
def served_hub(folder: Path) -> Iterator[Hub]:
    """The composed Hub on an empty database, served at localhost, its content at content.localhost."""
    folder.chmod(0o755)
    postgres, redis = PostgresServer(folder / "postgres"), RedisServer(folder / "redis")
    server = make_server("127.0.0.1", 0, _not_yet, threaded=True, request_handler=_Quiet)
    create_keys(folder / "keys")
    try:
        settings = Settings(
            database_url=postgres.start(),
            redis_url=redis.start(),
            public_url=f"http://localhost:{server.server_port}",
            content_url=f"http://content.localhost:{server.server_port}",
            keys_dir=str(folder / "keys"),
            object_store=f"folder:{folder / 'packages'}",
            allow_private_networks=True,
        )
        Migrations(settings.sqlalchemy_url).upgrade()
        hub = build(settings)
        server.app = always_closed(create_app(hub))
        with serving(server):
            yield hub
        hub.close()
    finally:
        redis.stop()
        postgres.stop()


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """What is printed are the faults."""


def _not_yet(environ: object, start_response: object) -> list[bytes]:
    raise AssertionError("The application is put in place before the server answers.")


class Browsing:
    """One learner of one tenant, and the browser that they use for all cases."""

    def __init__(self, hub: Hub, context: BrowserContext) -> None:
        self.hub = hub
        self.page = context.pages[0] if context.pages else context.new_page()
        self.page.set_default_timeout(_PATIENCE_MS)
        tenant = hub.service(Tenants).create(slug := f"adl{uuid.uuid4().hex[:8]}", slug)
        self.system = system_principal(tenant.id)
        self.learner_id = hub.service(Learners).ensure(self.system, OWN_SOURCE, "learner-1", "A. Learner").id

    def player(self, case: Case) -> "BrowserPlayer":
        """The course of a case, imported, for the learner."""
        package_id = self._import(case)
        registration = self.hub.service(Registrations).ensure(self.system, self.learner_id, package_id)
        return BrowserPlayer(self.hub, self.system, self.page, registration.id, _acts(case))

    def _import(self, case: Case) -> UUID:
        done = imported(self.hub, self.system, package_of(dict(_files(case.manifest))), f"{case.name}.zip")
        if done.state != "ready" or done.package_id is None:
            raise ValueError(f"{case.name} cannot be imported: {done.findings}")
        return UUID(done.package_id)


def _acts(case: Case) -> dict[str, str]:
    """The identifiers of the activities by the number that their content is told."""
    return {act: min(identifiers) for act, identifiers in case.identifiers_by_act.items() if act is not None}


def _files(manifest: Path) -> Iterator[tuple[str, bytes]]:
    """The package: the manifest, our SCO wherever it names a page, and something wherever it names another file."""
    yield "imsmanifest.xml", manifest.read_bytes()
    page, script = (CONTENT / "sco.html").read_bytes(), (CONTENT / "sco.js").read_bytes()
    for name in sorted(set(_named_files(manifest))):
        yield name, page if name.lower().endswith((".htm", ".html")) else b"."
        yield urljoin(name, "sco.js"), script


def _named_files(manifest: Path) -> Iterator[str]:
    for element in etree.parse(manifest).iter("{*}resource", "{*}file"):
        href = element.get("href")
        if href and not urlsplit(href).scheme:
            bases = [each.get(_XML_BASE, "") for each in (element, *element.iterancestors())]
            yield "".join(reversed(bases)) + urlsplit(href).path


@dataclass
class BrowserContent:
    """The test SCO in its frame."""

    frame: Frame

    def run(self, commands: Sequence[Command]) -> list[Answer | None]:
        """Run the commands of a visit in one go."""
        asked = [{"method": one.method, "element": one.element, "value": one.value} for one in commands]
        return [Answer(*found) if found else None for found in self.frame.evaluate("asked => run(asked)", asked)]


class BrowserPlayer:
    """The player's page, and the learner in front of it."""

    def __init__(
        self, hub: Hub, system: Principal, page: Page, registration_id: UUID, identifiers: dict[str, str]
    ) -> None:
        self._hub = hub
        self._system = system
        self._page = page
        self._registration_id = registration_id
        self._identifiers = identifiers
        self.delivered: str | None = None
        self.refusal: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the player says that the course has been left."""
        return self._notice == "ended"

    def open(self, target: str | None) -> None:
        """Open the course by a new launch and, if there is one, choose the target."""
        self._page.goto(self._hub.service(Launches).create(self._system, self._registration_id).url)
        self._settle()
        if target is not None:
            self.request("choice", target)

    def relaunch(self) -> None:
        """Leave the course if it is still open, and come back."""
        if not self.has_ended:
            self.request("exitAll")
        self.open(None)

    def request(self, kind: str, target: str | None = None) -> None:
        """Press what stands for the request. What cannot be pressed leaves everything as it is."""
        button = self._page.locator(_selector(kind, target)).first
        if not button.count() or not button.is_enabled():
            self.refusal = f"{kind} {target or ''} cannot be pressed".replace("  ", " ")
            self.delivered = None
            return
        if kind not in ("previous", "continue", "choice", "suspendAll"):
            self._page.locator("#ways-out").evaluate("menu => { menu.open = true; }")
        self._press(lambda: button.evaluate("button => button.click()"))

    def launch(self) -> BrowserContent:
        """The test SCO, ready in its frame."""
        frame = self._content_frame()
        frame.wait_for_function("() => window.isReady === true")
        return BrowserContent(frame)

    def finish(self, content: BrowserContent) -> None:
        """Let the SCO terminate; wait for what the Hub says, and for what content asked for to happen."""
        self._press(lambda: content.frame.evaluate("() => { api?.Terminate(''); }"))

    def shows(self, control: str, wanted: str, identifier: str | None) -> bool | None:
        """Whether a control, or an activity's line in the outline, is as wanted on the page."""
        if identifier is not None:
            line = self._page.locator(_selector("choice", identifier))
            is_visible = line.count() > 0 and line.is_visible()
            return as_wanted_in_outline(wanted, is_visible, is_visible and line.is_enabled())
        if control == "toc":
            lines = self._page.locator("#contents [data-activity]:not(:disabled)")
            return as_wanted(wanted, any(line.is_visible() for line in lines.all()[1:] or lines.all()))
        name = CONTROLS.get(control)
        if name is None:
            return None
        button = self._page.locator(_selector(name, None)).first
        return as_wanted(wanted, button.count() > 0 and not button.evaluate(_IS_HIDDEN) and button.is_enabled())

    @property
    def _notice(self) -> str | None:
        notice = self._page.locator("#notice")
        return notice.get_attribute("data-notice") if notice.is_visible() else None

    def _press(self, act: Any) -> None:
        act()
        self._settle()

    def _settle(self) -> None:
        """Wait until the player neither waits for an answer nor has something to send, then see what it shows."""
        self._page.wait_for_function(_IS_AT_REST)
        self.refusal = self._notice
        self.delivered = None
        if self.refusal is None:
            frame = self._content_frame()
            frame.wait_for_url(lambda url: url != "about:blank", wait_until="domcontentloaded")
            (act,) = parse_qs(urlsplit(frame.url).query).get("act", [""])
            self.delivered = self._identifiers.get(act, frame.url)

    def _content_frame(self) -> Frame:
        return next(each for each in self._page.frames if each.parent_frame == self._page.main_frame)


#: Nothing is awaited from the Hub, and nothing is to be sent to it.
_IS_AT_REST = "() => document.body.ariaBusy === 'false' && document.body.dataset.work !== 'saving'"
#: The outline may be closed and the menu folded: what counts is whether the control itself is hidden.
_IS_HIDDEN = "button => button.hidden || button.closest('[hidden]') !== null"


def _selector(kind: str, target: str | None) -> str:
    if kind in ("choice", "jump"):
        return f'[data-activity="{target}"]'
    return f"#{kind}" if kind in ("previous", "continue") else f'[data-leave="{kind}"]'
