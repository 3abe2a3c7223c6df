"""The checker of the fault suite rejects hand-made bad histories."""

from array import array

import pytest

from history import NO_PLACE, NOT_YET, SiteHistory, judge_again, judge_round, record

SIZE, PARTITIONS, RECORDS = 40, 3, 30


def good_round():
    """Two writers, one of them not idempotent, taking turns; both read everything. The round began at offset 100."""
    starts = [100] * PARTITIONS
    found = {p: [] for p in range(PARTITIONS)}
    places = {1: array("q"), 2: array("q")}
    seen = [array("q") for _ in range(PARTITIONS)]
    for number in range(RECORDS):
        for writer in (1, 2):
            partition = number % PARTITIONS
            offset = starts[partition] + len(found[partition])
            found[partition].append((offset, *record(writer, number, SIZE)))
            places[writer].append(partition << 48 | offset)
            seen[partition].append(writer << 40 | number)
    sites = [SiteHistory(site=f"c{writer}", writer=writer, idempotent=writer == 1, first=0, until=RECORDS,
                         places=places[writer], refused={}, bases=list(starts),
                         seen=[array("q", part) for part in seen], anomalies=[]) for writer in (1, 2)]
    return sites, starts, found


def verdict_after(change):
    sites, starts, found = good_round()
    change(sites, found)
    return judge_round(sites, starts, found, SIZE)


def append(found, partition, writer, number):
    found[partition].append((found[partition][-1][0] + 1, *record(writer, number, SIZE)))


def see_everything(sites, found):
    for site in sites:
        for partition, records in found.items():
            site.seen[partition] = array("q", [
                int(key.partition(b":")[0]) << 40 | int(key.partition(b":")[2]) for _, key, _ in records])


def test_a_good_round_is_accepted():
    verdict = verdict_after(lambda sites, found: None)
    assert verdict.good and verdict.acknowledged == verdict.stored == 2 * RECORDS, str(verdict)


def test_what_was_acknowledged_without_a_place_is_stored_somewhere():
    def forget_place(sites, found):
        sites[0].places[29] = NO_PLACE

    def lose(sites, found):
        forget_place(sites, found)
        sites[1].places[29] = NOT_YET
        del found[2][-2:]
        see_everything(sites, found)

    assert verdict_after(forget_place).good
    verdict = verdict_after(lose)
    assert verdict.lost == 1 and "is nowhere" in verdict.examples[0], str(verdict)


def test_what_was_not_acknowledged_may_be_stored_or_not():
    def change(sites, found):
        sites[0].places[29] = sites[1].places[28] = -1
        sites[1].places[29] = -1
        del found[2][-1]
        see_everything(sites, found)

    assert verdict_after(change).good


def test_a_careless_writer_may_store_a_record_twice():
    def change(sites, found):
        append(found, 0, 2, 27)
        see_everything(sites, found)

    assert verdict_after(change).good


def lose(sites, found):
    del found[1][-1]
    see_everything(sites, found)


def replace(sites, found):
    found[1][4] = (found[1][4][0], *record(2, 1, SIZE))
    see_everything(sites, found)


def invent(sites, found):
    append(found, 0, 1, RECORDS + 5)
    see_everything(sites, found)


def alter(sites, found):
    found[0][3] = (*found[0][3][:2], b"x" * SIZE)


def strange(sites, found):
    found[2].append((found[2][-1][0] + 1, None, b""))
    for site in sites:
        site.seen[2].append(-1)


def double(sites, found):
    append(found, 0, 1, 27)
    see_everything(sites, found)


def double_of_an_earlier_round(sites, found):
    sites[0].first, sites[0].places = 3, sites[0].places[3:]


def swap(sites, found):
    """Two records of one writer change places; nobody was told where they are."""
    first, second = found[0][0], found[0][2]
    found[0][0], found[0][2] = (first[0], *second[1:]), (second[0], *first[1:])
    sites[0].places[0] = sites[0].places[3] = -1
    see_everything(sites, found)


def misread(sites, found):
    sites[1].seen[0][5] = 1 << 40 | 7


def read_what_is_not_there(sites, found):
    sites[0].seen[1].append(1 << 40 | 28)


def hole(sites, found):
    found[0] = [*found[0][:4], *((offset + 1, key, value) for offset, key, value in found[0][4:])]


def unread(sites, found):
    del sites[1].seen[2][-3:]


def began_behind(sites, found):
    sites[0].bases[1] -= 2


def anomaly(sites, found):
    sites[0].anomalies.append("partition 0: offset 9 came where 8 was due")


def refused(sites, found):
    sites[0].refused[3] = "Broker: Invalid message"


def gave_up(sites, found):
    sites[1].fatal = "out of order sequence"


@pytest.mark.parametrize("kind, change", [
    ("lost", lose), ("lost", replace), ("phantom", invent), ("phantom", alter), ("phantom", strange),
    ("duplicates", double), ("duplicates", double_of_an_earlier_round), ("reordered", swap),
    ("inconsistent", misread), ("inconsistent", read_what_is_not_there), ("inconsistent", hole), ("unseen", unread),
    ("unseen", began_behind), ("anomalies", anomaly), ("refused", refused), ("refused", gave_up),
], ids=lambda value: value if isinstance(value, str) else value.__name__)
def test_a_bad_round_is_rejected(kind, change):
    verdict = verdict_after(change)
    assert not verdict.good and getattr(verdict, kind) > 0, str(verdict)
    assert verdict.examples and kind in str(verdict)


def verdict_of_reading_again(change):
    archive = [array("q", [1 << 40 | number for number in range(p, RECORDS, 3)]) for p in range(PARTITIONS)]
    records = [(p, offset, *record(1, packed & (1 << 40) - 1, SIZE))
               for p, log in enumerate(archive) for offset, packed in enumerate(log)]
    change(records)
    return judge_again(archive, records, SIZE)


def test_reading_again_accepts_what_has_not_changed():
    verdict = verdict_of_reading_again(lambda records: None)
    assert verdict.good and verdict.stored == RECORDS


@pytest.mark.parametrize("kind, change", [
    ("lost", lambda records: records.pop()),
    ("inconsistent", lambda records: records.pop(4)),
    ("inconsistent", lambda records: records.__setitem__(3, (*records[3][:3], b"x" * SIZE))),
    ("inconsistent", lambda records: records.append((0, RECORDS // 3, *record(1, 999, SIZE)))),
], ids=["cut", "hole", "altered", "more"])
def test_reading_again_rejects_what_has_changed(kind, change):
    verdict = verdict_of_reading_again(change)
    assert not verdict.good and getattr(verdict, kind) > 0, str(verdict)
