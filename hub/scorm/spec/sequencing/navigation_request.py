"""The navigation behaviour (SN appendix C, NB.2.1)."""

from collections.abc import Callable

from hub.scorm.spec.sequencing.results import Request, Translated
from hub.scorm.spec.sequencing.run import Run


def navigation_request(run: Run, request: Request) -> Translated:
    """Navigation Request Process [NB.2.1]: whether the request is valid now, and what it asks for."""
    run.note("NB.2.1", request.kind, run.current, request.target or "")
    if request.kind in ("choice", "jump"):
        target = run.tree.index.get(request.target or "")
        return (choice if request.kind == "choice" else jump)(run, target)
    translate = _CASES.get(request.kind)
    return Translated(exception="NB.2.1-13") if translate is None else translate(run)


def start(run: Run) -> Translated:
    """NB.2.1 1: Start."""
    return Translated(sequencing="start") if run.current is None else Translated(exception="NB.2.1-1")


def resume_all(run: Run) -> Translated:
    """NB.2.1 2: Resume All."""
    if run.current is not None:
        return Translated(exception="NB.2.1-1")
    return Translated(exception="NB.2.1-3") if run.suspended is None else Translated(sequencing="resumeAll")


def continue_(run: Run) -> Translated:
    """NB.2.1 3: Continue."""
    if run.current is None:
        return Translated(exception="NB.2.1-2")
    parent = run.parent(run.current)
    if parent is None or not parent.control.flow:
        return Translated(exception="NB.2.1-4")
    return Translated(_exit_if_active(run), "continue")


def previous(run: Run) -> Translated:
    """NB.2.1 4: Previous."""
    if run.current is None:
        return Translated(exception="NB.2.1-2")
    parent = run.parent(run.current)
    if parent is None:
        return Translated(exception="NB.2.1-6")
    if not parent.control.flow or parent.control.forward_only:
        return Translated(exception="NB.2.1-5")
    return Translated(_exit_if_active(run), "previous")


def choice(run: Run, target: int | None) -> Translated:
    """NB.2.1 7: Choice."""
    if target is None:
        return Translated(exception="NB.2.1-11")
    parent = run.parent(target)
    if parent is not None and not parent.control.choice:
        return Translated(exception="NB.2.1-10")
    if run.current is None:
        return Translated(sequencing="choice", target=target)
    if not may_leave(run, target):
        return Translated(exception="NB.2.1-8")
    return Translated(_exit_if_active(run), "choice", target)


def may_leave(run: Run, target: int) -> bool:
    """NB.2.1 7.1.1.2: whether no active activity that has to be left for the target forbids it (choiceExit)."""
    current = run.current
    if current is None:
        return True
    ancestor = run.tree.common_ancestor(current, target)
    for step in run.tree.path(current):
        if step == ancestor:
            return True
        if run.activities[step].active and not run.tree.activities[step].control.choice_exit:
            run.note("NB.2.1", "7.1.1.2.4", step, "choice exit")
            return False
    return True


def jump(run: Run, target: int | None) -> Translated:
    """NB.2.1 8: Jump; the target has to be among the Available Children of its parent, as do its ancestors."""
    if run.current is None:
        return Translated(exception="NB.2.1-2")
    if target is None or not all(run.is_available(step) for step in run.tree.path(target)):
        return Translated(exception="NB.2.1-11")
    return Translated(_exit_if_active(run), "jump", target)


def exit_(run: Run) -> Translated:
    """NB.2.1 9: Exit."""
    if run.current is None:
        return Translated(exception="NB.2.1-2")
    if not run.activities[run.current].active:
        return Translated(exception="NB.2.1-12")
    return Translated("exit", "exit")


def abandon(run: Run) -> Translated:
    """NB.2.1 11: Abandon."""
    found = exit_(run)
    return found if found.exception else Translated("abandon", "exit")


def _of_the_session(kind: str) -> Callable[[Run], Translated]:
    def translate(run: Run) -> Translated:
        return Translated(exception="NB.2.1-2") if run.current is None else Translated(kind, "exit")

    return translate


def _not_supported(_run: Run) -> Translated:
    """NB.2.1 5 and 6: Forward and Backward, which SCORM defines no behaviour for."""
    return Translated(exception="NB.2.1-7")


def _exit_if_active(run: Run) -> str | None:
    return "exit" if run.current is not None and run.activities[run.current].active else None


_CASES: dict[str, Callable[[Run], Translated]] = {
    "start": start,
    "resumeAll": resume_all,
    "continue": continue_,
    "previous": previous,
    "forward": _not_supported,
    "backward": _not_supported,
    "exit": exit_,
    "exitAll": _of_the_session("exitAll"),
    "abandon": abandon,
    "abandonAll": _of_the_session("abandonAll"),
    "suspendAll": _of_the_session("suspendAll"),
}
