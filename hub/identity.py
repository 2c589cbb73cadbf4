"""Who is asking and what they may do: the one vocabulary of actions and roles.

An *action* is `noun.verb` and is what an endpoint declares. People get actions by their roles, programs by their
scopes (`hub.oauth.scopes`), learners by their launch. Nothing is allowed that is not listed here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import UUID

from hub.errors import Forbidden, say

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
    "providers.write": "Add, change and remove identity providers",
    "users.read": "See users and their roles",
    "users.write": "Create and change users and their roles",
    "cohorts.read": "See cohorts, their members and who leads them",
    "cohorts.write": "Make, change and remove cohorts; say who leads them",
    "enrolments.write": "Enrol people in a cohort, many at once, and take them out",
    "learners.write": "Assign mentors to learners, connect learners with accounts",
    "learners.follow": "Read the statements of learners that one may see",
    "courses.play": "See one's own courses and results, and play them",
    "tokens.read": "See one's own personal access tokens (never themselves)",
    "tokens.write": "Make and revoke one's own personal access tokens",
    "branding.write": "Change name, logo and colour of the tenant",
    "privacy.read": "Look up what there is about a person; see exports and erasures",
    "privacy.write": "Export and erase what there is about a person; say how long things are kept",
    "audit.read": "Read the audit log",
    "system.read": "See the health and settings of the system",
    "tenants.read": "See every tenant",
    "tenants.write": "Make, rename, suspend and open tenants",
    "tenants.enter": "Act as an administrator in any tenant",
    "tenants.remove": "Remove a suspended tenant with all that it has",
    "console.use": "Open the console",
}

_ACROSS_TENANTS = {"tenants.read", "tenants.write", "tenants.enter", "tenants.remove"}

_READING = (
    {action for action in ACTIONS if action.endswith(".read")}
    - _ACROSS_TENANTS
    - {
        "audit.read",
        "privacy.read",
        "providers.read",
        "replays.read",
        "system.read",
        "users.read",
    }
)

#: Which objects of the tenant a role's actions reach: all of them; those of the packages that the person edits;
#: of the learners assigned to them; of the cohorts that they lead; or only what is their own as a learner.
Reach = Literal["all", "edited", "assigned", "led", "own"]


#: What everybody may do who signs in: take courses, and give scripts of theirs a token.
SIGNED_IN = frozenset({"console.use", "courses.play", "tokens.read", "tokens.write"})


@dataclass(frozen=True, slots=True)
class Role:
    """What a person of this role may do, on which objects; `meaning` is for people.

    `reach` is for changing packages, and for whatever tells of learners: registrations, reports, statements. All may
    read every package of the tenant whose role has `packages.read`.
    """

    meaning: str
    reach: Reach
    actions: frozenset[str]


def _role(meaning: str, reach: Reach, *actions: str) -> Role:
    return Role(meaning, reach, SIGNED_IN.union(actions))


#: The roles that a person can have in a tenant; several at once add up.
ROLES: dict[str, Role] = {
    "learner": _role("takes courses", "own"),
    "instructor": _role(
        "teaches the cohorts that they lead: sees results, makes and resets registrations",
        "led",
        "packages.read",
        "registrations.read",
        "registrations.write",
        "learners.read",
        "cohorts.read",
    ),
    "mentor": _role(
        "accompanies the learners assigned to them: sees their results and statements",
        "assigned",
        "packages.read",
        "registrations.read",
        "learners.read",
        "learners.follow",
    ),
    "author": _role(
        "uploads packages, changes those that they made or that were shared with them, sees how these are used",
        "edited",
        "packages.read",
        "packages.write",
        "registrations.read",
        "learners.read",
    ),
    "reporting": _role(
        "reads everything, changes nothing", "all", *_READING, "statements.read_mine", "learners.follow"
    ),
    "support": _role(
        "looks into registrations and replays attempts, changes nothing",
        "all",
        "packages.read",
        "registrations.read",
        "learners.read",
        "learners.follow",
        "statements.read",
        "statements.read_mine",
        "replays.read",
    ),
    "representative": _role(
        "enrols people in the cohorts that they lead, many at once, and sees their results",
        "led",
        "packages.read",
        "registrations.read",
        "learners.read",
        "cohorts.read",
        "enrolments.write",
    ),
    "administrator": _role("may do everything in this tenant", "all", *(set(ACTIONS) - _ACROSS_TENANTS)),
    "super_administrator": _role("may do everything, in every tenant", "all", *ACTIONS),
}

#: Actions that no role narrows to some objects of the tenant.
_WHOLE = frozenset({"console.use", "courses.play", "packages.read"})

PrincipalKind = Literal[
    "user", "super_administrator", "user_token", "lrs_credential", "oauth_client", "launch", "learner", "system"
]


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone or something whose credential was checked, in one tenant.

    `id` identifies it within its kind: `user_token` is a program that acts for the user of that id,
    `super_administrator` one at work in a tenant not their own. `name` is what people read in logs and audit, `actions`
    is all it may do. `store_id` is the LRS store that a program's credential is bound to. `roles` are those of a
    person, or of the person that a `user_token` acts for: they say which objects an action reaches, unless it is
    `confined` to some. `client` is the id and the name of the OAuth client through which a person acts.
    """

    tenant_id: UUID
    kind: PrincipalKind
    id: str
    name: str
    actions: frozenset[str] = field(default_factory=frozenset)
    store_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    confined: "Reached | None" = None
    client: tuple[str, str] | None = None

    def may(self, action: str) -> bool:
        """Whether this principal is allowed to do `action`."""
        return action in self.actions

    def require(self, action: str) -> None:
        """Refuse with `Forbidden` unless `action` is allowed."""
        if not self.may(action):
            raise Forbidden(
                say("%(name)s may not do %(action)s.", name=self.name, action=action), code="insufficient_scope"
            )

    def reach(self, action: str) -> "Reached":
        """Which objects `action` reaches. Programs and the Hub itself reach all, people what their roles say."""
        if self.confined is not None:
            return self.confined
        if self.kind not in PEOPLE or action in _WHOLE:
            return EVERYTHING
        allowing = (ROLES[name] for name in self.roles if name in ROLES and action in ROLES[name].actions)
        kinds = frozenset(role.reach for role in allowing)
        return EVERYTHING if "all" in kinds else Reached(UUID(self.id), kinds)

    def as_learner(self) -> "Principal":
        """The same with their own courses and nothing else, whatever their roles reach."""
        self.require("courses.play")
        own = Reached(UUID(self.id) if self.kind in PEOPLE else NOBODY, frozenset({"own"}))
        return replace(self, actions=_LEARNING, confined=own)


#: The kinds of principal that stand for a person; their id is that of the user.
PEOPLE = frozenset({"user", "user_token"})


@dataclass(frozen=True, slots=True)
class Reached:
    """The objects of a tenant that are connected with the user by one of `kinds`; without a user all there are.

    A user without any kind reaches nothing.
    """

    user_id: UUID | None = None
    kinds: frozenset[Reach] = frozenset()

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self.user_id is None


EVERYTHING = Reached()
NOBODY = UUID(int=0)
_LEARNING = frozenset({"registrations.read", "registrations.write"})


def actions_of_roles(roles: Iterable[str]) -> frozenset[str]:
    """Every action that at least one of `roles` allows."""
    return frozenset().union(*(ROLES[role].actions for role in roles if role in ROLES))


def system_principal(tenant_id: UUID) -> Principal:
    """The Hub itself at work in a tenant: the command line and background tasks."""
    return Principal(tenant_id, "system", "hub", "Standards Hub", frozenset(ACTIONS))
