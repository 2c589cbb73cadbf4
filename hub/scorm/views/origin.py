"""Putting the player on the content origin: its page, course files and the run-time API, and nothing else."""

from pathlib import Path

from flask import Blueprint, Flask, Response, request
from flask_babel import Babel

from hub.http.problem import register_dialect
from hub.scorm.services.content import Contents
from hub.scorm.views import content, player, runtime
from hub.scorm.views.player import LANGUAGES as LANGUAGES

_FOLDER = Path(__file__).resolve().parents[1] / "player"


def register_player(app: Flask, contents: Contents, sender: content.Sender, most_streams: int) -> None:
    """Add all that the content origin serves.

    `sender` says who sends the bytes of large files, `most_streams` how many the Hub sends at once in this process.
    """
    pages = Blueprint("player", __name__, template_folder=str(_FOLDER / "templates"))
    pages.add_url_rule("/play/<token>", view_func=player.play, endpoint="play")
    pages.add_url_rule("/play/<token>/consent", view_func=player.agree, methods=["POST"], endpoint="agree")
    withdrawal = "/play/<token>/consent/withdrawal"
    pages.add_url_rule(withdrawal, view_func=player.withdraw, methods=["POST"], endpoint="withdraw")
    renewals = Blueprint("renewals", __name__)
    renewals.add_url_rule("/play/<token>/renewal", view_func=player.renew, methods=["POST"], endpoint="renew")
    pages.add_url_rule("/player/<name>", view_func=player.asset_file, endpoint="asset_file")
    pages.add_url_rule("/viewer/<kind>", view_func=player.viewer, endpoint="viewer")
    files = Blueprint("content", __name__)
    files.add_url_rule(f"{content.PREFIX}<path:anything>", view_func=content.refused, endpoint="refused")
    calls = Blueprint("runtime", __name__)
    calls.add_url_rule("/runtime/commits", view_func=runtime.commit, methods=["POST"], endpoint="commit")
    calls.add_url_rule("/runtime/navigation", view_func=runtime.navigate, methods=["POST"], endpoint="navigate")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(_FOLDER / "translations")
    Babel(app, locale_selector=lambda: request.accept_languages.best_match(LANGUAGES, "en"))
    for blueprint in (pages, renewals, files, calls):
        app.register_blueprint(blueprint)
    for name in ("player", "content", ""):
        register_dialect(app, name, player.plain_page)
    app.after_request(_headers)
    app.wsgi_app = content.ContentFiles(app.wsgi_app, contents, sender, most_streams)  # type: ignore[method-assign]


def _headers(response: Response) -> Response:
    """Whatever is uploaded is taken for what it says it is, and no address leaves with a referrer."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
