"""Messages from platforms: the login that begins a launch, and the launch itself with what it leads to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog

from hub.db import EVERY_TENANT, Database
from hub.db.audit import record
from hub.errors import Forbidden, HubError, Invalid, Unauthenticated, Violation, say
from hub.identity import Principal
from hub.lti.pylti_bridge import Bridge, LoginRecord, LoginRedirect, PlatformStorage, UnboundBrowser
from hub.lti.services.connections import Connections
from hub.lti.services.links import Links
from hub.lti.services.platforms import Platforms
from hub.lti.services.visits import Visit, Visits
from hub.lti.spec import jose
from hub.lti.spec import vocabulary as v
from hub.lti.spec.launch import Launch
from hub.lti.spec.login import Login, read_login
from hub.lti.spec.platform import Platform
from hub.lti.spec.roles import actions_of
from hub.lti.spec.urls import extended, origin_of
from hub.lti.storage import platforms
from hub.ports import Ids

log = structlog.get_logger(__name__)

_LONGEST_STATE = 255


@dataclass(frozen=True, slots=True)
class OpenPlayer:
    """Send the browser to the player, by an address that is good once."""

    url: str


@dataclass(frozen=True, slots=True)
class ShowPicker:
    """Show the teacher what there is to choose."""

    token: str


@dataclass(frozen=True, slots=True)
class ShowCourse:
    """Show the teacher how the learners of the link are doing."""

    token: str


@dataclass(frozen=True, slots=True)
class ShowReport:
    """Show how the course is going: to a teacher all of it, to a learner their own part."""

    token: str


@dataclass(frozen=True, slots=True)
class NothingYet:
    """Tell the learner that the teacher has not chosen anything for this link yet."""

    title: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """The browser keeps no cookie in this frame: look into the platform's storage where it has one, else offer the same
    login in a window of its own."""

    parameters: Mapping[str, str]
    storage: PlatformStorage | None
    state: str
    id_token: str


#: What the platform is told when somebody comes back from the player, in the language that the launch told.
Parting = Callable[[str | None], str]

Answer = OpenPlayer | ShowPicker | ShowCourse | ShowReport | NothingYet | OpenWindow


@dataclass(frozen=True, slots=True)
class Arrival:
    """A launch whose login is known, not checked yet."""

    platform: Platform
    record: LoginRecord
    form: Mapping[str, str]
    cookie_name: str


class Messages:
    """Takes login initiations and launches. Whoever comes here is nobody until the platform's word is checked."""

    def __init__(
        self,
        db: Database,
        bridge: Bridge,
        platforms_service: Platforms,
        connections: Connections,
        links: Links,
        visits: Visits,
        ids: Ids,
    ) -> None:
        self._db = db
        self._ids = ids
        self._connections = connections
        self._platforms = platforms_service
        self._bridge = bridge
        self._links = links
        self._visits = visits

    def login(self, parameters: Mapping[str, Sequence[str]]) -> tuple[Platform, LoginRedirect]:
        """Answer a login initiation; raises `Invalid` or `Unauthenticated` for one that names no known platform."""
        try:
            login = read_login(parameters, self._bridge.launch_url)
            platform = self._platform_of(login)
        except (Invalid, Unauthenticated, Forbidden) as refusal:
            self._note_refused_login({name: values[0] for name, values in parameters.items() if values}, refusal)
            raise
        return platform, self._bridge.begin_login(platform, login)

    def _note_refused_login(self, parameters: Mapping[str, str], refusal: HubError) -> None:
        """Tell the administrator of the platform that the login means, as far as it can be told."""
        issuer, client_id = parameters.get("iss", ""), parameters.get("client_id")
        if not issuer or "\0" in issuer + (client_id or ""):
            return
        with self._db.read(EVERY_TENANT) as session:
            platform_id = platforms.meant_by(session, issuer, client_id)
        if platform_id is not None:
            self._connections.note_login(platform_id, parameters, refusal)

    def _platform_of(self, login: Login) -> Platform:
        """The platform of a login. Where its client id is not told, issuer and deployment must leave but one."""
        with self._db.read(EVERY_TENANT) as session:
            found = platforms.find_by_issuer(session, login.issuer, login.client_id)
        if login.deployment_id:
            fitting = [one for one in found if login.deployment_id in one.deployment_ids or one.learns_deployments]
            if found and not fitting:
                raise _unknown("lti_deployment_id", say("is not registered with the Hub"), login.deployment_id)
            found = fitting
        if len(found) > 1:
            raise _unknown("client_id", say("is missing, and the issuer has several platforms here"), login.issuer)
        if not found:
            raise _unknown("iss", say("and client_id name no platform that is registered with the Hub"), login.issuer)
        if found[0].awaits_approval:
            raise Forbidden(
                say("%(platform)s waits for an administrator's approval.", platform=found[0].name),
                code="lti_platform_waiting",
            )
        self._db.suspensions.require_open(found[0].tenant_id)
        return found[0]

    def arrive(self, form: Mapping[str, Sequence[str]]) -> Arrival:
        """Find the login that a launch answers, so that even a refusal knows whose page it is shown in."""
        fields = {name: _single(form, name) for name in ("state", "id_token", "error", "error_description")}
        if not fields["state"] or len(fields["state"]) > _LONGEST_STATE:
            raise _malformed("state", say("is missing") if not fields["state"] else say("is too long"))
        record = self._bridge.record_of(fields["state"])
        with self._db.read(record.tenant_id) as session:
            platform = platforms.get(session, record.tenant_id, record.platform_id)
        if platform is None or not platform.is_active or platform.awaits_approval:
            raise _unknown("iss", say("names a platform that was removed from the Hub"), record.login.issuer)
        self._db.suspensions.require_open(platform.tenant_id)
        return Arrival(platform, record, fields, self._bridge.cookie_name(fields["state"]))

    def receive(self, arrival: Arrival, cookies: Mapping[str, str], stored: str | None, parting: Parting) -> Answer:
        """Check the launch and do what it asks for.

        `stored` is what our own page read from the platform's storage; the view takes it from no other page. `parting`
        is shown by the platform when a learner comes back (LTI 1.3 section 5.4.4).
        """
        form, platform = arrival.form, arrival.platform
        try:
            launch = self._receive(arrival, cookies, stored)
        except UnboundBrowser:
            log.info("launch_without_cookie", platform=str(platform.id))
            return self._open_window(arrival, form["state"], form["id_token"] if stored is None else "")
        log.info("launch_admitted", platform=str(platform.id), message=launch.message_type)
        if launch.deployment_id not in platform.deployment_ids:
            self._platforms.learn_deployment(platform, launch.deployment_id)
        return self._answer(platform, launch, parting)

    def _receive(self, arrival: Arrival, cookies: Mapping[str, str], stored: str | None) -> Launch:
        """Check the launch, and note what came of it for the platform's page."""
        form, platform = arrival.form, arrival.platform
        try:
            if form["error"]:
                raise _declined(form["error"], form["error_description"])
            if not form["id_token"]:
                raise _malformed("id_token", say("is missing"))
            launch = self._bridge.receive(platform, form, cookies, stored, arrival.record)
        except UnboundBrowser:
            raise
        except HubError as refusal:
            self._connections.note(platform.id, _claims(form["id_token"]), refusal)
            about = {"platform": platform.name, "code": refusal.code}
            self._record(platform, str(platform.id), platform.name, "launch.refused", about)
            raise
        self._connections.note(platform.id, {v.MESSAGE_TYPE: launch.message_type}, None)
        return launch

    def _open_window(self, arrival: Arrival, state: str, id_token: str) -> OpenWindow:
        """The platform's storage is asked once: a launch that comes back from it and fails has only the window left."""
        storage = self._bridge.storage_of(arrival.platform, arrival.record, state) if id_token else None
        return OpenWindow(arrival.record.login.parameters(), storage, state, id_token)

    def _answer(self, platform: Platform, launch: Launch, parting: Parting) -> Answer:
        if launch.deep_linking:
            return ShowPicker(self._begin_visit(platform, launch))
        if launch.for_user is not None:
            return OpenPlayer(self._links.open_review(platform, launch, frame_origins(platform, launch)))
        if launch.page == "report":
            course = self._links.arrive_in_course(platform, launch)
            return ShowReport(self._begin_visit(platform, launch, context_row_id=course))
        if launch.return_url:
            launch = replace(launch, return_url=extended(launch.return_url, {"lti_msg": parting(launch.language)}))
        link, player = self._links.arrive(platform, launch, frame_origins(platform, launch))
        if player is not None:
            return OpenPlayer(player)
        if launch.roles.is_instructor:
            token = self._begin_visit(platform, launch, resource_link_id=link.id, context_row_id=link.context_row_id)
            return ShowCourse(token) if link.package_id else ShowPicker(token)
        return NothingYet(link.title, launch.language)

    def _begin_visit(
        self,
        platform: Platform,
        launch: Launch,
        *,
        resource_link_id: UUID | None = None,
        context_row_id: UUID | None = None,
    ) -> str:
        person, actions = launch.person, actions_of(launch.roles)
        about = {"platform": platform.name, "message": launch.message_type, "allowed": sorted(actions)}
        name = person.name or person.subject
        self._record(platform, f"{platform.id}:{person.subject}", name, "launch.role_given", about)
        return self._visits.begin(
            Visit(
                tenant_id=platform.tenant_id,
                platform_id=platform.id,
                deployment_id=launch.deployment_id,
                user_id=person.subject,
                name=name,
                origins=frame_origins(platform, launch),
                resource_link_id=resource_link_id,
                context_row_id=context_row_id,
                actions=actions,
                language=launch.language,
                deep_linking=launch.deep_linking,
            )
        )

    def _record(self, platform: Platform, who: str, name: str, deed: str, about: Mapping[str, Any]) -> None:
        with self._db.unit_of_work(platform.tenant_id) as work:
            actor = Principal(platform.tenant_id, "launch", who, name)
            record(work.session, self._ids.uuid(), actor, deed, str(platform.id), about)


def frame_origins(platform: Platform, launch: Launch) -> tuple[str, ...]:
    """The origins that may frame what this launch leads to: the platform's registered ones, and those of its pages and
    services that the signed message names (Canvas has one issuer for all the hosts that its schools use)."""
    settings, ags = launch.deep_linking, launch.ags
    urls = [
        launch.return_url,
        settings.return_url if settings else None,
        launch.memberships_url,
        ags.line_items_url if ags else None,
    ]
    return tuple(dict.fromkeys([*platform.origins, *(origin_of(url) for url in urls if url)]))


def _claims(token: str) -> Mapping[str, Any]:
    """What a refused token says, for the administrator to see; nothing where it cannot be read."""
    try:
        return jose.decode(token).claims
    except HubError:
        return {}


def _single(form: Mapping[str, Sequence[str]], name: str) -> str:
    values = form.get(name, ())
    if len(values) > 1:
        raise _malformed(name, say("is there more than once"))
    return values[0] if values else ""


def _malformed(where: str, message: str) -> Invalid:
    violation = Violation("Security Framework 1.0, 5.1.1.3", where, message)
    return Invalid(
        say("The launch's %(where)s %(fault)s.", where=where, fault=message),
        code="lti_launch_malformed",
        violations=[violation],
    )


def _unknown(where: str, message: str, found: str) -> Unauthenticated:
    violation = Violation("Security Framework 1.0, 5.1.1", where, message, found[:200])
    return Unauthenticated(
        say("The %(where)s %(fault)s.", where=where, fault=message), code="lti_platform_unknown", violations=[violation]
    )


def _declined(error: str, description: str) -> Unauthenticated:
    """The platform did not vouch for the person (OIDC Core section 3.1.2.6): its words, shortened."""
    found = f"{error}: {description}"[:300] if description else error[:300]
    violation = Violation("OIDC Core, 3.1.2.6", "error", say("came from the platform instead of a launch"), found)
    return Unauthenticated("The platform did not sign you in.", code="lti_login_declined", violations=[violation])
