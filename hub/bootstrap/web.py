"""The WSGI applications: which blueprint is on which origin."""

from collections.abc import Callable, Iterable

from flask import Flask

from hub import __version__
from hub.bootstrap.hub import Hub
from hub.config import MB
from hub.console.app import register_console
from hub.http.access import Authenticator, install_authentication, install_authorization
from hub.http.access_log import AccessLog
from hub.http.api import create_api
from hub.http.context import install_context
from hub.http.headers import install_headers
from hub.http.health import health_blueprint
from hub.http.limits import install_rate_limits
from hub.http.origins import OriginDispatcher
from hub.http.problem import install_problems
from hub.http.proxies import TrustedProxies
from hub.http.system_api import system_api
from hub.lti.views.api import deliveries_api, invitations_api, platforms_api
from hub.lti.views.blueprint import register_lti
from hub.oauth.scopes import SCOPES, scopes_allowing
from hub.oauth.views.api import audit_api, clients_api, users_api
from hub.oauth.views.branding import branding_blueprint
from hub.oauth.views.branding_api import branding_api
from hub.oauth.views.providers_api import providers_api
from hub.oauth.views.server import register_oauth
from hub.oauth.views.tenants_api import tenants_api
from hub.oauth.views.tokens_api import people_tokens_api, tokens_api
from hub.privacy.views.api import identities_api, privacy_jobs_api, retention_api
from hub.scorm.services.content import Contents
from hub.scorm.views.analytics import analytics_api
from hub.scorm.views.cohorts import cohorts_api
from hub.scorm.views.consent import consent_api
from hub.scorm.views.courses import courses_api
from hub.scorm.views.learners import learners_api
from hub.scorm.views.origin import register_player
from hub.scorm.views.package_settings import package_settings_api
from hub.scorm.views.packages import jobs_api, packages_api
from hub.scorm.views.registrations import registrations_api
from hub.scorm.views.sharing import editors_api
from hub.scorm.views.thumbnails import thumbnails_blueprint
from hub.scorm.views.uploads import direct_uploads_api, uploads_api
from hub.xapi_lrs.views.api import stores_api
from hub.xapi_lrs.views.blueprint import register_lrs


def create_app(hub: Hub) -> Callable[..., Iterable[bytes]]:
    """The WSGI application: the Hub's origin and the content origin, told apart by the Host header."""
    app: Callable[..., Iterable[bytes]] = OriginDispatcher(
        {hub.settings.public_url: create_hub_app(hub), hub.settings.content_url: create_content_app(hub)}
    )
    if hub.settings.access_log:
        app = AccessLog(app)
    return TrustedProxies(app, hub.settings.trusted_proxies.split())


def create_hub_app(hub: Hub) -> Flask:
    """The Hub's own origin: console, API, LTI, LRS, OAuth."""
    app = _flask_app(hub, "hub", hub.authenticators)
    install_headers(app)
    install_rate_limits(app, hub.settings.redis_url, hub.settings.requests_per_minute)
    install_authorization(app)
    app.register_blueprint(health_blueprint())
    app.register_blueprint(thumbnails_blueprint)
    app.register_blueprint(branding_blueprint)
    _register_api(app)
    register_oauth(app)
    register_lrs(app)
    register_lti(app)
    register_console(app, hub.settings.upload_limit_mb * MB)
    return app


def _register_api(app: Flask) -> None:
    """The REST API: each noun is a blueprint of its area."""
    meanings = {scope.name: scope.meaning for scope in SCOPES.values()}
    api = create_api(app, __version__, meanings, scopes_allowing)
    api.register_blueprint(packages_api)
    api.register_blueprint(jobs_api)
    api.register_blueprint(package_settings_api)
    api.register_blueprint(analytics_api)
    api.register_blueprint(uploads_api)
    api.register_blueprint(direct_uploads_api)
    api.register_blueprint(registrations_api)
    api.register_blueprint(learners_api)
    api.register_blueprint(cohorts_api)
    api.register_blueprint(courses_api)
    api.register_blueprint(editors_api)
    api.register_blueprint(consent_api)
    api.register_blueprint(branding_api)
    api.register_blueprint(tenants_api)
    api.register_blueprint(system_api)
    api.register_blueprint(platforms_api)
    api.register_blueprint(deliveries_api)
    api.register_blueprint(invitations_api)
    api.register_blueprint(stores_api)
    api.register_blueprint(clients_api)
    api.register_blueprint(providers_api)
    api.register_blueprint(users_api)
    api.register_blueprint(tokens_api)
    api.register_blueprint(people_tokens_api)
    api.register_blueprint(audit_api)
    api.register_blueprint(identities_api)
    api.register_blueprint(privacy_jobs_api)
    api.register_blueprint(retention_api)


def create_content_app(hub: Hub) -> Flask:
    """The content origin: the player, uploaded content and its run-time API; no Hub cookie is ever set or read."""
    app = _flask_app(hub, "hub-content", [])
    settings = hub.settings
    install_authorization(app)
    app.register_blueprint(branding_blueprint)
    register_player(app, hub.service(Contents), settings.content_sender, max(settings.web_threads // 2, 1))
    return app


def _flask_app(hub: Hub, name: str, authenticators: list[Authenticator]) -> Flask:
    app = Flask("hub", static_folder=None)
    app.name = name
    # No view is a coroutine; Flask would look at each hook and view of every request to find that out.
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]
    app.config.update(
        # A view that takes more says so itself (request.max_content_length).
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=512 * 1024,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    install_context(app, hub.services)
    install_problems(app)
    install_authentication(app, authenticators)
    return app
