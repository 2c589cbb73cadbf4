"""The API, to be read: made of the same document that programs read."""

from flask import current_app, render_template, request

from hub.console.api_reference import Reference
from hub.console.blueprint import Surroundings, console, signed_in
from hub.errors import NotFound, say
from hub.http import public, service
from hub.oauth.scopes import SCOPES


@console.get("/api/v1/")
@public
def api() -> str:
    """All operations in short, or those of one noun (`of`) in full."""
    document = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    reference = Reference(document)
    nouns, noun = reference.by_noun(), request.args.get("of")
    if noun is not None and noun not in nouns:
        raise NotFound(say("The API has no %(noun)s.", noun=noun[:50]))
    return render_template(
        "console/api.html" if noun is None else "console/api_noun.html",
        reference=reference,
        nouns=nouns,
        noun=noun,
        frame="console/page.html" if signed_in() else "console/reading.html",
        public_url=service(Surroundings).public_url,
        scopes=SCOPES.values(),
    )
