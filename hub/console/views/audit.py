"""Audit: who did what."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from flask import Response, render_template, request

from hub.console.blueprint import console
from hub.console.listing import address, listing
from hub.console.query import moment
from hub.http import action, principal, service
from hub.http.downloads import csv_response
from hub.http.fields import rfc3339
from hub.oauth.services.audit_log import AuditFilter, AuditLog

COLUMNS = ("at", "action", "actor_kind", "actor_id", "actor_name", "target", "address", "request_id", "details")


@console.get("/audit")
@action("audit.read")
def audit() -> str | Response:
    wanted = AuditFilter(
        action=request.args.get("action", "").strip(),
        actor=request.args.get("actor", "").strip(),
        since=moment("since"),
        until=moment("until"),
    )
    if request.args.get("format") == "csv":
        return csv_response("audit", COLUMNS, (_row(event) for event in service(AuditLog).each(principal(), wanted)))
    found = listing(
        lambda after, limit: service(AuditLog).list(
            principal(), wanted, (datetime.fromisoformat(after[0]), UUID(after[1])) if after else None, limit
        ),
        key=lambda event: [event.at.isoformat(), str(event.id)],
    )
    return render_template("console/audit.html", found=found, download=address(format="csv"))


def _row(event: Any) -> list[object]:
    """An event as cells of the download."""
    cells = [getattr(event, name) for name in COLUMNS]
    return [rfc3339(event.at), *cells[1:-1], orjson.dumps(event.details).decode()]
