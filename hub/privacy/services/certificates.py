"""Certificates of erasure: what was done, in numbers, without saying to whom; signed with the Hub's key."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from joserfc import jws

from hub.personal_data import Holding, Identity
from hub.ports import KeyRing
from hub.privacy.storage.tables import PrivacyJob

#: What is still there afterwards, and why. Everything else that is left is a fault, and told as one.
KEPT = {
    "audit events": "The record of who did what is only ever added to; it goes when its time is over.",
}

#: What an erasure does not reach; docs/privacy.md says more.
LIMITS = (
    "Copies that other systems hold: platforms, programs that read the statements, exports that were downloaded.",
    "Backups of the database and of files, until they are replaced.",
    "Names of one word, and other descriptions, in texts that other people wrote.",
    "Profile documents of activities, which belong to no person.",
    "Statements and audit events in partitions that were detached from the tables, until those are removed.",
)


def fingerprint(keys: KeyRing, value: str) -> str:
    """By what an identity can be recognised again by the Hub alone: a keyed hash."""
    return hmac.new(keys.secret("erasure"), value.encode(), hashlib.sha256).hexdigest()


def certificate(
    keys: KeyRing, job: PrivacyJob, identities: Sequence[Identity], left: Sequence[Holding], finished_at: str
) -> dict[str, Any]:
    """What was done, as JSON."""
    done = [
        {"kind": kind, "outcome": outcome, "count": count}
        for kind, outcomes in sorted(job.counts.items())
        for outcome, count in sorted(outcomes.items())
        if count
    ]
    return {
        "what": "certificate of erasure",
        "version": 1,
        "id": str(job.id),
        "tenant": str(job.tenant_id),
        "treatment": job.treatment,
        "requested_at": job.created_at.isoformat(),
        "began_at": job.began_at.isoformat() if job.began_at else None,
        "finished_at": finished_at,
        "identities": [{"kind": each.kind, "fingerprint": fingerprint(keys, each.value)} for each in identities],
        "done": done,
        "left": [{"kind": each.kind, "count": each.count, "why": KEPT.get(each.kind, "")} for each in left],
        "limits": list(LIMITS),
    }


def signed(keys: KeyRing, content: Mapping[str, Any]) -> str:
    """The certificate as a JWS (RFC 7515) that anyone can verify with the Hub's published keys."""
    key = keys.signing_key()
    header = {"alg": "RS256", "typ": "erasure-certificate+jws", "kid": key.kid}
    return jws.serialize_compact(header, orjson.dumps(dict(content), option=orjson.OPT_SORT_KEYS), key)
