"""`make revision`: write the first revision anew from the rooms' tables. Only until 0.1.0 is released."""

from __future__ import annotations

import subprocess
import sys
import tempfile

from alembic import command

from deploy.migrations import HERE, config
from stream.store import Store

REVISION = "v0_1_0"
VERSIONS = HERE / "versions"


def main() -> None:
    """Replace `versions/v0_1_0_first.py`."""
    VERSIONS.mkdir(exist_ok=True)
    for old in VERSIONS.glob(f"{REVISION}_*.py"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/empty.db")
        with store.write() as conn:
            made = config()
            made.attributes["connection"] = conn
            command.revision(made, message="first", autogenerate=True, rev_id=REVISION)
    path = next(VERSIONS.glob(f"{REVISION}_*.py"))
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.strip().startswith("# ###")), encoding="utf-8")
    written = str(path)
    ruff = [sys.executable, "-m", "ruff"]
    subprocess.run([*ruff, "check", "--quiet", "--fix", "--select", "I,F401", written], check=True)  # noqa: S603
    subprocess.run([*ruff, "format", "--quiet", written], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
