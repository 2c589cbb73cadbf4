"""Dynamic registration as the platform's administrator meets it: what is to be connected, one button, done.

The LMS shows these pages in a frame or a window of its own, before the Hub knows the LMS. Anybody may frame them: what
their button does, whoever frames them could do without it.
"""

from flask import Blueprint, Response, jsonify, request

from hub.http import public, service
from hub.http.headers import content_security_policy
from hub.lti.services.dynamic_registration import DynamicRegistration
from hub.lti.views.pages import page

_POLICY = content_security_policy(frame_ancestors="*")


def add_rules(blueprint: Blueprint) -> None:
    """Put the registration below /lti/register."""
    blueprint.add_url_rule("/register/<tenant>", view_func=offer, methods=["GET"])
    blueprint.add_url_rule("/register", view_func=confirm, methods=["POST"])
    blueprint.add_url_rule("/canvas.json", view_func=canvas, methods=["GET"])


@public
def offer(tenant: str) -> Response:
    """What the platform tells of itself, to be confirmed (Dynamic Registration 1.0, steps 1 and 2)."""
    parameters = request.args.to_dict(flat=False)
    found = service(DynamicRegistration).open(tenant, parameters, request.remote_addr or "")
    return page("lti/register.html", _POLICY, offer=found)


@public
def confirm() -> Response:
    """Register the Hub at the platform, and tell the platform's page that it may close this one (steps 3 and 4)."""
    platform = service(DynamicRegistration).confirm(request.form.get("offer", ""))
    return page("lti/registered.html", _POLICY, platform=platform)


@public
def canvas() -> Response:
    """What Canvas reads where an LTI key is entered by an address."""
    response = jsonify(service(DynamicRegistration).canvas_key())
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
