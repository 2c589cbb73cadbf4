"""What the worker does for identity: e-mail on its way, and answers to people who forgot their password."""

from collections.abc import Callable

from hub.oauth.services.accounts import FORGOTTEN_TASK, Accounts
from hub.oauth.services.post import TOPIC, Post
from hub.relay import Topic


def topics(post: Post) -> dict[str, Topic]:
    """The outbox topics of this area and who handles them."""
    return {TOPIC: Topic(post.deliver)}


def tasks(accounts: Accounts) -> dict[str, Callable[..., None]]:
    """What a web server asks for without an outbox row: lost, it is asked for again by the person."""
    return {FORGOTTEN_TASK: accounts.send_reset_links}
