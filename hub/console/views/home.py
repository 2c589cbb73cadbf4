"""Home: what needs me, what is going on, where do I go on."""

from typing import Any

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

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
def home() -> str | Response:
    """Each part is there for those who may see it; a part that needs nobody is left out.

    Who is here to learn, and for nothing else, is led to their courses.
    """
    me = principal()
    if not me.may("packages.read"):
        return redirect(url_for("console.courses"), 303)
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
