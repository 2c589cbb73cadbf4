"""`python -m hub.demo.lms`: run the Demo LMS until it is stopped."""

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from werkzeug.serving import WSGIRequestHandler, make_server

from .settings import LmsSettings
from .web import create_app


class Handler(WSGIRequestHandler):
    """Keeps connections open, and logs faults only: a request's URL may hold what is private."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Successes are not logged."""


def arguments(given: list[str]) -> argparse.Namespace:
    """The command line; every option has an environment variable too."""
    environment = os.environ
    parser = argparse.ArgumentParser(prog="python -m hub.demo.lms", description="A small LTI 1.3 platform.")
    parser.add_argument("--host", default=environment.get("DEMO_LMS_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(environment.get("DEMO_LMS_PORT", "8100")))
    parser.add_argument("--state", type=Path, default=Path(environment.get("DEMO_LMS_STATE", "var/demo-lms")))
    parser.add_argument(
        "--tool", type=Path, help="JSON file with the registered tool (default: tool.json in the state folder)"
    )
    return parser.parse_args(given)


def settings_of(options: argparse.Namespace) -> LmsSettings:
    """The settings that these command line options stand for."""
    tool_file = options.tool or Path(os.environ.get("DEMO_LMS_TOOL", options.state / "tool.json"))
    return LmsSettings(f"http://{options.host}:{options.port}", options.state, tool_file)


def main(given: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 1 with one line on stderr when the address cannot be had."""
    options = arguments(sys.argv[1:] if given is None else given)
    logging.basicConfig(level=logging.WARNING)
    settings = settings_of(options)
    os.umask(0o077)
    try:
        app = create_app(settings)
        server = make_server(options.host, options.port, app, threaded=True, request_handler=Handler)
    except OSError as fault:
        sys.stderr.write(f"The Demo LMS cannot start at {settings.issuer}: {fault}\n")
        return 1
    signal.signal(signal.SIGTERM, _stop)
    sys.stdout.write(f"Demo LMS at {settings.issuer}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
