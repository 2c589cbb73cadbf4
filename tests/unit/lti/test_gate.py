"""The gate before platforms: nobody waits at it, and whoever leaves makes room."""

from contextlib import ExitStack

import pytest

from hub.errors import TooMany
from hub.lti.gate import Gate


def test_so_many_pass_for_each_and_in_all():
    gate = Gate(each=2, in_all=3)
    with ExitStack() as inside:
        for name in ("a", "a", "b"):
            inside.enter_context(gate.passed(name))
        for name in ("a", "b", "c"):
            with pytest.raises(TooMany) as refused, gate.passed(name):
                pass
            assert refused.value.headers == {"Retry-After": "10"}
    with gate.passed("a"), gate.passed("a"):
        pass


def test_a_failure_within_makes_room_too():
    gate = Gate(each=1, in_all=1)
    for _ in range(2):
        with pytest.raises(ValueError, match="within"), gate.passed("a"):
            raise ValueError("within")
