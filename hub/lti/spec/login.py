"""The third-party initiated login that begins every launch (Security Framework 1.0 section 5.1.1, OIDC Core
4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.errors import Invalid, Violation, say
from hub.lti.spec.claims import is_own_link

#: Parameters and the most characters that each may have.
_LIMITS = {
    "iss": 2048,
    "login_hint": 8192,
    "target_link_uri": 2048,
    "lti_message_hint": 16384,
    "client_id": 255,
    "lti_deployment_id": 255,
    "deployment_id": 255,
    "lti_storage_target": 255,
}
_REQUIRED = ("iss", "login_hint", "target_link_uri")
_SECTION = "Security Framework 1.0, 5.1.1.1"


@dataclass(frozen=True, slots=True)
class Login:
    """A well-formed login initiation. `client_id` and `deployment_id` are not told by every platform."""

    issuer: str
    login_hint: str
    target_link_uri: str
    message_hint: str | None = None
    client_id: str | None = None
    deployment_id: str | None = None
    storage_target: str | None = None

    def parameters(self) -> dict[str, str]:
        """The initiation again, for beginning the same login in a new window."""
        named = {
            "iss": self.issuer,
            "login_hint": self.login_hint,
            "target_link_uri": self.target_link_uri,
            "lti_message_hint": self.message_hint,
            "client_id": self.client_id,
            "lti_deployment_id": self.deployment_id,
        }
        return {name: value for name, value in named.items() if value is not None}


def read_login(parameters: Mapping[str, Sequence[str]], launch_url: str) -> Login:
    """Judge the parameters of a login initiation; all faults are told in one `Invalid`.

    The target must be our own launch URL: the Hub sends nobody anywhere else (RFC 9700 section 4.11, open
    redirectors).
    """
    faults = [fault for name in _LIMITS if (fault := _fault(name, parameters.get(name, ())))]
    first = {name: values[0] for name, values in parameters.items() if values}
    target = first.get("target_link_uri")
    if target and not is_own_link(target, launch_url):
        faults.append(
            Violation(_SECTION, "target_link_uri", say("is not an address of the Hub"), target[:200], launch_url)
        )
    if faults:
        wrong = faults[0]
        raise Invalid(
            say("The login parameter %(where)s %(fault)s.", where=wrong.where, fault=wrong.message),
            code="lti_login_refused",
            violations=faults,
        )
    return Login(
        issuer=first["iss"],
        login_hint=first["login_hint"],
        target_link_uri=first["target_link_uri"],
        message_hint=first.get("lti_message_hint") or None,
        client_id=first.get("client_id") or None,
        # Canvas writes `deployment_id`.
        deployment_id=first.get("lti_deployment_id") or first.get("deployment_id") or None,
        storage_target=first.get("lti_storage_target") or None,
    )


def _fault(name: str, values: Sequence[str]) -> Violation | None:
    if len(values) > 1:
        return Violation(_SECTION, name, say("is there more than once"))
    if not values or not values[0]:
        return Violation(_SECTION, name, say("is missing")) if name in _REQUIRED else None
    if len(values[0]) > _LIMITS[name]:
        return Violation(_SECTION, name, say("is longer than %(most)s characters", most=_LIMITS[name]))
    if not values[0].isprintable():
        return Violation(_SECTION, name, say("has characters that are not printable"))
    return None
