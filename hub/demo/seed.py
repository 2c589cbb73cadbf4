"""What the demo contains. `python -m hub.demo.seed` brings it about, and does nothing that is done already.

Run by the supervisor at each start, between the servers and the Hub's own processes. Says what it does in JSON lines:
`{"doing": ...}`, and `{"fault": ...}` before it ends with 1. Everything goes through the same services that the console
and the commands use; a demo is an ordinary tenant.
"""

import json
import sys
from pathlib import Path

from hub.adapters.key_files import create_keys
from hub.bootstrap import Hub, build
from hub.config import Settings
from hub.db.migrations import Migrations
from hub.demo.folder import Credentials, DemoFolder
from hub.demo.lms.settings import password as lms_password
from hub.errors import ConfigurationError, HubError, NotFound
from hub.identity import Principal, system_principal
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import Tenants
from hub.oauth.services.users import NewPerson, Users
from hub.xapi_lrs.services.stores import Stores

TENANT = "demo"
STORE = "demo"

# Who can sign in to the Hub | their name | their roles.
PEOPLE = (
    ("author", "Ada Author", ("author", "administrator")),
    ("teacher", "Tessa Teacher", ("instructor",)),
)
# Who can sign in to the Demo LMS.
LMS_PEOPLE = ("teacher", "learner1", "learner2")


class Seed:
    """Makes each part of the demo that is missing."""

    def __init__(self, hub: Hub, folder: DemoFolder) -> None:
        self._hub = hub
        self._folder = folder
        self._credentials = Credentials(folder.credentials)
        self._principal = self._tenant()

    def sow(self) -> None:
        """Make what is missing, in the order in which things need each other."""
        self._store()
        self._people()
        self._reporting_client()

    def _tenant(self) -> Principal:
        tenants = self._hub.service(Tenants)
        try:
            tenant = tenants.resolve(TENANT)
        except NotFound:
            tenant = tenants.create(TENANT, "Demo")
        return system_principal(tenant.id)

    def _store(self) -> None:
        """The tenant's one store, which is made with it, under the demo's name for it."""
        stores = self._hub.service(Stores)
        if STORE not in {store.name for store in stores.list(self._principal)}:
            stores.rename(self._principal, stores.of(self._principal).id, STORE)

    def _people(self) -> None:
        users = self._hub.service(Users)
        url = self._hub.settings.public_url
        existing = {user.email for user in users.list(self._principal)}
        for name, full_name, roles in PEOPLE:
            email = f"{name}@hub.example"
            if email not in existing:
                _, password = users.create(self._principal, NewPerson(email, full_name, roles))
                self._credentials.put(f"{name} of the Hub", {"url": url, "email": email, "password": password or ""})
        password = lms_password(self._folder.lms)
        url = f"http://127.0.0.1:{self._hub.settings.demo_lms_port}"
        for name in LMS_PEOPLE:
            self._credentials.put(f"{name} of the Demo LMS", {"url": url, "username": name, "password": password})

    def _reporting_client(self) -> None:
        """A reporting tool's OAuth client. Its secret is shown once, so one without a kept secret is made again."""
        if self._credentials.get("reporting client"):
            return
        wanted = NewClient("Reporting", scopes=("statements/read",), store=STORE)
        client, secret = self._hub.service(Clients).create(self._principal, wanted)
        self._credentials.put(
            "reporting client",
            {
                "token_url": f"{self._hub.settings.public_url}/oauth/token",
                "client_id": client.client_id,
                "client_secret": secret,
            },
        )


def say(**said: str) -> None:
    """Tell the supervisor."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Bring the demo about; 0 when it is there."""
    try:
        settings = Settings.from_env()
        create_keys(Path(settings.keys_dir))
        say(doing="Migrating the database")
        Migrations(settings.sqlalchemy_url).upgrade()
        hub = build(settings)
        say(doing="Making people and courses")
        Seed(hub, DemoFolder(Path.cwd())).sow()
        hub.close()
    except ConfigurationError as fault:
        say(fault="; ".join(fault.faults))
        return 1
    except HubError as fault:
        say(fault=fault.detail)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
