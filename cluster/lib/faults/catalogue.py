"""The fault classes by name."""

from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Fault:
    """One class. `inject` breaks something, holds it and may heal it; `stage` names where it is played.

    needs: what the network must be able to do; second: whether a second fault may follow during the recovery.
    """
    name: str
    words: str
    inject: Callable
    stage: str = "links"
    needs: frozenset = frozenset()
    second: bool = True


FAULTS = {}


def fault(name, words, stage="links", needs=(), second=True):
    """Registers the function below as a fault class."""
    def register(inject):
        FAULTS[name] = Fault(name, words, inject, stage, frozenset(needs), second)
        return inject

    return register
