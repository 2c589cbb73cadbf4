"""The About resource (Communication 2.8)."""

import orjson
from flask import Blueprint, Response

from hub import __version__
from hub.http import public
from hub.xapi_lrs.spec.versions import SUPPORTED
from hub.xapi_lrs.views.parameters import parameters

_BODY = orjson.dumps(
    {
        "version": ["1.0.0", "1.0.1", "1.0.2", *(version.latest for version in SUPPORTED)],
        "extensions": {"https://w3id.org/standards-hub/lrs": {"name": "Standards Hub", "version": __version__}},
    }
)


@public
def get_about() -> Response:
    """Which versions this LRS supports."""
    parameters(())
    return Response(_BODY, content_type="application/json")


def add_to(blueprint: Blueprint) -> None:
    """Put the resource on the blueprint."""
    blueprint.add_url_rule("/about", view_func=get_about, methods=["GET"])
