"""What the check of an access token costs: `python -m benchmarks.tokens`.

Starts a PostgreSQL and a Redis of its own, gives a client a token, and prints the CPU time of this process for turning
it into a principal: the first time (signature and claims are verified), and again (they are remembered; that the client
still stands is asked once a second). The goal is 0.1 ms without asking anybody (introspection). The median of several
runs.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hub.adapters.embedded import PostgresServer, RedisServer
from hub.adapters.key_files import create_keys
from hub.bootstrap import Hub, build
from hub.config import Settings
from hub.db.migrations import Migrations
from hub.identity import system_principal
from hub.oauth.authlib_bridge import TokenRequest, verified_claims
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import Tenants
from hub.oauth.services.tokens import Tokens

TIMES, RUNS = 2000, 5


def main() -> None:
    """Measure both."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        postgres, redis = PostgresServer(folder / "postgres"), RedisServer(folder / "redis")
        try:
            create_keys(folder / "keys")
            settings = Settings(database_url=postgres.start(), redis_url=redis.start(), keys_dir=str(folder / "keys"))
            Migrations(settings.sqlalchemy_url).upgrade()
            hub = build(settings)
            _measure(hub, _token(hub))
            hub.close()
        finally:
            redis.stop()
            postgres.stop()


def _token(hub: Hub) -> str:
    tenant = system_principal(hub.service(Tenants).create("bench", "Bench").id)
    client, secret = hub.service(Clients).create(tenant, NewClient("Bench", ("packages:read",)))
    form = {"grant_type": ["client_credentials"], "client_id": [client.client_id], "client_secret": [str(secret)]}
    return str(hub.service(Tokens).answer(TokenRequest({}, form)).body["access_token"])


def _measure(hub: Hub, token: str) -> None:
    tokens, issuer = hub.service(Tokens), hub.settings.public_url
    facts = {"issuer": issuer, "audience": issuer, "now": int(time.time()), "leeway_seconds": 5}
    assert verified_claims(hub.ports.keys, token, **facts)
    print(f"verify signature and claims  {_cpu_ms(lambda: verified_claims(hub.ports.keys, token, **facts)):.4f} ms CPU")
    print(f"the same token again         {_cpu_ms(lambda: tokens.principal_of(token)):.4f} ms CPU")


def _cpu_ms(step: Callable[[], object]) -> float:
    runs = []
    for _ in range(RUNS):
        began = time.process_time()
        for _ in range(TIMES):
            step()
        runs.append((time.process_time() - began) / TIMES * 1000)
    return statistics.median(runs)


if __name__ == "__main__":
    main()
