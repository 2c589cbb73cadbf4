"""Two who do the same at the same moment: the second begins while the first is not done yet."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import TypeVar

from hub.bootstrap import Hub
from hub.db import EVERY_TENANT, UnitOfWork

Result = TypeVar("Result")

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def overtaken(hub: Hub, first: UnitOfWork, second: Callable[[], Result]) -> Result:
    """What `second` comes to when it waits for what the open transaction `first` holds, which is committed then."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(second)
        try:
            _wait_for_lock(hub)
        finally:
            first.session.commit()
        return running.result(60)


def _wait_for_lock(hub: Hub) -> None:
    """Until somebody waits for what another transaction holds."""
    for _ in range(600):
        with hub.db.read(EVERY_TENANT) as session:  # A transaction sees one snapshot of who is at what.
            if session.connection().exec_driver_sql(_WAITING).scalar_one():
                return
        sleep(0.05)
    raise AssertionError("nobody waits")
