"""`make audit`: each part says what came of it, and nothing that was not looked up counts as good."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.audit import CLEAN, UNKNOWN, VULNERABLE, javascript_outcome, python_outcome

TOOL = Path(__file__).parents[2] / "tools" / "audit.py"
GOOD = {"name": "flask", "version": "3.1.3", "vulns": []}
BAD = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
SKIPPED = {"name": "flask", "skip_reason": "Dependency not found on PyPI and could not be audited: flask (3.1.3)"}
NPM_GOOD = {"vulnerabilities": {}, "metadata": {"dependencies": {"prod": 4}}}
NPM_BAD = NPM_GOOD | {"vulnerabilities": {"left-pad": {"severity": "high", "range": "<1.3"}}}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([GOOD], CLEAN, "1 packages, no known"),
        ([GOOD, SKIPPED], UNKNOWN, "1 of 2 packages could not"),
        ([], UNKNOWN, "0 of 0"),
        ([BAD, SKIPPED], VULNERABLE, "1 known"),
    ],
)
def test_what_pip_audit_skipped_is_not_known_to_be_good(packages, code, words):
    outcome = python_outcome({"dependencies": packages, "fixes": []})
    assert outcome.code == code
    assert words in outcome.sentence


@pytest.mark.parametrize(
    ("document", "code", "words"),
    [
        (NPM_GOOD, CLEAN, "4 packages"),
        (NPM_BAD, VULNERABLE, "1 known"),
        ({"message": "405 Method Not Allowed", "error": {"summary": ""}}, UNKNOWN, "405 Method Not Allowed"),
        ({}, UNKNOWN, "no report"),
    ],
)
def test_npm_without_a_report_is_not_good(document, code, words):
    outcome = javascript_outcome(document)
    assert outcome.code == code
    assert words in outcome.sentence


@pytest.fixture
def run(tmp_path):
    """The tool with programs in the place of pip-audit and npm that say these things."""

    def run(python, javascript):
        for name, said in (("pip-audit", python), ("npm", javascript)):
            program = tmp_path / name
            said = said if isinstance(said, str) else f"cat <<'END'\n{json.dumps(said)}\nEND"
            program.write_text(f"#!/bin/sh\n{said}\n")
            program.chmod(0o755)
        path = f"{tmp_path}:{os.environ['PATH']}"
        command = [sys.executable, TOOL, tmp_path / "pip-audit"]
        return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, timeout=120)

    return run


def test_a_part_that_fails_hides_no_other(run):
    done = run("echo 'Name or service not known' >&2; exit 1", NPM_BAD)
    assert done.returncode == VULNERABLE
    reason = "could not be looked up (Name or service not known)"
    assert f"Python: pypi: {reason}; osv: {reason}.\n" in done.stdout
    assert "JavaScript: 1 known vulnerabilities.\n  left-pad: high, <1.3" in done.stdout


def test_the_second_service_is_asked_where_the_first_does_not_know(run):
    known, unknown = json.dumps({"dependencies": [GOOD]}), json.dumps({"dependencies": [SKIPPED]})
    done = run(f"case \"$*\" in *osv*) echo '{known}';; *) echo '{unknown}';; esac", NPM_GOOD)
    assert done.stdout == (
        "Python: 1 packages, no known vulnerability.\nJavaScript: 4 packages, no known vulnerability.\n"
    )
    assert done.returncode == CLEAN


def test_nothing_known_is_no_success(run):
    done = run({"dependencies": [SKIPPED]}, "exit 1")
    assert done.returncode == UNKNOWN
    assert done.stdout.count("could not be looked up") == 3
