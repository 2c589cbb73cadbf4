"""What the worker does for LTI: scores on their way to the platforms."""

from hub.lti.services.scores import TOPIC, Scores
from hub.relay import Topic


def topics(scores: Scores) -> dict[str, Topic]:
    """The outbox topics of this area and who handles them."""
    return {TOPIC: Topic(scores.deliver)}
