"""Requests at the authorization endpoint: read, or refused with the error of RFC 6749."""

import pytest

from hub.oauth.spec.authorization import AuthorizationFault, AuthorizationRequest, read_request

GRANTS, SCOPES = ("authorization_code",), ("packages:read", "packages:write")
CHALLENGE = "a-b_" + "x" * 39
ASKED = {
    "client_id": ["c"],
    "redirect_uri": ["https://app.example/done"],
    "response_type": ["code"],
    "code_challenge": [CHALLENGE],
    "code_challenge_method": ["S256"],
}


@pytest.mark.parametrize(
    ("change", "scopes", "state"),
    [
        ({}, SCOPES, ""),
        ({"scope": [""]}, SCOPES, ""),
        ({"scope": ["packages:read packages:read"]}, ("packages:read",), ""),
        ({"state": ["s" * 1000], "unknown": ["x"]}, SCOPES, "s" * 1000),
        ({"prompt": []}, SCOPES, ""),
    ],
)
def test_what_is_asked(change, scopes, state):
    wanted = AuthorizationRequest("c", "https://app.example/done", scopes, CHALLENGE, state)
    assert read_request(ASKED | change, GRANTS, SCOPES) == wanted


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scope": ["a", "b"]}, "invalid_request"),
        ({"state": ["s" * 1001]}, "invalid_request"),
        ({"state": ["ä"]}, "invalid_request"),
        ({"state": ["a\n"]}, "invalid_request"),
        ({"response_type": ["token"]}, "unsupported_response_type"),
        ({"response_type": []}, "unsupported_response_type"),
        ({"code_challenge_method": ["plain"]}, "invalid_request"),
        ({"code_challenge_method": []}, "invalid_request"),
        ({"code_challenge": ["x" * 42]}, "invalid_request"),
        ({"code_challenge": ["x" * 42 + "="]}, "invalid_request"),
        ({"scope": ["packages:read all"]}, "invalid_scope"),
    ],
)
def test_what_cannot_be_asked(change, error):
    with pytest.raises(AuthorizationFault) as refused:
        read_request(ASKED | change, GRANTS, SCOPES)
    assert refused.value.error == error


def test_only_a_client_that_has_the_grant():
    with pytest.raises(AuthorizationFault) as refused:
        read_request(ASKED, ("client_credentials",), SCOPES)
    assert refused.value.error == "unauthorized_client"
