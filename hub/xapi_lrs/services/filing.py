"""Filing: statements are put into the index a few thousand at a time, beside the requests that store them."""

from threading import Condition, Thread

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

#: The same for what is left over when nothing more comes, and after how many seconds that is plain.
_LEFT_OVER = 100
_QUIET_SECONDS = 2.0


class Filing:
    """Files the statements of every store."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._changed = Condition()
        #: How many statements this process has stored, by store number, since it last filed.
        self._grown: dict[int, int] = {}
        self._threads: dict[int, Thread] = {}
        self._is_closing = False

    def note(self, store: StoreView, count: int) -> None:
        """So many statements more are committed; a thread of their own files them, when they are enough for a block or
        when nothing more comes."""
        with self._changed:
            grown = self._grown[store.number] = self._grown.get(store.number, 0) + count
            if grown >= _LOOK_AFTER:
                self._changed.notify_all()
            if grown >= _LEFT_OVER and store.number not in self._threads:
                thread = Thread(target=self._file_beside, args=(store,), name="lrs-filing", daemon=True)
                self._threads[store.number] = thread
                thread.start()

    def _file_beside(self, store: StoreView) -> None:
        """File block after block while statements come, and then the rest."""
        least = _WORTH_WHILE
        while least := self._next_block(store.number, least):
            try:
                self.file(store, least)
            except HubError as error:  # The next to come, or the periodic round, files them.
                log.warning("lrs_filing_failed", store=store.number, error=str(error))

    def _next_block(self, number: int, before: int) -> int:
        """Wait until there may be a block to file, and say how many statements make it; 0 once the rest was filed
        (the block `before`) and hardly any have come since. Whoever stores the next ones begins anew."""
        with self._changed:
            is_over = before == _LEFT_OVER and self._grown[number] < _LEFT_OVER
            while not is_over and not self._is_closing:
                grown = self._grown[number]
                if self._changed.wait_for(lambda: self._is_due(number), _QUIET_SECONDS) or self._grown[number] == grown:
                    is_block = self._grown[number] >= _LOOK_AFTER
                    self._grown[number] = 0
                    return _WORTH_WHILE if is_block else _LEFT_OVER
            del self._threads[number]
            return 0

    def _is_due(self, number: int) -> bool:
        return self._is_closing or self._grown[number] >= _LOOK_AFTER

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
        """Wait for what is being filed; nothing more is begun."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()
