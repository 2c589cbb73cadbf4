"""Bearer tokens in the Authorization header (RFC 6750 section 2.1); never in a form or a URL."""

from urllib.parse import urlsplit

from werkzeug.wrappers import Request

from hub.http.access import Authenticator
from hub.identity import Principal
from hub.oauth.services.personal_tokens import PREFIX, PersonalTokens
from hub.oauth.services.tokens import Tokens


def bearer_authenticator(tokens: Tokens, personal: PersonalTokens, public_url: str) -> Authenticator:
    """Recognises access tokens and personal ones on the Hub's own origin; the content origin has tokens of its own."""
    host = urlsplit(public_url).netloc

    def authenticate(request: Request) -> Principal | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or request.host != host:
            return None
        token = token.strip()
        return personal.principal_of(token) if token.startswith(PREFIX) else tokens.principal_of(token)

    return authenticate
