"""A learning platform as the Hub knows it, and the rules for adding one."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from hub.errors import Invalid, Violation, say
from hub.lti.spec.shapes import identifier
from hub.lti.spec.urls import origin_of, url_fault

_SECTION = "Security Framework 1.0, 6.1"

#: The most characters that the name of a platform has.
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Platform:
    """One registration of the Hub at one platform. Issuer and client id together name it (section 3.1.3).

    `token_audience` is the `aud` of the client assertion where the platform wants another than its token URL. Launches
    of a platform that `awaits_approval` are refused; one that `learns_deployments` may launch from deployments that its
    registration did not name. `product` is what the platform calls its make, None where it was added by hand.
    """

    id: UUID
    tenant_id: UUID
    name: str
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    token_audience: str | None
    is_active: bool
    deployment_ids: frozenset[str]
    awaits_approval: bool = False
    learns_deployments: bool = False
    uses_pseudonyms: bool = False
    product: str | None = None

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins on which the platform shows its own pages, as far as its registration tells."""
        return tuple(dict.fromkeys(origin_of(url) for url in (self.issuer, self.auth_url) if "://" in url))


@dataclass(frozen=True, slots=True)
class PlatformDetails:
    """What an administrator gives to add a platform. Without a name it is called by its issuer's origin.

    Deployments may be missing only where the Hub is to learn them from launches.
    """

    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    deployment_ids: tuple[str, ...]
    name: str = ""
    token_audience: str | None = None
    learns_deployments: bool = False
    uses_pseudonyms: bool = False
    product: str | None = None


def judge_details(details: PlatformDetails, *, allow_private: bool) -> None:
    """Refuse details that can never work, with every fault; raises `Invalid`.

    The issuer must be a URL without query (OIDC Core section 2). `allow_private` as in `urls.url_fault`.
    """
    faults = [
        Violation(_SECTION, name, wrong, getattr(details, name)[:200])
        for name in ("issuer", "auth_url", "token_url", "jwks_url")
        if (wrong := url_fault(getattr(details, name), allow_private=allow_private))
    ]
    if "?" in details.issuer:
        faults.append(Violation(_SECTION, "issuer", say("must not have a query"), details.issuer[:200]))
    faults += _text_faults(details)
    faults += _identifier_faults([("issuer", details.issuer), ("client_id", details.client_id)])
    faults += _identifier_faults(("deployment", value) for value in details.deployment_ids)
    if not details.deployment_ids and not details.learns_deployments:
        faults.append(Violation(_SECTION, "deployment", say("is missing: the platform shows it with the client id")))
    if faults:
        first = faults[0]
        raise Invalid(
            say("The platform's %(where)s %(fault)s.", where=first.where, fault=first.message),
            code="platform_refused",
            violations=faults,
        )


def _text_faults(details: PlatformDetails) -> list[Violation]:
    audience = details.token_audience
    texts = [("name", details.name, LONGEST_NAME)]
    if audience is not None:
        texts.append(("token_audience", audience, 2048))
    return [
        Violation("platform", name, say("must have 1 to %(most)s printable characters", most=longest), value[:200])
        for name, value, longest in texts
        if not value.strip() or len(value) > longest or not value.isprintable()
    ]


def _identifier_faults(values: Iterable[tuple[str, str]]) -> list[Violation]:
    return [Violation(_SECTION, name, wrong, value[:200]) for name, value in values if (wrong := identifier(value))]
