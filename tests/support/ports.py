"""Ports for the programs that tests start."""

import os
import secrets
from itertools import count

from hub.adapters.embedded.server import SERVER_PORTS, is_free

#: Above those of embedded servers, which may choose again when one is taken; below those of outgoing connections.
_PORTS = range(SERVER_PORTS.stop, 32_700)
#: How many processes of one run may choose at the same time without ever choosing the same.
_PROCESSES = 10
_turns = count(secrets.randbelow(len(_PORTS)))


def free_ports(number: int) -> list[int]:
    """Loopback ports, all different, on which nothing listens, and which this run gives to nobody else soon."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    own = _PORTS[process % _PROCESSES :: _PROCESSES]
    chosen: list[int] = []
    while len(chosen) < number:
        port = own[next(_turns) % len(own)]
        if is_free(port):
            chosen.append(port)
    return chosen
