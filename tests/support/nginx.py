"""nginx in front of a Hub, with the locations that docs/operations.md tells people to use."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.ports import free_ports

ROOT = Path(__file__).parents[2]
#: `tools/test_programs.sh` unpacks it here where the system has none.
UNPACKED = ROOT / "var/cache/nginx/usr/sbin/nginx"
LOCATIONS = ROOT / "deploy/nginx/hub-locations.conf"
START_SECONDS = 60.0

_CONFIGURATION = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        set $hub_server 127.0.0.1:{hub_port};
        set $hub_packages {packages};
        include {locations};
    }}
}}
"""


def nginx_program() -> str:
    """Where nginx is; skips the test where there is none, saying how to get one."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:{UNPACKED.parent}")
    if found is None:
        pytest.skip("No nginx was found (Debian, Ubuntu: apt install nginx).")
    return found


@contextmanager
def nginx(folder: Path, hub_port: int, packages: str) -> Iterator[int]:
    """nginx on a free port, which the block is given, before the Hub on `hub_port`."""
    (port,) = free_ports(1)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            # Files of the store are for their owner alone.
            user="user root;" if os.getuid() == 0 else "",
            folder=folder,
            port=port,
            hub_port=hub_port,
            packages=packages,
            locations=LOCATIONS,
        )
    )
    process = subprocess.Popen([nginx_program(), "-c", str(configuration), "-e", f"{folder}/error.log"])
    try:
        _wait_for(port, process, folder / "error.log")
        yield port
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"nginx does not start: {log.read_text()}") from None
            time.sleep(0.05)
