"""Refusals as pages that say what an administrator should look at."""

from flask import Response, g
from flask_babel import force_locale
from flask_babel import gettext as _

from hub.errors import HubError
from hub.http.context import request_id
from hub.http.headers import content_security_policy
from hub.lti.views.pages import framed, language_of, page


def error_page(error: HubError) -> Response:
    """The error as a page that says what an administrator should look at (dialect of the blueprint).

    It is shown in a frame of the LMS where the platform is known. Before that nobody knows whose frame it is: the page
    may be framed by anyone, and is sandboxed, as it has nothing on it to be clicked.
    """
    origins: tuple[str, ...] = g.get("frame_origins", ())
    policy = framed(origins) if origins else content_security_policy(frame_ancestors="*") + "; sandbox"
    with force_locale(language_of(None)):
        hint = hint_for(error.code)
    response = page("lti/error.html", policy, error=error, hint=hint, request_id=request_id())
    response.status_code = error.status
    response.headers.update(dict(error.headers))
    return response


def hint_for(code: str) -> str | None:
    """What an administrator should look at, by the code of the error; None where there is nothing to say."""
    hints = {
        "lti_login_refused": _(
            "The platform began the login with other settings than the Hub expects. Compare the tool's addresses in "
            "the platform with those on the Hub's page of the platform."
        ),
        "lti_platform_unknown": _(
            "Compare issuer, client id and deployment in the Hub's list of platforms with those that the platform "
            "shows for this tool; every character counts."
        ),
        "lti_launch_refused": _(
            "The platform's message does not fit its registration. The list says which claim is wrong."
        ),
        "lti_token_refused": _(
            "The platform's message is not a token that the Hub takes. Look at the signing key and algorithm (RS256 "
            "or ES256) in the platform, and at its key set address in the Hub."
        ),
        "lti_launch_malformed": _(
            "This address is opened by the platform. If a link in a course leads here, the platform sent an "
            "incomplete message."
        ),
        "lti_login_declined": _(
            "Sign in to the learning platform again and open the link once more. If it happens to everybody, the "
            "platform does not allow this tool's redirect address."
        ),
        "lti_platform_waiting": _(
            "The platform registered itself. An administrator of the Hub lets it in on the Hub's page Platforms."
        ),
        "lti_registration_unknown": _(
            "Copy the registration address again from the Hub's page Platforms; every character counts."
        ),
        "lti_registration_refused": _(
            "This address is opened by the learning platform: paste it where the platform adds tools by dynamic "
            "registration. What the platform says of itself must be complete and of its own host."
        ),
        "lti_registration_declined": _(
            "The Hub could not talk to the platform. Both must reach each other over HTTPS; the platform's log may say "
            "more."
        ),
        "lti_registration_over": _("Begin again in the learning platform."),
        "lti_registration_full": _("An administrator of the Hub decides about those that wait on its page Platforms."),
        "lti_invitation_over": _("Ask an administrator of the Hub for a new link; each is good for one platform."),
        "lti_role_refused": _("Only teachers and administrators of a course can add content to it."),
    }
    return hints.get(code)
