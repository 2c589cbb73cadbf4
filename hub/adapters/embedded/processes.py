"""Processes remembered across starts, so that one left behind by a crash is found, and no other is ever hit."""

import contextlib
import json
import signal
from pathlib import Path

import psutil


def record_process(file: Path, pid: int) -> None:
    """Remember a process by its number and the time it began: numbers are used again."""
    with contextlib.suppress(psutil.NoSuchProcess):
        file.write_text(json.dumps({"pid": pid, "began_at": psutil.Process(pid).create_time()}), encoding="ascii")


def recorded_process(file: Path) -> psutil.Process | None:
    """The process remembered in a file, if it is still alive."""
    with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
        record = json.loads(file.read_text(encoding="ascii"))
        process = psutil.Process(record["pid"])
        if abs(process.create_time() - record["began_at"]) < 2 and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def end_process(process: psutil.Process, ask: signal.Signals, grace_seconds: float) -> None:
    """Ask a process to end by a signal; after so many seconds, end it and its children by force."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(ask)
        try:
            process.wait(grace_seconds)
        except psutil.TimeoutExpired:
            for child in process.children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            process.kill()
            process.wait(30)
