"""Every form of the console, filled in with what would run if it were not text, in each of its fields."""

from uuid import uuid4

import lxml.html
import pytest

from hub.bootstrap import create_hub_app
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import PlatformDetails
from hub.privacy.services.jobs import PrivacyJobs
from hub.scorm.services.learners import Learners
from hub.scorm.services.registrations import Registrations
from hub.xapi_lrs.services.stores import Stores
from tests.http.console.test_untrusted_text import PAYLOADS, faults_of
from tests.support.courses import add_course
from tests.support.people import make_account

#: Forms that end what the test needs.
ENDING = ("/sign-out", "/account/sessions", "/account/password", "/delete", "/remove")
WRITTEN = ("text", "search", "email", "url", "password", "number", "date", "tel")


@pytest.fixture
def pages(hub, system):
    """Every page that can be opened: those without an id, and one of each kind of thing."""
    person = make_account(hub, system, "author").person
    learner = hub.service(Learners).ensure(system, "https://lms.example", "s", PAYLOADS[0], f"{PAYLOADS[3]}@x.example")
    package = add_course(hub.db, system.tenant_id)
    registration = hub.service(Registrations).ensure(system, learner.id, package)
    base = "https://lms.example"
    details = PlatformDetails(base, str(uuid4()), f"{base}/a", f"{base}/t", f"{base}/j", ("1",), "LMS")
    jobs = hub.service(PrivacyJobs)
    job = jobs.export(system, jobs.look_up(system, str(learner.id)))
    of_things = {
        "user_id": person.id,
        "learner_id": learner.id,
        "package_id": package,
        "registration_id": registration.id,
        "platform_id": hub.service(Platforms).add(system, details).id,
        "store_id": hub.service(Stores).list(system)[0].id,
        "job_id": job.id,
    }
    found = [f"/privacy?q={learner.id}"]
    app = create_hub_app(hub)
    for rule in app.url_map.iter_rules():
        known = rule.endpoint.startswith("console.") and "GET" in rule.methods
        if known and rule.arguments <= of_things.keys() and "sign_out" not in rule.endpoint:
            arguments = {name: of_things[name] for name in rule.arguments}
            found.append(app.url_map.bind("localhost").build(rule.endpoint, arguments))
    return sorted(set(found))


def forms_of(page, path):
    """(action, method, fields to keep, fields to fill in) of each form of a page."""
    for form in lxml.html.document_fromstring(page).iter("form"):
        kept, filled = {}, []
        for element in form.iter("input", "textarea", "select"):
            name, kind = element.get("name"), element.get("type", "text")
            if name is None or kind in ("file", "submit"):
                continue
            if element.tag == "textarea" or (element.tag == "input" and kind in WRITTEN):
                filled.append(name)
            elif kind in ("checkbox", "radio"):
                kept.setdefault(name, element.get("value", "on"))
            else:
                kept[name] = element.get("value") or (element.value if element.tag == "select" else "") or ""
        yield form.get("action") or path, form.get("method", "get").lower(), kept, filled


#: Short ones fit everywhere and are stored; all of them together are stored where there is room (texts, comments), and
#: come back with the refusal where there is not.
EVERY_PAYLOAD = " ".join(PAYLOADS)


@pytest.mark.parametrize(
    "payload", [PAYLOADS[0], PAYLOADS[7], PAYLOADS[10], EVERY_PAYLOAD], ids=["element", "attribute", "address", "all"]
)
def test_no_form_lets_what_is_written_run(client, admin, pages, payload):
    tried = set()
    for path in pages:
        answer = client.get(path)
        assert answer.status_code < 500, path
        if answer.mimetype != "text/html":
            continue
        assert faults_of(answer.text) == [], path
        for action, method, kept, filled in forms_of(answer.text, path):
            key = (action.split("?")[0], method, *sorted(filled))
            if key in tried or not filled or any(word in action for word in ENDING):
                continue
            tried.add(key)
            sent = kept | dict.fromkeys(filled, payload)
            answer = client.post(action, data=sent) if method == "post" else client.get(action, query_string=sent)
            assert answer.status_code < 500, (path, action)
            if answer.mimetype == "text/html":
                assert faults_of(answer.text) == [], (path, action)
            if answer.status_code == 303:
                after = client.get(answer.location)
                assert faults_of(after.text) == [], (path, action)
    assert len(tried) >= 25, sorted(tried)
