"""What taking in a large package costs: memory and time of the web server and the worker.

    python -m benchmarks.imports [--megabytes 200] [--files 2000] [--store folder|seaweed] [--rounds 3]

Runs a web server and a worker of its own on embedded servers in a temporary folder, uploads packages and follows their
imports. Memory is the resident set of all processes of each, sampled while they work. The yardstick is `unzip` to disk
and a copy of the files to the same store: a folder that is synced, or puts by ten threads, as `aws s3 cp --recursive`
does them. Each round has a package of its own and measures both, one right after the other; the median counts.
"""

import argparse
import base64
import http.client
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import orjson
import psutil

from hub.adapters.embedded import PostgresServer, RedisServer
from hub.adapters.embedded.s3 import SeaweedServer
from hub.adapters.key_files import create_keys
from hub.bootstrap import build
from hub.config import MB, Settings
from hub.db.migrations import Migrations
from hub.identity import system_principal
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import Tenants

_BOUNDARY = "benchmark-boundary"
_MANIFEST = """<manifest identifier="B" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
 xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><metadata><schemaversion>1.2</schemaversion></metadata>
<organizations default="O"><organization identifier="O"><title>Benchmark</title><item identifier="I"
 identifierref="R"><title>Page</title></item></organization></organizations><resources><resource identifier="R"
 type="webcontent" adlcp:scormtype="sco" href="0.html"/></resources></manifest>"""


class Memory:
    """The resident memory of a process and its children while a block runs."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._root = psutil.Process(process.pid)
        self._stopped = threading.Event()
        self.before = self.now()
        self.peak = self.before

    def now(self) -> int:
        """Bytes at this moment."""
        total = 0
        for process in (self._root, *self._root.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total

    def __enter__(self) -> "Memory":
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(0.02):
            self.peak = max(self.peak, self.now())

    def __str__(self) -> str:
        raised = (self.peak - self.before) / MB
        return f"{self.before / MB:.0f} MB before, {self.peak / MB:.0f} MB at most (+{raised:.0f} MB)"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Cost of a large upload and its import.")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--store", choices=("folder", "seaweed"), default="folder")
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        settings, credentials = stack.enter_context(hub_of_its_own(folder, wanted.store))
        web = stack.enter_context(running("serve", folder, settings))
        worker = stack.enter_context(running("worker", folder, settings))
        _wait_for(settings.port)
        token = token_of(settings.port, credentials)
        time.sleep(5)  # The worker announces nothing when it is ready; memory is told from then on.
        shares: list[float] = []
        for number in range(wanted.rounds):
            package = make_package(folder / "package.zip", wanted.megabytes, wanted.files, seed=number)
            shares.append(_round(settings, token, package, web, worker))
            package.unlink()
        print(f"the import has {statistics.median(shares):.0%} of the yardstick's speed (median of {len(shares)})")


def _round(
    settings: Settings, token: str, package: Path, web: subprocess.Popen[bytes], worker: subprocess.Popen[bytes]
) -> float:
    """Upload, import and yardstick of one package; returns the import's share of the yardstick's speed."""
    size = package.stat().st_size / MB
    with Memory(web) as web_memory, Memory(worker) as worker_memory:
        begun = time.monotonic()
        job = upload(settings.port, token, package)
        sent = time.monotonic() - begun
        seconds = follow(settings.port, token, job)
    os.sync()
    yardstick = unzip_and_copy(package, settings)
    print(f"upload: {size:.0f} MB in {sent:.1f} s, {size / sent:.0f} MB/s; web server: {web_memory}")
    print(f"import: {seconds:.1f} s, {size / seconds:.0f} MB/s; worker: {worker_memory}")
    print(f"unzip and copy: {yardstick:.1f} s; the import has {yardstick / seconds:.0%} of its speed")
    return yardstick / seconds


def make_package(path: Path, megabytes: int, files: int, seed: int = 1) -> Path:
    """A package of `files` files, half of them text that packs well and half that does not pack at all."""
    each = megabytes * MB // files
    noise = random.Random(seed).randbytes(each)
    text = (b"".join(noise[i : i + 8].hex().encode() for i in range(0, each, 8)) + b"\n")[:each]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("imsmanifest.xml", _MANIFEST)
        for number in range(files):
            name = f"{number}.html" if number % 2 == 0 else f"media/{number}.mp4"
            method = zipfile.ZIP_DEFLATED if number % 2 == 0 else zipfile.ZIP_STORED
            archive.writestr(name, text if number % 2 == 0 else noise, method)
    return path


@contextmanager
def hub_of_its_own(folder: Path, store: str) -> Iterator[tuple[Settings, str]]:
    """Settings of a migrated Hub on servers in `folder`, and the credentials of a client that may write packages."""
    postgres, redis = PostgresServer(folder / "postgres"), RedisServer(folder / "redis")
    seaweed = SeaweedServer(folder / "seaweed")
    create_keys(folder / "keys")
    try:
        port = _free_port()
        objects = {"object_store": f"folder:{folder / 'packages'}"}
        if store == "seaweed":
            objects = {
                "object_store": "s3://benchmark",
                "s3_endpoint_url": seaweed.start(),
                "s3_access_key_id": seaweed.access_key_id,
                "s3_secret_access_key": seaweed.secret_access_key,
            }
        settings = Settings(
            database_url=postgres.start(),
            redis_url=redis.start(),
            **objects,
            keys_dir=str(folder / "keys"),
            port=port,
            public_url=f"http://localhost:{port}",
            content_url=f"http://content.localhost:{port}",
        )
        Migrations(settings.sqlalchemy_url).upgrade()
        hub = build(settings)
        principal = system_principal(hub.service(Tenants).create("benchmark", "Benchmark").id)
        scopes = ("packages:read", "packages:write")
        client, secret = hub.service(Clients).create(principal, NewClient("Benchmark", scopes))
        hub.close()
        yield settings, f"{client.client_id}:{secret}"
    finally:
        postgres.stop()
        redis.stop()
        seaweed.stop()


@contextmanager
def running(command: str, folder: Path, settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """`hub COMMAND` with these settings."""
    given = {
        item.metadata["variable"]: str(getattr(settings, item.name))
        for item in fields(Settings)
        if getattr(settings, item.name) != item.default
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | given
    with (folder / f"{command}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", command], env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def token_of(port: int, credentials: str) -> str:
    """A token for the client, asked for as any program does."""
    basic = base64.b64encode(credentials.encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    return str(_ask(port, "POST", "/oauth/token", headers, b"grant_type=client_credentials")["access_token"])


def upload(port: int, token: str, package: Path) -> str:
    """Send the package as a browser does, never holding more than a piece of it; returns the job's id."""
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="package.zip"\r\n'
        "Content-Type: application/zip\r\n\r\n"
    ).encode()
    tail = f"\r\n--{_BOUNDARY}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield head
        with package.open("rb") as file:
            while piece := file.read(MB):
                yield piece
        yield tail

    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
        "Content-Length": str(len(head) + package.stat().st_size + len(tail)),
    }
    return str(_ask(port, "POST", "/api/v1/packages", headers, body())["id"])


def follow(port: int, token: str, job: str) -> float:
    """Seconds from the job's beginning to its end, by the Hub's own clock."""
    while True:
        state = _ask(port, "GET", f"/api/v1/jobs/{job}", {"Authorization": f"Bearer {token}"}, None)
        if state["state"] == "failed":
            raise SystemExit(f"The import failed: {state['findings']}")
        if state["state"] == "ready":
            begun, ended = (datetime.fromisoformat(state[name]) for name in ("started_at", "finished_at"))
            return (ended - begun).total_seconds()
        time.sleep(0.2)


def unzip_and_copy(package: Path, settings: Settings) -> float:
    """Seconds that unzip to disk and a copy into the store take, both safe on the disk at the end."""
    with tempfile.TemporaryDirectory(dir=package.parent) as name:
        unzipped = Path(name) / "unzipped"
        begun = time.monotonic()
        subprocess.run(["unzip", "-q", package, "-d", unzipped], check=True)
        if settings.object_store.startswith("s3:"):
            _put_all(unzipped, settings)
        else:
            shutil.copytree(unzipped, Path(name) / "copied")
            os.sync()
        return time.monotonic() - begun


def _put_all(folder: Path, settings: Settings) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key_id,
        aws_secret_access_key=settings.s3_secret_access_key,
    )
    bucket = settings.object_store.removeprefix("s3://")

    def put(path: Path) -> None:
        client.upload_file(str(path), bucket, f"yardstick/{path.relative_to(folder)}")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(put, (path for path in folder.rglob("*") if path.is_file())))


def _ask(port: int, method: str, path: str, headers: dict[str, str], body: Any) -> dict[str, Any]:
    connection = http.client.HTTPConnection("localhost", port, timeout=600)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    document: dict[str, Any] = orjson.loads(answer.read())
    connection.close()
    if answer.status >= 400:
        raise SystemExit(f"{method} {path}: {document}")
    return document


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            _ask(port, "GET", "/readyz", {}, None)
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
    raise SystemExit("The web server does not start.")


if __name__ == "__main__":
    main()
