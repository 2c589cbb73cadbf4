"""What may be wrong with state and browser."""

from collections.abc import Callable
from typing import Any

from tests.http.lti.hostile.attack import Attack


def form(**fields: Any) -> Callable[[Attack], None]:
    def change(attack: Attack) -> None:
        attack.form.update(fields)

    return change


def without_cookies(attack: Attack) -> None:
    for cookie in attack.client._cookies.copy().values():
        attack.client.delete_cookie(cookie.key, domain=cookie.domain, path=cookie.path)


def with_another_cookie(attack: Attack) -> None:
    (cookie,) = attack.client._cookies.values()
    attack.client.set_cookie(cookie.key, "made-up", domain=cookie.domain, path=cookie.path)


def state_as_cookie(attack: Attack) -> None:
    (cookie,) = attack.client._cookies.values()
    attack.client.set_cookie(cookie.key, attack.login.sent["state"], domain=cookie.domain, path=cookie.path)


def used_before(attack: Attack) -> None:
    assert attack.send().status_code == 303


def of_another_login(attack: Attack) -> None:
    """The state of one login with the nonce of another, in the same browser."""
    attack.form["state"] = attack.platform.begin(attack.client).sent["state"]


BROWSER_FAULTS = {
    "no state": form(state=None),
    "empty state": form(state=""),
    "unknown state": form(state="made-up"),
    "state too long": form(state="s" * 100_000),
    "state twice": lambda attack: attack.form.update(state=[attack.login.sent["state"], "x"]),
    "token twice": lambda attack: attack.form.update(id_token=[attack.token(), attack.token()]),
    "another browser": without_cookies,
    "another secret in the cookie": with_another_cookie,
    "the state as the cookie's secret": state_as_cookie,
    "used before": used_before,
    "state of another login": of_another_login,
    "state with NUL": form(state="a\0b"),
    "state of letters that are none": form(state="\ud7ff\uffff\U0001f600"),
    "state with blanks around": lambda attack: attack.form.update(state=f" {attack.login.sent['state']} "),
    "the nonce as the state": lambda attack: attack.form.update(state=attack.login.sent["nonce"]),
    "a token and an error": form(error="access_denied"),
    "the platform declined": form(error="login_required", error_description="<script>alert(1)</script>"),
}
