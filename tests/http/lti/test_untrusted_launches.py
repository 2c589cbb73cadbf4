"""Whatever a platform, its teachers and learners write is text on the pages that the Hub shows inside an LMS."""

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from werkzeug.test import TestResponse

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.lti.spec import vocabulary as v
from hub.scorm.services.packages import Changes, Packages
from tests.http.console.test_untrusted_text import TEXTS, faults_of
from tests.http.lti.test_reports import person, refreshed, report_launch, teacher
from tests.support.lti_platform import LtiPlatform

# What a platform may write anywhere has no characters that could not stand in a line.
LINES = ["".join(filter(str.isprintable, text)) for text in TEXTS]


def claims_of(text: str) -> dict[str, Any]:
    """Claims in which the text stands wherever a platform may write."""
    return {
        "name": text,
        "given_name": text,
        "family_name": text,
        "email": text,
        "locale": text[:100],
        v.RESOURCE_LINK: {"id": "link-1", "title": text, "description": text},
        v.CONTEXT: {"id": "course-1", "title": text, "label": text},
        v.CUSTOM: {"anything": text},
    }


def is_text(answer: TestResponse, platform: LtiPlatform, text: str, *, shown: bool = True) -> None:
    """The page shows the text, where it shows any, and nothing of it is an element, an attribute or an address."""
    assert answer.mimetype == "text/html"
    ours = (f"form action={platform.origin}/", f"a href={platform.origin}/")
    assert [fault for fault in faults_of(answer.text) if not fault.startswith(ours)] == []
    assert not shown or str(escape(text[:20])) in answer.text


@pytest.mark.parametrize("text", LINES)
def test_what_a_platform_writes_is_text_in_its_frame(
    client: FlaskClient, platform: LtiPlatform, package: UUID, hub: Hub, system: Principal, text: str
) -> None:
    hub.service(Packages).change(system, str(package), Changes(text, text, [text[:50]]))
    claims = claims_of(text)
    is_text(platform.enter(client, **claims), platform, text)
    is_text(platform.enter(client, **teacher(**claims)), platform, text)

    login = platform.begin(client)
    choice = platform.deep_linking_claims(login) | claims
    choice[v.DEEP_LINKING_SETTINGS] |= {"title": text, "text": text}
    is_text(platform.launch(client, login, choice), platform, text)

    course = claims | platform.nrps() | platform.ags() | {v.CUSTOM: {"package_id": str(package)}}
    platform.members = [person("learner-1", name=text, email=text), person("learner-2", name=text)]
    assert platform.enter(client, **course).status_code == 303
    page = platform.enter(client, **course | {v.ROLES: teacher()[v.ROLES], "sub": "teacher-1"})
    is_text(page, platform, text)
    assert str(escape(text[:20])) in refreshed(client, page)
    is_text(report_launch(client, platform, **course | {v.ROLES: teacher()[v.ROLES]}), platform, text)
    is_text(report_launch(client, platform, **course), platform, text)


@pytest.mark.parametrize("text", LINES)
def test_what_a_refused_launch_says_is_text(client: FlaskClient, platform: LtiPlatform, text: str) -> None:
    state = platform.begin(client).sent["state"]
    declined = {"state": state, "error": text, "error_description": text}
    is_text(client.post("/lti/launch", data=declined), platform, text)
    is_text(platform.enter(client, **{v.DEPLOYMENT_ID: text[:200]}), platform, text)
    wrong = platform.login_parameters(iss=f"https://lms.example/{text}")
    is_text(client.get("/lti/login", query_string=wrong), platform, text, shown=False)
    login = platform.begin(client, login_hint=text, lti_message_hint=text)
    client.delete_cookie(login.response.headers["Set-Cookie"].partition("=")[0], path="/lti")
    window = platform.launch(client, login, platform.claims(login))
    assert window.status_code == 401
    is_text(window, platform, text, shown=False)
