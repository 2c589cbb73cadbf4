"""The console's blueprint: what happens around every one of its pages."""

from typing import Any

from flask import Blueprint, Response, g, request
from flask_babel import get_locale
from flask_babel import gettext as _

from hub import __version__
from hub.console.assets import asset
from hub.console.words import notice_of
from hub.errors import Forbidden, Invalid
from hub.http import service
from hub.http.context import request_id
from hub.http.headers import content_security_policy
from hub.oauth.services.branding import Branding, Look
from hub.oauth.services.post import Post
from hub.oauth.services.sessions import Sessions, SignedIn
from hub.oauth.views.session import BrowserSessions
from hub.scorm.services.sharing import Sharing

#: Who has a session: people at home, and those who run the Hub in a tenant that is not their own.
_BROWSING = frozenset({"user", "super_administrator"})
#: What belongs to the person and not to the tenant that they work in.
_OWN = ("/account", "/oauth/", "/device")
LOOK_COOKIE = "hub-tenant"
_YEAR = 365 * 24 * 3600

console = Blueprint("console", __name__, template_folder="templates")


@console.before_request
def only_people() -> None:
    """A token opens the API and the LRS, not the pages, whatever its scopes."""
    known = g.get("principal")
    if known is not None and known.kind not in _BROWSING:
        raise Forbidden("A token opens the API, not the console.", code="not_allowed")
    if known is not None and known.kind == "super_administrator" and request.path.startswith(_OWN):
        raise Forbidden("You are at work in another tenant. Leave it to come to what is your own.", code="visiting")


@console.before_request
def check_form() -> None:
    """A request that changes something comes from a form of ours; uploads may be large, and are kept on disk."""
    endpoint = request.endpoint or ""
    if endpoint.removeprefix("console.") in LARGE_FORMS:
        request.max_content_length = LARGE_FORMS[endpoint.removeprefix("console.")]
    service(BrowserSessions).check_form(request)
    if any("\0" in value for _, value in request.form.items(multi=True)):
        raise Invalid("The form has a zero character.")


#: Endpoints whose forms carry files, and how many bytes they may have; filled in when the console is registered.
LARGE_FORMS: dict[str, int] = {}


@console.after_request
def finish(response: Response) -> Response:
    """Pages are for one person and never kept; a visitor without a session gets the cookie of the visit."""
    service(BrowserSessions).remember_visit(response)
    response.headers.setdefault("Cache-Control", "no-store")
    _remember_look(response)
    if response.mimetype == "text/html":
        allowed = ["'self'", service(Surroundings).content_url, *g.get("form_targets", ())]
        response.headers["Content-Security-Policy"] = content_security_policy(form_action=" ".join(allowed))
    return response


class Surroundings:
    """What pages tell about the Hub they belong to."""

    def __init__(self, public_url: str, content_url: str) -> None:
        self.public_url = public_url
        self.content_url = content_url


def look() -> Look | None:
    """How the tenant looks that the page belongs to: that of who signed in, or the one whose sign-in page it is.

    Before somebody signs in, the address names the tenant (`/t/NAME` leads there), else the browser's last sign-in.
    """
    if "hub_look" not in g:
        known = signed_in()
        named = request.args.get("tenant") or request.cookies.get(LOOK_COOKIE, "")
        branding = service(Branding)
        g.hub_look = branding.look(known.principal.tenant_id) if known else branding.of_slug(named[:63])
    found: Look | None = g.hub_look
    return found


def _remember_look(response: Response) -> None:
    """Who signs in to a tenant sees its sign-in page the next time too. The cookie opens nothing."""
    known = g.get("signed_in")
    if known is None or known.is_visiting or response.mimetype != "text/html":
        return
    found = look()
    if found is not None and request.cookies.get(LOOK_COOKIE) != found.slug:
        secure = request.is_secure
        response.set_cookie(LOOK_COOKIE, found.slug, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax")


def may_edit(package_id: str) -> bool:
    """Whether this person may change the package."""
    known = signed_in()
    if known is None or not known.principal.may("packages.write"):
        return False
    if "hub_editable" not in g:
        g.hub_editable = {}
    if package_id not in g.hub_editable:
        g.hub_editable[package_id] = service(Sharing).may_edit(known.principal, package_id)
    found: bool = g.hub_editable[package_id]
    return found


def signed_in() -> SignedIn | None:
    """Whose session the request belongs to."""
    known: SignedIn | None = g.get("signed_in")
    return known


def require_recent_proof() -> None:
    """Before something that guards the account changes: whoever has the session proved who they are just now."""
    service(Sessions).require_recent(service(BrowserSessions).session_id(request))


def language() -> str:
    """The language of this page: what is sent by e-mail is written in it too."""
    return str(get_locale() or "en")


#: The pages of the menu: endpoint, label, the action that it takes, and its group.
def _menu() -> list[tuple[str, str, str, str]]:
    return [
        ("console.home", _("Home"), "console.use", ""),
        ("console.packages", _("Packages"), "packages.read", ""),
        ("console.registrations", _("Registrations"), "registrations.read", ""),
        ("console.learners", _("Learners"), "learners.read", ""),
        ("console.cohorts", _("Cohorts"), "cohorts.read", ""),
        ("console.statements", _("Statements"), "statements.read", ""),
        ("console.platforms", _("Platforms"), "platforms.read", ""),
        ("console.deliveries", _("Score deliveries"), "platforms.read", ""),
        ("console.courses", _("My courses"), "courses.play", ""),
        ("console.stores", _("Stores"), "stores.read", _("Administration")),
        ("console.clients", _("Clients"), "clients.read", _("Administration")),
        ("console.people", _("People"), "users.read", _("Administration")),
        ("console.providers", _("Sign-in"), "providers.read", _("Administration")),
        ("console.branding", _("Branding"), "branding.write", _("Administration")),
        ("console.privacy", _("Privacy"), "privacy.read", _("Administration")),
        ("console.audit", _("Audit"), "audit.read", _("Administration")),
        ("console.system", _("System"), "system.read", _("Administration")),
        ("console.tenants", _("Tenants"), "tenants.read", _("Administration")),
        ("console.roles", _("Roles"), "console.use", _("Help")),
        ("console.api", _("API"), "console.use", _("Help")),
    ]


def menu() -> list[dict[str, Any]]:
    """The groups of the menu with the pages that this person may open, and which one is current."""
    known = signed_in()
    section = getattr(g, "console_section", (request.endpoint or "").partition(".")[2].partition("_")[0])
    groups: dict[str, list[dict[str, Any]]] = {}
    for endpoint, label, needed, group in _menu():
        if known is not None and known.principal.may(needed):
            is_current = endpoint == f"console.{section}"
            groups.setdefault(group, []).append({"endpoint": endpoint, "label": label, "is_current": is_current})
    return [{"name": name, "pages": pages} for name, pages in groups.items()]


@console.app_context_processor
def surroundings() -> dict[str, Any]:
    """What every template may use."""
    return {
        "asset": asset,
        "menu": menu,
        "me": signed_in(),
        "look": look(),
        "may_edit": may_edit,
        "may": lambda needed: (known := signed_in()) is not None and known.principal.may(needed),
        "form_token": lambda: service(BrowserSessions).form_token(request),
        # A form that is sent from such a page keeps its address, but what was done before is told once.
        "notice": notice_of(request.args.get("done", "")) if request.method == "GET" else "",
        "mail_is_on": service(Post).is_on,
        "request_id": request_id,
        "version": __version__,
    }
