"""A window whose page may be reloading itself: news of an incident and our own way elsewhere can meet."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from playwright.sync_api import Error, Page

P = ParamSpec("P")
T = TypeVar("T")


def patient(page: Page) -> Page:
    """The page; `goto` and `reload` go once more where the page's own reload called them off at that very moment."""
    for name in ("goto", "reload"):
        setattr(page, name, _again(getattr(page, name)))
    return page


def _again(go: Callable[P, T]) -> Callable[P, T]:
    @wraps(go)
    def going(*given: P.args, **more: P.kwargs) -> T:
        try:
            return go(*given, **more)
        except Error as error:
            if "ERR_ABORTED" not in str(error) and "interrupted by another navigation" not in str(error):
                raise
            return go(*given, **more)

    return going
