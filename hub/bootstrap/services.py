"""Every service with what it depends on, area by area, lower areas first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hub.adapters.pillow_pictures import PillowPictures
from hub.config import MB, Settings
from hub.console import letters
from hub.console.app import Surroundings
from hub.db import Database
from hub.db.migrations import Migrations
from hub.health import Health, Heartbeat, Origins, Part
from hub.http.idempotency import Idempotency
from hub.http.paging import Cursors
from hub.installation import Installation
from hub.lti.pylti_bridge import Bridge
from hub.lti.services.connections import Connections
from hub.lti.services.deep_linking import DeepLinking
from hub.lti.services.dynamic_registration import DynamicRegistration
from hub.lti.services.links import Links
from hub.lti.services.messages import Messages
from hub.lti.services.personal_data import PersonalGrades
from hub.lti.services.platforms import Platforms, ToolSettings
from hub.lti.services.reports import Reports
from hub.lti.services.rosters import Rosters
from hub.lti.services.scores import Scores
from hub.lti.services.shelf import Shelf
from hub.lti.services.visits import Visits
from hub.oauth.argon2_bridge import Argon2Passwords
from hub.oauth.services.accounts import Accounts
from hub.oauth.services.audit_log import AuditLog
from hub.oauth.services.authorizations import Authorizations
from hub.oauth.services.branding import Branding
from hub.oauth.services.clients import Clients, FindStore
from hub.oauth.services.first_run import FirstRun
from hub.oauth.services.guessing import Guessing
from hub.oauth.services.passkeys import Passkeys
from hub.oauth.services.personal_data import PersonalAccounts
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.post import Post
from hub.oauth.services.providers import Providers
from hub.oauth.services.sealing import Sealing
from hub.oauth.services.second_factors import SecondFactors
from hub.oauth.services.sessions import Sessions
from hub.oauth.services.sign_in import SignIn
from hub.oauth.services.single_sign_on import SingleSignOn
from hub.oauth.services.tenant_removal import TenantRemovals
from hub.oauth.services.tenants import Tenants
from hub.oauth.services.tokens import Tokens
from hub.oauth.services.users import Users
from hub.oauth.views.session import BrowserSessions
from hub.oauth.webauthn_bridge import RelyingParty
from hub.ports import Clock, HttpClient, Ids, KeyRing, Mailer, ObjectStore, TaskQueue, Transients
from hub.privacy.services.jobs import PrivacyJobs
from hub.privacy.services.retention import Retentions
from hub.scorm.services.analytics import Analytics
from hub.scorm.services.cohorts import Cohorts
from hub.scorm.services.comments import Comments
from hub.scorm.services.consents import Consents
from hub.scorm.services.content import Contents
from hub.scorm.services.courses import Courses
from hub.scorm.services.enrolments import Enrolments
from hub.scorm.services.importing import Importing
from hub.scorm.services.imports import Imports
from hub.scorm.services.incoming import Incoming
from hub.scorm.services.launches import Launches
from hub.scorm.services.learner_statements import LearnerStatements
from hub.scorm.services.learners import Learners
from hub.scorm.services.mentors import Mentors
from hub.scorm.services.origins import ContentOrigins
from hub.scorm.services.own_courses import OwnCourses
from hub.scorm.services.package_settings import SettingsOfPackages
from hub.scorm.services.packages import Packages
from hub.scorm.services.personal_data import PersonalLearning
from hub.scorm.services.progress import Progress
from hub.scorm.services.registrations import Registrations
from hub.scorm.services.replays import ReplayLog, Replays
from hub.scorm.services.runtime import Runtime
from hub.scorm.services.sharing import Sharing
from hub.scorm.services.statement_log import StatementLog
from hub.scorm.services.thumbnails import Thumbnails
from hub.scorm.services.tokens import ContentGrants, PlayerTokens
from hub.scorm.services.uploads import Uploads
from hub.scorm.spec.manifest.archive import Limits as ArchiveLimits
from hub.xapi_lrs.services.attachments import Attachments
from hub.xapi_lrs.services.clearing import Clearing
from hub.xapi_lrs.services.credentials import Credentials
from hub.xapi_lrs.services.documents import Documents
from hub.xapi_lrs.services.filing import Filing
from hub.xapi_lrs.services.forgetting import Forgetting
from hub.xapi_lrs.services.intake import Intake
from hub.xapi_lrs.services.knowledge import Knowledge
from hub.xapi_lrs.services.lookups import Lookups
from hub.xapi_lrs.services.personal_data import PersonalStatements
from hub.xapi_lrs.services.preparation import Preparation
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.services.upkeep import Upkeep
from hub.xapi_lrs.spec.reading import Limits


@dataclass(frozen=True)
class Ports:
    """The outside world, as this process reaches it."""

    objects: ObjectStore
    clock: Clock
    ids: Ids
    queue: TaskQueue
    transients: Transients
    http: HttpClient
    keys: KeyRing
    mailer: Mailer | None


def services_of(settings: Settings, ports: Ports, db: Database) -> dict[type, Any]:
    """Every service, lower areas first. Each is found by its class."""
    built: dict[type, Any] = {}

    def add(*instances: Any) -> None:
        built.update({type(instance): instance for instance in instances})

    add(Cursors(ports.keys.secret("cursors")))
    add(Tenants(db, ports.clock, ports.ids), Branding(db, ports.clock, ports.ids, PillowPictures()))
    _add_lrs(settings, ports, db, add)
    _add_packages(settings, ports, db, add)
    _add_people(settings, ports, db, add)
    _add_player(settings, ports, db, add, StatementLog(built[Statements], built[Stores]))
    _add_groups(settings, ports, db, add, built)
    _add_lti(settings, ports, db, add, built)
    _add_identity(settings, ports, db, add, built, lambda principal, name: built[Stores].of(principal, name).id)
    _add_privacy(settings, ports, db, add, built)
    add(Migrations(settings.sqlalchemy_url))
    add(Heartbeat(ports.transients))
    add(Health(_parts(settings, ports, db, built)))
    add(Installation(settings, built[Health], ports.keys, built[Tenants].are_several))
    return built


def _parts(settings: Settings, ports: Ports, db: Database, built: Mapping[type, Any]) -> list[Part]:
    """What the Hub needs, and where to look when it is missing."""
    origins = Origins(ports.http, settings.public_url, settings.content_url)
    return [
        Part("database", db.check, "Is PostgreSQL running, and is HUB_DATABASE_URL its address?"),
        Part(
            "row security",
            db.check_row_security,
            "Run `hub migrate` as a database user that may create roles (docs/operations.md).",
            serves_requests=False,
        ),
        Part("migrations", built[Migrations].check, "Run `hub migrate`."),
        Part("redis", ports.transients.check, "Is Redis running, and is HUB_REDIS_URL its address?"),
        Part("object store", ports.objects.check, "Check HUB_OBJECT_STORE and, for S3, the HUB_S3_ settings."),
        Part("worker", built[Heartbeat].check, "Start `hub worker`.", serves_requests=False),
        Part(
            "origins",
            origins.check,
            "Is `hub serve` running, and do HUB_PUBLIC_URL and HUB_CONTENT_URL lead to it?",
            serves_requests=False,
        ),
    ]


def _add_people(settings: Settings, ports: Ports, db: Database, add: Callable[..., None]) -> None:
    """hub/oauth: accounts, and the mail to those who have them."""
    post = Post(db, ports.clock, ports.ids, ports.keys, ports.mailer, letters.render, settings.public_url)
    add(post, Users(db, ports.clock, ports.ids, Argon2Passwords(), post))


def _add_identity(
    settings: Settings,
    ports: Ports,
    db: Database,
    add: Callable[..., None],
    built: Mapping[type, Any],
    find_store: FindStore,
) -> None:
    """hub/oauth: programs and people, and the sessions and tokens by which they are known."""
    passwords = Argon2Passwords()
    post, users, tenants = built[Post], built[Users], built[Tenants]
    second_factors = SecondFactors(db, ports.clock, ports.ids, ports.keys, ports.transients, post)
    relying_party = RelyingParty(settings.public_url)
    passkeys = Passkeys(db, ports.clock, ports.ids, ports.transients, relying_party, second_factors, post)
    guessing = Guessing(
        ports.transients, ports.clock, ports.ids, ports.keys.secret("devices"), settings.sign_ins_per_minute
    )
    idle, longest = timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
    sessions = Sessions(db, ports.clock, ports.ids, ports.transients, idle, longest)
    sign_in = SignIn(
        db, ports.clock, ports.ids, ports.transients, passwords, guessing, second_factors, passkeys, sessions
    )
    add(
        guessing,
        Accounts(
            db,
            ports.clock,
            ports.ids,
            ports.transients,
            ports.queue,
            post,
            users,
            passwords,
            per_minute=settings.sign_ins_per_minute,
        ),
        sessions,
        sign_in,
        BrowserSessions(sessions, guessing, settings.public_url, ports.keys.secret("form-token")),
        Clients(db, ports.clock, ports.ids, find_store),
        Tokens(db, ports.clock, ports.ids, ports.keys, ports.transients, settings.public_url),
        Authorizations(db, ports.clock, ports.ids, ports.transients, settings.public_url),
        PersonalTokens(db, ports.clock, ports.ids),
        Providers(db, ports.clock, ports.ids, ports.keys, allow_plain_http=settings.allow_private_networks),
        SingleSignOn(
            db, ports.clock, ports.ids, ports.transients, ports.http, ports.keys, sign_in, sessions, settings.public_url
        ),
        FirstRun(db, ports.clock, ports.keys, ports.transients, tenants, users, settings.public_url),
        AuditLog(db, ports.clock, ports.ids, settings.audit_days),
        Idempotency(ports.transients, ports.keys),
        second_factors,
        passkeys,
        Sealing(db, ports.keys),
        TenantRemovals(db, ports.clock, ports.ids, ports.objects, sessions, built[Clearing].clear),
        Surroundings(settings.public_url, settings.content_url),
    )


def _add_privacy(
    settings: Settings, ports: Ports, db: Database, add: Callable[..., None], built: Mapping[type, Any]
) -> None:
    """hub/privacy: what each area has of a person, exported and erased. Accounts and launches end first, so that what
    is erased after them does not come again."""
    learning = PersonalLearning(db, ports.clock, settings.public_url)
    accounts = PersonalAccounts(db, built[Sessions], settings.public_url)
    holders = [accounts, PersonalGrades(db, learning), learning, built[PersonalStatements]]
    add(
        PrivacyJobs(
            db,
            ports.clock,
            ports.ids,
            ports.objects,
            ports.keys,
            holders,
            accounts.check_erasure,
            settings.export_days,
        ),
        Retentions(
            db,
            ports.clock,
            ports.ids,
            {
                "statements": built[PersonalStatements].expire,
                "registrations": learning.expire_registrations,
                "launches": learning.expire_launches,
            },
        ),
    )


def _add_lrs(settings: Settings, ports: Ports, db: Database, add: Callable[..., None]) -> None:
    """hub/xapi_lrs: stores, their credentials, statements."""
    stores = Stores(db, ports.ids)
    knowledge = Knowledge()
    limits = Limits(
        statement_bytes=settings.statement_limit_mb * MB,
        batch_bytes=settings.batch_limit_mb * MB,
        batch_statements=settings.batch_limit,
        attachment_bytes=settings.attachment_limit_mb * MB,
        document_bytes=settings.batch_limit_mb * MB,
    )
    filing = Filing(db)
    intake = Intake(db, knowledge, filing)
    attachments = Attachments(db, ports.objects, stores, limits)
    forgetting = Forgetting(ports.transients, ports.ids)
    preparation = Preparation(ports.ids, stores, knowledge, attachments, limits, settings.public_url, forgetting)
    add(
        limits,
        attachments,
        stores,
        Credentials(db, ports.clock, ports.ids, ports.transients, stores),
        Statements(db, stores, preparation, intake, knowledge, limits, attachments),
        Documents(db, ports.clock, stores),
        Lookups(db, stores, knowledge),
        filing,
        Upkeep(db),
        Clearing(db),
        PersonalStatements(db, ports.objects, stores, forgetting, settings.public_url),
    )


def _add_packages(settings: Settings, ports: Ports, db: Database, add: Callable[..., None]) -> None:
    """hub/scorm: packages and how they come in."""
    limits = ArchiveLimits(
        files=settings.package_files_limit,
        bytes=settings.package_size_limit_mb * MB,
        ratio=settings.package_ratio_limit,
    )
    incoming = Incoming(db, ports.objects, ports.http, allow_http=settings.allow_private_networks)
    thumbnails = Thumbnails(db, ports.ids, PillowPictures())
    largest = settings.upload_limit_mb * MB
    imports = Imports(db, ports.clock, ports.ids, ports.objects, incoming, largest)
    add(
        Packages(db, ports.clock, ports.ids, ports.objects),
        imports,
        Importing(db, ports.clock, ports.ids, ports.objects, incoming, thumbnails, limits, largest),
        thumbnails,
        Uploads(db, ports.clock, ports.ids, ports.objects, imports),
    )


def _add_player(settings: Settings, ports: Ports, db: Database, add: Callable[..., None], log: StatementLog) -> None:
    """hub/scorm: learners, their registrations, and the player."""
    courses = Courses()
    origins = ContentOrigins(settings.content_url, settings.public_url, settings.frame_ancestors)
    tokens = PlayerTokens(ports.keys, ports.clock, settings.content_url)
    grants = ContentGrants(ports.keys, ports.clock)
    progress = Progress(log, settings.public_url)
    replay_limit = settings.replay_limit_kb * 1024
    replay_log = ReplayLog(ports.ids, ports.clock, settings.replay_days, replay_limit)
    consents = Consents(db, ports.clock, ports.ids)
    add(
        consents,
        tokens,
        origins,
        Contents(db, ports.objects, grants, origins, settings.content_cache_mb * MB),
        Learners(db, ports.ids),
        Registrations(db, ports.clock, ports.ids, courses),
        Comments(db, ports.clock, ports.ids, courses),
        Launches(db, ports.clock, ports.ids, courses, tokens, origins, consents),
        Runtime(db, ports.clock, courses, grants, progress, replay_log, origins),
        SettingsOfPackages(db, ports.clock, ports.ids),
        Replays(db, ports.ids, courses, replay_log, replay_limit),
        Analytics(db, ports.clock),
    )


def _add_groups(
    settings: Settings, ports: Ports, db: Database, add: Callable[..., None], built: Mapping[type, Any]
) -> None:
    """hub/scorm: who works with whom, and on what."""
    add(
        Cohorts(db, ports.ids),
        Enrolments(db, ports.clock, ports.ids, built[Users]),
        Mentors(db, ports.ids),
        Sharing(db, ports.ids),
        OwnCourses(built[Registrations], built[Launches]),
        LearnerStatements(db, built[Statements], settings.public_url),
    )


def _add_lti(
    settings: Settings, ports: Ports, db: Database, add: Callable[..., None], built: Mapping[type, Any]
) -> None:
    """hub/lti: platforms, their launches, and the grades that go back to them."""
    tool = ToolSettings.of(settings.public_url)
    bridge = Bridge(
        transients=ports.transients,
        http=ports.http,
        keys=ports.keys,
        clock=ports.clock,
        ids=ports.ids,
        launch_url=tool.launch_url,
        allow_private=settings.allow_private_networks,
    )
    shelf = Shelf(built[Packages])
    visits = Visits(ports.transients, ports.ids)
    links = Links(
        db,
        ports.ids,
        shelf,
        built[Learners],
        built[Registrations],
        built[Launches],
        settings.content_url,
        ports.keys.secret("pseudonyms"),
    )
    platforms = Platforms(db, ports.ids, ports.keys, tool, allow_private=settings.allow_private_networks)
    connections = Connections(db, ports.clock, ports.transients, ports.http, bridge, platforms)
    add(
        platforms,
        DynamicRegistration(
            db,
            ports.clock,
            ports.ids,
            ports.transients,
            ports.http,
            platforms,
            settings.public_url,
            allow_private=settings.allow_private_networks,
        ),
        visits,
        links,
        DeepLinking(db, bridge, shelf, built[Imports], f"{settings.public_url}/lti/static/icon.svg"),
        Rosters(db, ports.clock, ports.transients, bridge),
        Reports(db, ports.clock, shelf, links, built[Registrations]),
        connections,
        Messages(db, bridge, platforms, connections, links, visits, ports.ids),
        Scores(db, ports.clock, ports.ids, ports.transients, bridge),
    )
