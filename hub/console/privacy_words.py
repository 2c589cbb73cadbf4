"""What is kept of people, in words."""

from flask_babel import lazy_gettext as _l

IDENTITY_KINDS = {
    "account": _l("account"),
    "learner": _l("learner"),
    "agent": _l("xAPI agent"),
}

#: Kinds of things by the names that certificates and exports give them; a table without words here shows its name.
HOLDING_KINDS = {
    "accounts": _l("accounts"),
    "user roles": _l("roles"),
    "second factors": _l("second steps of sign-in"),
    "external identities": _l("sign-ins by other providers"),
    "personal tokens": _l("personal access tokens"),
    "passkeys": _l("passkeys"),
    "places in cohorts": _l("places in cohorts"),
    "assignments to mentors": _l("assignments to mentors"),
    "mentorings": _l("learners as a mentor"),
    "cohort leaders": _l("cohorts that are led"),
    "package editors": _l("packages that may be changed"),
    "oauth grants": _l("programs with access"),
    "sessions": _l("sessions"),
    "audit events": _l("entries of the audit log"),
    "learners": _l("learners"),
    "registrations": _l("registrations"),
    "attempts": _l("attempts"),
    "states of activities": _l("states of activities"),
    "answers": _l("answers"),
    "launches": _l("launches"),
    "replay records": _l("replay records"),
    "imports": _l("imports"),
    "versions of packages": _l("versions of packages"),
    "unfinished uploads": _l("unfinished uploads"),
    "links to courses": _l("links to courses"),
    "score deliveries": _l("score deliveries"),
    "places in rosters": _l("places in rosters"),
    "grades that were read": _l("grades that were read"),
    "statements": _l("statements"),
    "documents": _l("documents"),
    "attachments": _l("attachments"),
    "definitions of activities": _l("definitions of activities"),
    "names of agents": _l("names of agents"),
    "exports": _l("exports"),
    "consents": _l("consents"),
}

ERASURE_OUTCOMES = {
    "removed": _l("removed"),
    "pseudonymised": _l("under another name"),
    "emptied": _l("emptied"),
}

CERTIFICATE_WORDS = {
    "The record of who did what is only ever added to; it goes when its time is over.": _l(
        "The record of who did what is only ever added to; it goes when its time is over."
    ),
    "Copies that other systems hold: platforms, programs that read the statements, exports that were downloaded.": _l(
        "Copies that other systems hold: platforms, programs that read the statements, exports that were downloaded."
    ),
    "Backups of the database and of files, until they are replaced.": _l(
        "Backups of the database and of files, until they are replaced."
    ),
    "Names of one word, and other descriptions, in texts that other people wrote.": _l(
        "Names of one word, and other descriptions, in texts that other people wrote."
    ),
    "Statements and audit events in partitions that were detached from the tables, until those are removed.": _l(
        "Statements and audit events in partitions that were detached from the tables, until those are removed."
    ),
    "Profile documents of activities, which belong to no person.": _l(
        "Profile documents of activities, which belong to no person."
    ),
}
