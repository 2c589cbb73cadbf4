"""Passkeys by the library `webauthn` (Web Authentication Level 3): the only importer of it.

It judges what an authenticator answers and knows nothing of accounts. The library is loaded at its first use, because
that costs a process 0.2 s, and most never see a passkey.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from hub.errors import Invalid, Violation

TIMEOUT_MS = 5 * 60 * 1000
LONGEST_ANSWER = 20_000


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What is kept of a passkey: `is_synced` tells that it may be on several devices of its owner."""

    credential_id: str
    public_key: bytes
    sign_count: int
    is_synced: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """Which credential an answer says it is by, and whose (None: it does not say)."""

    credential_id: str
    user_id: UUID | None


class RelyingParty:
    """The Hub towards authenticators. Its id is the host of `public_url`, and only pages of that origin count."""

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._origin = public_url
        self._id = parts.hostname or ""
        is_here = self._id == "localhost" or self._id.endswith(".localhost")
        self.is_possible = not _is_address(self._id) and (parts.scheme == "https" or is_here)

    def creation_options(
        self, challenge: bytes, user_id: UUID, account: str, name: str, known: Iterable[str]
    ) -> dict[str, Any]:
        """What `navigator.credentials.create` is given: a passkey that needs no user name, not one that is `known`."""
        import webauthn
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        options = webauthn.generate_registration_options(
            rp_id=self._id,
            rp_name="Standards Hub",
            user_id=user_id.bytes,
            user_name=account,
            user_display_name=name,
            challenge=challenge,
            timeout=TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(known),
        )
        return dict(orjson.loads(webauthn.options_to_json(options)))

    def created(self, answer: str, challenge: bytes) -> NewCredential:
        """The credential of an answer by every rule of section 7.1; `Invalid` when one is broken."""
        import webauthn
        from webauthn.helpers import bytes_to_base64url
        from webauthn.helpers.structs import CredentialDeviceType

        try:
            made = webauthn.verify_registration_response(
                credential=_read(answer),
                expected_challenge=challenge,
                expected_rp_id=self._id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except Exception as error:
            raise _judged(error) from error
        return NewCredential(
            bytes_to_base64url(made.credential_id),
            made.credential_public_key,
            made.sign_count,
            made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        )

    def request_options(
        self, challenge: bytes, allowed: Iterable[str] = (), *, must_verify: bool = True
    ) -> dict[str, Any]:
        """What `navigator.credentials.get` is given; without `allowed` the person chooses among all of this Hub."""
        import webauthn
        from webauthn.helpers.structs import UserVerificationRequirement

        needs = UserVerificationRequirement.REQUIRED if must_verify else UserVerificationRequirement.DISCOURAGED
        options = webauthn.generate_authentication_options(
            rp_id=self._id,
            challenge=challenge,
            timeout=TIMEOUT_MS,
            allow_credentials=_descriptors(allowed),
            user_verification=needs,
        )
        return dict(orjson.loads(webauthn.options_to_json(options)))

    @staticmethod
    def claimed(answer: str) -> Claimed:
        """What an answer says of itself, before anything of it is verified."""
        from webauthn.helpers import base64url_to_bytes

        read = _read(answer)
        response = read.get("response")
        handle = response.get("userHandle") if isinstance(response, Mapping) else None
        try:
            user_id = UUID(bytes=base64url_to_bytes(handle)) if handle else None
        except (ValueError, TypeError) as error:
            raise _judged(error) from error
        return Claimed(str(read.get("id", "")), user_id)

    def asserted(self, answer: str, challenge: bytes, kept: NewCredential, *, must_verify: bool = True) -> int:
        """The authenticator's new counter, by every rule of section 7.2; `Invalid` when one is broken.

        A counter that did not rise is a copy of the authenticator (section 6.1.1).
        """
        import webauthn

        try:
            verified = webauthn.verify_authentication_response(
                credential=_read(answer),
                expected_challenge=challenge,
                expected_rp_id=self._id,
                expected_origin=self._origin,
                credential_public_key=kept.public_key,
                credential_current_sign_count=kept.sign_count,
                require_user_verification=must_verify,
            )
        except Exception as error:
            raise _judged(error) from error
        return int(verified.new_sign_count)


def _descriptors(credential_ids: Iterable[str]) -> list[Any]:
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(each)) for each in credential_ids]


def _read(answer: str) -> dict[str, Any]:
    try:
        found = orjson.loads(answer) if len(answer) <= LONGEST_ANSWER else None
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise _refused("is not an answer of an authenticator")
    return found


def _judged(error: Exception) -> Invalid:
    """The library refuses by its own errors, and stumbles over odd bytes by any other: both mean no."""
    if isinstance(error, Invalid):
        return error
    from webauthn.helpers.exceptions import WebAuthnException

    return _refused(str(error)[:200] if isinstance(error, WebAuthnException) else "cannot be read")


def _refused(reason: str) -> Invalid:
    fault = Violation("Web Authentication Level 3 section 7", "credential", reason)
    return Invalid("The passkey was not accepted.", code="passkey_refused", violations=[fault])


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
