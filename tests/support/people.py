"""Users of a test, and how they come into the console."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address

from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.audit_log import AuditLog
from hub.oauth.services.users import NewPerson, Person, Users

PASSWORD = "plover tin umbrella"


@dataclass(frozen=True)
class Account:
    """A user with the password to sign in with."""

    person: Person
    password: str = PASSWORD


def make_account(hub: Hub, system: Principal, *roles: str, name: str = "Ada Test") -> Account:
    """A user of the tenant of `system` with these roles, and an address that no other test has."""
    address = f"u{hub.ports.ids.uuid().hex}@school.example"
    person, _ = hub.service(Users).create(system, NewPerson(address, name, roles, PASSWORD))
    return Account(person)


def form_token(client: FlaskClient, path: str = "/sign-in") -> str:
    """The token in the first form of a page."""
    found = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', client.get(path).text)
    assert found, f"{path} has no form"
    return found[1]


def sign_in(client: FlaskClient, account: Account, **fields: str):
    """Fill in the sign-in page and send it; returns the answer. Each account comes from an address of its own."""
    client.environ_base["REMOTE_ADDR"] = str(IPv6Address(account.person.id.int))
    form = {"csrf_token": form_token(client), "email": account.person.email, "password": account.password}
    return client.post("/sign-in", data=form | fields)


def audited(hub: Hub, principal: Principal) -> set[str]:
    """The events in the newest page of the tenant's audit log."""
    return {event.action for event in hub.service(AuditLog).list(principal, limit=200)}
