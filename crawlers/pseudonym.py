"""Pseudonyms: a keyed hash in place of a platform's user id, so that distinct writers can be counted and nobody found.

HMAC-SHA256 under a key per platform and year, derived from the installation's secret: ids can not be enumerated without
the secret, and last year's writers can not be matched with this year's.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
KEY_BYTES = 32


def author_key(secret: bytes, platform: str, at: datetime, native_id: str) -> str:
    """32 hex digits for a writer; empty where the platform gives no id. `at`: when it was published, aware.

    Raises ValueError for a secret under 32 bytes.
    """
    if len(secret) < KEY_BYTES:
        raise ValueError(f"pseudonym_key：密钥须至少 {KEY_BYTES} 字节，现为 {len(secret)} 字节")
    if not native_id:
        return ""
    year = at.astimezone(SHANGHAI).year
    yearly = hmac.new(secret, f"{platform}:{year}".encode(), hashlib.sha256).digest()
    return hmac.new(yearly, native_id.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]
