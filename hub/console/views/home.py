"""Home: what needs me, what is going on, where do I go on."""

from typing import Any

from flask import render_template

from hub.console.blueprint import console
from hub.console.views.packages import open_jobs
from hub.http import action, principal, service
from hub.lti.services.platforms import Platforms
from hub.lti.services.scores import Scores
from hub.scorm.services.analytics import Analytics
from hub.scorm.services.packages import Packages
from hub.scorm.services.registrations import Filters, Registrations

FEW = 6


@console.get("/")
@action("console.use")
def home() -> str:
    """Each part is there for those who may see it; a part that needs nobody is left out."""
    me = principal()
    parts: dict[str, Any] = {
        "jobs": [],
        "undelivered": [],
        "latest": [],
        "registrations": [],
        "has_platforms": True,
        "recent": [],
    }
    if me.may("packages.read"):
        parts["jobs"] = open_jobs()
        parts["latest"] = service(Packages).page(me, limit=FEW)
    if me.may("platforms.read"):
        parts["undelivered"] = service(Scores).list(me, status="failed", limit=FEW)
        parts["has_platforms"] = bool(service(Platforms).list(me, limit=1))
    if me.may("registrations.read"):
        parts["registrations"] = service(Registrations).page(me, Filters(), None, FEW)
        parts["recent"] = service(Analytics).recent(me)
    return render_template("console/home.html", **parts)
