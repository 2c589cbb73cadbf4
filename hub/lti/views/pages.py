"""How the pages of LTI are made: small, in the reader's language, framed by whom they are meant for."""

from collections.abc import Iterable
from pathlib import Path

from flask import Response, g, make_response, render_template, request
from flask_babel import Domain, force_locale
from flask_babel import gettext as _

from hub.http import service
from hub.http.headers import content_security_policy
from hub.oauth.services.branding import Branding, Look
from hub.scorm.services.origins import ContentOrigins

AREA = Path(__file__).resolve().parents[1]

#: The words of these pages in other languages than English.
WORDS = Domain(str(AREA / "translations"))
LANGUAGES = ["en", "de"]


def framed(origins: Iterable[str], **changes: str | None) -> str:
    """The Hub's policy for a page that the platform at these origins may frame; a change to None drops a directive."""
    kept = {name: value for name, value in changes.items() if value is not None}
    frames = ["'self'", *origins, *service(ContentOrigins).also_framed_by]
    policy = content_security_policy(frame_ancestors=" ".join(frames), **kept)
    dropped = {name.replace("_", "-") for name, value in changes.items() if value is None}
    return "; ".join(part for part in policy.split("; ") if part.partition(" ")[0] not in dropped)


def page(template: str, policy: str, told_language: str | None = None, **values: object) -> Response:
    """A page by its template, under a Content-Security-Policy, in the language that a launch told."""
    language = language_of(told_language)
    with force_locale(language):
        response = make_response(render_template(template, language=language, look=_look(), **values))
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = "no-store"
    return response


def parting(told_language: str | None) -> str:
    """What the platform shows when a learner comes back from a course."""
    with force_locale(language_of(told_language)):
        return _("Your progress is saved.")


def _look() -> Look | None:
    """How the tenant looks that the page belongs to, once a platform or a visit told which one it is."""
    tenant_id = g.get("lti_tenant")
    return None if tenant_id is None else service(Branding).look(tenant_id)


def language_of(told: str | None) -> str:
    """The language of a page: the one that the launch tells, else the browser's, else English."""
    primary = (told or "").partition("-")[0].lower()
    return primary if primary in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en")
