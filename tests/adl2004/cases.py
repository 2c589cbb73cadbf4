"""Reading the cases: tokens expanded into the words of the run-time, and where each visit leads."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Command:
    """One call of the API and what it has to return; `element` may name an entry by its id: `&obj1&`.

    `value` is what SetValue sets; of a GetValue it is the type of interaction by which its result is to be read.
    """

    text: str
    method: str
    element: str
    value: str
    expected: str
    code: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One delivery of one activity."""

    act: str
    number: int
    commands: tuple[Command, ...]
    action: str | None
    questions: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One package and the visits to its activities, in the order in which they have to come.

    `is_shuffled` where the manifest leaves the order of activities to chance, `is_selected` where it leaves to chance
    which of them there are.
    """

    name: str
    manifest: Path
    start: str
    visits: tuple[Visit, ...]
    identifiers_by_act: dict[str, frozenset[str]]
    identifiers_by_title: dict[str, str]
    is_shuffled: bool
    is_selected: bool

    @property
    def family(self) -> str:
        """Cases of one family share global objectives: `RU-13` of `RU-13a`."""
        return re.sub(r"[a-z]+$", "", self.name)


def load(folder: Path) -> list[Case]:
    """The cases of a folder, in file order."""
    data = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    return [_case(folder, found, data["tokens"]) for found in data["cases"]]


def _case(folder: Path, data: dict[str, Any], tokens: dict[str, str]) -> Case:
    items = data["items"]
    manifest = (folder / data["manifest"]).read_bytes()
    return Case(
        name=data["case"],
        manifest=folder / data["manifest"],
        start=data["start"],
        visits=tuple(_visit(found, tokens) for found in data["visits"]),
        identifiers_by_act={
            act: frozenset(name.strip() for name, item in items.items() if item["act"] == act)
            for act in {item["act"] for item in items.values()}
        },
        identifiers_by_title={item["title"].strip(): name.strip() for name, item in items.items()},
        is_shuffled=b"reorderChildren" in manifest,
        is_selected=b"selectCount" in manifest,
    )


def _visit(data: dict[str, Any], tokens: dict[str, str]) -> Visit:
    answers = [answer == "Y" for answer in data.get("ui_answers", [])]
    return Visit(
        act=data["act"],
        number=data["visit"],
        commands=tuple(_command(text, tokens) for text in data["commands"]),
        action=data.get("user_action"),
        questions=tuple(zip(data.get("ui_questions", []), answers, strict=True)),
    )


def _command(text: str, tokens: dict[str, str]) -> Command:
    method, _, rest = text.partition("->")
    if method == "COI":
        return Command(text, tokens[method], "cmi.objectives", "", rest, "0")
    if method not in tokens:
        # A few lines of the suite leave out that they are a GetValue.
        method, rest = "GET", text
    argument, expected, code = rest.rsplit("->", 2)
    name, has_value, value = argument.partition("!")
    return Command(
        text=text,
        method=tokens[method],
        element=_element(name, tokens),
        value=_value(value, tokens) if has_value else "",
        expected=_value(expected, tokens),
        code=code,
    )


def _element(name: str, tokens: dict[str, str]) -> str:
    """`c~OB~&obj1&~SS` -> `cmi.objectives.&obj1&.success_status`; `tar` takes the part after it as its target."""
    parts: list[str] = []
    for part in name.split("~"):
        if parts and "%s" in parts[-1]:
            parts[-1] = parts[-1].replace("%s", part)
        else:
            parts.append(tokens.get(part, part))
    return ".".join(parts)


def _value(text: str, tokens: dict[str, str]) -> str:
    """A literal, one token, or `tar~ID~TY.c` -> `{target=ID}choice`."""
    if text.startswith("tar~"):
        _, target, request = text.split("~")
        return f"{{target={target}}}{tokens.get(request, request)}"
    return tokens.get(text, text)
