"""HTTP Basic at the LRS (Communication 4.0; RFC 7617)."""

import base64
import binascii

from werkzeug.wrappers import Request

from hub.errors import Unauthenticated
from hub.http.access import Authenticator
from hub.identity import Principal
from hub.xapi_lrs.services.credentials import CHALLENGE, Credentials

PATH = "/xapi"


def basic_authenticator(credentials: Credentials) -> Authenticator:
    """Recognises the key and secret of an LRS credential, at the LRS's addresses only."""

    def authenticate(request: Request) -> Principal | None:
        header = request.environ.get("HTTP_AUTHORIZATION", "")
        if header[:6].lower() != "basic " or not _is_lrs(request.path):
            return None
        key, secret = key_and_secret(header[6:])
        principal = credentials.authenticate(key, secret)
        credentials.note_use(principal)
        return principal

    return authenticate


def _is_lrs(path: str) -> bool:
    return path.startswith(PATH) and path[len(PATH) : len(PATH) + 1] in ("", "/")


def key_and_secret(encoded: str) -> tuple[str, str]:
    """What the Authorization header says after "Basic"; `Unauthenticated` when it is not a key and a secret."""
    try:
        key, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise Unauthenticated(
            "The Authorization header is not Basic with a key and a secret.",
            code="bad_credential",
            headers={"WWW-Authenticate": CHALLENGE},
        )
    return key, secret
