"""`python -m tests.adl2004 FOLDER [--case NAME]`."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.adl2004 import engine
from tests.adl2004.cases import Case, load
from tests.adl2004.learner import Learner


def outcomes(cases: Iterable[Case], only: str | None = None) -> Iterator[tuple[Case, list[str]]]:
    """Each case with its faults. The earlier cases of the family of a single one are run too, but not reported."""
    cases = list(cases)
    wanted = next((case for case in cases if case.name == only), None)
    if only is not None and wanted is None:
        raise SystemExit(f"there is no case {only}")
    learner = Learner()
    for case in cases:
        if wanted is not None and case.family != wanted.family:
            continue
        faults = engine.run(case, learner)
        if wanted is None or case is wanted:
            yield case, faults
        if case is wanted:
            return


def main(arguments: list[str] | None = None) -> int:
    """Run the cases, print every fault, end with the count; 1 if any failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.adl2004", description="ADL's SCORM 2004 4th Edition cases")
    parser.add_argument("folder", type=Path, help="the folder with cases.json and manifests/")
    parser.add_argument("--case", help="run this case only")
    options = parser.parse_args(arguments)
    passed = failed = 0
    for _, faults in outcomes(load(options.folder), options.case):
        sys.stdout.writelines(f"{fault}\n" for fault in faults)
        failed += bool(faults)
        passed += not faults
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
