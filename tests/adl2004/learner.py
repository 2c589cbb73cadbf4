"""The cases in-process: a simulated learner in a simulated player, on the sequencing engine and the run-time tables."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hub.scorm.spec.manifest import imsmanifest, xml
from hub.scorm.spec.manifest.course import Course, Item
from hub.scorm.spec.manifest.findings import Report as Findings
from hub.scorm.spec.manifest.hrefs import Files
from hub.scorm.spec.runtime.model import entries
from hub.scorm.spec.runtime.types import interval_of
from hub.scorm.spec.sequencing import overall, report, tree
from hub.scorm.spec.sequencing.navigation import navigation
from hub.scorm.spec.sequencing.results import Outcome, Request
from hub.scorm.spec.sequencing.state import ObjectiveState, initial
from tests.adl2004.api import Api
from tests.adl2004.shown import shows

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read_course(manifest: Path) -> Course:
    """The course of a manifest that stands alone, without the files it names."""
    document = xml.parse(manifest.read_bytes(), manifest.name)
    course = imsmanifest.read(document, "", Files(()), Findings())
    if course is None:
        raise ValueError(f"{manifest} describes no course")
    return course


@dataclass
class Learner:
    """What stays with a learner from course to course."""

    objectives: dict[str, ObjectiveState] = field(default_factory=dict)
    stores: dict[str, str] = field(default_factory=dict)
    preferences: dict[str, str] = field(default_factory=dict)


@dataclass
class Kept:
    """What is kept of an activity between its sessions."""

    values: dict[str, str]
    seconds: float


class Player:
    """One learner in one course."""

    def __init__(self, course: Course, learner: Learner) -> None:
        self.learner = learner
        self.organization = course.organization
        self.items = {item.identifier: item for item, _ in self.organization.walk()}
        self.tree = tree.of_organization(self.organization)
        shared = learner.objectives if self.organization.objectives_global_to_system else {}
        self.state = initial(self.tree, shared)
        self.rng = random.Random(2004)
        self.delivered: str | None = None
        self.kept: dict[str, Kept] = {}
        self.stores = learner.stores if self.organization.shared_data_global_to_system else {}
        self.outcome: Outcome | None = None

    @property
    def refusal(self) -> str | None:
        """Why nothing was delivered."""
        return self.outcome.exception if self.outcome else None

    @property
    def has_ended(self) -> bool:
        """Whether the sequencing session is over."""
        return self.state.current is None

    def open(self, target: str | None) -> None:
        """Open the course and, if there is one, choose the target."""
        if target is None:
            self.request("start")
        else:
            self.request("choice", target)

    def request(self, kind: str, target: str | None = None) -> None:
        """Send a navigation request to the engine and launch what it delivers."""
        before = self.state
        self.outcome = overall.process(self.tree, self.state, Request(kind, target), NOW, self.rng)
        self.state = self.outcome.state
        self._share()
        self.delivered = self.outcome.delivery
        if self.delivered is not None and not self.outcome.resumed:
            self.kept.pop(self.delivered, None)
        is_new_attempt = self.state.activities[0].attempts != before.activities[0].attempts
        if is_new_attempt and not self.organization.shared_data_global_to_system:
            self.stores.clear()

    def relaunch(self) -> None:
        """Leave the course and come back: what was suspended is resumed, else it starts anew."""
        if self.state.current is not None:
            self.request("exitAll")
        self.request("start" if self.state.suspended is None else "resumeAll")

    def shows(self, control: str, wanted: str, identifier: str | None) -> bool | None:
        """Whether a control, or an activity's line in the outline, is as wanted."""
        return shows(navigation(self.tree, self.state, NOW), control, wanted, identifier)

    def launch(self) -> Api:
        """The API that the delivered activity finds."""
        assert self.delivered is not None
        valid = navigation(self.tree, self.state, NOW)

        def is_valid(kind: str, target: str | None) -> bool:
            if kind == "choice":
                return target in valid.choices
            if kind == "jump":
                return target in valid.jumps
            return valid.continue_ if kind == "continue" else valid.previous

        item = self.items[self.delivered]
        stores = {
            place: (found.read_shared_data, found.write_shared_data) for place, found in enumerate(item.data_maps)
        }
        return Api(self._initial_values(item), is_valid, stores)

    def finish(self, content: Api) -> None:
        """Content calls Terminate: record its report, keep its data, follow the request that it left behind."""
        assert self.delivered is not None
        content.terminate()
        request = self._finished(self.delivered, content)
        if request is not None:
            self.request(request.kind, request.target)

    def _finished(self, activity: str, api: Api) -> Request | None:
        identifiers = {
            index: entry["id"] for index, entry in entries(api.values, "cmi.objectives").items() if "id" in entry
        }
        found = report.of_values(api.set_values, identifiers)
        self._keep(activity, api, found.seconds)
        request = report.request_of(api.set_values)
        if request is None or not request.kind.startswith("abandon"):
            self.state = report.record(self.tree, self.state, activity, found, NOW)
            self._share()
        return request

    def _share(self) -> None:
        if self.organization.objectives_global_to_system:
            self.learner.objectives = dict(self.state.objectives)

    def _keep(self, activity: str, api: Api, seconds: float) -> None:
        before = self.kept[activity].seconds if activity in self.kept else 0.0
        self.kept[activity] = Kept(dict(api.values), before + seconds)
        for name, value in api.set_values.items():
            if name.startswith("cmi.learner_preference."):
                self.learner.preferences[name] = value
        for place, found in enumerate(self.items[activity].data_maps):
            stored = api.set_values.get(f"adl.data.{place}.store")
            if stored is not None and found.write_shared_data:
                self.stores[found.target] = stored

    def _initial_values(self, item: Item) -> dict[str, str]:
        kept = self.kept.get(item.identifier)
        values = dict(kept.values) if kept else {}
        for name in ("cmi.exit", "cmi.session_time", "adl.nav.request"):
            values.pop(name, None)
        given = {
            "cmi.learner_id": "learner-1",
            "cmi.learner_name": "A. Learner",
            "cmi.credit": "credit",
            "cmi.mode": "normal",
            "cmi.entry": "resume" if kept else "ab-initio",
            "cmi.total_time": interval_of(kept.seconds if kept else 0.0),
            "cmi.launch_data": item.launch_data,
            "cmi.time_limit_action": item.time_limit_action,
            **self._from_sequencing(item),
            **self.learner.preferences,
        }
        values.update({name: value for name, value in given.items() if value is not None})
        values.update(self._objectives(item.identifier, values))
        for place, found in enumerate(item.data_maps):
            values[f"adl.data.{place}.id"] = found.target
            if found.target in self.stores:
                values[f"adl.data.{place}.store"] = self.stores[found.target]
            else:
                values.pop(f"adl.data.{place}.store", None)
        return values

    def _from_sequencing(self, item: Item) -> dict[str, str | None]:
        threshold, definition = item.completion_threshold, item.sequencing
        primary = definition.primary_objective if definition else None
        return {
            "cmi.completion_threshold": _number(threshold.min_progress_measure)
            if threshold and threshold.completed_by_measure
            else None,
            "cmi.scaled_passing_score": _number(primary.min_normalized_measure)
            if primary and primary.satisfied_by_measure
            else None,
            "cmi.max_time_allowed": definition.limit_conditions.attempt_absolute_duration_limit if definition else None,
        }

    def _objectives(self, activity: str, values: Mapping[str, str]) -> dict[str, str]:
        """The objectives of the manifest as they show through their maps, laid over what content had stored."""
        places = {entry.get("id"): index for index, entry in entries(values, "cmi.objectives").items()}
        found: dict[str, str] = {}
        for identifier, status in report.seen_by_content(self.tree, self.state, activity, NOW).items():
            place = places.setdefault(identifier, len(places))
            shown = {
                "id": identifier,
                "success_status": _SUCCESS[status.satisfied],
                "completion_status": _COMPLETION[status.completed],
                "score.scaled": _number(status.measure),
                "score.raw": _number(status.raw),
                "score.min": _number(status.minimum),
                "score.max": _number(status.maximum),
                "progress_measure": _number(status.progress),
            }
            for name, value in shown.items():
                if value is not None:
                    found[f"cmi.objectives.{place}.{name}"] = value
        return found


_SUCCESS = {True: "passed", False: "failed", None: None}
_COMPLETION = {True: "completed", False: "incomplete", None: None}


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.7f}".rstrip("0").rstrip(".")
