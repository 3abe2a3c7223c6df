"""Reads known.txt: the tests that need a cluster of one node, and those that do not pass, each with its reason."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from nodes import ClusterError

KINDS = ("alone", "never")


@dataclass(frozen=True)
class Known:
    client: str
    # "alone": passes against a single broker, and is run there. "never": does not pass.
    kind: str
    # As pytest names the test, below the suite's folder; * stands for anything.
    pattern: str
    reason: str

    @property
    def alone(self):
        return self.kind == "alone"

    def covers(self, test):
        return fnmatchcase(test, self.pattern.replace("[", "[[]"))


def read_known(client):
    path = Path(__file__).with_name("known.txt")
    entries = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if line.startswith(" ") and entries:
            entries[-1][3] += words
        elif len(words) == 3 and words[1] in KINDS:
            entries.append([*words, []])
        else:
            raise ClusterError(f"{path}, line {number}: expected CLIENT {'|'.join(KINDS)} TEST, or an indented reason")
    return [Known(*names, " ".join(reason)) for *names, reason in entries if names[0] == client]
