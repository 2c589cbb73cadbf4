"""Sequencing requests (SN appendix C, SB.2.5 to SB.2.13)."""

from hub.scorm.spec.sequencing.choice import choice_sequencing_request
from hub.scorm.spec.sequencing.flow import Direction, flow
from hub.scorm.spec.sequencing.results import Requested
from hub.scorm.spec.sequencing.run import Run


def start_sequencing_request(run: Run) -> Requested:
    """Start Sequencing Request Process [SB.2.5]: flow into the tree from its root."""
    if run.current is not None:
        return Requested(exception="SB.2.5-1")
    if run.tree.activities[0].is_leaf:
        return Requested(delivery=0)
    flowed = flow(run, 0, Direction.FORWARD, enter=True)
    if flowed.deliverable:
        return Requested(delivery=flowed.activity)
    return Requested(ends_session=flowed.ends_session, exception=flowed.exception)


def resume_all_sequencing_request(run: Run) -> Requested:
    """Resume All Sequencing Request Process [SB.2.6]: deliver the Suspended Activity."""
    if run.current is not None:
        return Requested(exception="SB.2.6-1")
    if run.suspended is None:
        return Requested(exception="SB.2.6-2")
    return Requested(delivery=run.suspended)


def continue_sequencing_request(run: Run) -> Requested:
    """Continue Sequencing Request Process [SB.2.7]: flow forward from the Current Activity."""
    return _flow_from_current(run, Direction.FORWARD, "SB.2.7")


def previous_sequencing_request(run: Run) -> Requested:
    """Previous Sequencing Request Process [SB.2.8]: flow backward from the Current Activity."""
    return _flow_from_current(run, Direction.BACKWARD, "SB.2.8")


def _flow_from_current(run: Run, direction: Direction, process: str) -> Requested:
    if run.current is None:
        return Requested(exception=f"{process}-1")
    parent = run.parent(run.current)
    if parent is not None and not parent.control.flow:
        return Requested(exception=f"{process}-2")
    flowed = flow(run, run.current, direction, enter=False)
    if flowed.deliverable:
        return Requested(delivery=flowed.activity)
    return Requested(ends_session=flowed.ends_session, exception=flowed.exception)


def retry_sequencing_request(run: Run) -> Requested:
    """Retry Sequencing Request Process [SB.2.10]: the Current Activity again, or what flows out of it."""
    current = run.current
    if current is None:
        return Requested(exception="SB.2.10-1")
    found = run.activities[current]
    if found.active or found.suspended:
        return Requested(exception="SB.2.10-2")
    if run.tree.activities[current].is_leaf:
        return Requested(delivery=current)
    flowed = flow(run, current, Direction.FORWARD, enter=True)
    return Requested(delivery=flowed.activity) if flowed.deliverable else Requested(exception="SB.2.10-3")


def exit_sequencing_request(run: Run) -> Requested:
    """Exit Sequencing Request Process [SB.2.11]: the session ends when the root's attempt has ended."""
    if run.current is None:
        return Requested(exception="SB.2.11-1")
    if run.activities[run.current].active:
        return Requested(exception="SB.2.11-2")
    return Requested(ends_session=run.tree.activities[run.current].parent is None)


def jump_sequencing_request(run: Run, target: int | None) -> Requested:
    """Jump Sequencing Request Process [SB.2.13]: deliver the target, whatever the rules of choice and flow say."""
    if run.current is None:
        return Requested(exception="SB.2.13-1")
    return Requested(delivery=target)


def sequencing_request(run: Run, kind: str, target: int | None) -> Requested:
    """Sequencing Request Process [SB.2.12]: dispatch the sequencing request to its process."""
    run.note("SB.2.12", kind, run.current)
    if kind == "choice":
        return choice_sequencing_request(run, target)
    if kind == "jump":
        return jump_sequencing_request(run, target)
    process = _PROCESSES.get(kind)
    return Requested(exception="SB.2.12-1") if process is None else process(run)


_PROCESSES = {
    "start": start_sequencing_request,
    "resumeAll": resume_all_sequencing_request,
    "exit": exit_sequencing_request,
    "retry": retry_sequencing_request,
    "continue": continue_sequencing_request,
    "previous": previous_sequencing_request,
}
