"""The pages of platforms."""

import re

from hub.console.lms_guides import GUIDES
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import PlatformDetails
from tests.support.people import form_token


def details(client_id: str) -> PlatformDetails:
    urls = {f"{name}_url": f"https://lms.example/{name}" for name in ("auth", "token", "jwks")}
    return PlatformDetails(issuer="https://lms.example", client_id=client_id, deployment_ids=("1",), **urls)


def test_each_lms_is_described_in_its_own_words(client, admin):
    for guide in GUIDES:
        page = client.get(f"/platforms/new?lms={guide.key}")
        assert page.status_code == 200
        for entry in guide.entries:
            assert entry.label.replace("'", "&#39;") in page.text
        for value in guide.presets.values():
            assert f'value="{value}"' in page.text
        assert page.text.count("data-copy=") >= 3
        assert ("By one address" in page.text) == bool(guide.registration)


def test_a_one_time_link_is_shown_once_and_can_be_taken_back(client, admin, tenant):
    made = client.post("/platforms/invite?lms=moodle", data={"csrf_token": form_token(client, "/platforms/new")})
    shown = re.search(rf'data-copy="([^"]*/lti/register/{tenant.slug}\?invitation=[^"]+)"', made.text)
    assert shown
    page = client.get("/platforms/new")
    assert shown[1] not in page.text
    revoke = re.search(r'action="(/platforms/invitations/[^"]+/revoke)"', page.text)
    assert revoke
    done = client.post(revoke[1], data={"csrf_token": form_token(client, "/platforms/new")})
    assert done.status_code == 303
    assert "/revoke" not in client.get("/platforms/new").text


def test_a_platform_that_waits_is_approved_on_its_page(client, admin, hub, system, tenant):
    waiting = hub.service(Platforms).add(system, details(tenant.slug), awaits_approval=True)
    assert "waiting for you" in client.get("/platforms").text
    assert f"/platforms/{waiting.id}/approve" in client.get(f"/platforms/{waiting.id}").text
    done = client.post(f"/platforms/{waiting.id}/approve", data={"csrf_token": form_token(client, "/platforms/new")})
    assert done.status_code == 303
    assert not hub.service(Platforms).get(system, waiting.id).awaits_approval


def test_a_refused_platform_keeps_what_was_entered_and_the_words_of_its_lms(client, admin):
    form = {
        "csrf_token": form_token(client, "/platforms/new"),
        "issuer": "https://lms.example",
        "client_id": "x",
        "product": "moodle",
    }
    refused = client.post("/platforms/new?lms=moodle", data=form)
    assert refused.status_code == 400
    assert "Platform ID" in refused.text
    assert 'value="https://lms.example"' in refused.text


def test_the_connection_is_tested_and_faults_are_told(client, admin, hub, system, tenant):
    known = hub.service(Platforms).add(system, details(tenant.slug))
    page = client.post(f"/platforms/{known.id}/test", data={"csrf_token": form_token(client, "/platforms/new")})
    assert page.status_code == 200
    assert page.text.count("not ready") >= 2
    assert "No launch told of a list of members yet." in page.text
