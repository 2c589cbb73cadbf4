"""Look for known vulnerabilities in what is pinned, and say of each part what came of it: `make audit`.

pip-audit answers "No known vulnerabilities found" also where its service knew none of the packages, and `npm audit`
fails alike for a finding and for a registry that does not answer. Here a part is clean only if every package of it was
looked up.
Exit code: 0 all clean, 1 something is vulnerable, 2 nothing is known to be, but a part could not be looked up.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

REQUIREMENTS = "requirements/base.txt"
#: Where pip-audit may look a package up, in the order in which they are tried.
SERVICES = ("pypi", "osv")
LONGEST_SECONDS = 600
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2


@dataclass(frozen=True)
class Outcome:
    """What is known of a part: one sentence, a line for each finding, and the exit code that it stands for."""

    sentence: str
    findings: Sequence[str] = ()
    code: int = CLEAN


def python_outcome(document: Mapping[str, Any]) -> Outcome:
    """What pip-audit's JSON says; a package that was skipped is not known to be good."""
    packages = document["dependencies"]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    found = [
        f"{package['name']} {package['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'none'}"
        for package in packages
        for one in package.get("vulns", ())
    ]
    return _outcome(len(packages), len(skipped), found)


def javascript_outcome(document: Mapping[str, Any]) -> Outcome:
    """What npm's JSON says; without a report the registry has not answered."""
    if "vulnerabilities" not in document:
        told = document.get("message") or document.get("error") or "npm audit gave no report"
        return Outcome(f"could not be looked up ({_line(told)})", code=UNKNOWN)
    found = [f"{name}: {one['severity']}, {one['range']}" for name, one in document["vulnerabilities"].items()]
    return _outcome(document["metadata"]["dependencies"]["prod"], 0, found)


def _outcome(count: int, skipped: int, findings: Sequence[str]) -> Outcome:
    if findings:
        return Outcome(f"{len(findings)} known vulnerabilities", findings, VULNERABLE)
    if skipped or not count:
        return Outcome(f"{skipped} of {count} packages could not be looked up", code=UNKNOWN)
    return Outcome(f"{count} packages, no known vulnerability")


def audit_python(pip_audit: str) -> Outcome:
    """By the first service that knows every package; else what each of them said."""
    reasons = []
    for service in SERVICES:
        options = ["--requirement", REQUIREMENTS, "--require-hashes", "--disable-pip", "--timeout", "15"]
        outcome = _asked(
            [pip_audit, *options, "--vulnerability-service", service, "--format", "json", "--progress-spinner", "off"],
            python_outcome,
        )
        if outcome.code != UNKNOWN:
            return outcome
        reasons.append(f"{service}: {outcome.sentence}")
    return Outcome("; ".join(reasons), code=UNKNOWN)


def audit_javascript() -> Outcome:
    """By the registry of npm's settings."""
    return _asked(["npm", "audit", "--omit=dev", "--json"], javascript_outcome)


def _asked(command: Sequence[str], read: Callable[[Mapping[str, Any]], Outcome]) -> Outcome:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_SECONDS)
        return read(json.loads(done.stdout))
    except (OSError, subprocess.TimeoutExpired) as error:
        return Outcome(f"could not be looked up ({_line(error)})", code=UNKNOWN)
    except (ValueError, KeyError, TypeError):
        return Outcome(f"could not be looked up ({_line(done.stderr) or 'no report'})", code=UNKNOWN)


def _line(told: object) -> str:
    """The last line of what a program said, which is the reason."""
    lines = [line for line in str(told).splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else ""


def main(pip_audit: str) -> int:
    """Ask for every part, whatever came of the others; the worst of them is the exit code."""
    outcomes = {"Python": audit_python(pip_audit), "JavaScript": audit_javascript()}
    for part, outcome in outcomes.items():
        sys.stdout.writelines([f"{part}: {outcome.sentence}.\n", *(f"  {finding}\n" for finding in outcome.findings)])
    codes = {outcome.code for outcome in outcomes.values()}
    return VULNERABLE if VULNERABLE in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
