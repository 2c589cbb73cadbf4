"""The API, to be read: made of the same document that programs read."""

from flask import current_app, render_template

from hub.console.api_reference import Reference
from hub.console.blueprint import Surroundings, console, signed_in
from hub.http import public, service
from hub.oauth.scopes import SCOPES


@console.get("/api/v1/")
@public
def api() -> str:
    document = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return render_template(
        "console/api.html",
        reference=Reference(document),
        frame="console/page.html" if signed_in() else "console/reading.html",
        public_url=service(Surroundings).public_url,
        scopes=SCOPES.values(),
    )
