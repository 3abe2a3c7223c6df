"""What cluster/faults does."""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from faults import crashes, cuts, disks, members, spaces, storms  # noqa: E402,F401 (the classes register themselves)
from faults.catalogue import FAULTS  # noqa: E402
from nodes import ClusterError, default_root, interrupt_on_terminate, lock  # noqa: E402


def whole(text):
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def positive(text):
    if whole(text) == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


def fault_name(text):
    if text not in FAULTS:
        raise argparse.ArgumentTypeError(f"there is no class {text!r}; see: cluster/faults --list")
    return text


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="cluster/faults", allow_abbrev=False,
        description="Breaks a three-node cluster of real processes, round after round, while librdkafka clients write "
                    "and read: inject, hold, heal, verify. Exit code 1 when anything acknowledged is lost, doubled or "
                    "out of order, when something appears that nobody wrote, or when a healed cluster does not serve.")
    parser.add_argument("--list", action="store_true", help="print the classes, and which cannot run here and why")
    parser.add_argument("--only", action="append", type=fault_name, metavar="CLASS",
                        help="play only this class (may be given several times)")
    parser.add_argument("--rounds", type=positive, default=1, help="rounds of each class (default 1)")
    parser.add_argument("--seed", type=whole, default=1, help="of a class's first round; the next has one more")
    parser.add_argument("--rate", type=positive, default=2000,
                        help="records a second of each full-speed client (default 2000)")
    parser.add_argument("--brief", action="store_true", help="hold each fault for a third of the time only")
    parser.add_argument("--lying-disks", action="store_true",
                        help="in the power-loss classes disks report as synced what is not: the verdict must be bad")
    parser.add_argument("--proxy", action="store_true",
                        help="connect everything through the user-space proxy, as is done without root's rights")
    parser.add_argument("--port-offset", type=whole, default=4000, help="where to look for free ports (default 4000)")
    return parser.parse_args(arguments)


def main():
    arguments = parse(sys.argv[1:])
    if os.environ.get("CLUSTER_ONLY_CHECK"):
        return 0
    interrupt_on_terminate()
    from faults.campaign import Campaign
    try:
        with lock(default_root() / "faults"):
            if os.geteuid() == 0 and not arguments.proxy:
                return spaces.run_inside(lambda: run(Campaign, arguments))
            return run(Campaign, arguments)
    except KeyboardInterrupt:
        print("cluster/faults: interrupted; its processes are stopped", file=sys.stderr)
        return 130


def run(campaign, arguments):
    try:
        return campaign(arguments).run()
    except ClusterError as error:
        print(f"cluster/faults: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
