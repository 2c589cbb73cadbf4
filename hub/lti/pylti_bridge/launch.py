"""The check of a launch by pylti1p3, in our order and by our rules (`hub.lti.spec`)."""

import hmac
from typing import cast

from pylti1p3.exception import LtiException
from pylti1p3.message_launch import MessageLaunch, TJwtData

from hub.errors import say
from hub.lti.key_sets import KeySets, verifies
from hub.lti.pylti_bridge.login import LoginRecord, UnboundBrowser, refused
from hub.lti.pylti_bridge.registration import digest
from hub.lti.spec import jose
from hub.lti.spec.claims import Expected
from hub.lti.spec.launch import Launch, admit


class CheckedLaunch(MessageLaunch):
    """The check of a launch."""

    _record: LoginRecord
    _expected: Expected
    _key_sets: KeySets
    _token: jose.Unverified
    admitted: Launch

    def prepare(self, record: LoginRecord, expected: Expected, key_sets: KeySets, key_set_url: str) -> None:
        """What the check is made against."""
        self._record, self._expected = record, expected
        self._key_sets, self._key_set_url = key_sets, key_set_url

    def _get_request_param(self, key: str) -> str:
        return self._request.get_param(key)

    def validate(self) -> "CheckedLaunch":
        """The steps in our order: nothing of the token is believed before its signature, and the nonce is used up
        last, so that only a launch that is good in everything else ends its login."""
        self._validated = True  # pylti1p3's getters validate again, in its own order, until this is set.
        try:
            self.validate_state().validate_jwt_format().validate_registration().validate_jwt_signature()
            self.validate_message().validate_deployment().validate_nonce()
        except LtiException as fault:
            raise refused("launch", str(fault)) from fault
        return self

    def validate_state(self) -> "CheckedLaunch":
        """The browser must be the one that began the login: it shows the secret whose digest the record has."""
        secret = self._cookie_service.get_cookie(self._get_request_param("state")) or ""
        if not hmac.compare_digest(digest(secret), self._record.browser):
            raise UnboundBrowser(self._record)
        return self

    def validate_jwt_format(self) -> "CheckedLaunch":
        """Strict base64url and JSON, algorithm and header by our list (pylti1p3 takes what the key set says)."""
        token = jose.decode(self._get_request_param("id_token"))
        self._token = token
        self._jwt = cast(TJwtData, {"header": token.header, "body": token.claims})
        return self

    def get_iss(self) -> str:
        if self._token.claims.get("iss") != self._expected.issuer:
            raise refused("iss", say("is not the issuer that this login began with"))
        return self._expected.issuer

    def get_client_id(self) -> str:
        """Our client id when it is anywhere in the audience (pylti1p3 reads the first entry only)."""
        audience = self._token.claims.get("aud")
        if self._expected.client_id not in (audience if isinstance(audience, list) else [audience]):
            raise refused("aud", say("does not name the Hub's client id at this platform"))
        return self._expected.client_id

    def validate_jwt_signature(self) -> "CheckedLaunch":
        """One of the platform's published keys must verify the token, with the algorithm that fits the key."""
        token, header = self._get_request_param("id_token"), self._token.header
        keys = self._key_sets.matching(self._key_set_url, header)
        if not keys:
            raise refused("id_token header kid", say("is not in the platform's key set"))
        if not any(verifies(token, key, header["alg"]) for key in keys):
            raise refused("id_token", say("has a signature that the platform's key does not verify"))
        return self

    def validate_message(self) -> "CheckedLaunch":
        """Every claim by our table (pylti1p3 demands neither exp, iat nor target_link_uri, and knows no leeway)."""
        self.admitted = admit(self._token.claims, self._expected)
        return self

    def validate_nonce(self) -> "CheckedLaunch":
        """The nonce was compared by the table; here its login is used up, once (pylti1p3 never consumes it)."""
        if not self._session_service.use_up(self._get_request_param("state")):
            raise refused("nonce", say("has been used already; open the link in the course again"))
        return self
