"""What `hub doctor` and the system page know beyond what requests need."""

from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from hub.adapters.outbound_http import OutboundHttp
from hub.bootstrap import Hub
from hub.errors import Unavailable
from hub.health import Health, Heartbeat, Origins
from hub.http.origins import OriginDispatcher
from tests.support.serving import serving


@pytest.fixture
def served(hub: Hub) -> Iterator[int]:
    """A server that knows localhost and content.localhost; its port."""

    def answer(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    server = make_server("127.0.0.1", 0, lambda environ, start: dispatcher(environ, start), threaded=True)
    port = server.server_port
    dispatcher = OriginDispatcher({f"http://localhost:{port}": answer, f"http://content.localhost:{port}": answer})
    with serving(server):
        yield port


def test_a_worker_is_known_by_its_heartbeat(hub):
    hub.ports.transients.delete("hub:worker:alive")
    heartbeat = hub.service(Heartbeat)
    with pytest.raises(Unavailable, match="No worker"):
        heartbeat.check()
    heartbeat.beat()
    heartbeat.check()


def test_origins_must_lead_to_this_hub(served):
    http = OutboundHttp(allow_private_networks=False)
    Origins(http, f"http://localhost:{served}", f"http://content.localhost:{served}").check()
    with pytest.raises(Unavailable, match=f"http://other.localhost:{served} does not lead"):
        Origins(http, f"http://localhost:{served}", f"http://other.localhost:{served}").check()


def test_load_balancers_do_not_care_about_the_worker(hub):
    names = [part.name for part in hub.service(Health).of_requests()]
    assert names == ["database", "migrations", "redis", "object store"]
    assert {"worker", "origins"} <= {part.name for part in hub.service(Health).of_all()}
