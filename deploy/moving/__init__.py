"""Moving house 搬家: a backup of all that rests in store and log, and bringing it back, here or on other engines.

`backup.py` takes it, `restore.py` brings it back, `manifest.py` is what it says of itself, `rows.py` copies and
compares.
"""
