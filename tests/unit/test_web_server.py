"""What the web server asks of the C library."""

import subprocess
import sys

import pytest

#: Makes and drops buffers as a batch of statements does, and prints how many pages the system made for the later ones.
_BUFFERS = """
import resource
from hub.web_server import _keep_freed_memory

def pages_made():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(100):
        made = [b"".join([b"x" * 1000] * 700) for _ in range(3)]
        del made
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

{prepare}
pages_made()
print(pages_made())
"""


def _pages_made(prepare: str) -> int:
    program = [sys.executable, "-c", _BUFFERS.format(prepare=prepare)]
    return int(subprocess.run(program, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is glibc's")
def test_freed_buffers_are_used_again() -> None:
    assert _pages_made("") > 10_000
    assert _pages_made("_keep_freed_memory()") < 1_000
