"""The composed system: which adapter stands behind each port, who listens to which event, what the worker does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from celery import Celery

from hub.adapters.celery_queue import CeleryQueue, make_celery
from hub.adapters.key_files import KeyFiles
from hub.adapters.mail import FolderMailer, SmtpMailer
from hub.adapters.object_store_folder import FolderStore
from hub.adapters.outbound_http import OutboundHttp
from hub.adapters.redis_transients import RedisTransients
from hub.adapters.system import RandomIds, SystemClock
from hub.bootstrap.services import Ports, services_of
from hub.config import Settings
from hub.db import Database
from hub.events import Events, RegistrationProgressed, TenantCreated
from hub.health import HEARTBEAT_SECONDS, Heartbeat
from hub.http.access import Authenticator
from hub.lti.services.scores import Scores
from hub.lti.tasks import topics as score_topics
from hub.oauth.services.accounts import Accounts
from hub.oauth.services.audit_log import AuditLog
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.post import Post
from hub.oauth.services.tenant_removal import TenantRemovals
from hub.oauth.services.tokens import Tokens
from hub.oauth.tasks import REMOVAL_SWEEP_SECONDS, removal_topics
from hub.oauth.tasks import tasks as identity_tasks
from hub.oauth.tasks import topics as mail_topics
from hub.oauth.views.bearer import bearer_authenticator
from hub.oauth.views.session import BrowserSessions, session_authenticator
from hub.ports import Mailer, ObjectStore
from hub.privacy.services.jobs import PrivacyJobs
from hub.privacy.services.retention import Retentions
from hub.privacy.tasks import RETENTION_SECONDS
from hub.privacy.tasks import SWEEP_SECONDS as EXPORT_SWEEP_SECONDS
from hub.privacy.tasks import topics as privacy_topics
from hub.relay import Relay, Topic
from hub.scorm.services.importing import Importing
from hub.scorm.services.imports import Imports
from hub.scorm.services.packages import Packages
from hub.scorm.services.replays import Replays
from hub.scorm.services.uploads import Uploads
from hub.scorm.tasks import SWEEP_SECONDS as IMPORT_SWEEP_SECONDS
from hub.scorm.tasks import topics as package_topics
from hub.xapi_lrs.services.credentials import Credentials
from hub.xapi_lrs.services.filing import Filing
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.services.upkeep import Upkeep
from hub.xapi_lrs.views.basic import basic_authenticator

Service = TypeVar("Service")


@dataclass(frozen=True)
class Periodic:
    """Something the worker does every so many seconds."""

    name: str
    seconds: float
    run: Callable[[], object]


@dataclass(frozen=True)
class Hub:
    """The composed system."""

    settings: Settings
    ports: Ports
    db: Database
    events: Events
    celery: Celery
    services: dict[type, Any]
    relay: Relay
    periodic: list[Periodic]
    tasks: Mapping[str, Callable[..., None]]
    authenticators: list[Authenticator] = field(default_factory=list)

    def service(self, kind: type[Service]) -> Service:
        """The instance of a service class."""
        return cast(Service, self.services[kind])

    def close(self) -> None:
        """Give back connections; for tests and commands."""
        self.service(Filing).close()
        self.db.dispose()


def build(settings: Settings) -> Hub:
    """Compose the system from its settings. Nothing is connected until it is used."""
    celery = make_celery(settings.redis_url)
    ports = Ports(
        objects=_object_store(settings),
        clock=SystemClock(),
        ids=RandomIds(),
        queue=CeleryQueue(celery),
        transients=RedisTransients(settings.redis_url),
        http=OutboundHttp(allow_private_networks=settings.allow_private_networks),
        keys=KeyFiles(Path(settings.keys_dir)),
        mailer=_mailer(settings),
    )
    events = Events()
    db = Database(settings.sqlalchemy_url, settings.database_pool, events, ports.ids, ports.queue)
    services = services_of(settings, ports, db)
    _subscribe(events, services)
    relay = Relay(db, ports.clock, _topics(services))
    return Hub(
        settings,
        ports,
        db,
        events,
        celery,
        services,
        relay,
        _periodic(services),
        identity_tasks(services[Accounts]),
        _authenticators(settings, services),
    )


def _object_store(settings: Settings) -> ObjectStore:
    """Where packages are kept: `folder:PATH` or `s3://BUCKET[/PREFIX]`."""
    kind, _, place = settings.object_store.partition(":")
    if kind == "folder":
        return FolderStore(Path(place))
    from hub.adapters.object_store_s3 import S3Store  # Only here: boto3 costs each process 8 MB and 0.1 s.

    bucket, _, prefix = place.removeprefix("//").partition("/")
    return S3Store(
        bucket,
        prefix,
        endpoint_url=settings.s3_endpoint_url,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=settings.s3_secret_access_key,
    )


def _mailer(settings: Settings) -> Mailer | None:
    """Where e-mail goes: a mail server, a folder, or nowhere."""
    clock, kind, place = SystemClock(), *settings.mail.partition(":")[::2]
    if kind == "off":
        return None
    if kind == "folder":
        return FolderMailer(clock, settings.mail_from, Path(place))
    return SmtpMailer(
        clock,
        settings.mail_from,
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_tls,
        settings.smtp_user,
        settings.smtp_password,
    )


def _subscribe(events: Events, services: dict[type, Any]) -> None:
    """Who listens to which news."""
    events.subscribe(TenantCreated, services[Stores].create_default)
    events.subscribe(RegistrationProgressed, services[Scores].queue)


def _topics(services: dict[type, Any]) -> dict[str, Topic]:
    """Who does the work of which outbox topic."""
    return {
        **package_topics(services[Imports], services[Importing], services[Packages]),
        **score_topics(services[Scores]),
        **mail_topics(services[Post]),
        **removal_topics(services[TenantRemovals]),
        **privacy_topics(services[PrivacyJobs]),
    }


def _periodic(services: dict[type, Any]) -> list[Periodic]:
    """What the worker does from time to time."""
    return [
        Periodic("lrs.partitions", 24 * 3600, services[Upkeep].extend_partitions),
        Periodic("lrs.filing", 60, services[Filing].file_rest),
        Periodic("worker.heartbeat", HEARTBEAT_SECONDS, services[Heartbeat].beat),
        Periodic("oauth.sweep", 24 * 3600, services[Tokens].sweep),
        Periodic("import.sweep", IMPORT_SWEEP_SECONDS, services[Imports].sweep),
        Periodic("replay.sweep", 3600, services[Replays].sweep),
        Periodic("export.sweep", EXPORT_SWEEP_SECONDS, services[PrivacyJobs].sweep),
        Periodic("audit.months", 24 * 3600, services[AuditLog].keep_months),
        Periodic("privacy.retention", RETENTION_SECONDS, services[Retentions].apply),
        Periodic("tenant.sweep", REMOVAL_SWEEP_SECONDS, services[TenantRemovals].sweep),
        Periodic("upload.sweep", IMPORT_SWEEP_SECONDS, services[Uploads].sweep),
    ]


def _authenticators(settings: Settings, services: dict[type, Any]) -> list[Authenticator]:
    """How a request's credential is recognised, in this order."""
    return [
        basic_authenticator(services[Credentials]),
        bearer_authenticator(services[Tokens], services[PersonalTokens], settings.public_url),
        session_authenticator(services[BrowserSessions], "console"),
    ]
