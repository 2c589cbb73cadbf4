"""OAuth's protocols by Authlib, and its tokens by joserfc: the only importers of the two in this area.

They judge requests and signatures and know nothing of Flask or the database; what they ask for is passed in as values.
"""

from hub.oauth.authlib_bridge.client import (
    ProviderMetadata,
    authorization_address,
    id_token_claims,
    logout_token_claims,
    read_metadata,
    with_parameters,
)
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
    "ProviderMetadata",
    "TokenAnswer",
    "TokenRequest",
    "answer_token_request",
    "authenticated_client",
    "authorization_address",
    "checked_key_set",
    "id_token_claims",
    "logout_token_claims",
    "read_metadata",
    "refusal",
    "signed_token",
    "verified_claims",
    "with_parameters",
]
