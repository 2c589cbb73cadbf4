"""OAuth's protocols by Authlib, and its tokens by joserfc: the only importers of the two in this area.

They judge requests and signatures and know nothing of Flask or the database; what they ask for is passed in as values.
"""

from hub.oauth.authlib_bridge.server import (
    AUTH_METHODS,
    DEVICE_GRANT,
    Book,
    Granted,
    Issued,
    KnownClient,
    PollAnswer,
    TokenAnswer,
    TokenRequest,
    answer_token_request,
    authenticated_client,
    refusal,
)
from hub.oauth.authlib_bridge.tokens import (
    ALGORITHM,
    ASSERTION_ALGORITHMS,
    checked_key_set,
    signed_token,
    verified_claims,
)

__all__ = [
    "ALGORITHM",
    "ASSERTION_ALGORITHMS",
    "AUTH_METHODS",
    "DEVICE_GRANT",
    "Book",
    "Granted",
    "Issued",
    "KnownClient",
    "PollAnswer",
    "TokenAnswer",
    "TokenRequest",
    "answer_token_request",
    "authenticated_client",
    "checked_key_set",
    "refusal",
    "signed_token",
    "verified_claims",
]
