"""LTI on the Hub's origin."""

from flask import Flask

from hub.http import register_dialect
from hub.lti.views.errors import error_page
from hub.lti.views.tool import tool_blueprint


def register_lti(app: Flask) -> None:
    """Put login, launch, key set and the pages inside the LMS below /lti/."""
    blueprint = tool_blueprint()
    app.register_blueprint(blueprint)
    register_dialect(app, blueprint, error_page)
