"""/healthz: this process is alive. /readyz: every part it needs is there, or 503 naming those that are not."""

from flask import Blueprint, Response, jsonify

from hub.health import Health
from hub.http.access import public
from hub.http.context import service


def health_blueprint() -> Blueprint:
    """The two addresses that load balancers and supervisors ask."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    @public
    def healthz() -> Response:
        return jsonify(status="ok")

    @blueprint.get("/readyz")
    @public
    def readyz() -> Response:
        parts = service(Health).of_requests()
        faults = {part.name: part.fault for part in parts if part.fault}
        response = jsonify(
            status="unavailable" if faults else "ready",
            parts={part.name: part.fault or "ok" for part in parts},
        )
        response.status_code = 503 if faults else 200
        if faults:
            response.headers["Retry-After"] = "5"
        return response

    return blueprint
