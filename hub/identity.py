"""Who is asking and what they may do: the one vocabulary of actions and roles.

An *action* is `noun.verb` and is what an endpoint declares. People get actions by their roles, programs by their
scopes (`hub.oauth.scopes`), learners by their launch. Nothing is allowed that is not listed here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from hub.errors import Forbidden

#: Everything that can be allowed, with what it means. The table in docs/security.md is made of it.
ACTIONS: dict[str, str] = {
    "packages.read": "See packages, their versions, files and reports",
    "packages.write": "Upload, change and delete packages",
    "registrations.read": "See registrations, attempts and interactions",
    "registrations.write": "Create, reset and launch registrations",
    "learners.read": "See learners",
    "replays.read": "Replay attempts: every call of content, with its values, and every step of sequencing",
    "statements.write": "Store statements",
    "statements.read": "Read all statements of the store",
    "statements.read_mine": "Read the statements that this credential stored",
    "state.read": "Read activity state documents",
    "state.write": "Write activity state documents",
    "profile.read": "Read activity and agent profile documents",
    "profile.write": "Write activity and agent profile documents",
    "activities.define": "Change the stored definition of an activity",
    "stores.read": "See stores and their credentials (never their secrets)",
    "stores.write": "Create stores; create, rotate and revoke their credentials",
    "platforms.read": "See platforms, links and score deliveries",
    "platforms.write": "Add, change and remove platforms; send scores again",
    "clients.read": "See OAuth clients",
    "clients.write": "Create, rotate and revoke OAuth clients",
    "providers.read": "See identity providers (never their secrets)",
    "providers.write": "Add and remove identity providers",
    "users.read": "See users and their roles",
    "users.write": "Create and change users and their roles",
    "privacy.read": "Look up what there is about a person; see exports and erasures",
    "privacy.write": "Export and erase what there is about a person; say how long things are kept",
    "audit.read": "Read the audit log",
    "system.read": "See the health and settings of the system",
    "console.use": "Open the console",
}

_READING = {action for action in ACTIONS if action.endswith(".read")} - {
    "audit.read",
    "privacy.read",
    "providers.read",
    "replays.read",
    "system.read",
    "users.read",
}

#: The roles a user can have in a tenant.
ROLES: dict[str, frozenset[str]] = {
    "administrator": frozenset(ACTIONS),
    "author": frozenset({"console.use", "packages.read", "packages.write", "registrations.read", "learners.read"}),
    "instructor": frozenset(
        {"console.use", "packages.read", "registrations.read", "registrations.write", "learners.read"}
    ),
    "support": frozenset(
        {"console.use", "packages.read", "registrations.read", "learners.read", "statements.read", "replays.read"}
    ),
    "reporting": frozenset(_READING | {"console.use"}),
}

PrincipalKind = Literal["user", "user_token", "lrs_credential", "oauth_client", "launch", "system"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone or something whose credential was checked, in one tenant.

    `id` identifies it within its kind (`user_token` is a program that acts for the user of that id), `name` is what
    people read in logs and audit, `actions` is all it may do. `store_id` is the LRS store that a program's
    credential is bound to.
    """

    tenant_id: UUID
    kind: PrincipalKind
    id: str
    name: str
    actions: frozenset[str] = field(default_factory=frozenset)
    store_id: UUID | None = None

    def may(self, action: str) -> bool:
        """Whether this principal is allowed to do `action`."""
        return action in self.actions

    def require(self, action: str) -> None:
        """Refuse with `Forbidden` unless `action` is allowed."""
        if not self.may(action):
            raise Forbidden(f"{self.name} may not do {action}.", code="insufficient_scope")


def actions_of_roles(roles: Iterable[str]) -> frozenset[str]:
    """Every action that at least one of `roles` allows."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))


def system_principal(tenant_id: UUID) -> Principal:
    """The Hub itself at work in a tenant: the command line and background tasks."""
    return Principal(tenant_id, "system", "hub", "Standards Hub", frozenset(ACTIONS))
