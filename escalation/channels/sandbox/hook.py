"""The demo receiver of the generic webhook: what a school's own system does with a notice that it is handed."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading

from escalation.channels.sandbox.heard import Ledger
from escalation.channels.sandbox.vendor import Asked, Said, Vendor

SIGNED_WITH = "webhook-sandbox-not-a-secret-0001"
WITHIN_SECONDS = 300


class Hook(Vendor):
    """Takes a signed notice once: a repetition of a delivery is answered and not shown again."""

    place = "webhook"
    paths = ("/hook",)

    def __init__(self, ledger: Ledger, secret: str = SIGNED_WITH) -> None:
        self._ledger = ledger
        self._secret = secret
        self._lock = threading.Lock()
        self._seen: set[str] = set()

    def hear(self, asked: Asked) -> Said:
        """Signature and time, then form."""
        stamp = asked.headers.get("x-fengxin-timestamp", "")
        if not stamp.isdecimal() or abs(int(stamp) - self._ledger.now().timestamp()) > WITHIN_SECONDS:
            return 401, {"error": "timestamp"}
        said = hmac.new(self._secret.encode(), f"{stamp}.".encode() + asked.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(f"sha256={said}", asked.headers.get("x-fengxin-signature", "")):
            return 401, {"error": "signature"}
        try:
            found = json.loads(asked.body)
            delivery, text, url = str(found["delivery"]), str(found["text"]), str(found["url"])
        except (ValueError, RecursionError, KeyError, TypeError):
            return 422, {"error": "form"}
        with self._lock:
            if delivery not in self._seen:
                self._seen.add(delivery)
                self._ledger.keep(self.place, str(found.get("to", "")), str(found.get("subject", "")), text, url)
        return 200, {"ok": True}

    def trouble(self, fault: str, asked: Asked) -> Said | None:
        """An HTTP status of its own."""
        del asked
        return int(fault), {"error": fault}
