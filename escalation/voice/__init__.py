"""One voice 统一发声: hold, facts, statement, approval, release, relay, card, effect (design.md §6).

An incident of a level that its pack names puts a hold on its subject for every registered account. The 宣传部 asks for
facts, drafts a statement, has it approved by the pack's chain, and the school's own account releases it first; every
account then relays it. Nothing is edited in place: a new text is a new version, and a decision is a row.
"""
