"""Two tenants: one with a thing of every kind that an address can name, and another one whose people ask for them."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import orjson

from hub.bootstrap import Hub
from hub.db import EVERY_TENANT
from hub.identity import Principal, system_principal
from hub.lti.services.dynamic_registration import DynamicRegistration
from hub.lti.services.platforms import PlatformDetails, Platforms
from hub.lti.storage.tables import DeploymentRow, LineItemRow, ResourceLinkRow, ScoreDeliveryRow
from hub.oauth.services.branding import Branding
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.providers import NewProvider, Providers
from hub.oauth.services.tenants import Tenants, TenantView
from hub.privacy.services.jobs import PrivacyJobs
from hub.scorm.services.cohorts import Cohorts
from hub.scorm.services.comments import Comments
from hub.scorm.services.enrolments import Enrolments
from hub.scorm.services.imports import Imports, Upload
from hub.scorm.services.registrations import Filters, Registrations
from hub.scorm.services.uploads import Uploads
from hub.xapi_lrs.services.credentials import Credentials
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from tests.support.people import make_account
from tests.support.playing import Sco, Window, add_played_course

#: Is in every name of the first tenant, so that whatever leaks is seen.
MARK = "Zaunkoenig"


@dataclass(frozen=True)
class World:
    """A tenant, and the values of the arguments by which addresses name its things."""

    tenant: TenantView
    system: Principal
    named: dict[str, object]


def new_tenant(hub: Hub, name: str) -> TenantView:
    """A tenant that no other test has."""
    return hub.service(Tenants).create(f"t{uuid4().hex[:12]}", name)


def furnished(hub: Hub) -> World:
    """A tenant with a thing of every kind; each is called by the mark."""
    tenant = new_tenant(hub, f"{MARK} School")
    system = system_principal(tenant.id)
    package = add_played_course(hub, tenant.id, "scorm_1_2", Sco("one", title=MARK), title=f"{MARK} course")
    person = make_account(hub, system, "instructor", "author", name=f"{MARK} Person").person
    cohort = hub.service(Cohorts).create(system, f"{MARK} cohort")
    hub.service(Cohorts).add_leader(system, cohort.id, str(person.id))
    address = f"{uuid4().hex}@zaunkoenig.example"
    lines = f"email,name,package\n{address},{MARK} Learner,{package}\n"
    hub.service(Enrolments).enrol(system, cohort.id, io.BytesIO(lines.encode()))
    (registration,) = hub.service(Registrations).page(system, Filters(), None, 10)
    Window(hub, system, registration.id)
    platform = hub.service(Platforms).add(system, _platform())
    store = hub.service(Stores).of(system)
    credential = hub.service(Credentials).create(system, store.name, ["all"], f"{MARK} key").credential
    client, _ = hub.service(Clients).create(system, NewClient(f"{MARK} client", ("packages:read",)))
    named: dict[str, object] = {
        "tenant_id": tenant.id,
        "package_id": str(package),
        "number": 1,
        "job_id": hub.service(Imports).accept(system, Upload(io.BytesIO(b"no zip"), f"{MARK}.zip", None, None)).id,
        "privacy_job_id": hub.service(PrivacyJobs).export(system, hub.service(PrivacyJobs).look_up(system, address)).id,
        "upload_id": hub.service(Uploads).create(system, 10, f"{MARK}.zip").id,
        "registration_id": registration.id,
        "learner_id": registration.learner.id,
        "comment_id": hub.service(Comments).add(system, registration.id, "one", MARK).id,
        "user_id": person.id,
        "cohort_id": cohort.id,
        "platform_id": platform.id,
        "delivery_id": _delivery(hub, tenant.id, platform.id, registration.id),
        "invitation_id": hub.service(DynamicRegistration).invite(system)[0].id,
        "store_id": store.id,
        "credential_id": credential.id,
        "statement_id": UUID(_statement(hub, system)),
        "client_id": client.client_id,
        "token_id": hub.service(PersonalTokens).create(system, f"{MARK} token", ["packages:read"], 9, person)[0].id,
        "provider_id": hub.service(Providers).create(system, _provider()).id,
        "table": "items",
    }
    hub.service(Branding).change(system, colour="#aa0000")
    return World(tenant, system, named)


def _platform() -> PlatformDetails:
    host = f"https://{uuid4().hex}.example"
    return PlatformDetails(host, "tool", f"{host}/auth", f"{host}/token", f"{host}/keys", ("7",), f"{MARK} platform")


def _provider() -> NewProvider:
    return NewProvider(
        "oidc", f"{MARK} login", "https://login.example", "hub", "a secret of some length", default_roles=("author",)
    )


def _statement(hub: Hub, system: Principal) -> str:
    statement = {
        "actor": {"mbox": "mailto:zaunkoenig@school.example", "name": MARK},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://school.example/zaunkoenig"},
    }
    return hub.service(Statements).store(system, orjson.dumps(statement))[0]


def _delivery(hub: Hub, tenant_id: UUID, platform_id: UUID, registration_id: UUID) -> UUID:
    """A score that could not be delivered, with what it hangs on."""
    now, ids = datetime.now(UTC), [uuid4() for _ in range(4)]
    shared = {"tenant_id": tenant_id}
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        for row in (
            DeploymentRow(id=ids[0], platform_id=platform_id, deployment_id="1", **shared),
            ResourceLinkRow(
                id=ids[1], platform_id=platform_id, deployment_id=ids[0], link_id="1", title=MARK, **shared
            ),
            LineItemRow(id=ids[2], resource_link_id=ids[1], scopes=[], **shared),
            ScoreDeliveryRow(
                id=ids[3],
                line_item_id=ids[2],
                registration_id=registration_id,
                user_id="1",
                status="failed",
                score_maximum=100,
                activity_progress="Completed",
                grading_progress="FullyGraded",
                scored_at=now,
                last_error=MARK,
                **shared,
            ),
        ):
            work.session.add(row)
            work.session.flush()
    return ids[3]
