"""States and notices in words, for people."""

from flask_babel import lazy_gettext as _l

#: state -> (look of the pill, words). The look is never the only carrier of the meaning.
STATES = {
    "queued": ("busy", _l("queued")),
    "checking": ("busy", _l("checking")),
    "storing": ("busy", _l("storing")),
    "ready": ("good", _l("ready")),
    "running": ("busy", _l("in progress")),
    "expired": ("", _l("no longer kept")),
    "failed": ("bad", _l("failed")),
    "not_begun": ("", _l("not begun")),
    "not attempted": ("", _l("not begun")),
    "unknown": ("", _l("unknown")),
    "in_progress": ("busy", _l("in progress")),
    "incomplete": ("busy", _l("in progress")),
    "suspended": ("busy", _l("suspended")),
    "browsed": ("", _l("browsed")),
    "completed": ("good", _l("completed")),
    "passed": ("good", _l("passed")),
    "pending": ("busy", _l("pending")),
    "sending": ("busy", _l("sending")),
    "delivered": ("good", _l("delivered")),
    "superseded": ("", _l("superseded")),
    "accepted": ("good", _l("accepted")),
    "refused": ("bad", _l("refused")),
    "active": ("good", _l("in use")),
    "revoked": ("bad", _l("revoked")),
    "closed": ("bad", _l("closed")),
    "open": ("good", _l("open")),
    "suspended_tenant": ("bad", _l("suspended tenant")),
    "being_removed": ("busy", _l("being removed")),
    "removed": ("", _l("removed")),
    "off": ("warn", _l("switched off")),
    "ok": ("good", _l("ready")),
    "confirmed": ("good", _l("confirmed")),
    "unconfirmed": ("warn", _l("not confirmed")),
    "published": ("good", _l("published")),
    "kept": ("", _l("kept")),
    "undelivered": ("bad", _l("not delivered")),
    "waiting": ("warn", _l("waiting for you")),
    "bad": ("bad", _l("not ready")),
    "error": ("bad", _l("error")),
    "danger": ("bad", _l("dangerous")),
    "warning": ("warn", _l("warning")),
    "hint": ("", _l("hint")),
    "note": ("", _l("note")),
    "announced": ("busy", _l("announced")),
    "in use": ("good", _l("in use")),
    "replaced": ("", _l("replaced")),
}

#: What a page says after something was done (`?done=NAME` of the address it was sent on to).
NOTICES = {
    "client-revoked": _l("The client was revoked. Its tokens stop working within a second."),
    "person-created": _l("The account was made."),
    "person-changed": _l("The account was changed."),
    "password-changed": _l("Your password was changed. Sessions in other browsers have ended."),
    "password-chosen": _l("Your password was changed. Sign in with it."),
    "address-confirmed": _l("The address is confirmed."),
    "link-sent": _l("A link is on its way by e-mail."),
    "address-link-sent": _l("A link is on its way to the new address. Yours stays until you open it."),
    "upload-discarded": _l("The upload was discarded."),
    "package-changed": _l("The package was changed."),
    "package-deleted": _l("The package was deleted with all its files."),
    "platform-added": _l("The platform was added."),
    "platform-approved": _l("The platform may open courses now."),
    "invitation-revoked": _l("The invitation was taken back."),
    "platform-changed": _l("The platform was changed."),
    "platform-removed": _l("The platform was removed with its links and score deliveries."),
    "attempt-begun": _l("A new attempt was begun."),
    "comment-left": _l("The comment was left. The content of the activity finds it when it is next started."),
    "comment-removed": _l("The comment was removed."),
    "registration-reset": _l("The registration was reset. The learner begins anew."),
    "mode-set": _l("Launches open the registration as set from now on."),
    "settings-changed": _l("The settings were changed. Attempts under way keep the rules of their results."),
    "delivery-retried": _l("The score is on its way again."),
    "credential-limited": _l("The limit was set. It holds within a second."),
    "credential-revoked": _l("The credential was revoked. It stops working within a second."),
    "store-created": _l("The store was made."),
    "signed-out": _l("You are signed out."),
    "provider-added": _l("The provider was added. Give it the addresses below."),
    "provider-changed": _l("The provider was changed."),
    "provider-removed": _l("The provider was removed."),
    "session-ended": _l("The session was ended."),
    "second-step-off": _l("The authenticator was removed."),
    "set-up": _l("The Hub is set up. Sign in with the account that you have just made."),
    "passkey-added": _l("The passkey was added."),
    "passkey-renamed": _l("The passkey was renamed."),
    "passkey-removed": _l("The passkey was removed."),
    "grant-ended": _l("The program has no access any more. Its tokens stop working within a second."),
    "cohort-changed": _l("The cohort was changed."),
    "cohort-deleted": _l("The cohort was deleted."),
    "leader-added": _l("They lead the cohort now."),
    "leader-removed": _l("They lead the cohort no longer."),
    "member-removed": _l("The learner was taken out of the cohort."),
    "mentor-assigned": _l("The learner was assigned."),
    "mentor-released": _l("The learner is assigned to them no longer."),
    "account-connected": _l("The account of the learner was set."),
    "package-shared": _l("Who may change the package was changed."),
    "branding-changed": _l("The pages of this tenant look like this now."),
    "tenant-created": _l("The tenant was made. Work in it to add its first administrator."),
    "tenant-suspended": _l("The tenant is suspended. Nobody gets in within a second."),
    "tenant-renamed": _l("The tenant has another name now."),
    "tenant-reopened": _l("The tenant is open again."),
    "token-revoked": _l("The token was revoked. It stops working within a second."),
    "device-allowed": _l("The device goes on by itself now. You can close this page."),
    "retention-changed": _l("How long things are kept was changed."),
    "consent-changed": _l("What learners agree to was changed."),
    "consent-withdrawn": _l("The consent was withdrawn. Nothing more is recorded."),
    "device-refused": _l("The device was told no."),
}

#: The parts that the Hub needs, as `hub.health` calls them.
PART_NAMES = {
    "database": _l("database"),
    "row security": _l("row security"),
    "migrations": _l("migrations"),
    "redis": "Redis",
    "object store": _l("object store"),
    "worker": _l("worker"),
    "origins": _l("origins"),
}

#: What the Hub's own keys are for, by `hub.ports.KeyInfo.kind`.
KEY_KINDS = {
    "signing": _l("signs what others verify"),
    "data": _l("seals what is in the database"),
    "secret": _l("signs what only the Hub verifies"),
}

#: Form fields by their labels, for the summary of faults.
FIELD_NAMES = {
    "comment": _l("Comment"),
    "location": _l("Place within the content"),
    "name": _l("Name"),
    "email": _l("E-mail address"),
    "roles": _l("Roles"),
    "password": _l("New password"),
    "password_again": _l("New password again"),
    "old_password": _l("Present password"),
    "scopes": _l("Scopes"),
    "scope": _l("Scopes"),
    "store": _l("Store"),
    "grants": _l("Grants"),
    "kind": _l("Kind"),
    "client_secret": _l("Client secret"),
    "domains": _l("Domains"),
    "rules": _l("Roles by claims"),
    "default_roles": _l("Roles that everybody gets"),
    "authentication": _l("Authentication"),
    "redirect_uris": _l("Redirect addresses"),
    "jwks": _l("Public keys"),
    "code": _l("Code"),
    "days": _l("Days"),
    "credential": _l("Passkey"),
    "organisation": _l("Organisation"),
    "title": _l("Title"),
    "url": _l("Address"),
    "package_id": _l("Package id"),
    "issuer": _l("Issuer"),
    "client_id": _l("Client id"),
    "auth_url": _l("Authentication address"),
    "token_url": _l("Token address"),
    "jwks_url": _l("Key set address"),
    "deployment": _l("Deployment id"),
    "token_audience": _l("Audience of access tokens"),
    "requests_per_minute": _l("Requests a minute"),
    "agent": _l("Actor"),
    "actor": _l("Actor"),
    "verb": _l("Verb"),
    "activity": _l("Activity"),
    "registration": _l("Registration"),
    "treatment": _l("Results"),
    "confirmation": _l("Confirmation"),
    "confirm": _l("Confirmation"),
    "identity": _l("Person"),
    "statements": _l("Statements and documents"),
    "registrations": _l("Registrations"),
    "launches": _l("Launches"),
    "since": _l("Since"),
    "until": _l("Until"),
    "user": _l("E-mail address"),
    "account": _l("E-mail address"),
    "file": _l("File"),
    "slug": _l("Short name"),
    "colour": _l("Colour"),
    "logo": _l("Logo"),
}

#: What a client may be registered for, in words.
GRANT_NAMES = {
    "client_credentials": (_l("For itself"), _l("client_credentials: no person is involved")),
    "authorization_code": (_l("For a person, in a browser"), _l("authorization_code with PKCE")),
    "refresh_token": (_l("For as long as it is used"), _l("refresh_token: 7 days at a time without asking again")),
    "urn:ietf:params:oauth:grant-type:device_code": (
        _l("For a person, on a device without a browser"),
        _l("device_code: it shows a code that a person enters here"),
    ),
}

AUTHENTICATION_NAMES = {
    "secret": (_l("By a secret"), _l("shown once; for programs on a server")),
    "private_key_jwt": (_l("By a key of its own"), _l("private_key_jwt; give its public keys below")),
    "none": (_l("Not at all"), _l("for programs in a browser, on a phone or a desktop, which keep no secret")),
}

MODE_NAMES = {
    "normal": _l("to learn; everything is recorded"),
    "browse": _l("to browse; nothing is recorded"),
    "review": _l("to review; nothing is recorded"),
}

REQUEST_NAMES = {
    "start": _l("Start"),
    "resumeAll": _l("Resume"),
    "continue": _l("Next"),
    "previous": _l("Previous"),
    "choice": _l("Choice"),
    "jump": _l("Jump"),
    "exit": _l("End this part"),
    "exitAll": _l("End the course"),
    "suspendAll": _l("Leave for now"),
    "abandon": _l("Stop this part"),
    "abandonAll": _l("Leave without keeping results"),
}

ROLE_NAMES = {
    "learner": (_l("Learner"), _l("takes courses")),
    "instructor": (
        _l("Instructor"),
        _l("teaches the cohorts that they lead: sees results, makes and resets registrations"),
    ),
    "mentor": (_l("Mentor"), _l("accompanies the learners assigned to them: sees their results and statements")),
    "author": (
        _l("Author"),
        _l("uploads packages, changes those that they made or that were shared with them, sees how these are used"),
    ),
    "reporting": (_l("Reporting"), _l("reads everything, changes nothing")),
    "support": (_l("Support"), _l("looks into registrations and replays attempts, changes nothing")),
    "representative": (
        _l("Organisation representative"),
        _l("enrols people in the cohorts that they lead, many at once, and sees their results"),
    ),
    "administrator": (_l("Administrator"), _l("may do everything in this tenant")),
    "super_administrator": (_l("Super administrator"), _l("may do everything, in every tenant")),
}

#: On which objects a role may do what it may.
REACH_NAMES = {
    "all": _l("everything in the tenant"),
    "edited": _l("packages that they made or that were shared with them, and who takes these"),
    "assigned": _l("learners assigned to them"),
    "led": _l("cohorts that they lead"),
    "own": _l("their own courses"),
}


def notice_of(name: str) -> str:
    """The notice of that name; nothing for a name that is not ours."""
    return str(NOTICES.get(name, ""))


def state_of(name: str | None) -> tuple[str, str]:
    """Look and words of a state; a state without words of its own shows its name."""
    look, words = STATES.get(name or "unknown", ("", name or ""))
    return look, str(words)
