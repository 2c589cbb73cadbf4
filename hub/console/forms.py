"""A form that was sent: what was in it, and why it was refused; nothing is lost on an error."""

from collections.abc import Callable
from typing import TypeVar

from flask import request
from werkzeug.datastructures import MultiDict

from hub.errors import HubError, Invalid, Violation

Result = TypeVar("Result")


class Form:
    """The values of the request's form, or `initial` ones for a form that is shown the first time."""

    def __init__(self, **initial: str) -> None:
        self.is_sent = request.method == "POST"
        self.values: MultiDict[str, str] = request.form if self.is_sent else MultiDict(initial)
        self.refusal: HubError | None = None

    @classmethod
    def empty(cls, **initial: str) -> "Form":
        """A form that is shown the first time on a page that another form led to."""
        form = cls()
        form.is_sent, form.values = False, MultiDict(initial)
        return form

    @classmethod
    def unsent(cls) -> "Form":
        """A form beside the one that was sent."""
        form = cls()
        form.is_sent, form.values = False, MultiDict()
        return form

    def __getitem__(self, field: str) -> str:
        return self.values.get(field, "")

    def all(self, field: str) -> list[str]:
        """Every value of a field that may have several."""
        return self.values.getlist(field)

    def attempt(self, step: Callable[[], Result]) -> Result | None:
        """What `step` returns, or None when it was refused; then `faults` tell why. Failures of ours go on up."""
        try:
            return step()
        except HubError as refusal:
            if refusal.status >= 500:
                raise
            self.refusal = refusal
            return None

    @property
    def status(self) -> int:
        """The status of the page that shows the form (again)."""
        return self.refusal.status if self.refusal else 200

    def faults(self, field: str) -> list[str]:
        """What is wrong with a field."""
        violations = self.refusal.violations if self.refusal else ()
        return [fault.message for fault in violations if _field(fault) == field]

    def summary(self) -> list[tuple[str, str]]:
        """(field, fault) of everything that is wrong; the refusal itself where no field is at fault."""
        if self.refusal is None:
            return []
        listed = [(_field(fault), fault.message) for fault in self.refusal.violations]
        return listed or [("", self.refusal.detail)]


def _field(fault: Violation) -> str:
    """The field that a fault is in, also when it is in one of its values (`scopes[2]`)."""
    return fault.where.partition("[")[0] if "[" in fault.where else fault.where


def require_same(form: Form) -> None:
    """`Invalid` unless a new password was typed the same twice."""
    if form["password"] != form["password_again"]:
        fault = Violation("form", "password_again", "is not the same as the new password")
        raise Invalid("The password does not fit.", code="weak_password", violations=[fault])
