"""Identity providers: what is ready-made, and what their claims mean for an account (OpenID Connect Core section 5)."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import Violation, say


@dataclass(frozen=True, slots=True)
class Kind:
    """A make of provider: how its issuer is found, what is asked for, and where its groups are told.

    `trusts_email` says that the provider lets nobody choose an address that is not theirs, though it does not tell so
    by `email_verified`. `posts_answer` asks for the answer as a form (OAuth 2.0 Form Post Response Mode).
    """

    key: str
    name: str
    issuer: str
    scopes: tuple[str, ...]
    groups: str
    hint: str
    trusts_email: bool = False
    posts_answer: bool = False


_OPENID = ("openid", "email", "profile")

KINDS = {
    kind.key: kind
    for kind in (
        Kind("oidc", "OpenID Connect", "https://", _OPENID, "groups", "Any provider with discovery."),
        Kind("google", "Google", "https://accounts.google.com", _OPENID, "hd", "hd is the organisation's domain."),
        Kind(
            "microsoft",
            "Microsoft Entra ID",
            "https://login.microsoftonline.com/DIRECTORY/v2.0",
            _OPENID,
            "roles",
            "DIRECTORY is the tenant id; roles are those of the app registration.",
        ),
        Kind(
            "keycloak",
            "Keycloak",
            "https://HOST/realms/REALM",
            _OPENID,
            "realm_access.roles",
            "Roles of the realm, by the mapper “realm roles”.",
        ),
        # AD FS puts what its rules send into the ID token only where the answer comes as a form
        # ("Customize claims to be emitted in id_token when using OpenID Connect or OAuth with AD FS").
        Kind(
            "adfs",
            "AD FS",
            "https://HOST/adfs",
            _OPENID,
            "group",
            "By a claim rule for groups.",
            trusts_email=True,
            posts_answer=True,
        ),
        Kind(
            "github",
            "GitHub",
            "https://github.com",
            ("read:user", "user:email"),
            "",
            "By OAuth 2; tells no groups. An Enterprise Server by its own address.",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class GitHubAddresses:
    """Where a GitHub signs people in, and tells who they are."""

    issuer: str
    authorize: str
    token: str
    api: str


def github_addresses(issuer: str) -> GitHubAddresses:
    """The addresses of github.com, of an enterprise on GHE.com, or of an Enterprise Server, whose API is a path.

    GitHub documents them under "Authorizing OAuth apps"; there is no discovery.
    """
    base = issuer.rstrip("/")
    scheme, _, host = base.partition("://")
    hosted = host == "github.com" or host.endswith(".ghe.com")
    api = f"{scheme}://api.{host}" if hosted else f"{base}/api/v3"
    login = f"{base}/login/oauth"
    return GitHubAddresses(login, f"{login}/authorize", f"{login}/access_token", api)


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Who has `value` in `claim` (a path with dots) gets `role`."""

    claim: str
    value: str
    role: str


def read_rules(text: str, roles: Collection[str]) -> tuple[list[RoleRule], list[Violation]]:
    """Rules as people write them, `CLAIM=VALUE -> ROLE` on each line, and what is wrong with the lines."""
    rules, faults = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        rule = _rule_in(line)
        if not (rule.claim and rule.value and rule.role in roles) or re.search(r"\s", rule.claim):
            message = say(
                "line %(number)s must be CLAIM=VALUE -> ROLE with one of these roles: %(roles)s",
                number=number,
                roles=", ".join(roles),
            )
            faults.append(Violation("identity provider", "rules", message, line[:100]))
        else:
            rules.append(rule)
    return rules, faults


def _rule_in(line: str) -> RoleRule:
    """The parts of a line: the value may have arrows in it, a role has none. Parts that are not there are empty."""
    claim, _, rest = line.partition("=")
    at = max(rest.rfind("->"), rest.rfind("→"), 0)
    return RoleRule(claim.strip(), rest[:at].strip(), rest[at:].removeprefix("->").removeprefix("→").strip())


def written_rules(rules: Iterable[RoleRule]) -> str:
    """The rules as people write them."""
    return "\n".join(f"{rule.claim}={rule.value} -> {rule.role}" for rule in rules)


def roles_of(claims: Mapping[str, Any], rules: Iterable[RoleRule]) -> list[str]:
    """The roles that the claims give by the rules, each once."""
    return list(dict.fromkeys(rule.role for rule in rules if rule.value in _values(claims, rule.claim)))


def told_for(claims: Mapping[str, Any], rules: Iterable[RoleRule]) -> dict[str, Sequence[str]]:
    """What the claims say where the rules look, so that whoever wrote the rules can compare: at most 50 values each."""
    return {rule.claim: [value[:200] for value in _values(claims, rule.claim)[:50]] for rule in rules}


def _values(claims: Mapping[str, Any], path: str) -> Sequence[str]:
    """What the claim says, as texts; a claim may have dots in its own name (URLs do)."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
    listed = found if isinstance(found, list) else [found]
    return [str(each) for each in listed if isinstance(each, (str, int))]


def read_domains(text: str) -> tuple[list[str], list[Violation]]:
    """Domains of e-mail addresses, separated by spaces or commas, in lower case; and what is wrong with them."""
    domains = [part.lower().removeprefix("@") for part in re.split(r"[\s,]+", text) if part]
    wrong = [domain for domain in domains if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain)]
    return domains, [Violation("identity provider", "domains", "is not a domain", domain[:100]) for domain in wrong]


def is_of_domain(email: str, domains: Collection[str]) -> bool:
    """Whether the address is of one of the domains themselves; any address where there is no list."""
    return not domains or email.rpartition("@")[2].lower() in domains
