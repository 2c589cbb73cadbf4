"""What the worker does for identity: e-mail on its way, and answers to people who forgot their password."""

from collections.abc import Callable

from hub.db.outbox import Claimed
from hub.oauth.services import tenant_removal
from hub.oauth.services.accounts import FORGOTTEN_TASK, Accounts
from hub.oauth.services.post import TOPIC, Post
from hub.oauth.services.tenant_removal import Busy, TenantRemovals
from hub.relay import LONG, RetryLater, Topic

#: When to look again at a removal that somebody holds, or whose tenant has work under way.
_LOOK_AGAIN_SECONDS = 10.0

REMOVAL_SWEEP_SECONDS = 900.0


def topics(post: Post) -> dict[str, Topic]:
    """The outbox topics of this area and who handles them."""
    return {TOPIC: Topic(post.deliver)}


def removal_topics(removals: TenantRemovals) -> dict[str, Topic]:
    """Removing a tenant takes long; a removal says itself who works on it, so its message is held no longer."""

    def run(message: Claimed) -> None:
        try:
            removals.run(message.tenant_id)
        except Busy:
            raise RetryLater("somebody is at work for the tenant", _LOOK_AGAIN_SECONDS) from None

    return {tenant_removal.TOPIC: Topic(run, tenant_removal.LEASE, LONG)}


def tasks(accounts: Accounts) -> dict[str, Callable[..., None]]:
    """What a web server asks for without an outbox row: lost, it is asked for again by the person."""
    return {FORGOTTEN_TASK: accounts.send_reset_links}
