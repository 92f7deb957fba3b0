"""A search file in a folder of its own, for the contract of the search port and for stories."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from tests.stream.search.site import Site


class SqliteSite(Site):
    """One file in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.aside = folder / "search", folder / "aside"
        self.file = self.folder / "search.db"
        self.url = f"sqlite:///{self.file}"

    def take_away(self) -> None:
        if self.folder.exists():
            self.folder.rename(self.aside)
        self.folder.write_text("no folder")

    def bring_back(self) -> None:
        self.folder.unlink()
        if self.aside.exists():
            self.aside.rename(self.folder)

    def corrupt(self) -> None:
        for file in self.folder.iterdir():
            file.write_bytes(b"\xff" * 20_000)

    def spoil(self) -> None:
        with sqlite3.connect(self.file) as beside:
            beside.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with self.file.open("r+b") as file:
            file.seek(self.file.stat().st_size // 2 // 4096 * 4096)
            file.write(b"\xff" * 4096 * 8)

    def remove(self) -> None:
        shutil.rmtree(self.folder)

    def end(self) -> None:
        """The folder is pytest's."""
