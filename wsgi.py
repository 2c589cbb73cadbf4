"""The WSGI entry point: `hub serve`, or any WSGI server with `wsgi:app`."""

from hub.web_server import make_app

app = make_app()
