"""What is logged can be read by people or programs, and holds no variables."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import logging, sys, structlog
from hub.log import configure_logging
configure_logging(sys.argv[1])
def fail(password):
    raise ValueError("wrong")
try:
    fail("hunter2")
except ValueError as error:
    structlog.get_logger().error("request_failed", path="/x", exc_info=error)
    logging.getLogger("library").exception("library_failed")
"""


def logged(log_format: str) -> str:
    done = subprocess.run([sys.executable, "-c", SCRIPT, log_format], capture_output=True, text=True, check=True)
    return done.stderr


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_traceback_shows_lines_but_no_values(log_format):
    text = logged(log_format)
    assert text.count("ValueError: wrong") == 2
    assert "request_failed" in text
    assert "library_failed" in text
    # The source line that names the value belongs to the script itself, which is not a file.
    assert "hunter2" not in text


def test_json_lines_are_json():
    events = [json.loads(line) for line in logged("json").splitlines()]
    assert [(event["event"], event["level"]) for event in events] == [
        ("request_failed", "error"),
        ("library_failed", "error"),
    ]
    assert events[0]["path"] == "/x"
