"""Zips that are not in the store yet: at an address on the web, or in the pieces of an upload.

An address may hold credentials (user and password, or a signature in its query). The whole of it is kept only until the
bytes are here; what people and logs see is `shown_url`.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import Message
from urllib.parse import unquote, urlsplit, urlunsplit
from uuid import UUID

from hub.db import Database
from hub.errors import HubError, Invalid, Unavailable, Violation, say
from hub.ports import Download, HttpClient, ObjectStore
from hub.scorm.spec.manifest.findings import Phrase
from hub.scorm.storage import uploads

LONGEST_URL = 4096
#: Answers after which it may go well another time (RFC 9110 section 15; RFC 6585 section 4).
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class NotFetched(Exception):
    """The zip cannot be had from its address. `may_pass`: trying again later may help."""

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_pass = may_pass


@dataclass(frozen=True, slots=True)
class Arrival:
    """A zip on its way: its bytes, how many there will be, and its name, where those are known."""

    pieces: Iterator[bytes]
    size: int | None
    name: str | None


class Incoming:
    """Opens zips where they are."""

    def __init__(self, db: Database, objects: ObjectStore, http: HttpClient, *, allow_http: bool) -> None:
        self._db = db
        self._objects = objects
        self._http = http
        self._allow_http = allow_http

    def checked_url(self, url: str) -> str:
        """The address, if it may be fetched from. `Invalid` says what is wrong without repeating it."""
        fault = self._fault_of(url)
        if fault is not None:
            raise Invalid(
                "A package cannot be fetched from this address.", violations=[Violation("import", "url", fault)]
            )
        return url

    def _fault_of(self, url: str) -> str | None:
        if len(url) > LONGEST_URL or not url.isprintable() or any(char.isspace() for char in url):
            return say("must be an address of at most %(most)s characters without blanks", most=LONGEST_URL)
        try:
            parts = urlsplit(url)
            is_address = bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_address = False
        if not is_address or parts.scheme not in {"https", "http"}:
            return say("must be an https address")
        if parts.scheme == "http" and not self._allow_http:
            return say("must be https: what comes over http can be changed on its way")
        return None

    @contextmanager
    def fetched(self, url: str) -> Iterator[Arrival]:
        """The zip at an address. Raises `NotFetched`, from `pieces` too when the other side breaks off."""
        with ExitStack() as stack:
            try:
                answer = stack.enter_context(self._http.download(url))
            except HubError as error:
                raise _not_fetched(error) from error
            if answer.status != 200:
                raise NotFetched(_meaning(answer), may_pass=answer.status in _PASSING)
            size = answer.headers.get("content-length", "")
            yield Arrival(_telling(answer.pieces), int(size) if size.isdecimal() else None, _name_of(answer))

    @contextmanager
    def uploaded(self, tenant_id: UUID, upload_id: UUID) -> Iterator[Arrival]:
        """The zip that an upload's pieces make."""
        with self._db.read(tenant_id) as session:
            pieces = uploads.pieces(session, tenant_id, upload_id)
        yield Arrival(self._joined([piece.object_key for piece in pieces]), None, None)

    def _joined(self, keys: list[str]) -> Iterator[bytes]:
        for key in keys:
            with self._objects.open(key) as pieces:
                yield from pieces


def shown_url(url: str) -> str:
    """The address without what may be secret: user, password, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _telling(pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except Unavailable as error:
        raise _not_fetched(error) from error


def _not_fetched(error: HubError) -> NotFetched:
    return NotFetched(Phrase.of(error.detail), may_pass=isinstance(error, Unavailable))


def _meaning(answer: Download) -> str:
    host = urlsplit(answer.url).hostname
    facts = {"host": host, "status": answer.status}
    meanings = {
        401: Phrase("{host} asks for a user name and password, or does not take the given ones ({status})", **facts),
        403: Phrase("{host} does not allow it ({status})", **facts),
        404: Phrase("{host} has nothing there ({status})", **facts),
        410: Phrase("{host} has nothing there any more ({status})", **facts),
    }
    return meanings.get(answer.status) or Phrase("{host} answers with the error ({status})", **facts)


def _name_of(answer: Download) -> str:
    """The file name that the server gives (RFC 6266), or else the last part of the address."""
    disposition = Message()
    disposition["Content-Disposition"] = answer.headers.get("content-disposition", "")
    parts = urlsplit(answer.url)
    return disposition.get_filename() or unquote(parts.path.rpartition("/")[2]) or f"{parts.hostname}.zip"
