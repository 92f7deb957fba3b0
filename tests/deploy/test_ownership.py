"""What root's commands make in the data folder belongs to the folder's owner, so that the service can open it."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from typer.testing import CliRunner

from deploy.command import app
from deploy.ownership import data_folder, left_to_owner
from deploy.supervisor import DataInUse, hold

SERVICE = 10_001
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that belongs to the service, with a file and a folder that root made in it."""
    folder = tmp_path / "data"
    (folder / "logs").mkdir(parents=True)
    (folder / "store.db").touch(0o600)
    (folder / "logs" / "web.log").touch()
    os.chown(folder, SERVICE, SERVICE)
    return folder


@as_root
def test_root_leaves_what_it_made_to_the_folders_owner(data: Path) -> None:
    assert sorted(left_to_owner(data)) == ["logs", "store.db", "web.log"]
    for one in (data / "store.db", data / "logs", data / "logs" / "web.log"):
        assert (one.stat().st_uid, one.stat().st_gid) == (SERVICE, SERVICE)
    assert left_to_owner(data) == [], "nothing is left to give"


@as_root
def test_what_the_owner_linked_into_the_folder_is_not_given(data: Path, tmp_path: Path) -> None:
    for name in ("shadow", "passwd"):
        (tmp_path / name).write_text("root's")
    (data / "store.db").unlink()
    (data / "store.db").symlink_to(tmp_path / "shadow")
    os.link(tmp_path / "passwd", data / "log.db")
    assert sorted(left_to_owner(data)) == ["logs", "web.log"]
    assert [(tmp_path / name).stat().st_uid for name in ("shadow", "passwd")] == [0, 0]


@as_root
def test_a_data_folder_behind_a_link_is_given_too_and_a_pipe_stops_nothing(data: Path, tmp_path: Path) -> None:
    os.mkfifo(data / "a pipe")
    (tmp_path / "linked").symlink_to(data)
    assert sorted(left_to_owner(tmp_path / "linked")) == ["logs", "store.db", "web.log"]


@as_root
def test_a_folder_of_roots_own_stays_as_it_is(data: Path) -> None:
    os.chown(data, 0, 0)
    os.chown(data / "store.db", SERVICE, SERVICE)
    assert left_to_owner(data) == []
    assert (data / "store.db").stat().st_uid == SERVICE


@as_root
def test_a_command_of_roots_leaves_the_store_to_the_service(tmp_path: Path) -> None:
    school = tmp_path / "school"
    assert CliRunner().invoke(app, ["init", "--demo", str(school)]).exit_code == 0
    file = school / "fengxin.toml"
    file.write_text(file.read_text("utf-8").replace('data = "."', 'data = "data"'), "utf-8")
    data = school / "data"
    data.mkdir()
    os.chown(data, SERVICE, SERVICE)
    done = CliRunner().invoke(app, ["migrate", "--settings", str(file)])
    assert done.exit_code == 0, done.output
    assert (data / "store.db").stat().st_uid == SERVICE


def test_the_data_folder_is_read_from_the_settings_and_a_broken_file_names_none(tmp_path: Path) -> None:
    file = tmp_path / "fengxin.toml"
    assert data_folder(file) is None
    said = {'data = "/srv/x"': Path("/srv/x"), 'data = "x"': tmp_path / "x", "data = 1": None, "=": None}
    for text, found in said.items():
        file.write_text(text)
        assert data_folder(file) == found


def test_a_data_folder_that_this_user_may_not_make_is_told_with_its_cure() -> None:
    with TemporaryDirectory() as place:
        Path(place).chmod(0o555)
        before = os.geteuid()
        if before == 0:
            os.seteuid(SERVICE)
        try:
            with pytest.raises(DataInUse, match=rf"还没有.*请用 root 执行 install -d -o {os.geteuid()} "):
                hold(Path(place) / "data")
        finally:
            os.seteuid(before)
            Path(place).chmod(0o755)


def test_a_data_folder_that_this_user_may_not_write_is_told_with_its_cure() -> None:
    with TemporaryDirectory() as place:
        data = Path(place)
        data.chmod(0o755)
        (data / "lock").touch(0o000)
        before = os.geteuid()
        if before == 0:
            os.seteuid(SERVICE)
        try:
            with pytest.raises(
                DataInUse, match=rf"不能写；请用 root 执行 chown -R {os.geteuid()}:\d+ {data} 后再启动。"
            ):
                hold(data)
        finally:
            os.seteuid(before)
