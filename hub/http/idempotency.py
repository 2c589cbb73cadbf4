"""Idempotency-Key on POST: who asks again, not knowing whether the first time arrived, gets the first answer.

draft-ietf-httpapi-idempotency-key-header, section 2: the same key with the same request gives the same answer, with
another one 422, and while the first is under way 409. Keys belong to who sends them. What was refused or failed has
changed nothing, so it may simply be asked again.
"""

from hashlib import sha256
from typing import Any

import orjson
from flask import Request, Response

from hub.errors import ConfigurationError, Conflict, Invalid, Unprocessable, Violation
from hub.identity import Principal
from hub.ports import KeyRing, Transients

HEADER = "Idempotency-Key"
LONGEST = 255
REQUIREMENT = "draft-ietf-httpapi-idempotency-key-header section 2"
#: How long an answer is kept, and how long a request may be under way before it is taken for lost.
KEPT_SECONDS, RUNNING_SECONDS = 24 * 3600, 300
#: The headers of an answer that are part of it.
_HEADERS = ("Content-Type", "Location", "Cache-Control", "ETag")
DOCUMENTED = {
    "in": "header",
    "name": HEADER,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST},
    "description": "The same key with the same request gives the first answer again, for 24 hours",
    "example": "7b0f6f0e-5c1d-4f5e-9a53-0e6b8b7f9a10",
}


class Idempotency:
    """Keeps answers of POSTs; sealed, since some hold a secret that is shown once."""

    def __init__(self, transients: Transients, keys: KeyRing) -> None:
        self._transients = transients
        self._keys = keys

    def first_answer(self, request: Request, principal: Principal) -> Response | None:
        """The answer that the same request got; None for the first one, which is then under way.

        `Unprocessable` for another request with the same key, `Conflict` while the first is under way.
        """
        name, asked = _name(request, principal), _fingerprint(request)
        if self._transients.add(name, orjson.dumps({"asked": asked}), RUNNING_SECONDS):
            return None
        kept: dict[str, Any] = orjson.loads(self._transients.get(name) or b"{}")
        if kept.get("asked", asked) != asked:
            fault = Violation(REQUIREMENT, HEADER, "must be new for each request", request.headers[HEADER])
            raise Unprocessable(
                "This Idempotency-Key was used for another request.", code="idempotency_key_reused", violations=[fault]
            )
        if "answer" not in kept:
            raise Conflict(
                "The first request with this Idempotency-Key is under way.",
                code="idempotency_key_in_use",
                headers={"Retry-After": "1"},
            )
        return self._again(kept["answer"], name)

    def _again(self, sealed: str, name: str) -> Response:
        try:
            answer = orjson.loads(self._keys.unseal(sealed, name))
        except ConfigurationError:
            raise Conflict(
                "The first answer can no longer be read; see what it made, and use a new Idempotency-Key.",
                code="idempotency_answer_lost",
            ) from None
        return Response(answer["body"], answer["status"], answer["headers"])

    def keep(self, request: Request, principal: Principal, response: Response) -> None:
        """Keep the answer of what was done; forget that a request was under way which did nothing."""
        name = _name(request, principal)
        if response.status_code >= 300 or response.is_streamed:
            self._transients.delete(name)
            return
        headers = {each: response.headers[each] for each in _HEADERS if each in response.headers}
        answer = {"status": response.status_code, "headers": headers, "body": response.get_data(as_text=True)}
        sealed = self._keys.seal(orjson.dumps(answer).decode(), name)
        kept = orjson.dumps({"asked": _fingerprint(request), "answer": sealed})
        self._transients.put(name, kept, KEPT_SECONDS)


def _name(request: Request, principal: Principal) -> str:
    key = request.headers[HEADER]
    if not (key.isascii() and key.isprintable() and 0 < len(key) <= LONGEST):
        fault = Violation(REQUIREMENT, HEADER, "must be 1 to 255 printable ASCII characters", key[:100])
        raise Invalid("The Idempotency-Key is not one.", violations=[fault])
    owner = f"{principal.tenant_id} {principal.kind} {principal.id} {key}"
    return f"idempotency:{sha256(owner.encode()).hexdigest()}"


def _fingerprint(request: Request) -> str:
    asked = b"\0".join([request.full_path.encode(), request.mimetype.encode(), request.get_data(cache=True)])
    return sha256(asked).hexdigest()
