"""A launch in the making, and the ways in which a fault may change it.

`conftest.good` makes the launch; each row of a table of faults changes one thing of it, and is refused with a 4xx by a
page that does not repeat the token.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.lti_platform import RSA, Login, LtiPlatform

GONE = None
NOW = time.time


@dataclass
class Attack:
    """A launch in the making: everything that a fault may change."""

    client: FlaskClient
    platform: LtiPlatform
    login: Login
    claims: dict[str, Any]
    form: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: RSA)
    header: dict[str, Any] = field(default_factory=dict)

    def token(self) -> str:
        return self.platform.sign(self.claims, self.key, **self.header)

    def send(self, headers: dict[str, str] | None = None) -> TestResponse:
        fields = {"state": self.login.sent["state"], **self.form}
        fields.setdefault("id_token", None)
        if "id_token" not in self.form:
            fields["id_token"] = self.token()
        data = {name: value for name, value in fields.items() if value is not None}
        return self.client.post("/lti/launch", data=data, headers=headers)


def claim(name: str, value: Any) -> Callable[[Attack], None]:
    def change(attack: Attack) -> None:
        made = value(attack) if callable(value) else value
        if made is GONE:
            del attack.claims[name]
        else:
            attack.claims[name] = made

    return change


def null(name: str) -> Callable[[Attack], None]:
    return lambda attack: attack.claims.update({name: None})


def member(name: str, **members: Any) -> Callable[[Attack], None]:
    def change(attack: Attack) -> None:
        attack.claims[name] = {**attack.claims[name], **members}

    return change


def assert_refused(response: TestResponse, attack: Attack) -> None:
    assert 400 <= response.status_code < 500, response.text
    assert response.mimetype == "text/html"
    assert "<script>alert" not in response.text
    assert "play/" not in response.text
    assert attack.login.sent["nonce"] not in response.text
    policy = response.headers["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {attack.platform.origin}" in policy or "frame-ancestors *; sandbox" in policy
