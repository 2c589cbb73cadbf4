"""What the documents name is there: files, links, commands with their options, settings, make targets, addresses."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from hub.cli import cli
from hub.config import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "keys" / "README.md", *(ROOT / "docs").rglob("*.md")]
)
NAMES = [str(document.relative_to(ROOT)) for document in DOCUMENTS]
FOLDERS = ("alembic", "benchmarks", "deploy", "docs", "hub", "requirements", "tests", "tools")
#: Variables that are no settings of the Hub: those of tests and tools say what they are where they are named.
OTHER_VARIABLES = {"HUB_URL", "HUB_TOKEN"}

_BLOCK = re.compile(r"^```[^\n]*\n.*?^```$|(?:^ {4}[^\n]*\n)+", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def code_of(text: str) -> Iterator[str]:
    """The lines of code blocks, joined where a line goes on, and the code within sentences."""
    for block in _BLOCK.findall(text):
        yield from block.replace("\\\n", " ").splitlines()
    yield from _SPAN.findall(_BLOCK.sub("\n", text))


def anchors_of(document: Path) -> set[str]:
    """The fragments of a document's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("\n", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(params=DOCUMENTS, ids=NAMES)
def document(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_links_lead_somewhere(document: Path) -> None:
    for target in _LINK.findall(document.read_text()):
        path, _, fragment = target.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        linked = (document.parent / path).resolve() if path else document
        assert linked.exists(), target
        assert not fragment or fragment in anchors_of(linked), target


def test_the_first_page_leads_to_every_document() -> None:
    linked = set(_LINK.findall((ROOT / "README.md").read_text()))
    assert {str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md")} - linked == set()


def test_files_that_are_named_are_there(document: Path) -> None:
    place = re.compile(rf"(?<![\w/.-])(?:{'|'.join(FOLDERS)})/[\w./*-]*[\w*]")
    missing = {
        path
        for code in code_of(document.read_text())
        for path in place.findall(code)
        if not any(ROOT.glob(path)) and not any(ROOT.glob(path + ".py"))
    }
    assert missing == set()


def test_settings_that_are_named_are_settings(document: Path) -> None:
    known = {item.metadata["variable"] for item in fields(Settings)} | OTHER_VARIABLES
    named = set(re.findall(r"\bHUB_[A-Z0-9_]*[A-Z0-9]\b(?!_)", document.read_text()))
    assert {name for name in named if name.removesuffix("_FILE") not in known} == set()


def test_targets_of_make_that_are_named_are_there(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {found for code in code_of(document.read_text()) for found in re.findall(r"\bmake ([a-z-]+)", code)}
    assert named - targets == set()


def test_modules_that_are_to_be_run_are_there(document: Path) -> None:
    named = {found for code in code_of(document.read_text()) for found in re.findall(r"\bpython3? -m ([\w.]+)", code)}
    assert {name for name in named if importlib.util.find_spec(name) is None} == set()


def test_commands_that_are_named_are_there(document: Path) -> None:
    faults = []
    for code in code_of(document.read_text()):
        said = re.fullmatch(r"(?:[A-Z_]+=\S* |.*[(&;|] ?|\S*/)*hub ([a-z-]+.*)", code.strip())
        if said and (fault := fault_of_command(said[1])):
            faults.append(f"hub {said[1]}: {fault}")
    assert faults == []


def fault_of_command(said: str) -> str | None:
    """What is wrong with the words after `hub`: a command that is none, or an option that it does not have."""
    words = shlex.split(re.split(r" [|>&]|[;)]", said.replace("...", ""))[0], comments=True)
    command: click.Command = cli
    context = click.Context(cli, info_name="hub")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return f"there is no {words[0]}"
        command, words = found, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    known = {
        option for parameter in command.get_params(context) for option in (*parameter.opts, *parameter.secondary_opts)
    }
    return next((f"it has no {word}" for word in words if word.startswith("--") and word not in known), None)


def test_addresses_of_the_api_that_are_named_are_there(document: Path, hub_app: Flask) -> None:
    urls = hub_app.url_map.bind("localhost")
    some_id = "0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55"
    for address in set(re.findall(r"(?<![a-z])/api/v1/[\w{}/.$-]*[\w}]", document.read_text())):
        path = re.sub(r"\{number\}", "1", address)
        path = re.sub(r"\{[^}]*\}|\$\w+|\b[A-Z][A-Z_]+\b", some_id, path)
        try:
            urls.match(path)
        except (MethodNotAllowed, RequestRedirect):
            continue
        except NotFound:
            pytest.fail(f"{address} is served by nobody")
