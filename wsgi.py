"""The WSGI entry point: `hub serve`, or any WSGI server with `wsgi:app`."""

from hub.bootstrap import build, create_app
from hub.config import Settings
from hub.log import configure_logging

settings = Settings.from_env()
configure_logging(settings.log_format)
app = create_app(build(settings))
