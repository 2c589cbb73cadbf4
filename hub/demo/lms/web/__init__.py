"""The Demo LMS as a WSGI application."""

from flask import Flask, Response, render_template
from werkzeug.exceptions import HTTPException

from ..keys import PlatformKeys
from ..settings import LmsSettings, SettingsFault, password, secret
from ..state import State
from ..tools import Refused, Tools
from . import lti, members, pages, services, setup
from .context import Lms, read_switches, refuse_other_hosts, secure


def create_app(settings: LmsSettings) -> Flask:
    """The application for one set of settings; makes the state folder's contents when they are missing."""
    password(settings.state)
    app = Flask("hub.demo.lms", template_folder="templates", static_folder="static")
    app.config.update(
        SECRET_KEY=secret(settings.state, "session-secret"),
        SESSION_COOKIE_NAME="demo_lms",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.issuer.startswith("https:"),
        MAX_CONTENT_LENGTH=1_000_000,
        SEND_FILE_MAX_AGE_DEFAULT=600,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions["lms"] = Lms(
        settings=settings,
        state=State(settings.state / "lms.sqlite"),
        keys=PlatformKeys(settings.state),
        tools=Tools(settings.tool_file, settings.tools),
    )
    app.before_request(refuse_other_hosts)
    app.before_request(read_switches)
    app.after_request(secure)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(lti.blueprint)
    app.register_blueprint(services.blueprint)
    app.register_blueprint(members.blueprint)
    app.register_blueprint(setup.blueprint)
    app.register_blueprint(setup.registration)
    app.register_error_handler(HTTPException, _page_of_error)
    app.register_error_handler(SettingsFault, _page_of_fault)
    app.register_error_handler(Refused, _page_of_refusal)
    app.add_url_rule("/healthz", "healthz", _healthz)
    return app


def _healthz() -> Response:
    return Response("ok\n", mimetype="text/plain")


def _page_of_error(error: HTTPException) -> tuple[str, int] | HTTPException:
    if error.response is not None or error.code is None or error.code < 400:
        return error
    return render_template("message.html", title=error.name, text=error.description), error.code


def _page_of_fault(fault: SettingsFault) -> tuple[str, int]:
    return render_template("message.html", title="The tool is not connected", text=str(fault)), 503


def _page_of_refusal(refusal: Refused) -> tuple[str, int]:
    return render_template("message.html", title="This was refused", text=str(refusal)), 400
