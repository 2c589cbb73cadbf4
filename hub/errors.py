"""The errors of the Hub: raised by specs and services, rendered once at the edges.

Every refusal is a `HubError`. It knows its HTTP status (RFC 9110 section 15), a stable `code` that programs may
switch on, a sentence for people, and the single faults (`Violation`) when a document was judged. `hub.http.problem`
renders it as RFC 9457 problem+json; LTI's HTML page, OAuth's JSON and cmi5's JSON are dialects of the same error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


class Message(str):
    """A sentence in English that remembers what it was made of, so that pages can say it in another language."""

    template: str
    values: Mapping[str, Any]


def say(template: str, **values: Any) -> Message:
    """A sentence for people: `say("There is no package %(package)s.", package=package_id)`.

    Sentences without values are written as they are. Pages translate both by `hub.http.words`, from the catalogue of
    errors, which is made of what the sources give to `say`, to errors and to violations.
    """
    made = Message(template % values)
    made.template, made.values = template, values
    return made


def packed(text: str) -> Any:
    """A sentence as JSON values, to be kept and said later in whatever language; `unpacked` takes it back."""
    if not isinstance(text, Message):
        return text
    values = {name: packed(one) if isinstance(one, Message) else str(one) for name, one in text.values.items()}
    return [text.template, values]


def unpacked(kept: Any) -> str:
    """The sentence that was `packed`."""
    if isinstance(kept, str):
        return kept
    template, values = kept
    return say(template, **{name: unpacked(one) for name, one in values.items()})


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault of a judged document.

    `requirement` names the rule (a requirement id or section), `where` the place (a JSON path, a field name, or
    file:line:column), `message` says it in plain words, `found` and `allowed` what was there and what may be.
    """

    requirement: str
    where: str
    message: str
    found: Any = None
    allowed: Any = None

    def as_dict(self) -> dict[str, Any]:
        """The violation as a JSON object, without the members that are not known."""
        members = {
            "requirement": self.requirement,
            "where": self.where,
            "message": self.message,
            "found": self.found,
            "allowed": self.allowed,
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass
class HubError(Exception):
    """A refusal or failure that the caller is told about.

    `detail` is for people, `code` for programs, `headers` go onto the HTTP response (Retry-After,
    WWW-Authenticate), `violations` list every fault that was found.
    """

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal_error"

    detail: str
    code: str = ""
    violations: Sequence[Violation] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.detail)
        self.code = self.code or self.default_code

    def __str__(self) -> str:
        return self.detail


class Invalid(HubError):
    """The request itself is wrong (400)."""

    status = 400
    default_code = "invalid_request"


class Unauthenticated(HubError):
    """No credential, or one that is not good (401)."""

    status = 401
    default_code = "unauthenticated"


class Forbidden(HubError):
    """Known, but not allowed to do this (403)."""

    status = 403
    default_code = "forbidden"


class NotFound(HubError):
    """There is no such thing, or not for this tenant (404)."""

    status = 404
    default_code = "not_found"


class Conflict(HubError):
    """It clashes with what is stored (409)."""

    status = 409
    default_code = "conflict"


class Gone(HubError):
    """It was there and has been used up or removed (410)."""

    status = 410
    default_code = "gone"


class PreconditionFailed(HubError):
    """If-Match or If-None-Match does not hold (412)."""

    status = 412
    default_code = "precondition_failed"


class TooLarge(HubError):
    """More bytes than the limit allows (413)."""

    status = 413
    default_code = "too_large"


class Unsupported(HubError):
    """A media type or encoding that is not taken (415)."""

    status = 415
    default_code = "unsupported_media_type"


class RangeNotSatisfiable(HubError):
    """No byte of the range asked for exists (416)."""

    status = 416
    default_code = "range_not_satisfiable"


class Unprocessable(HubError):
    """Well-formed, but its content breaks a rule (422)."""

    status = 422
    default_code = "unprocessable"


class TooMany(HubError):
    """Too many requests; `headers` carry Retry-After (429)."""

    status = 429
    default_code = "too_many_requests"


class Unavailable(HubError):
    """A part that the Hub needs does not answer; try again later (503)."""

    status = 503
    default_code = "unavailable"

    @property
    def reason(self) -> str:
        """What the part's own library said, in a line; for who runs the Hub, as it names hosts and users."""
        beneath = getattr(self.__cause__, "orig", self.__cause__)
        return " ".join(str(beneath or "").split())

    def __post_init__(self) -> None:
        super().__post_init__()
        self.headers = {"Retry-After": "5", **self.headers}


class ConfigurationError(Exception):
    """The settings cannot work; every fault is listed, so that one start shows them all."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)
