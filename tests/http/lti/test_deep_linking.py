"""Deep linking: the picker, and the signed answer to the platform."""

import html
import json
import re
from base64 import urlsafe_b64decode
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet
from PIL import Image
from werkzeug.test import TestResponse

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.lti.spec import vocabulary as v
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.importing import Importing
from hub.scorm.services.thumbnails import Thumbnails
from tests.conftest import PUBLIC_URL
from tests.http.lti.test_launch import visit_of
from tests.support.courses import add_course
from tests.support.lti_platform import LAUNCH_URL, LEARNER, LtiPlatform
from tests.support.people import audited


@pytest.fixture
def picker(client: FlaskClient, platform: LtiPlatform, package: UUID) -> str:
    """The picker page of a teacher's deep linking launch."""
    login = platform.begin(client)
    response = platform.launch(client, login, platform.deep_linking_claims(login))
    assert response.status_code == 200, response.text
    return response.text


def response_claims(client: FlaskClient, page: str) -> dict[str, object]:
    token = re.search(r'name="JWT" value="([^"]+)"', page)
    assert token
    keys = KeySet.import_key_set(client.get("/lti/jwks").get_json())
    return jwt.decode(token[1], keys, algorithms=["RS256"]).claims


def test_the_choice_goes_back_as_a_signed_message(
    client: FlaskClient, platform: LtiPlatform, package: UUID, picker: str
) -> None:
    chosen = {"visit": visit_of(picker), "package": str(package), "graded": "on"}
    page = client.post("/lti/choice", data=chosen)
    assert page.status_code == 200
    action = re.search(r'<form id="return" method="post" action="([^"]+)"', page.text)
    assert action
    assert html.unescape(action[1]) == f"{platform.origin}/deep-linking?session=1&course=2"
    assert '/lti/static/return.js"' in page.text
    claims = response_claims(client, page.text)
    assert claims["iss"] == platform.client_id
    assert claims["aud"] == [platform.issuer]
    assert claims["nonce"]
    assert claims[v.DEPLOYMENT_ID] == platform.deployment_id
    assert claims[v.MESSAGE_TYPE] == v.DEEP_LINKING_RESPONSE
    assert claims[v.VERSION] == "1.3.0"
    assert claims[v.DEEP_LINKING_DATA] == "opaque <data>"
    (item,) = claims[v.CONTENT_ITEMS]
    assert item["type"] == "ltiResourceLink"
    assert item["url"] == LAUNCH_URL
    assert item["custom"] == {"package_id": str(package), "link_history": "$ResourceLink.id.history"}
    assert item["lineItem"] | {"submissionReview": None} == {
        "label": "Golf",
        "scoreMaximum": 100,
        "resourceId": str(package),
        "tag": "grade",
        "submissionReview": None,
    }


def test_the_picture_of_a_package_is_shown_and_goes_along(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal, package: UUID
) -> None:
    picture = BytesIO()
    Image.new("RGB", (4, 3), "red").save(picture, "PNG")
    hub.service(Thumbnails).choose(system, str(package), BytesIO(picture.getvalue()))
    login = platform.begin(client)
    page = platform.launch(client, login, platform.deep_linking_claims(login)).text
    shown = re.search(r'src="(/thumbnails/[^"]+)"', page)
    assert shown
    chosen = client.post("/lti/choice", data={"visit": visit_of(page), "package": str(package)})
    (item,) = response_claims(client, chosen.text)[v.CONTENT_ITEMS]
    assert item["thumbnail"] == {"url": f"{PUBLIC_URL}{shown[1]}", "width": 320, "height": 180}
    assert client.get(item["thumbnail"]["url"]).content_type == "image/jpeg", "without a credential"


def test_an_ungraded_choice_asks_for_no_column(client: FlaskClient, package: UUID, picker: str) -> None:
    page = client.post("/lti/choice", data={"visit": visit_of(picker), "package": str(package)})
    (item,) = response_claims(client, page.text)[v.CONTENT_ITEMS]
    assert "lineItem" not in item
    assert item["custom"]["graded"] == "no"


def test_several_packages_where_the_platform_takes_them(
    client: FlaskClient, hub: Hub, tenant: TenantView, package: UUID, picker: str
) -> None:
    second = add_course(hub.db, tenant.id, "Chess")
    data = {"visit": visit_of(picker), "package": [str(package), str(second)]}
    items = response_claims(client, client.post("/lti/choice", data=data).text)[v.CONTENT_ITEMS]
    assert [item["title"] for item in items] == ["Golf", "Chess"]


def settings_without(platform: LtiPlatform, *names: str, **changes: object) -> dict[str, object]:
    settings = {
        "deep_link_return_url": f"{platform.origin}/return",
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["window"],
        "accept_multiple": True,
        "data": "data",
    }
    return {v.DEEP_LINKING_SETTINGS: {k: value for k, value in (settings | changes).items() if k not in names}}


def pick(client: FlaskClient, platform: LtiPlatform, changes: dict[str, object]) -> str:
    login = platform.begin(client)
    return visit_of(platform.launch(client, login, platform.deep_linking_claims(login, **changes)).text)


def test_only_what_the_platform_takes_is_sent(client: FlaskClient, platform: LtiPlatform, package: UUID) -> None:
    visit = pick(client, platform, settings_without(platform, "data", accept_lineitem=False))
    page = client.post("/lti/choice", data={"visit": visit, "package": str(package), "graded": "on"})
    claims = response_claims(client, page.text)
    (item,) = claims[v.CONTENT_ITEMS]
    assert "lineItem" not in item
    assert "iframe" not in item
    assert "window" in item
    assert v.DEEP_LINKING_DATA not in claims


@pytest.mark.parametrize(
    ("accept_multiple", "count", "status"), [(True, 2, 200), (False, 1, 200), (False, 2, 400), (True, 0, 400)]
)
def test_as_many_as_the_platform_takes(
    client: FlaskClient,
    platform: LtiPlatform,
    hub: Hub,
    tenant: TenantView,
    accept_multiple: bool,
    count: int,
    status: int,
) -> None:
    packages = [str(add_course(hub.db, tenant.id)) for _ in range(count)]
    visit = pick(client, platform, settings_without(platform, accept_multiple=accept_multiple))
    assert client.post("/lti/choice", data={"visit": visit, "package": packages}).status_code == status


def test_the_picker_needs_a_visit(client: FlaskClient, package: UUID, picker: str) -> None:
    good = {"visit": visit_of(picker), "package": str(package)}
    assert client.post("/lti/choice", data=good).status_code == 200
    for visit in ("", "made-up", good["visit"][:-1] + "_"):
        assert client.post("/lti/choice", data=good | {"visit": visit}).status_code == 401
        assert client.post("/lti/picker", data={"visit": visit}).status_code == 401


def test_an_unknown_package_is_not_found(client: FlaskClient, picker: str) -> None:
    assert client.post("/lti/choice", data={"visit": visit_of(picker), "package": "none"}).status_code == 404


def test_the_picker_searches_by_title(client: FlaskClient, hub: Hub, tenant: TenantView, picker: str) -> None:
    add_course(hub.db, tenant.id, "Chess & 100% <luck>")
    found = client.post("/lti/picker", data={"visit": visit_of(picker), "search": "100%"}).text
    assert "Chess &amp; 100% &lt;luck&gt;" in found
    assert "Golf" not in found
    assert "No course was found" in client.post("/lti/picker", data={"visit": visit_of(picker), "search": "%%"}).text


def test_the_return_address_is_escaped(client: FlaskClient, platform: LtiPlatform, package: UUID) -> None:
    tricky = f"{platform.origin}/return?a='onmouseover='alert(1)&b=&lt;"
    visit = pick(client, platform, settings_without(platform, deep_link_return_url=tricky))
    page = client.post("/lti/choice", data={"visit": visit, "package": str(package)}).text
    assert 'action="' + html.escape(tricky).replace("&#x27;", "&#39;") + '"' in page


def test_a_learner_may_not_choose(client: FlaskClient, platform: LtiPlatform) -> None:
    login = platform.begin(client)
    claims = platform.deep_linking_claims(login, **{v.ROLES: [LEARNER]})
    assert platform.launch(client, login, claims).status_code == 403


def wishes_of(client: FlaskClient, platform: LtiPlatform, package: UUID, **fields: str) -> TestResponse:
    """Open the picker and send a choice with these fields."""
    login = platform.begin(client)
    page = platform.launch(client, login, platform.deep_linking_claims(login))
    token = re.search(r'name="visit" value="([^"]+)"', page.text)
    assert token
    form = {"visit": token[1], "package": str(package), "graded": "on"} | fields
    return client.post("/lti/choice", data=form)


def test_points_dates_and_display_are_the_teachers(client: FlaskClient, platform: LtiPlatform, package: UUID) -> None:
    fields = {"points": "12,5", "target": "window", "from": "2026-12-01T08:00+01:00", "until": "2026-12-24T17:00"}
    answer = wishes_of(client, platform, package, **fields, due="2026-12-20T11:00:00.000Z")
    [item] = _items(answer)
    assert item["lineItem"]["scoreMaximum"] == 12.5
    assert item["available"] == {"startDateTime": "2026-12-01T07:00:00Z", "endDateTime": "2026-12-24T17:00:00Z"}
    assert item["submission"] == {"endDateTime": "2026-12-20T11:00:00Z"}
    assert "window" in item
    assert "iframe" not in item


@pytest.mark.parametrize(
    "fields",
    [
        {"points": "0"},
        {"points": "-1"},
        {"points": "NaN"},
        {"points": "1e99"},
        {"points": "many"},
        {"from": "tomorrow"},
        {"from": "9999-12-31T23:59-10:00"},
        {"from": "2026-12-24T18:00", "until": "2026-12-01T08:00"},
        {"from": "2026-12-24T18:00", "due": "2026-12-01T08:00"},
    ],
)
def test_wishes_that_make_no_sense_are_refused(
    client: FlaskClient, platform: LtiPlatform, package: UUID, fields: dict[str, str]
) -> None:
    refused = wishes_of(client, platform, package, custom="kept=1", **fields)
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    wrong = next(field for field in reversed(fields) if f'id="fault-{field}"' in refused.text)
    assert f'aria-describedby="fault-{wrong}' in refused.text
    assert "kept=1</textarea>" in refused.text, "what was filled in is still there"
    assert f'value="{package}" checked' in refused.text


def test_names_and_custom_parameters_are_the_teachers(
    client: FlaskClient, platform: LtiPlatform, package: UUID
) -> None:
    names = {f"title-{package}": " Week 1 ", f"label-{package}": "Test of week 1"}
    [item] = _items(wishes_of(client, platform, package, custom="level=2\n\ndue = $X.y=z ", **names))
    assert item["title"] == "Week 1"
    assert item["lineItem"]["label"] == "Test of week 1"
    assert (item["lineItem"]["resourceId"], item["lineItem"]["tag"]) == (str(package), "grade")
    assert item["custom"]["level"] == "2"
    assert item["custom"]["due"] == "$X.y=z"
    assert item["custom"]["package_id"] == str(package)
    [plain] = _items(wishes_of(client, platform, package, **{f"title-{package}": "Week 2"}))
    assert plain["lineItem"]["label"] == "Week 2"


@pytest.mark.parametrize("custom", ["no sign", "=1", "9a=1", "Package_ID=x", "a=" + "x" * 1001])
def test_custom_parameters_that_cannot_be_sent_are_refused(
    client: FlaskClient, platform: LtiPlatform, package: UUID, custom: str
) -> None:
    refused = wishes_of(client, platform, package, custom=custom)
    assert refused.status_code == 400
    assert 'id="fault-custom"' in refused.text


def test_a_search_keeps_what_was_chosen(
    client: FlaskClient, hub: Hub, tenant: TenantView, package: UUID, picker: str
) -> None:
    add_course(hub.db, tenant.id, "Chess")
    form = {"visit": visit_of(picker), "search": "Chess", "package": str(package), "points": "7"}
    page = client.post("/lti/picker", data=form).text
    assert f'value="{package}" checked' in page
    assert "Chess" in page
    assert 'value="7"' in page


def test_a_package_is_uploaded_on_the_spot(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal
) -> None:
    login = platform.begin(client)
    page = platform.launch(client, login, platform.deep_linking_claims(login))
    token = re.search(r'name="visit" value="([^"]+)"', page.text)
    assert token
    form = {"visit": token[1], "file": (BytesIO(b"no zip at all"), "golf.zip")}
    sent = client.post("/lti/upload", data=form)
    assert "“golf.zip” is being checked" in sent.text
    job = re.search(r'name="job" value="([^"]+)"', sent.text)
    assert job
    assert "package.uploaded" in audited(hub, system)
    hub.service(Importing).run(system.tenant_id, UUID(job[1]))
    looked = client.post("/lti/picker", data={"visit": token[1], "job": job[1]})
    assert "“golf.zip” cannot be used" in looked.text
    assert client.post("/lti/upload", data={"visit": token[1]}).status_code == 400
    assert client.post("/lti/picker", data={"visit": token[1], "job": str(UUID(int=1))}).status_code == 404


def _items(answer: TestResponse) -> list[dict[str, Any]]:
    token = re.search(r'name="JWT" value="([^"]+)"', answer.text)
    assert token, answer.text
    payload = token[1].split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims[v.CONTENT_ITEMS]
