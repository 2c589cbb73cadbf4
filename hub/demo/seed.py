"""What the demo contains. `python -m hub.demo.seed` brings it about, and does nothing that is done already.

Run by the supervisor at each start, between the servers and the Hub's own processes. Says what it does in JSON lines:
`{"doing": ...}`, and `{"fault": ...}` before it ends with 1. Everything goes through the same services that the console
and the commands use; a demo is an ordinary tenant.
"""

import json
import sys
from dataclasses import asdict
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from uuid import uuid4

from hub.adapters.embedded.errors import advice_for
from hub.adapters.key_files import create_keys
from hub.bootstrap import Hub, build
from hub.config import Settings
from hub.db.migrations import Migrations
from hub.demo import courses
from hub.demo.folder import Credentials, DemoFolder, write_private
from hub.demo.lms.settings import password as lms_password
from hub.errors import ConfigurationError, HubError, NotFound, Unprocessable
from hub.identity import Principal, system_principal
from hub.log import configure_logging
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import Tenants
from hub.oauth.services.users import NewPerson, Users
from hub.scorm.services.importing import Importing
from hub.scorm.services.imports import Imports, Upload
from hub.xapi_lrs.services.filing import Filing
from hub.xapi_lrs.services.stores import DEFAULT, Stores

TENANT = "demo"
STORE = "demo"
DEPLOYMENT = "1"
#: What the Hub asks platforms to send with every launch, so that links of copied courses are found again.
LINK_PARAMETERS = {"link_history": "$ResourceLink.id.history", "context_history": "$Context.id.history"}

# Who can sign in to the Hub | their name | their roles.
PEOPLE = (
    ("author", "Ada Author", ("author", "administrator")),
    ("teacher", "Tessa Teacher", ("instructor", "reporting")),
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
        self._issuer = f"http://127.0.0.1:{hub.settings.demo_lms_port}"

    def sow(self) -> None:
        """Make what is missing, in the order in which things need each other."""
        self._store()
        self._people()
        self._lms_people()
        self._reporting_client()
        self._platform()
        for course in courses.COURSES:
            self._course(course)

    def _tenant(self) -> Principal:
        tenants = self._hub.service(Tenants)
        try:
            tenant = tenants.resolve(TENANT)
        except NotFound:
            tenant = tenants.create(TENANT, "Demo")
        return system_principal(tenant.id)

    def _store(self) -> None:
        """Give the tenant's first store its name."""
        stores = self._hub.service(Stores)
        ids = {store.name: store.id for store in stores.list(self._principal)}
        if STORE not in ids and DEFAULT in ids:
            stores.rename(self._principal, ids[DEFAULT], STORE)

    def _people(self) -> None:
        users = self._hub.service(Users)
        for name, full_name, roles in PEOPLE:
            email = f"{name}@hub.example"
            if email in {user.email for user in users.list(self._principal, email)}:
                continue
            _, password = users.create(self._principal, NewPerson(email, full_name, roles))
            kept = {"url": self._hub.settings.public_url, "email": email, "password": password or ""}
            self._credentials.put(f"{name} of the Hub", kept)

    def _lms_people(self) -> None:
        password = lms_password(self._folder.lms)
        for name in LMS_PEOPLE:
            kept = {"url": self._issuer, "username": name, "password": password}
            self._credentials.put(f"{name} of the Demo LMS", kept)

    def _reporting_client(self) -> None:
        """A reporting tool's OAuth client; made anew if a start was interrupted before its secret was kept."""
        if self._credentials.get("reporting client"):
            return
        wanted = NewClient("Reporting", scopes=("statements/read",))
        client, secret = self._hub.service(Clients).create(self._principal, wanted)
        kept = {
            "token_url": f"{self._hub.settings.public_url}/oauth/token",
            "client_id": client.client_id,
            "client_secret": secret or "",
        }
        self._credentials.put("reporting client", kept)

    def _platform(self) -> None:
        """Introduce the Hub and the Demo LMS to each other, as an administrator does with a real one."""
        platforms = self._hub.service(Platforms)
        known = [one for one in platforms.list(self._principal) if one.issuer == self._issuer]
        # Those that the Demo LMS made by dynamic registration have deployments of their own.
        ours = [one for one in known if DEPLOYMENT in one.deployment_ids]
        platform = ours[0] if ours else platforms.add(self._principal, self._platform_details())
        tool = asdict(platforms.settings) | {
            "client_id": platform.client_id,
            "deployment_id": DEPLOYMENT,
            "course_url": f"{platforms.settings.launch_url}?page=report",
            "custom": LINK_PARAMETERS,
        }
        write_private(self._folder.lms / "tool.json", json.dumps(tool, indent=2))

    def _platform_details(self) -> PlatformDetails:
        return PlatformDetails(
            issuer=self._issuer,
            client_id=str(uuid4()),
            auth_url=f"{self._issuer}/lti/auth",
            token_url=f"{self._issuer}/lti/token",
            jwks_url=f"{self._issuer}/lti/jwks",
            deployment_ids=(DEPLOYMENT,),
            name="Demo LMS",
        )

    def _course(self, course: str) -> None:
        """Import a course, unless these very bytes were imported before."""
        imports = self._hub.service(Imports)
        archive = courses.build(course)
        name = course.replace("_", "-")
        key = f"demo-{sha256(archive).hexdigest()}"
        job = imports.accept(self._principal, Upload(BytesIO(archive), f"{name}.zip", name, key))
        if not job.is_finished:
            say(doing=f"Importing {name}.zip")
            self._hub.service(Importing).run(self._principal.tenant_id, job.id)
            job = imports.get(self._principal, job.id)
        if job.state != "ready":
            faults = " ".join(finding["message"] for finding in job.findings)
            raise Unprocessable(f"The course {name} could not be imported. {faults}", code="demo_course_refused")


def say(**said: str) -> None:
    """Tell the supervisor."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def bring_about(settings: Settings) -> None:
    """Keys, tables, contents: whatever of them is missing."""
    create_keys(Path(settings.keys_dir))
    say(doing="Migrating the database")
    Migrations(settings.sqlalchemy_url).upgrade()
    say(doing="Making people and courses")
    hub = build(settings)
    try:
        hub.service(Filing).file_rest()
        Seed(hub, DemoFolder(Path.cwd())).sow()
    finally:
        hub.close()


def main() -> int:
    """Bring the demo about; 0 when it is there, 1 when it cannot be, having said why."""
    try:
        settings = Settings.from_env()
        configure_logging(settings.log_format)
        bring_about(settings)
    except ConfigurationError as fault:
        say(fault="; ".join(fault.faults))
        return 1
    except HubError as fault:
        say(fault=fault.detail)
        return 1
    except OSError as fault:
        say(fault=f"{fault}. {advice_for(str(fault), Path.cwd() / 'var')}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
