"""Remarks 批示、备注、办理情况: what somebody writes when they sign, or after; their names, and how the log has them.

The desk and the 宣传部 read it; what goes further (the page for others, a report) says only that there is some.
"""

from __future__ import annotations

ORDER, REMARK, DONE = "批示", "备注", "办理情况"
"""An order of who leads; a remark of who does not; what was done by whom the matter was handed to."""
SIGNED, LATE = " 签收", "逾期签收"
"""How the heading of a receipt's line ends, and with what its text begins where it was late."""
