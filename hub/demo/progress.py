"""What the demo says while it starts: moving on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text

QUICK_SECONDS = 1.0


class Progress:
    """One line a step, with the time it took."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._status: Status | None = None

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show that something is being done; when it is, say so. Nothing is said of what fails."""
        began_at = time.monotonic()
        self._status = self.console.status(text) if self.console.is_terminal else None
        if self._status:
            self._status.start()
        try:
            yield
        finally:
            if self._status:
                self._status.stop()
        seconds = time.monotonic() - began_at
        took = f" ({seconds:.1f} s)" if seconds >= QUICK_SECONDS else ""
        self.say("  ", ("done", "green"), f"  {text}{took}")

    def detail(self, text: str) -> None:
        """Say what the present step is at."""
        if self._status:
            self._status.update(text)
        else:
            self.say(f"        {text}")

    def say(self, *parts: str | tuple[str, str]) -> None:
        """A line that stays, of texts and of (text, style) pairs; never markup, since it may quote a log."""
        self.console.print(Text.assemble(*parts))
