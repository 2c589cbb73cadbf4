"""The settings of packages in words: sections, labels, and what each value means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from hub.scorm.spec.settings import FIELDS


@dataclass(frozen=True, slots=True)
class Asked:
    """One setting: its label, help, and the words of its values where it has a few."""

    name: str
    label: Any
    help: Any = ""
    choices: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that belong together."""

    title: Any
    settings: Sequence[Asked]


def setting_of(name: str) -> Mapping[str, Any]:
    """What a setting may be (`hub.scorm.spec.settings`)."""
    return FIELDS[name]


SECTIONS = (
    Section(
        _l("Window and navigation"),
        (
            Asked(
                "window",
                _l("Content opens"),
                choices={"frame": _l("in the player's page"), "new_window": _l("in a window of its own")},
            ),
            Asked("window_width", _l("Width of the window"), _l("In pixels, 200 to 10,000; empty: all there is.")),
            Asked("window_height", _l("Height of the window"), _l("In pixels, 200 to 10,000; empty: all there is.")),
            Asked(
                "contents",
                _l("Table of contents"),
                choices={
                    "open": _l("open at first"),
                    "closed": _l("closed at first"),
                    "none": _l("not there"),
                },
            ),
            Asked("buttons", _l("Previous and next"), choices={"shown": _l("shown"), "hidden": _l("hidden")}),
            Asked(
                "on_exit",
                _l("Leaving leads"),
                choices={
                    "return": _l("back to the learning platform"),
                    "page": _l("to a page that says goodbye"),
                    "close": _l("to the closing of the window"),
                },
            ),
        ),
    ),
    Section(
        _l("Attempts"),
        (
            Asked(
                "new_attempt",
                _l("A new attempt begins"),
                choices={
                    "never": _l("when somebody begins it"),
                    "when_finished": _l("at the launch after the last was completed, passed or failed"),
                    "always": _l("at each launch"),
                },
            ),
            Asked("attempt_limit", _l("Most attempts"), _l("1 to 1,000; empty: any number.")),
            Asked(
                "after_completion",
                _l("A finished attempt opens"),
                choices={"normal": _l("to go on"), "review": _l("for review; nothing is recorded")},
            ),
        ),
    ),
    Section(
        _l("Result"),
        (
            Asked(
                "completion",
                _l("Completed"),
                choices={
                    "reported": _l("when the content says so"),
                    "passed": _l("only when passed"),
                    "judged": _l("as soon as passed or failed"),
                },
            ),
            Asked(
                "success",
                _l("Passed"),
                choices={
                    "reported": _l("when the content says so"),
                    "score": _l("by the score"),
                    "completed": _l("when completed"),
                },
            ),
            Asked("pass_score", _l("Score that passes"), _l("0 to 1; counts where passing is by the score.")),
            Asked(
                "status",
                _l("Activities that decide"),
                _l("For SCORM 1.2, which has no rollup rules."),
                {"every": _l("every one"), "any": _l("any one")},
            ),
            Asked(
                "score",
                _l("Score of the course"),
                _l("For SCORM 1.2, which has no rollup rules."),
                {
                    "average": _l("average of the activities"),
                    "best": _l("best activity"),
                    "last": _l("last activity"),
                    "sum": _l("sum of the activities"),
                },
            ),
            Asked(
                "strict_suspend_data",
                _l("SCORM 1.2 suspend data"),
                choices={"false": _l("up to 64,000 characters"), "true": _l("up to the 4,096 of the book")},
            ),
        ),
    ),
)
