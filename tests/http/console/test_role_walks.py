"""Everybody's console, followed to its end: no link and no button leads to where this person may not go.

Each role meets the same furnished tenant, connected with things of it as people of that role are.
"""

import io
import re
from collections import deque
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

from hub.http.access import PUBLIC, declared_action
from hub.identity import ROLES
from hub.scorm.services.cohorts import Cohorts
from hub.scorm.services.mentors import Mentors
from hub.scorm.services.sharing import Sharing
from hub.scorm.storage.tables import PackageVersion
from tests.support.people import make_account, sign_in
from tests.support.two_tenants import furnished

HERE = "http://localhost:8000"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
#: What a form sends here ends what the walk looks at, or asks a machine elsewhere.
ENDS = re.compile(
    r"sign-out|/(enter|end|password|suspend|test|fetch|check|reset|leave)$|delete|remove|revoke|withdraw|discard"
)


@pytest.fixture(scope="module")
def world(hub):
    """A tenant with a thing of every kind."""
    made = furnished(hub)
    with hub.db.read(made.tenant.id) as session:
        [version] = session.query(PackageVersion).all()
        hub.ports.objects.put(version.archive_key, io.BytesIO(b"PK"), "application/zip")
    return made


def connect(hub, world, role, person):
    """What makes somebody of the role meet things: cohorts, learners, packages of theirs."""
    system, named = world.system, world.named
    if role in {"instructor", "representative"}:
        hub.service(Cohorts).add_leader(system, named["cohort_id"], str(person.id))
    if role == "mentor":
        hub.service(Mentors).assign(system, named["learner_id"], str(person.id))
    if role == "author":
        hub.service(Sharing).share(system, named["package_id"], str(person.id))
    if role == "learner":
        hub.service(Mentors).connect_account(system, named["learner_id"], str(person.id))


def kind_of(address):
    """Pages that differ in which thing they show, or in the values of their filters, are of one kind."""
    path, _, query = ID.sub("ID", address).partition("?")
    return path, tuple(sorted(parse_qs(query)))


class Walk:
    """Follows every link from the first page; keeps what was refused, and the forms by where they are sent."""

    def __init__(self, client, role):
        self.client, self.actions = client, ROLES[role].actions
        self.refused, self.forms, self.seen = [], {}, set()

    def follow_all(self):
        waiting = deque([("/", "the beginning")])
        while waiting:
            path, origin = waiting.popleft()
            kind = kind_of(path)
            if kind in self.seen:
                continue
            self.seen.add(kind)
            waiting.extend((each, path) for each in self.open(path, origin))
        return self

    def open(self, path, origin):
        with self.client.get(path, headers={"Accept": "text/html"}) as answer:
            if answer.status_code >= 400:
                self.refused.append(f"{answer.status_code} {path}, from {origin}")
            if answer.mimetype != "text/html":
                return []
            page = answer.get_data(as_text=True)
        self.keep_forms(path, page)
        found = re.findall(r'<a\b[^>]*?\bhref="([^"#]+)|\bhx-get="([^"]+)', page)
        return [here for a, b in found if (here := self.local(path, a or b))]

    def local(self, path, address):
        parts = urlsplit(urljoin(HERE + path, unescape(address)))
        same = f"{parts.scheme}://{parts.netloc}" == HERE
        return f"{parts.path}?{parts.query}".rstrip("?") if same else None

    def keep_forms(self, path, page):
        for attributes, inside in re.findall(r"<form\b([^>]*)>(.*?)</form>", page, re.DOTALL):
            if 'method="post"' in attributes and "<button" in inside:
                action = re.search(r'\baction="([^"]+)"', attributes)
                place = self.local(path, action[1] if action else path)
                hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', inside)
                needs_more = "required" in inside
                self.forms.setdefault(kind_of(place), (place, path, None if needs_more else dict(hidden)))

    def send_all(self):
        """Judge each kind of form, and send those that can be sent as they came."""
        for place, origin, hidden in self.forms.values():
            self.judge(place, origin)
            if hidden is not None and not ENDS.search(urlsplit(place).path):
                status = self.client.post(place, data=hidden).status_code
                if status in {401, 403, 404, 405} or status >= 500:
                    self.refused.append(f"{status} for a form to {place}, from {origin}")
        return self

    def judge(self, place, origin):
        app = self.client.application
        endpoint, _ = app.url_map.bind("localhost").match(urlsplit(place).path, method="POST")
        needed = declared_action(app, endpoint, "POST")
        if needed != PUBLIC and needed not in self.actions:
            self.refused.append(f"{origin} has a form for {needed}")


@pytest.mark.parametrize("role", ROLES)
def test_nothing_leads_to_a_refusal(hub, client, world, role):
    account = make_account(hub, world.system, role, name=f"Walking {role}")
    connect(hub, world, role, account.person)
    assert sign_in(client, account).status_code == 303
    walk = Walk(client, role).follow_all().send_all()
    assert walk.refused == []
    assert len(walk.seen) > 8
    assert len(walk.forms) > 5
