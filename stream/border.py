"""Border: how many points open an incident, and what may be set about it.

By itself, because every process reads the settings and few of them judge risks.
"""

from __future__ import annotations

OPEN_AT = 100.0
"""Points at which an incident opens."""
LEAST, MOST = 0.8 * OPEN_AT, 1.3 * OPEN_AT
"""The borders that may be set: those that `fengxin evaluate --cross-validate` tries; of others nothing is measured."""
PER_SHIFT = 1
"""False alarms that a shift bears (系统默认，非校规)."""
