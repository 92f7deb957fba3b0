"""Duty 值守: who is at the desk and who answers for an office at a given moment, for the coming 30 days too.

Shifts and their import (`rota`), working days (`calendar`), leave with a substitute (`absence`, `leave`), who stands in
(`proxy`), who left (`departing`), holes (`coverage`), the hand-over (`handover`), what is wrong ahead (`readiness`).
"""
