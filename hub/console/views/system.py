"""System: is every part there, and what runs here."""

import platform

from flask import render_template

from hub.console.blueprint import Surroundings, console
from hub.health import Health
from hub.http import action, service
from hub.identity import ACTIONS, ROLES


@console.get("/system")
@action("system.read")
def system() -> str:
    return render_template(
        "console/system.html",
        parts=service(Health).of_all(),
        surroundings=service(Surroundings),
        python=platform.python_version(),
    )


@console.get("/roles")
@action("console.use")
def roles() -> str:
    return render_template("console/roles.html", actions=ACTIONS, roles=ROLES)
