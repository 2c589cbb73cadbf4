"""The table of claims: one good launch, and every single fault of it."""

import enum
from dataclasses import replace
from typing import Any

import pytest

from hub.errors import Forbidden, HubError, Invalid, Unauthenticated
from hub.lti.spec import vocabulary as v
from hub.lti.spec.claims import CLAIMS, Expected, Level, judge
from hub.lti.spec.launch import admit

NOW = 1_800_000_000
LAUNCH_URL = "https://hub.example/lti/launch"
EXPECTED = Expected(
    issuer="https://lms.example",
    client_id="client-1",
    deployment_ids=frozenset({"1", "2"}),
    nonce="n-1",
    target_link_uri=LAUNCH_URL,
    launch_url=LAUNCH_URL,
    now=NOW,
)
INSTRUCTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"


class Gone(enum.Enum):
    """Instead of a value: the claim is not there. Its name is the same in every process that runs tests."""

    GONE = "gone"


GONE = Gone.GONE


def resource_link_claims() -> dict[str, Any]:
    return {
        "iss": "https://lms.example",
        "aud": ["client-1"],
        "azp": "client-1",
        "sub": "learner-7",
        "exp": NOW + 60,
        "iat": NOW,
        "nbf": NOW,
        "nonce": "n-1",
        "name": "Ada Lovelace",
        v.MESSAGE_TYPE: v.RESOURCE_LINK_REQUEST,
        v.VERSION: "1.3.0",
        v.DEPLOYMENT_ID: "1",
        v.TARGET_LINK_URI: LAUNCH_URL,
        v.RESOURCE_LINK: {"id": "link-1", "title": "Unit 1"},
        v.ROLES: [LEARNER],
        v.CONTEXT: {"id": "course-1", "title": "Mathematics"},
        v.CUSTOM: {"Package_ID": "abc"},
        v.LAUNCH_PRESENTATION: {"document_target": "iframe", "return_url": "https://lms.example/back"},
        v.AGS_ENDPOINT: {
            "scope": [v.SCOPE_SCORE],
            "lineitem": "https://lms.example/items/1?type_id=1",
            "lineitems": "https://lms.example/items",
        },
        v.NAMES_ROLE_SERVICE: {"context_memberships_url": "https://lms.example/members"},
    }


def deep_linking_claims() -> dict[str, Any]:
    claims = resource_link_claims()
    for name in (v.RESOURCE_LINK, v.AGS_ENDPOINT):
        del claims[name]
    return claims | {
        v.MESSAGE_TYPE: v.DEEP_LINKING_REQUEST,
        v.ROLES: [INSTRUCTOR],
        v.DEEP_LINKING_SETTINGS: {
            "deep_link_return_url": "https://lms.example/return",
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe", "window"],
            "data": "opaque",
        },
    }


def changed(claims: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in (claims | changes).items() if value is not GONE}
    return kept


def test_a_good_resource_link_request_is_read() -> None:
    launch = admit(resource_link_claims(), EXPECTED)
    assert launch.resource_link is not None
    assert launch.resource_link.id == "link-1"
    assert launch.person.name == "Ada Lovelace"
    assert launch.custom == {"package_id": "abc"}
    assert launch.ags is not None
    assert launch.ags.line_item_url == "https://lms.example/items/1?type_id=1"
    assert launch.roles.is_learner
    assert not launch.roles.is_instructor
    assert launch.return_url == "https://lms.example/back"


def test_a_good_deep_linking_request_is_read() -> None:
    launch = admit(deep_linking_claims(), EXPECTED)
    assert launch.deep_linking is not None
    assert launch.deep_linking.return_url == "https://lms.example/return"
    assert launch.deep_linking.data == "opaque"
    assert launch.deep_linking.accept_line_item


@pytest.mark.parametrize(
    ("presented", "told", "language"),
    [
        ("de", "fr", "de"),
        (GONE, "pt_BR", "pt-BR"),
        ("", "fr", "fr"),
        ("not a language", GONE, None),
        (GONE, GONE, None),
    ],
)
def test_the_language_of_the_page_goes_before_the_persons(presented: Any, told: Any, language: str | None) -> None:
    shown = changed({}, {"locale": presented})
    claims = changed(resource_link_claims(), {v.LAUNCH_PRESENTATION: shown, "locale": told})
    assert admit(claims, EXPECTED).language == language


@pytest.mark.parametrize(
    "changes",
    [
        {"azp": GONE},
        {"nbf": GONE},
        {"aud": "client-1"},
        {"aud": ["other", "client-1"]},
        {"exp": NOW - 59, "iat": NOW - 119},
        {"exp": NOW + 3600.5},
        {"iat": NOW + 59},
        {"iat": NOW - 300},
        {"name": GONE},
        {"name": None},
        {"something": {"quite": "unknown"}},
        {v.ROLES: []},
        {v.CONTEXT: GONE},
        {v.CUSTOM: {"n": 1, "yes": True, "none": None}},
        {v.AGS_ENDPOINT: {"scope": [], "lineitems": "https://lms.example/items"}},
        {v.LAUNCH_PRESENTATION: {"height": 100}},
        {v.DEPLOYMENT_ID: "2"},
    ],
)
def test_what_the_specification_allows_is_let_in(changes: dict[str, Any]) -> None:
    assert judge(changed(resource_link_claims(), changes), EXPECTED) == []


VERIFIED_FAULTS: list[dict[str, Any]] = [
    {"iss": "https://evil.example"},
    {"iss": ["https://lms.example"]},
    {"iss": "https://lms.example/"},
    {"aud": "other"},
    {"aud": []},
    {"aud": ["other"]},
    {"aud": 7},
    {"aud": ["client-1", 7]},
    {"aud": {"client-1": True}},
    {"aud": ["client-1", "other"], "azp": GONE},
    {"azp": "other"},
    {"azp": 1},
    {"exp": NOW - 61},
    {"exp": str(NOW + 60)},
    {"exp": True},
    {"exp": -1},
    {"exp": float("inf")},
    {"exp": NOW + 90_000},
    {"iat": NOW + 61},
    {"iat": NOW - 700},
    {"iat": "now"},
    {"iat": NOW + 50, "exp": NOW + 50},
    {"nbf": NOW + 61},
    {"nbf": "later"},
    {"nonce": "other"},
    {"nonce": ["n-1"]},
    {"nonce": ""},
    {v.MESSAGE_TYPE: "LtiStartProctoring"},
    {v.MESSAGE_TYPE: [v.RESOURCE_LINK_REQUEST]},
    {v.VERSION: "1.1"},
    {v.VERSION: 1.3},
    {v.TARGET_LINK_URI: "https://evil.example/lti/launch"},
    {v.TARGET_LINK_URI: LAUNCH_URL + "?other=1"},
    {v.TARGET_LINK_URI: LAUNCH_URL + ".evil.example"},
    {v.TARGET_LINK_URI: "javascript:alert(1)"},
    *({name: GONE} for name in ("iss", "aud", "exp", "iat", "nonce")),
    *({name: GONE} for name in (v.MESSAGE_TYPE, v.VERSION, v.TARGET_LINK_URI)),
]
FORBIDDEN_FAULTS: list[dict[str, Any]] = [
    {v.DEPLOYMENT_ID: "3"},
    {v.DEPLOYMENT_ID: 1},
    {v.DEPLOYMENT_ID: ""},
    {v.DEPLOYMENT_ID: GONE},
]
MALFORMED_FAULTS: list[dict[str, Any]] = [
    {"sub": GONE},
    {"sub": ""},
    {"sub": 7},
    {"sub": "x" * 256},
    {"sub": "ünlearned"},
    {v.ROLES: GONE},
    {v.ROLES: LEARNER},
    {v.ROLES: [7]},
    {v.ROLES: [LEARNER] * 201},
    {v.RESOURCE_LINK: GONE},
    {v.RESOURCE_LINK: "link-1"},
    {v.RESOURCE_LINK: {}},
    {v.RESOURCE_LINK: {"id": ""}},
    {v.RESOURCE_LINK: {"id": 7}},
    {v.RESOURCE_LINK: {"id": "x" * 256}},
    {v.RESOURCE_LINK: {"id": "link-1", "title": 7}},
    {v.RESOURCE_LINK: {"id": "link-1", "title": "x" * 20_001}},
    {"name": {"first": "Ada"}},
    {"email": "x" * 2000},
    {v.CONTEXT: []},
    {v.CONTEXT: {"title": "no id"}},
    {v.CONTEXT: {"id": "c", "type": "course"}},
    {v.CUSTOM: "a=b"},
    {v.CUSTOM: {"a": {"b": "c"}}},
    {v.CUSTOM: {"a": "x" * 9000}},
    {v.LAUNCH_PRESENTATION: "iframe"},
    {v.LAUNCH_PRESENTATION: {"return_url": "javascript:alert(1)"}},
    {v.AGS_ENDPOINT: []},
    {v.AGS_ENDPOINT: {"lineitem": "https://lms.example/1"}},
    {v.AGS_ENDPOINT: {"scope": v.SCOPE_SCORE}},
    {v.AGS_ENDPOINT: {"scope": [], "lineitem": "file:///etc/passwd"}},
    {v.AGS_ENDPOINT: {"scope": [], "lineitem": "https://10.0.0.1/1"}},
    {v.AGS_ENDPOINT: {"scope": [], "lineitems": "http://lms.example/1"}},
    {v.AGS_ENDPOINT: {"scope": [], "lineitems": "https://localhost/1"}},
    {v.NAMES_ROLE_SERVICE: {}},
    {v.NAMES_ROLE_SERVICE: {"context_memberships_url": "https://169.254.169.254/"}},
]


@pytest.mark.parametrize("changes", VERIFIED_FAULTS, ids=repr)
def test_a_claim_that_does_not_verify_is_refused(changes: dict[str, Any]) -> None:
    _refused_as(Unauthenticated, changed(resource_link_claims(), changes), changes)


@pytest.mark.parametrize("changes", FORBIDDEN_FAULTS, ids=repr)
def test_an_unknown_deployment_is_refused(changes: dict[str, Any]) -> None:
    _refused_as(Forbidden, changed(resource_link_claims(), changes), changes)


def test_a_launch_keeps_to_the_deployment_of_its_login() -> None:
    claims = resource_link_claims()
    admit(claims, replace(EXPECTED, login_deployment="1"))
    with pytest.raises(Forbidden, match="not the deployment that this login began with"):
        admit(claims, replace(EXPECTED, login_deployment="2"))
    with pytest.raises(Forbidden, match="not the deployment that this login began with"):
        admit(claims, replace(EXPECTED, login_deployment="2", learns_deployments=True))


@pytest.mark.parametrize("changes", MALFORMED_FAULTS, ids=repr)
def test_a_malformed_claim_is_refused(changes: dict[str, Any]) -> None:
    _refused_as(Invalid, changed(resource_link_claims(), changes), changes)


def _settings(**members: Any) -> dict[str, Any]:
    good = deep_linking_claims()[v.DEEP_LINKING_SETTINGS]
    return {v.DEEP_LINKING_SETTINGS: changed(good, members)}


@pytest.mark.parametrize(
    "changes",
    [
        {v.DEEP_LINKING_SETTINGS: GONE},
        {v.DEEP_LINKING_SETTINGS: []},
        _settings(deep_link_return_url=GONE),
        _settings(deep_link_return_url="javascript:alert(1)"),
        _settings(deep_link_return_url="//evil.example"),
        _settings(deep_link_return_url="https://user@lms.example/"),
        _settings(deep_link_return_url='https://lms.example/"><script>'),
        _settings(deep_link_return_url="https://lms.example\\@evil.example/"),
        _settings(accept_types=GONE),
        _settings(accept_types=["link"]),
        _settings(accept_types="ltiResourceLink"),
        _settings(accept_presentation_document_targets=GONE),
        _settings(accept_presentation_document_targets="iframe"),
        _settings(accept_multiple="sometimes"),
        _settings(data={"not": "a string"}),
        _settings(data="x" * 50_000),
    ],
    ids=repr,
)
def test_deep_linking_settings_that_cannot_be_answered_are_refused(changes: dict[str, Any]) -> None:
    _refused_as(Invalid, changed(deep_linking_claims(), changes), changes)


def test_a_learner_may_not_choose_content() -> None:
    with pytest.raises(Forbidden):
        admit(deep_linking_claims() | {v.ROLES: [LEARNER]}, EXPECTED)


def _refused_as(kind: type[HubError], claims: dict[str, Any], changes: dict[str, Any]) -> None:
    with pytest.raises(HubError) as refusal:
        admit(claims, EXPECTED)
    assert type(refusal.value) is kind
    where = {violation.where for violation in refusal.value.violations}
    assert where & set(changes), "refused for another reason"
    assert where <= set(changes) | {"iat"}
    assert refusal.value.violations[0].message


def test_secret_values_are_not_repeated() -> None:
    violations = judge(resource_link_claims() | {"nonce": "stolen", "email": "a@b.example" * 200}, EXPECTED)
    assert len(violations) == 2
    assert all(violation.found is None for violation in violations)


def test_all_faults_are_told_at_once() -> None:
    claims = changed(resource_link_claims(), {"iss": "x", "exp": GONE, "sub": GONE})
    assert [fault.where for fault in judge(claims, EXPECTED)] == ["iss", "exp", "sub"]


def test_private_hosts_are_good_where_they_are_allowed() -> None:
    claims = resource_link_claims() | {v.AGS_ENDPOINT: {"scope": [], "lineitem": "http://127.0.0.1:8100/items/1"}}
    assert judge(claims, EXPECTED)
    allowed = Expected(**{name: getattr(EXPECTED, name) for name in EXPECTED.__slots__} | {"allow_private": True})
    assert judge(claims, allowed) == []


def test_the_table_has_a_shape_for_whatever_is_read() -> None:
    assert all(row.shape for row in CLAIMS if row.level is not Level.IGNORED)
    assert all(row.verify for row in CLAIMS if row.level is Level.VERIFY)
