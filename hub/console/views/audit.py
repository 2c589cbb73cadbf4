"""Audit: who did what."""

from datetime import datetime
from uuid import UUID

from flask import render_template, request

from hub.console.blueprint import console
from hub.console.listing import listing
from hub.console.query import moment
from hub.http import action, principal, service
from hub.oauth.services.audit_log import AuditFilter, AuditLog


@console.get("/audit")
@action("audit.read")
def audit() -> str:
    wanted = AuditFilter(
        action=request.args.get("action", "").strip(),
        actor=request.args.get("actor", "").strip(),
        since=moment("since"),
        until=moment("until"),
    )
    found = listing(
        lambda after, limit: service(AuditLog).list(
            principal(), wanted, (datetime.fromisoformat(after[0]), UUID(after[1])) if after else None, limit
        ),
        key=lambda event: [event.at.isoformat(), str(event.id)],
    )
    return render_template("console/audit.html", found=found)
