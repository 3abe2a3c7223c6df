// Transactions, one after the other, each beside one plain record and the same 100 records without a transaction, both
// with acks = all, in the same round: 100 records over 5 partitions, as a client sends them: AddPartitionsToTxn, one
// Produce, EndTxn, each awaited.
// Usage: transaction HOST PORT TOPIC BYTES ROUNDS. The topic has 5 partitions; HOST and PORT are its leader's.
#include "produce_request.h"

enum { partitions = 5, records = 20, largest = 1 << 20 };

static int connection;
static uint8_t request[largest], response[largest];
static int64_t producer;
static uint16_t epoch;
static const char *topic, *name = "bench-transaction";

static void exchange(size_t count) {
    put_big_endian(request, count - 4, 4);
    const uint8_t *from = request;
    while (count) {
        ssize_t sent = send(connection, from, count, MSG_NOSIGNAL);
        if (sent < 0) fail("send: %s", strerror(errno));
        from += sent;
        count -= (size_t)sent;
    }
    size_t wanted = 4, got = 0;
    while (got < wanted) {
        ssize_t received = recv(connection, response + got, wanted - got, 0);
        if (received <= 0) fail("the broker closed the connection");
        got += (size_t)received;
        if (got == 4) wanted = 4 + get_big_endian(response, 4);
        if (wanted > largest) fail("a response of %zu bytes", wanted);
    }
}

static uint8_t *begin(int key, int version) {
    uint8_t *at = put_big_endian(request + 4, (uint64_t)key, 2);
    at = put_big_endian(at, (uint64_t)version, 2);
    at = put_big_endian(at, 1, 4);
    return put_string(at, "bench");
}

static uint8_t *put_producer(uint8_t *at) {
    at = put_string(at, name);
    at = put_big_endian(at, (uint64_t)producer, 8);
    return put_big_endian(at, epoch, 2);
}

static void check(const char *what, size_t position) {
    int16_t error = (int16_t)get_big_endian(response + position, 2);
    if (error) fail("%s was answered with Kafka error code %d", what, error);
}

static void initialize(void) {
    uint8_t *at = put_string(begin(22, 1), name);
    at = put_big_endian(at, 60000, 4);
    exchange((size_t)(at - request));
    check("InitProducerId", 12);
    producer = (int64_t)get_big_endian(response + 14, 8);
    epoch = (uint16_t)get_big_endian(response + 22, 2);
}

static size_t add_partitions(void) {
    uint8_t *at = put_big_endian(put_producer(begin(24, 0)), 1, 4);
    at = put_big_endian(put_string(at, topic), partitions, 4);
    for (int partition = 0; partition < partitions; partition++) at = put_big_endian(at, (uint64_t)partition, 4);
    return (size_t)(at - request);
}

static void check_added(void) {
    size_t at = 4 + 4 + 4 + 4 + 2 + strlen(topic) + 4;
    for (int partition = 0; partition < partitions; partition++) check("AddPartitionsToTxn", at + 6 * partition + 4);
}

/// A batch of `records` copies of one record; of the transaction when `sequence` is not negative.
static uint8_t *put_large_batch(uint8_t *batch, size_t size, int64_t sequence) {
    uint8_t *end = put_batch(batch, size), *record = batch + 61;
    size_t length = (size_t)(end - record), head = length < 66 ? 1 : 2;
    uint8_t copy[4096];
    if (length > sizeof copy) fail("records of at most 4000 bytes");
    memcpy(copy, record, length);
    for (int number = 0; number < records; number++) {
        memcpy(record + (size_t)number * length, copy, length);
        record[(size_t)number * length + head + 2] = (uint8_t)(number * 2);
    }
    end = record + (size_t)records * length;
    put_big_endian(batch + 8, (uint64_t)(end - batch - 12), 4);
    put_big_endian(batch + 23, records - 1, 4);
    put_big_endian(batch + 57, records, 4);
    if (sequence >= 0) {
        put_big_endian(batch + 21, 0x10, 2);
        put_big_endian(batch + 43, (uint64_t)producer, 8);
        put_big_endian(batch + 51, epoch, 2);
        put_big_endian(batch + 53, (uint64_t)sequence, 4);
    }
    put_big_endian(batch + 17, crc32c(batch + 21, (size_t)(end - batch - 21)), 4);
    return end;
}

/// A Produce of one record, or of one large batch in each partition.
static size_t produce(size_t size, int is_large, int64_t sequence) {
    uint8_t *at = begin(0, 7);
    at = sequence >= 0 ? put_string(at, name) : put_big_endian(at, UINT64_MAX, 2);
    at = put_big_endian(at, UINT64_MAX, 2);
    at = put_big_endian(at, 30000, 4);
    at = put_string(put_big_endian(at, 1, 4), topic);
    int count = is_large ? partitions : 1;
    at = put_big_endian(at, (uint64_t)count, 4);
    for (int partition = 0; partition < count; partition++) {
        at = put_big_endian(at, (uint64_t)partition, 4);
        uint8_t *const length = at;
        at = is_large ? put_large_batch(at + 4, size, sequence) : put_batch(at + 4, size);
        put_big_endian(length, (uint64_t)(at - length - 4), 4);
    }
    return (size_t)(at - request);
}

static void check_produced(int count) {
    size_t at = 4 + 4 + 4 + 2 + strlen(topic) + 4;
    for (int partition = 0; partition < count; partition++) check("Produce", at + (size_t)partition * 30 + 4);
}

static size_t end_transaction(void) {
    uint8_t *at = put_producer(begin(26, 0));
    *at++ = 1;
    return (size_t)(at - request);
}

/// Sends what `request` holds; nanoseconds until the answer is there.
static uint64_t timed(size_t bytes) {
    uint64_t began = now_nanoseconds();
    exchange(bytes);
    return now_nanoseconds() - began;
}

enum step { one, same, add, write_all, commit, whole, steps };

static void play(uint64_t *times, size_t size, int64_t sequence) {
    times[one] = timed(produce(size, 0, -1));
    check_produced(1);
    times[same] = timed(produce(size, 1, -1));
    check_produced(partitions);
    times[add] = timed(add_partitions());
    check_added();
    times[write_all] = timed(produce(size, 1, sequence));
    check_produced(partitions);
    times[commit] = timed(end_transaction());
    check("EndTxn", 12);
    times[whole] = times[add] + times[write_all] + times[commit];
}

int main(int count, char **arguments) {
    if (count != 6) fail("usage: transaction HOST PORT TOPIC BYTES ROUNDS");
    topic = arguments[3];
    size_t size = number_argument("BYTES", arguments[4]);
    size_t rounds = number_argument("ROUNDS", arguments[5]), warm_up = rounds / 10;
    connection = connect_to(arguments[1], arguments[2]);
    uint64_t *of[steps], times[steps];
    for (int step = 0; step < steps; step++)
        if (!(of[step] = calloc(rounds, 8))) fail("no memory for %zu rounds", rounds);
    initialize();
    for (size_t round = 0; round < warm_up + rounds; round++) {
        play(times, size, (int64_t)round * records);
        for (int step = 0; step < steps; step++) of[step][round < warm_up ? 0 : round - warm_up] = times[step];
    }
    double p99 = percentile_microseconds(of[whole], rounds, 0.99);
    printf("{\"rounds\": %zu, \"produce_us\": %.1f, \"same_records_us\": %.1f, \"add_us\": %.1f, \"write_us\": %.1f, "
           "\"commit_us\": %.1f, \"transaction_us\": %.1f, \"transaction_p99_us\": %.1f}\n",
           rounds, percentile_microseconds(of[one], rounds, 0.5), percentile_microseconds(of[same], rounds, 0.5),
           percentile_microseconds(of[add], rounds, 0.5), percentile_microseconds(of[write_all], rounds, 0.5),
           percentile_microseconds(of[commit], rounds, 0.5), percentile_microseconds(of[whole], rounds, 0.5), p99);
    return 0;
}
