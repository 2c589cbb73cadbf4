"""Whatever people and programs write is text on every page: it never becomes an element, an attribute or an address."""

import io
import json
import zipfile
from uuid import uuid4

import lxml.html
import pytest

from hub.db import EVERY_TENANT
from hub.db.tables import AuditEvent
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.clients import Clients, NewClient
from hub.scorm.services.imports import Imports, Upload
from hub.scorm.services.learners import Learners
from hub.scorm.services.packages import Changes, Packages
from hub.scorm.services.registrations import Registrations
from hub.xapi_lrs.services.credentials import Credentials
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from tests.support.courses import add_course
from tests.support.people import make_account

PAYLOADS = [
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</pre></textarea></select><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "'><img src=x onerror=alert(1)>",
    '" autofocus onfocus="alert(1)',
    "' autofocus onfocus='alert(1)",
    "` onmouseover=alert(1) `",
    "javascript:alert(1)",
    "<a href=javascript:alert(1)>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<style>@import 'https://evil.example'</style>",
    "<base href=https://evil.example/>",
    "<form action=https://evil.example><input name=q>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "{{ 7 * 7 }}{% raw %}${7*7}#{7*7}",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "<hx-get='/' hx-trigger='load'>",
    '" hx-get="/sign-out" hx-trigger="load" x="',
]

#: Attributes by which our own pages make htmx act, and where they may lead.
ACTING = ("hx-get",)


def faults_of(page: str) -> list[str]:
    """What on the page could run, load or lead somewhere that is not ours."""
    tree = lxml.html.document_fromstring(page)
    faults = []
    for element in tree.iter(lxml.etree.Element):
        for name, value in element.attrib.items():
            is_address = name in {"href", "src", "action", "formaction", *ACTING}
            leads_away = is_address and not value.startswith(("/", "#", "http://localhost:8000/"))
            if name.startswith("on") or name in {"style", "srcdoc", "autofocus"} or (leads_away and value):
                faults.append(f"{element.tag} {name}={value}")
        if element.tag in {"iframe", "object", "embed", "base", "style", "svg", "img", "math"} and not _is_tile(
            element
        ):
            faults.append(element.tag)
        if element.tag == "script" and not element.get("src"):
            faults.append("inline script")
    return faults


def _is_tile(element):
    """Whether this is the picture that we draw for a package without one: a square and a letter."""
    is_ours = element.tag == "svg" and element.get("class", "").startswith("thumbnail tile-")
    return is_ours and [child.tag for child in element] == ["rect", "text"] and not element.xpath(".//*/*")


@pytest.fixture
def written(hub, system):
    """A tenant in which a text stands wherever people and programs may write; returns the paths of all pages."""

    def write(text):
        person = make_account(hub, system, "author", name=text[:200]).person
        client, _ = hub.service(Clients).create(system, NewClient(text, ("packages:read",)))
        store = hub.service(Stores).create(system, text[:100])
        hub.service(Credentials).create(system, store.name, ["state"], text)
        learner = hub.service(Learners).ensure(system, text, text, text, text)
        package = add_course(hub.db, system.tenant_id, text)
        hub.service(Packages).change(system, str(package), Changes(text, text, [text[:50]]))
        registration = hub.service(Registrations).ensure(system, learner.id, package)
        hub.service(Registrations).begin_attempt(system, registration.id)
        job = hub.service(Imports).accept(system, Upload(_zip(text), f"{text}.zip"))
        hub.service(Imports).run(system.tenant_id, job.id)
        platform = hub.service(Platforms).add(system, _platform(text))
        _store_statements(hub, system, text)
        _record(hub, system, text)
        return [
            "/",
            "/packages",
            f"/packages/{package}",
            f"/packages/{package}/settings",
            f"/packages/{package}/versions",
            f"/packages/{package}/report",
            f"/packages/{package}/analytics",
            "/jobs",
            f"/jobs/{job.id}",
            "/registrations",
            f"/registrations/{registration.id}",
            f"/registrations/{registration.id}/attempts/1/replay",
            "/learners",
            f"/learners/{learner.id}",
            "/statements?store=default",
            "/platforms",
            f"/platforms/{platform.id}",
            "/deliveries",
            "/stores",
            f"/stores/{store.id}",
            "/clients",
            f"/clients/{client.client_id}",
            "/people",
            f"/people/{person.id}",
            "/audit",
        ]

    return write


def _zip(text):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("imsmanifest.xml", f"<manifest identifier={text!r}><{text}></manifest>")
        archive.writestr(f"{text.replace('/', '_')}.html", text)
    body.seek(0)
    return body


def _platform(text):
    base = "https://lms.example"
    return PlatformDetails(base, f"{uuid4()}", f"{base}/a", f"{base}/t", f"{base}/j", (text[:200],), text)


def _store_statements(hub, system, text):
    statement = {
        "actor": {"name": text, "account": {"homePage": "https://lms.example/", "name": text}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/responded", "display": {"en": text}},
        "object": {
            "id": "https://a.example/x",
            "definition": {
                "name": {"en": text},
                "description": {"en": text},
                "extensions": {"https://e.example": text},
            },
        },
        "result": {"response": text},
    }
    principal = system.__class__(
        system.tenant_id,
        system.kind,
        system.id,
        system.name,
        system.actions,
        hub.service(Stores).find(system.tenant_id, "default").id,
    )
    hub.service(Statements).store(principal, json.dumps(statement).encode())


def _record(hub, system, text):
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        work.session.add(
            AuditEvent(
                id=hub.ports.ids.uuid(),
                tenant_id=system.tenant_id,
                actor_kind="user",
                actor_id=text,
                actor_name=text,
                action=text,
                target=text,
                address=text,
                request_id=text,
                details={text: text},
            )
        )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_was_written_is_text_on_every_page(client, admin, written, payload):
    for path in written(payload):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert faults_of(answer.text) == [], path


@pytest.mark.parametrize("payload", [*PAYLOADS[1:7:2], "\0", "٣", "-1", "9" * 40])
def test_what_stands_in_the_address_is_text_on_every_page(client, admin, payload):
    fields = ("q", "tag", "status", "state", "action", "actor", "verb", "activity", "registration", "since", "store")
    fields += ("cursor", "done", "next", "package", "learner", "platform", "after", "live", "part", "version")
    for path in ("/packages", "/jobs", "/registrations", "/statements", "/deliveries", "/people", "/audit", "/stores"):
        for query in ({name: payload} for name in fields):
            answer = client.get(path, query_string=query)
            assert answer.status_code < 500, (path, query)
            assert faults_of(answer.text) == [], (path, query)
    assert faults_of(client.get(f"/{payload}", headers={"Accept": "text/html"}).text) == []
