"""Serve Open edX's LTI consumer on a free port of loopback, and say which one on the first line.

    python serve.py FOLDER

The consumer's own views, models and keys, in a database in FOLDER; around them `campus`. Who asks is told by the header
X-Person, as a session would.
"""

import socketserver
import sys
import threading
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings
from django.core.management import call_command


class Server(socketserver.ThreadingMixIn, WSGIServer):
    """A thread for each request: the Hub asks while it is asked."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """No line for each request."""

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silent: tests speak for themselves."""


class Person:
    """Middleware: who is signed in."""

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response

    def __call__(self, request: Any) -> Any:
        """Take the header at its word."""
        from django.contrib.auth.models import AnonymousUser, User

        number = request.headers.get("X-Person")
        request.user = User.objects.get(id=number) if number else AnonymousUser()
        return self._get_response(request)


def main(folder: Path) -> None:
    """Serve until the input ends."""
    server = make_server("127.0.0.1", 0, lambda *_: [], Server, Quiet)
    origin = f"http://127.0.0.1:{server.server_port}"
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "openedx.db", "OPTIONS": {"timeout": 20}}
    settings.configure(
        ALLOWED_HOSTS=["*"],
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        DATABASES={"default": database},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "config_models",
            "rest_framework",
            "waffle",
            "lti_consumer",
            "campus",
        ],
        LMS_ROOT_URL=origin,
        LTI_BASE=origin,
        MIDDLEWARE=["serve.Person"],
        PLATFORM_NAME="Open edX",
        ROOT_URLCONF="campus.urls",
        DEBUG_PROPAGATE_EXCEPTIONS=True,
        SECRET_KEY="only for tests",
        STATIC_URL="/static/",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        USAGE_ID_PATTERN=r"(?P<usage_id>(?:i4x://?[^/]+/[^/]+/[^/]+/[^@]+(?:@[^/]+)?)|(?:[^/]+))",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    from campus.platform import take_part
    from django.core.wsgi import get_wsgi_application

    take_part()
    server.set_app(get_wsgi_application())
    sys.stdout.write(f"{origin}\n")
    sys.stdout.flush()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    sys.modules["serve"] = sys.modules["__main__"]
    main(Path(sys.argv[1]))
