"""compose.yaml, Dockerfile, secrets and settings of the distributed set. No engine of containers runs here: what can be
held without one is held strictly; `deploy/README.md` says what was run with one and what never."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from deploy import roster_file
from deploy.roster import Roster
from deploy.settings import Settings, load
from deploy.wiring import ROLES, wanted
from tests.deploy.test_roster import ROWS
from tests.deploy.yaml_file import read

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "compose"
DOCKERFILE = (FOLDER / "Dockerfile").read_text("utf-8")
ONCE = {"migrate"}
WRITES_ITS_ROOT = {"kafka", "elasticsearch"}
OURS = tuple(name for name in ROLES if name not in ("sandbox", "inbox"))
SECRET_WORD = re.compile(r"pass|secret|token|key", re.IGNORECASE)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file, with its anchors resolved."""
    found = read(FOLDER / "compose.yaml")
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Its services."""
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def test_the_roles_are_those_of_the_table_and_each_runs_itself(services: dict[str, dict[str, Any]]) -> None:
    ours = {name: one for name, one in services.items() if one["image"].startswith("fengxin:")}
    assert tuple(name for name in ours if name not in ONCE) == OURS
    for name in OURS:
        assert ours[name]["command"] == ["run", name, "--metrics", "0.0.0.0:9464"]
        assert ours[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_every_service_that_stays_has_a_health_check_and_a_memory_limit(services: dict[str, dict[str, Any]]) -> None:
    for name, one in services.items():
        assert re.fullmatch(r"[1-9]\d*[mg]", one["mem_limit"]), name
        if name in ONCE:
            assert one["restart"] == "no"
            continue
        assert one["restart"] == "unless-stopped"
        check = one["healthcheck"]
        assert check["test"][0] in ("CMD", "CMD-SHELL"), name
        assert {"interval", "timeout", "start_period", "retries"} <= check.keys(), name


def test_no_root_is_written_no_privilege_is_left(services: dict[str, dict[str, Any]]) -> None:
    for name, one in services.items():
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert one.get("read_only", False) == (name not in WRITES_ITS_ROOT), name
        assert one.get("cap_drop") == ["ALL"] or name == "postgres", name
        assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & one.keys(), name
    for name in (*OURS, *ONCE):
        assert services[name]["user"] == "10001:10001"
    assert "USER 10001:10001" in DOCKERFILE


def test_images_are_pinned_and_the_engines_are_the_tested_ones(services: dict[str, dict[str, Any]]) -> None:
    images = {name: one["image"] for name, one in services.items()}
    for name, image in images.items():
        assert re.search(r":v?\d+\.\d+[\w.-]*$", image), name
    bases = re.findall(r"(?m)^FROM (\S+)", DOCKERFILE)
    assert all(re.search(r":\d+\.\d+\.\d+-", base) for base in bases)
    versions = {
        name: _tested(file) for name, file in (("kafka", "pom.xml"), ("elasticsearch", "elasticsearch_pom.xml"))
    }
    for name, version in versions.items():
        assert images[name].endswith(f":{version}"), name


def _tested(file: str) -> str:
    """The version of an engine that the live tests start."""
    tree = ET.parse(ROOT / "tests" / "live" / file)
    found = [one.text for one in tree.iter("{http://maven.apache.org/POM/4.0.0}version") if one.text != "1"]
    assert found
    assert found[0]
    return found[0]


def _strings(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(inner, f"{at}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, at)
    else:
        yield at, str(value)


def test_no_password_stands_in_the_file_and_every_secret_is_a_file(compose: dict[str, Any]) -> None:
    for name, one in compose["secrets"].items():
        assert one == {"file": f"./secrets/{name}"}
    for name, one in compose["services"].items():
        for key, value in one.get("environment", {}).items():
            if SECRET_WORD.search(key):
                assert key.endswith("_FILE"), f"{name}: {key} is read from a file"
                assert value.startswith("/run/secrets/"), (name, key)
        for where, text in _strings(one):
            for secret in re.findall(r"/run/secrets/(\w+)", text):
                assert secret in one["secrets"], (name, where)
    used = {secret for one in compose["services"].values() for secret in one.get("secrets", [])}
    assert used == compose["secrets"].keys()


def test_the_engines_are_reached_from_inside_only_and_what_is_open_is_open_to_this_machine(
    compose: dict[str, Any],
) -> None:
    assert compose["networks"]["inside"] == {"internal": True}
    for name, one in compose["services"].items():
        assert "inside" in one["networks"]
        for port in one.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
        if name in ("kafka", "elasticsearch", "postgres", "assess", "watch", "index", "migrate"):
            assert one["networks"] == ["inside"]
            assert "ports" not in one


def test_what_is_mounted_is_there_and_read_only_and_what_is_kept_has_a_volume(compose: dict[str, Any]) -> None:
    volumes = set()
    for name, one in compose["services"].items():
        for mount in one.get("volumes", []):
            if isinstance(mount, dict):
                assert mount["bind"] == {"create_host_path": False}, "Docker must not make a folder of a missing file"
                mount = ":".join((mount["source"], mount["target"], "ro" if mount["read_only"] else "rw"))
            elif mount.startswith("./") and name in (*OURS, *ONCE):
                pytest.fail(f"{name}: {mount} is made as a folder where the file is missing")
            source, target, *mode = mount.split(":")
            if not source.startswith("."):
                volumes.add(source)
                continue
            assert mode == ["ro"], (name, mount)
            assert target.startswith("/etc/")
            assert source == "./accounts.xlsx" or (FOLDER / source).exists(), mount
    assert volumes == compose["volumes"].keys()


MEASURED_MB = {"assess": 630, "web": 250, "crawl": 150, "watch": 160, "index": 160, "notify": 120, "audit": 130}
"""The most that a role's container or process held in the runs of `deploy/README.md`: assess while it makes its word
tables anew, which every start does, as the cache is a tmpfs."""


def test_a_role_has_room_for_the_most_that_it_was_seen_to_need(services: dict[str, dict[str, Any]]) -> None:
    assert MEASURED_MB.keys() == set(OURS)
    for name, most in (MEASURED_MB | {"migrate": MEASURED_MB["assess"]}).items():
        number, unit = services[name]["mem_limit"][:-1], services[name]["mem_limit"][-1]
        assert int(number) * {"m": 1, "g": 1024}[unit] >= most * 1.5, name


def test_the_store_is_called_well_by_the_network_only(services: dict[str, dict[str, Any]]) -> None:
    asked = services["postgres"]["healthcheck"]["test"]
    assert asked[asked.index("-h") + 1] == "127.0.0.1", "the server that makes the database listens on its socket alone"


def test_the_desk_trusts_the_gateway_through_which_the_proxy_of_this_machine_comes(
    compose: dict[str, Any], settings: Settings
) -> None:
    (place,) = compose["networks"]["outside"]["ipam"]["config"]
    assert settings.web.trusted_proxies == [place["gateway"]]
    assert ip_address(place["gateway"]) in ip_network(place["subnet"])


def test_prometheus_asks_every_role_at_its_page(compose: dict[str, Any]) -> None:
    jobs = {one["job_name"]: one for one in read(FOLDER / "prometheus.yml")["scrape_configs"]}
    (desk,) = jobs["fengxin"]["static_configs"]
    assert desk["targets"] == ["web:8700"]
    (others,) = jobs["fengxin-roles"]["dns_sd_configs"]
    assert (others["names"], others["port"], others["type"]) == ([one for one in OURS if one != "web"], 9464, "A")


@pytest.mark.live
def test_promtool_takes_the_scrape_settings(promtool: str, tmp_path: Path) -> None:
    for file in (FOLDER / "prometheus.yml", FOLDER.parent / "prometheus" / "alerts.yml"):
        shutil.copy(file, tmp_path)
    done = subprocess.run([promtool, "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of secrets as the script writes it; run twice, since what is there stays."""
    folder = tmp_path_factory.mktemp("compose") / "secrets"
    script = (FOLDER / "secrets.sh").read_text("utf-8").replace("chown", ": chown")  # the users are the images'
    for _ in range(2):
        before = {file.name: file.read_text() for file in folder.glob("*")}
        subprocess.run(["sh", "-c", script, "secrets.sh", folder], check=True, capture_output=True)
        assert {file.name: file.read_text() for file in folder.glob("*")} | before == before or not before
    return folder


def test_the_script_writes_every_secret_for_its_reader_alone(secrets: Path, compose: dict[str, Any]) -> None:
    assert {file.name for file in secrets.iterdir()} == compose["secrets"].keys()
    for file in secrets.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o400
        assert len(file.read_text()) >= 64 or file.name == "mail_password", "only a person knows that one"
    values = {file.name: file.read_text() for file in secrets.iterdir()}
    assert values["es_password"] == values["es_password_fengxin"]
    assert values["postgres_password"] in values["store_url"]
    assert len(set(values.values())) == len(values) - 1, "each is drawn anew"
    assert os.access(FOLDER / "secrets.sh", os.X_OK)


@pytest.fixture
def settings(tmp_path: Path, secrets: Path) -> Settings:
    """The settings of the set, read as `fengxin` reads them, with secrets and a roster beside them."""
    text = (FOLDER / "fengxin.toml").read_text("utf-8")
    file = tmp_path / "fengxin.toml"
    held = tmp_path / "secrets"
    shutil.copytree(secrets, held)
    (held / "mail_password").chmod(0o600)
    (held / "mail_password").write_text("authorised")
    for sample, ours in (("填写学校全称", "海棠职业学院"), ("填写学校简称", "海棠"), ("/run/secrets/", f"{held}/")):
        assert sample in text
        text = text.replace(sample, ours)
    file.write_text(text, "utf-8")
    roster_file.write(tmp_path / "accounts.xlsx", {**ROWS, "accounts": [{**ROWS["accounts"][0], "route": "人工巡查"}]})
    return load(file)


def test_the_settings_are_read_and_name_the_services(settings: Settings, compose: dict[str, Any]) -> None:
    assert settings.store_url.startswith("postgresql+psycopg://fengxin:")
    assert "@postgres:5432/fengxin" in settings.store_url
    assert settings.log_url == "kafka://kafka:9092"
    assert settings.search_url.startswith("elasticsearch://elasticsearch:9200/")
    assert {"postgres", "kafka", "elasticsearch"} <= compose["services"].keys()
    assert settings.partitions == 4
    assert tuple(wanted(settings)) == OURS
    assert settings.web.port == 8700
    assert isinstance(settings.roster, Roster)


def test_a_role_is_given_every_secret_that_its_settings_name(compose: dict[str, Any]) -> None:
    named = set(re.findall(r"/run/secrets/(\w+)", (FOLDER / "fengxin.toml").read_text("utf-8")))
    for name in (*OURS, *ONCE):
        assert set(compose["services"][name]["secrets"]) == named


def test_every_setting_of_the_example_is_explained_in_chinese() -> None:
    for paragraph in (FOLDER / "fengxin.toml").read_text("utf-8").split("\n\n"):
        assert re.search(r"(?m)^# .*[\u4e00-\u9fff]", paragraph), paragraph


@pytest.mark.parametrize(("given", "done"), [((), ["migrate", "enter"]), (("user", "a b"), ["user a b"])])
def test_the_first_step_migrates_and_enters_or_does_what_it_is_told(
    services: dict[str, dict[str, Any]], tmp_path: Path, given: tuple[str, ...], done: list[str]
) -> None:
    fengxin = tmp_path / "fengxin"
    fengxin.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n')
    fengxin.chmod(0o755)
    words = [word.replace("$$", "$") for word in services["migrate"]["entrypoint"]]
    subprocess.run([*words, *given], check=True, env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert (tmp_path / "asked").read_text().splitlines() == done


def test_the_image_takes_hashed_libraries_only_and_copies_every_room() -> None:
    for line in re.findall(r"pip install .*", DOCKERFILE):
        assert "--require-hashes" in line or "--no-deps" in line, line
    for name in re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", DOCKERFILE):
        for one in name.split():
            assert (ROOT / one).exists(), one
    for room in ("crawlers", "stream", "sentiment", "escalation", "deploy"):
        assert f"COPY {room} {room}\n" in DOCKERFILE
    assert re.search(r"(?m)^HEALTHCHECK .*\\\n  CMD \[", DOCKERFILE)
    assert len(re.findall(r"(?m)^FROM ", DOCKERFILE)) == 2
    assert DOCKERFILE.rindex("USER 10001") > DOCKERFILE.rindex("RUN ")


def test_no_secret_and_no_roster_gets_into_the_image_the_wheel_or_the_repository() -> None:
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    wheel = (ROOT / "pyproject.toml").read_text("utf-8")
    kept_out = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    for place in ("deploy/compose/secrets", "deploy/compose/accounts.xlsx"):
        assert ignored.index(place) > ignored.index("!deploy"), "the last word counts"
        assert f'"{place}"' in wheel
        assert f"/{place}" in {line.rstrip("/") for line in kept_out}
    copied = {one for line in re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", DOCKERFILE) for one in line.split()}
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied
