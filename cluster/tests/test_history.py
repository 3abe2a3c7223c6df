"""The checker of histories rejects hand-made bad ones."""

import copy

from history import judge, payload

SENT, SIZE, PARTITIONS = 30, 100, 3


def good_history():
    found = {partition: [] for partition in range(PARTITIONS)}
    acknowledged = {}
    for number in range(SENT):
        partition = number % PARTITIONS
        acknowledged[number] = (partition, len(found[partition]))
        found[partition].append((len(found[partition]), *payload(number, SIZE)))
    return acknowledged, found


def verdict_after(change):
    acknowledged, found = copy.deepcopy(good_history())
    change(acknowledged, found)
    return judge(acknowledged, SENT, SIZE, found)


def test_a_good_history_is_accepted():
    assert verdict_after(lambda acknowledged, found: None).good


def test_an_unacknowledged_record_may_be_there_or_not():
    assert verdict_after(lambda acknowledged, found: acknowledged.pop(4)).good

    def drop(acknowledged, found):
        del acknowledged[29], found[2][9]

    assert verdict_after(drop).good


def test_a_lost_record_is_found():
    assert verdict_after(lambda acknowledged, found: found[1].pop(9)).missing == 1


def test_a_record_at_another_offset_than_acknowledged_is_found():
    def move(acknowledged, found):
        acknowledged[0] = (0, 1)

    assert verdict_after(move).missing == 1


def test_a_duplicate_is_found():
    assert verdict_after(lambda acknowledged, found: found[0].append((10, *payload(3, SIZE)))).duplicates == 1


def test_a_duplicate_in_another_partition_is_found():
    assert verdict_after(lambda acknowledged, found: found[1].append((10, *payload(3, SIZE)))).duplicates == 1


def test_disorder_is_found():
    def swap(acknowledged, found):
        found[2][3], found[2][4] = found[2][4], found[2][3]

    assert verdict_after(swap).order_violations == 1


def test_foreign_and_altered_records_are_found():
    def alter(acknowledged, found):
        found[0][0] = (0, b"0", b"changed")
        found[1].append((10, b"999", payload(999, SIZE)[1]))

    verdict = verdict_after(alter)
    assert verdict.foreign == 2 and verdict.missing == 1
