"""The LRS on the web: /xapi, and /xapi/1.0.3 for clients that send no version (Communication 3.3).

Both have the same resources; the X-Experience-API-Version header of a request decides. They differ in the version
that a request without the header is answered with.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, g, request

from hub.errors import TooMany
from hub.http.context import SERVICES, principal, service
from hub.xapi_lrs.services.credentials import CHALLENGE, Allowance, Credentials
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.spec import versions
from hub.xapi_lrs.spec.reading import Limits
from hub.xapi_lrs.spec.values import timestamp_text
from hub.xapi_lrs.spec.versions import V1_0, V2_0, Version
from hub.xapi_lrs.views import about, documents, lookups, openapi, statements
from hub.xapi_lrs.views.alternate import REFUSAL, AlternateRequestSyntax
from hub.xapi_lrs.views.answers import THROUGH, as_gzip, cors_headers, is_worth_packing, takes_gzip
from hub.xapi_lrs.views.door import StatementDoor

_ALLOWED = (
    "Accept, Accept-Language, Authorization, Content-Encoding, Content-Type, If-Match, If-None-Match,"
    " X-Experience-API-Version, X-Request-Id"
)

#: What clients stored is data, whatever they call it: a browser that is led to it runs nothing of it and takes it for a
#: page of no origin (CSP Level 3, "sandbox"). By a form that stands for a GET any site can lead one there.
_INERT = "default-src 'none'; sandbox; frame-ancestors 'none'"

_WITHOUT_VERSION = ("/about", "/openapi.json")
_PACKED = frozenset({"application/json", "application/problem+json"})


def register_lrs(app: Flask) -> None:
    """Put the LRS on the Hub's origin."""
    services = app.extensions[SERVICES]
    largest: int = services[Limits].batch_bytes
    pages = AlternateRequestSyntax(app.wsgi_app, largest * 3)
    app.wsgi_app = StatementDoor(  # type: ignore[method-assign]
        pages, services[Credentials], services[Statements], largest
    )
    for name, prefix, version in (("xapi", "/xapi", V2_0), ("xapi_1_0_3", "/xapi/1.0.3", V1_0)):
        blueprint = lrs_blueprint(name, prefix, version)
        app.register_blueprint(blueprint)
    app.after_request(_finish_unrouted)


def lrs_blueprint(name: str, prefix: str, default: Version) -> Blueprint:
    """The resources of the LRS below `prefix`."""
    blueprint = Blueprint(name, __name__, url_prefix=prefix)
    blueprint.before_request(_version_reader(default))
    blueprint.before_request(_count_request)
    blueprint.after_request(_finisher(default))
    for resource in (statements, documents, lookups, about, openapi):
        resource.add_to(blueprint)
    return blueprint


def _version_reader(default: Version) -> Callable[[], None]:
    def read() -> None:
        """Every resource but About, which tells the versions that there are, needs a header that names one; 400
        otherwise."""
        environ = request.environ
        if REFUSAL in environ:
            raise environ[REFUSAL]
        if environ["REQUEST_METHOD"] == "OPTIONS" or environ["PATH_INFO"].endswith(_WITHOUT_VERSION):
            g.xapi_version = default
        else:
            g.xapi_version = versions.requested(environ.get("HTTP_X_EXPERIENCE_API_VERSION"))

    return read


def _count_request() -> None:
    """Refuse what a limited credential sends too much of."""
    known = g.get("principal")
    if known is None or known.kind != "lrs_credential":
        return
    g.allowance = service(Credentials).count_request(known)
    if g.allowance is not None and g.allowance.remaining < 0:
        raise TooMany(
            f"This credential is limited to {g.allowance.limit} requests a minute.",
            code="rate_limited",
            headers={"Retry-After": str(g.allowance.seconds)},
        )


def _finisher(default: Version) -> Callable[[Response], Response]:
    def finish(response: Response) -> Response:
        """The headers of every answer, and its compression."""
        environ, headers = request.environ, response.headers
        headers[versions.HEADER] = g.get("xapi_version", default).latest
        if response.status_code == 204:
            headers.pop("Content-Type", None)
        elif response.mimetype != "application/json":
            headers["Content-Security-Policy"] = _INERT
        if environ["REQUEST_METHOD"] == "OPTIONS":
            _answer_preflight(response)
        elif environ["PATH_INFO"].endswith("/statements") and THROUGH not in headers:
            _add_through(response)
        headers.extend(cors_headers(environ))
        if response.status_code == 401 and not _is_from_a_script(environ):
            _offer_basic(response)
        if g.get("allowance") is not None:
            _add_allowance(response)
        if takes_gzip(environ):
            _pack(response)
        return response

    return finish


def _finish_unrouted(response: Response) -> Response:
    """Every answer below /xapi names the version, also to an address or a method that there is not (Communication
    3.3)."""
    path = request.path
    if versions.HEADER not in response.headers and (path == "/xapi" or path.startswith("/xapi/")):
        default = V1_0 if path.startswith("/xapi/1.0.3") else V2_0
        response.headers[versions.HEADER] = default.latest
        response.headers.extend(cors_headers(request.environ))
    return response


def _answer_preflight(response: Response) -> None:
    """What a page of another origin may send (Fetch, "CORS-preflight fetch")."""
    response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
    response.headers["Access-Control-Allow-Headers"] = _ALLOWED
    response.headers["Access-Control-Max-Age"] = "86400"


def _add_through(response: Response) -> None:
    """Consistent-Through belongs to refusals too, as soon as it is known whose store it is (Communication 2.1.3)."""
    if g.get("principal") is not None and response.status_code < 500:
        just_stored = request.method in ("POST", "PUT") and response.status_code < 300
        through = service(Statements).consistent_through(principal(), just_stored=just_stored)
        response.headers[THROUGH] = timestamp_text(through)


def _is_from_a_script(environ: dict[str, Any]) -> bool:
    """Whether a page in a browser asks (Fetch Metadata, `Sec-Fetch-Mode`): to be asked for a key, the browser would ask
    the learner, and the page would wait for ever."""
    return "HTTP_ORIGIN" in environ or environ.get("HTTP_SEC_FETCH_MODE", "navigate") != "navigate"


def _offer_basic(response: Response) -> None:
    """Many clients send a key and secret only where Basic is asked for (RFC 9110 section 11.6.1)."""
    if CHALLENGE not in response.headers.getlist("WWW-Authenticate"):
        response.headers.add("WWW-Authenticate", CHALLENGE)


def _add_allowance(response: Response) -> None:
    """How much of a limit is left (draft-ietf-httpapi-ratelimit-headers)."""
    allowance: Allowance = g.allowance
    response.headers["RateLimit-Policy"] = f'"credential";q={allowance.limit};w=60'
    response.headers["RateLimit"] = f'"credential";r={max(allowance.remaining, 0)};t={allowance.seconds}'


def _pack(response: Response) -> None:
    """Send a body as gzip where that is worth it. A document stays as it is: its entity tag is the SHA-1 of the bytes
    that are sent (Communication 3.1)."""
    if "ETag" in response.headers:
        return
    response.headers.add("Vary", "Accept-Encoding")
    if response.is_streamed or response.status_code != 200 or "Content-Encoding" in response.headers:
        return
    body = response.get_data()
    if is_worth_packing(body) and response.mimetype in _PACKED:
        response.set_data(as_gzip(body))
        response.headers["Content-Encoding"] = "gzip"
