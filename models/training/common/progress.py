"""A line that says how far a long loop is; silent where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """Yields the items and, on a terminal, keeps a line of the share done."""
    show = sys.stderr.isatty()
    for i, item in enumerate(items):
        if show and i % max(1, len(items) // 100) == 0:
            print(f"\r{what}: {100 * i // len(items)} %", end="", file=sys.stderr, flush=True)
        yield item
    if show:
        print(f"\r{what}: done ", file=sys.stderr)
