"""Filing: statements are put into the index a few thousand at a time, beside the requests that store them."""

from threading import Lock, Thread

import structlog

from hub.db import EVERY_TENANT, Database
from hub.errors import HubError
from hub.xapi_lrs.services.stores import StoreView
from hub.xapi_lrs.storage import earlier, intake, postings, stores

log = structlog.get_logger(__name__)

#: How many statements make a block worth while. Fewer than that are quickly read one by one.
_WORTH_WHILE = 4_000

#: After how many of its own a process looks whether there are so many; others write too.
_LOOK_AFTER = 2_000

#: The same for what is left over when nothing more comes.
_LEFT_OVER = 100


class Filing:
    """Files the statements of every store."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._mutex = Lock()
        #: How many statements this process has stored, by store number, since it last filed.
        self._grown: dict[int, int] = {}
        self._threads: dict[int, Thread] = {}

    def note(self, store: StoreView, count: int) -> None:
        """So many statements more are committed; enough of them are filed by a thread of their own."""
        with self._mutex:
            grown = self._grown.get(store.number, 0) + count
            is_due = grown >= _LOOK_AFTER and store.number not in self._threads
            self._grown[store.number] = 0 if is_due else grown
            if is_due:
                thread = Thread(target=self._file_beside, args=(store,), name="lrs-filing", daemon=True)
                self._threads[store.number] = thread
                thread.start()

    def _file_beside(self, store: StoreView) -> None:
        try:
            self.file(store)
        except HubError as error:  # The next to come, or the periodic round, files them.
            log.warning("lrs_filing_failed", store=store.number, error=str(error))
        finally:
            with self._mutex:
                del self._threads[store.number]

    def file(self, store: StoreView, least: int = _WORTH_WHILE) -> int:
        """File what is stored in blocks of at least so many statements; returns how many were filed."""
        filed = 0
        while True:
            with self._db.unit_of_work(store.tenant_id, store.number) as work:
                came = postings.file_block(work.psycopg, store.number, least)
            if came.lacks_terms:
                self._fill_in(store)
            elif came.count == 0:
                return filed
            filed += came.count

    def file_rest(self) -> int:
        """File what is left over in all stores, and what a release before this one left unfiled; how many that was."""
        with self._db.read(EVERY_TENANT) as session:
            due = [StoreView.of(store) for store in stores.with_unfiled(session)]
        return sum(self.file(store, _LEFT_OVER) for store in due)

    def _fill_in(self, store: StoreView) -> None:
        """Give their terms to statements that a release before this one stored."""
        with self._db.connection(store.tenant_id, store.number) as connection:
            intake.take_order(connection, store.number)
            earlier.fill_in(connection, store.number, store.term_key)

    def close(self) -> None:
        """Wait for what is being filed."""
        with self._mutex:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()
