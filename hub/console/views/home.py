"""Home: what needs me, what is going on, where do I go on."""

from flask import render_template

from hub.console.blueprint import console
from hub.http import action


@console.get("/")
@action("console.use")
def home() -> str:
    return render_template("console/home.html")
