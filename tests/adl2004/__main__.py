"""`python -m tests.adl2004 FOLDER [--browser] [--case NAME]`."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.adl2004 import engine
from tests.adl2004.cases import Case, load
from tests.adl2004.learner import Learner, Player, read_course

#: What makes a player for a case; one learner goes through all cases.
NewPlayer = Callable[[Case], engine.Player]


def in_process() -> NewPlayer:
    """Players on the pure engine."""
    learner = Learner()
    return lambda case: Player(read_course(case.manifest), learner)


def outcomes(cases: Iterable[Case], player: NewPlayer, only: str | None = None) -> Iterator[tuple[Case, list[str]]]:
    """Each case with its faults. The earlier cases of the family of a single one are run too, but not reported."""
    cases = list(cases)
    wanted = next((case for case in cases if case.name == only), None)
    if only is not None and wanted is None:
        raise SystemExit(f"there is no case {only}")
    for case in cases:
        if wanted is not None and case.family != wanted.family:
            continue
        faults = list(engine.faults(case, player(case)))
        if wanted is None or case is wanted:
            yield case, faults
        if case is wanted:
            return


def main(arguments: list[str] | None = None) -> int:
    """Run the cases, print every fault, end with the count; 1 if any failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.adl2004", description="ADL's SCORM 2004 4th Edition cases")
    parser.add_argument("folder", type=Path, help="the folder with cases.json and manifests/")
    parser.add_argument("--case", help="run this case only")
    parser.add_argument("--browser", action="store_true", help="in Chromium, through the Hub's real player")
    options = parser.parse_args(arguments)
    cases = load(options.folder)
    if not options.browser:
        return report(outcomes(cases, in_process(), options.case))
    from tests.adl2004.browser import browsing  # Needs a browser and servers, which the other way does without.

    with browsing() as chromium:
        return report(outcomes(cases, chromium.player, options.case))


def report(found: Iterable[tuple[Case, list[str]]]) -> int:
    """Print every fault as it comes up, and the count at the end; 1 if any case failed."""
    passed = failed = 0
    for _, faults in found:
        sys.stdout.writelines(f"{fault}\n" for fault in faults)
        sys.stdout.flush()
        failed += bool(faults)
        passed += not faults
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
