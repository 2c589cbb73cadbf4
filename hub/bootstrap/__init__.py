"""The composition root: Settings -> adapters -> services -> Hub -> WSGI. The one place that sees everything.

Read it as the map of the system: `hub` has the adapters, events, outbox topics and periodic work, `services` what each
area offers and what that depends on, `web` the two origins.
"""

from hub.bootstrap.hub import Hub, build
from hub.bootstrap.web import create_app, create_content_app, create_hub_app

__all__ = ["Hub", "build", "create_app", "create_content_app", "create_hub_app"]
