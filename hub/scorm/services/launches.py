"""Launches: one-time addresses that open the player, and the browsers that they are then bound to."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import EVERY_TENANT, Database, UnitOfWork
from hub.errors import Conflict, Gone, Invalid, NotFound, Unauthenticated, say
from hub.identity import Principal
from hub.ports import Clock, Ids
from hub.scorm.services.consents import Consents, NoticeView
from hub.scorm.services.courses import Course, Courses
from hub.scorm.services.origins import ContentOrigins, frames_of
from hub.scorm.services.registrations import MODES, begin_attempt
from hub.scorm.services.results import tracking_of
from hub.scorm.services.tokens import PlayerSession, PlayerTokens
from hub.scorm.spec.runtime.sessions import Mode
from hub.scorm.spec.settings import PackageSettings, effective, opening
from hub.scorm.storage import courses as versions
from hub.scorm.storage import registrations, runtime
from hub.scorm.storage.tables_runtime import Attempt, Launch

#: An address that nobody opened is good for so long; LMS pages that hold a launch in a new tab may wait a while.
OPEN_WITHIN = timedelta(minutes=10)
#: The browser that opened it may reload it, or have its token renewed, for so long: a laptop may sleep over a weekend.
RELOAD_WITHIN = timedelta(days=7)
_LONGEST_AGENT = 300
#: A language tag (BCP 47) is letters, digits and hyphens, at most 35 of them in all that are registered.
_NOT_IN_A_TAG, _LONGEST_TAG = re.compile(r"[^A-Za-z0-9_-]"), 35


@dataclass(frozen=True, slots=True)
class LaunchLink:
    """A one-time address that opens the player."""

    launch_id: UUID
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Opening:
    """A player that has just been opened.

    `browser_secret` is for this browser's cookie, None when it has it already; `token` is what run-time calls carry;
    `frame_ancestors` are the sources of that directive; `settings` are those of now, for the window and its controls.
    `attempt_id` is the attempt that is recorded, `journal_key` what its unsent answers are kept under in the browser;
    None where nothing is. `notice` is what the learner has to agree to first: `token` is then good for that alone.
    `may_withdraw` says that they agreed, and may take it back.
    """

    tenant_id: UUID
    launch_id: UUID
    course: Course
    mode: Mode
    is_preview: bool
    locale: str
    return_url: str | None
    frame_ancestors: str
    token: str
    browser_secret: str | None
    settings: PackageSettings
    attempt_id: UUID | None = None
    journal_key: str | None = None
    notice: NoticeView | None = None
    may_withdraw: bool = False


class Launches:
    """Make and open launches."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        courses: Courses,
        tokens: PlayerTokens,
        origins: ContentOrigins,
        consents: Consents,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._courses = courses
        self._tokens = tokens
        self._origins = origins
        self._consents = consents

    def create(
        self,
        principal: Principal,
        registration_id: UUID,
        *,
        mode: str | None = None,
        return_url: str | None = None,
        locale: str = "en",
        frame_origins: Sequence[str] = (),
        within: UnitOfWork | None = None,
    ) -> LaunchLink:
        """An address that opens the registration's current attempt, once, within ten minutes.

        `mode` is normal, browse or review (None: the registration's own); `return_url` is where the learner goes on
        leaving; `locale` the language of the player; `frame_origins`, with that of `return_url`, are the origins whose
        pages may show the player in a frame; `within` a transaction of the caller's that this is a part of.
        """
        principal.require("registrations.write")
        with self._db.joined(within, principal.tenant_id) as work:
            reach = principal.reach("registrations.write")
            found = registrations.lock_to_launch(work.session, principal.tenant_id, registration_id, reach)
            if found is None:
                raise NotFound("There is no such registration.", code="registration_not_found")
            if not found.has_package:
                raise Gone("The package was deleted; its registrations cannot be launched.", code="package_deleted")
            row = found.registration
            attempt, opened_as = self._to_open(work, found, _checked_mode(mode or row.mode))
            launch = Launch(
                tenant_id=row.tenant_id,
                registration_id=row.id,
                attempt_id=attempt.id,
                package_version_id=attempt.package_version_id or row.package_version_id,
                mode=opened_as,
                frames=frames_of(frame_origins, return_url),
            )
            return self._add(work, launch, return_url, locale)

    def preview(
        self,
        principal: Principal,
        package_id: UUID,
        *,
        return_url: str | None = None,
        locale: str = "en",
        frame_origins: Sequence[str] = (),
    ) -> LaunchLink:
        """An address that shows a package's published version to its author; nothing of it is recorded."""
        principal.require("packages.read")
        with self._db.unit_of_work(principal.tenant_id) as work:
            _, version_id = versions.published_version(work.session, principal.tenant_id, package_id)
            if version_id is None:
                raise NotFound("The package has no version to show yet.", code="not_published")
            launch = Launch(
                tenant_id=principal.tenant_id,
                package_version_id=version_id,
                mode="browse",
                frames=frames_of(frame_origins, return_url),
            )
            return self._add(work, launch, return_url, locale)

    def open(self, token: str, browser_secret: str | None, user_agent: str, host: str = "") -> Opening:
        """Open the player at a one-time address of `host`, or again in the browser that holds its secret.

        Raises `NotFound` for an address that never was, `Gone` for one that is used up or too old.
        """
        now = self._clock.now()
        with self._db.unit_of_work(EVERY_TENANT) as work:
            launch, settings = self._found(work.session, token, host)
            self._db.suspensions.require_open(launch.tenant_id)
            new_secret = self._bind(launch, browser_secret, now)
            launch.user_agent = user_agent[:_LONGEST_AGENT]
            launch.ended_at = None
            notice, has_agreed = self._consent(work.session, launch)
            return self._opening(work.session, launch, new_secret, settings, notice, has_agreed=has_agreed)

    def _consent(self, session: Session, launch: Launch) -> tuple[NoticeView | None, bool]:
        """What the learner has to agree to first, if anything, and whether they agreed to what is asked."""
        recorded = _recorded(launch)
        asked = self._consents.asked(session, launch.tenant_id) if recorded else None
        if recorded is None or asked is None:
            return None, False
        has_agreed = self._consents.has_agreed_to(session, launch.tenant_id, recorded, asked.version)
        return (None, True) if has_agreed else (asked, False)

    def agree(self, token: str, consent: str, version: int, host: str = "") -> Opening:
        """Open the player for the learner who agrees to that version of what is asked.

        `consent` is the token of the page that asked, which stands for the browser: it may keep no cookie. Raises
        `Unauthenticated` for one of another launch, `Conflict` when the text is another by now.
        """
        session = self._tokens.read(consent, "consent")
        with self._db.unit_of_work(EVERY_TENANT) as work:
            launch, settings = self._own(work.session, token, host, session)
            self._db.suspensions.require_open(launch.tenant_id)
            self._consents.give(work.session, launch.tenant_id, _recorded_of(session), version)
            return self._opening(work.session, launch, None, settings, None, has_agreed=True)

    def withdraw(self, token: str, session_token: str, host: str = "") -> str:
        """Take back what the learner agreed to, with the token of the player that they have open; returns the language
        of the launch."""
        session = self._tokens.read(session_token)
        with self._db.unit_of_work(EVERY_TENANT) as work:
            launch, _ = self._own(work.session, token, host, session)
            self._consents.withdraw_by(work.session, launch.tenant_id, _recorded_of(session))
            return launch.locale

    def _own(self, session: Session, token: str, host: str, opened: PlayerSession) -> tuple[Launch, PackageSettings]:
        """The launch of an address, for a page that it opened."""
        launch, settings = self._found(session, token, host)
        if launch.id != opened.launch_id or launch.opened_at is None:
            raise Unauthenticated("This page belongs to another address; open the course again.", code="launch_unknown")
        return launch, settings

    def renew(self, token: str, browser_secret: str | None, host: str = "") -> str:
        """A new token for the browser that has the player open, so that a long session loses nothing.

        Raises `NotFound` for an address that never was, `Gone` for another browser or after a week, `Conflict`
        when another window has taken over.
        """
        with self._db.unit_of_work(EVERY_TENANT) as work:
            launch, _ = self._found(work.session, token, host)
            if launch.opened_at is None:
                raise NotFound("This address opens nothing.", code="launch_unknown")
            self._bind(launch, browser_secret, self._clock.now())
            session = _session(launch)
            if session.is_recorded:
                _check_newest(work.session, launch)
            return self._tokens.issue(session)

    def _found(self, session: Session, token: str, host: str) -> tuple[Launch, PackageSettings]:
        """The launch of an address of `host`, held, with the settings of now."""
        found = runtime.find_launch(session, _digest(token))
        if found is None or not self._origins.serves(host, found[0].package_version_id):
            raise NotFound("This address opens nothing.", code="launch_unknown")
        return found[0], effective(*found[1]).values

    def _opening(
        self,
        session: Session,
        launch: Launch,
        browser_secret: str | None,
        settings: PackageSettings,
        notice: NoticeView | None,
        *,
        has_agreed: bool,
    ) -> Opening:
        opened = _session(launch)
        is_recorded = opened.is_recorded and notice is None
        if is_recorded:
            _take_over(session, launch)
        attempt_id = opened.attempt_id if is_recorded else None
        return Opening(
            tenant_id=launch.tenant_id,
            launch_id=launch.id,
            course=self._courses.find(session, launch.tenant_id, launch.package_version_id),
            mode=opened.mode,
            is_preview=launch.registration_id is None,
            locale=launch.locale,
            return_url=launch.return_url,
            frame_ancestors=self._origins.frame_ancestors(launch.frames),
            token=self._tokens.issue(opened, "session" if notice is None else "consent"),
            browser_secret=browser_secret,
            settings=settings,
            attempt_id=attempt_id,
            journal_key=self._tokens.journal_key(attempt_id) if attempt_id else None,
            notice=notice,
            may_withdraw=has_agreed,
        )

    def _bind(self, launch: Launch, browser_secret: str | None, now: datetime) -> str | None:
        """Bind a new launch to the browser that opens it first; afterwards only that browser may."""
        if launch.opened_at is None:
            if launch.expires_at <= now:
                raise Gone("This address was not opened in time; open the course again.", code="launch_expired")
            secret = self._ids.secret()
            launch.opened_at, launch.browser_digest = now, _digest(secret)
            return secret
        known = hmac.compare_digest(launch.browser_digest or "", _digest(browser_secret or ""))
        if not known or now - launch.opened_at > RELOAD_WITHIN:
            raise Gone("This address has been used; open the course again.", code="launch_used")
        return None

    def _to_open(self, work: UnitOfWork, found: registrations.ToLaunch, mode: Mode) -> tuple[Attempt, Mode]:
        """The attempt that a launch opens, and the mode that the package's settings make of one that would count."""
        row, settings = found.registration, effective(*found.settings).values
        earlier = registrations.attempts(work.session, row.tenant_id, row.id)
        if earlier and mode != "normal":
            return earlier[-1], mode
        is_open = bool(earlier) and earlier[-1].ended_at is None
        results = [tracking_of(attempt) for attempt in earlier]
        leads_to = opening(settings, results, is_open=is_open, begun=row.began_at is not None)
        if leads_to == "begin" or not earlier:
            return begin_attempt(work.session, row, self._ids.uuid(), self._clock.now()), mode
        return earlier[-1], "review" if leads_to == "review" else mode

    def _add(self, work: UnitOfWork, launch: Launch, return_url: str | None, locale: str) -> LaunchLink:
        token = self._ids.secret()
        launch.id = self._ids.uuid()
        launch.token_digest = _digest(token)
        launch.return_url = _checked_return_url(return_url)
        launch.locale = _NOT_IN_A_TAG.sub("", locale)[:_LONGEST_TAG]
        launch.expires_at = self._clock.now() + OPEN_WITHIN
        work.session.add(launch)
        return LaunchLink(launch.id, f"{self._origins.of(launch.package_version_id)}/play/{token}", launch.expires_at)


def _session(launch: Launch) -> PlayerSession:
    return PlayerSession(
        tenant_id=launch.tenant_id,
        launch_id=launch.id,
        version_id=launch.package_version_id,
        mode=_checked_mode(launch.mode),
        registration_id=launch.registration_id,
        attempt_id=launch.attempt_id,
        frames=launch.frames,
    )


def _recorded(launch: Launch) -> UUID | None:
    """The registration of which something is recorded; None for a preview, a review and for browsing."""
    return launch.registration_id if _session(launch).is_recorded else None


def _recorded_of(session: PlayerSession) -> UUID:
    if session.registration_id is None or not session.is_recorded:
        raise Conflict("Nothing is recorded here.", code="not_recorded")
    return session.registration_id


def _check_newest(session: Session, launch: Launch) -> None:
    assert launch.attempt_id is not None
    learning = runtime.lock_attempt(session, launch.tenant_id, launch.attempt_id)
    if learning is None or learning.attempt.ended_at is not None:
        raise Gone("This attempt is over; open the course again.", code="attempt_ended")
    if learning.attempt.launch_id != launch.id:
        raise Conflict("The course has been opened in another window, which goes on from here.", code="superseded")


def _take_over(session: Session, launch: Launch) -> None:
    """The newest window is the one that writes; an older one is told so at its next commit."""
    assert launch.attempt_id is not None
    learning = runtime.lock_attempt(session, launch.tenant_id, launch.attempt_id)
    if learning is None or learning.attempt.ended_at is not None:
        raise Gone("This attempt is over; open the course again.", code="attempt_ended")
    learning.attempt.launch_id = launch.id


def _checked_mode(mode: str) -> Mode:
    if mode not in MODES:
        raise Invalid(say("mode is one of %(modes)s.", modes=", ".join(MODES)), code="bad_mode")
    return cast(Mode, mode)


def _checked_return_url(return_url: str | None) -> str | None:
    """Only web addresses: anything else in the player's exit link would be script of somebody's choosing."""
    if return_url is None:
        return None
    is_web = urlsplit(return_url).scheme in ("http", "https") and return_url.isprintable()
    if not is_web:
        raise Invalid("return_url must be an http or https address.", code="bad_return_url")
    return return_url


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
