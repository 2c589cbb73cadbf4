"""System: is every part there, and what runs here."""

from flask import render_template

from hub.console.blueprint import console
from hub.http import action, principal, service
from hub.identity import ACTIONS, ROLES
from hub.installation import Installation


@console.get("/system")
@action("system.read")
def system() -> str:
    return render_template("console/system.html", system=service(Installation).told_to(principal()))


@console.get("/roles")
@action("console.use")
def roles() -> str:
    return render_template("console/roles.html", actions=ACTIONS, roles=ROLES)
