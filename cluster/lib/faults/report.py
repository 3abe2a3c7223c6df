"""Progress lines and the table of verdicts."""

from history import RoundVerdict


def seconds(value):
    return "-" if value is None else f"{value:.2f} s"


def progress_line(number, total, outcome):
    words = "ok" if outcome.good else "FAILED"
    return (f"{number:>4}/{total} {outcome.fault:<22} seed {outcome.seed:<6} {outcome.verdict.acknowledged:>8,} acks  "
            f"failover {seconds(outcome.failover):>7}  after heal {seconds(outcome.recovery):>7}  {words}  "
            f"[{'; '.join(outcome.told)}]")


def percentile(values, percent):
    """The nearest-rank percentile, None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


HEADINGS = ("class", "rounds", "failed", "fired", "acknowledged", "lost", "phantom", "duplicated", "reordered", "other",
            "longest gap", "failover p50", "p99", "after heal p50", "p99")


def row(name, outcomes):
    def total(kind):
        return sum(getattr(outcome.verdict, kind) for outcome in outcomes)

    failovers = [outcome.failover for outcome in outcomes if outcome.failover is not None]
    recoveries = [outcome.recovery for outcome in outcomes if outcome.recovery is not None]
    other = sum(total(kind) for kind in RoundVerdict.KINDS) - sum(
        total(kind) for kind in ("lost", "phantom", "duplicates", "reordered"))
    return (name, str(len(outcomes)), str(sum(not outcome.good for outcome in outcomes)),
            f"{sum(outcome.fired for outcome in outcomes):,}", f"{total('acknowledged'):,}", str(total("lost")),
            str(total("phantom")), str(total("duplicates")), str(total("reordered")), str(other),
            seconds(max((outcome.unavailable for outcome in outcomes), default=None)),
            seconds(percentile(failovers, 50)), seconds(percentile(failovers, 99)),
            seconds(percentile(recoveries, 50)), seconds(percentile(recoveries, 99)))


def table(outcomes):
    names = sorted({outcome.fault for outcome in outcomes})
    rows = [HEADINGS] + [row(name, [o for o in outcomes if o.fault == name]) for name in names]
    rows.append(row("all", outcomes))
    widths = [max(len(line[column]) for line in rows) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(line, widths))) for line in rows)


def goals(outcomes):
    """What was aimed at beside what was measured, one line each; a figure of the machine as much as of the broker."""
    killed = [o.failover for o in outcomes if o.fault == "kill-leader" and o.failover is not None]
    healed = [o.recovery for o in outcomes if o.recovery is not None]
    handed = [o.unavailable for o in outcomes if o.fault in ("transfer", "hand-over")]
    lines = [("served again after kill -9 of the leader, p99", percentile(killed, 99), 2.0),
             ("served again after healing, all classes, p99", percentile(healed, 99), 3.0),
             ("longest wait for an acknowledgement around a planned transfer", max(handed, default=None), 0.2)]
    return [f"{words}: {seconds(value)}, {'within' if value <= aim else 'NOT within'} the {aim:g} s aimed at"
            for words, value, aim in lines if value is not None]
