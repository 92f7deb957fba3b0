"""Auditing: the audit written to a file for somebody outside, and such a file verified without any installation."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from deploy.settings import Settings
from deploy.wiring import opened_store
from escalation import audit
from escalation.audit_file import Proof, Span, lines, span_of
from escalation.clock_words import SHANGHAI

EXPORTED = "audit.export"


class NotWritten(Exception):
    """The file cannot be written; the message says why."""


def export(settings: Settings, out: Path, since: date | None, until: date | None) -> Span:
    """Write the rows of these days (Asia/Shanghai, both included) into a new file that only its owner may read.

    The export is a row of the audit itself, after the last row of the file. Raises NotWritten, StoreUnavailable.
    """
    now = datetime.now(UTC)
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise NotWritten(f"{out} 已存在，不覆盖；请换一个文件名。") from None
    except OSError as error:
        raise NotWritten(f"{out} 写不了（{error.strerror}）；请检查目录是否存在、可写。") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file, opened_store(settings) as store:
            with store.read() as conn:
                span = span_of(conn, _start(since), _start(until + timedelta(days=1)) if until else None)
                for line in lines(conn, span, now):
                    file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())
            with store.write() as conn:
                audit.record(
                    conn, school=settings.school.code, now=now, actor=f"命令行 {_account()}"[:100], action=EXPORTED,
                    subject=f"{span.first}-{span.last}", detail={"rows": span.rows},
                )  # fmt: skip
    except OSError as error:
        out.unlink(missing_ok=True)
        raise NotWritten(f"{out} 没有写完（{error.strerror}）；请检查磁盘，处理后再导出一次。") from None
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    return span


def _start(day: date | None) -> datetime | None:
    return datetime.combine(day, datetime.min.time(), SHANGHAI) if day else None


def _account() -> str:
    """The account of the operating system that asked."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def verify_file(file: Path, printed: str = "") -> tuple[list[str], Proof]:
    """Every fault of an exported file, and what it holds. Raises OSError where it cannot be read."""
    proof = Proof()
    with file.open(encoding="utf-8", errors="surrogateescape", newline="\n") as given:
        return list(proof.faults(_bare(given), printed)), proof


def _bare(given: Iterator[str]) -> Iterator[str]:
    for line in given:
        yield line.removesuffix("\n")
