// A Kafka Produce request, version 7, acks = all, one topic, partition 0, one batch of one record; and its answer.
// Written from the protocol's description, so that nothing but the broker is measured.
#ifndef BENCH_PRODUCE_REQUEST_H
#define BENCH_PRODUCE_REQUEST_H

#include "common.h"

struct produce_request {
    /// Length prefix included.
    uint8_t *bytes;
    size_t count;
    /// Where in a whole response frame, prefix included, the partition's error code is.
    size_t error_position;
    /// Whole length of a response frame.
    size_t response_count;
};

static inline uint8_t *put_big_endian(uint8_t *at, uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) *at++ = (uint8_t)(value >> shift);
    return at;
}

static inline uint64_t get_big_endian(const uint8_t *at, int bytes) {
    uint64_t value = 0;
    while (bytes--) value = value << 8 | *at++;
    return value;
}

static inline uint8_t *put_varint(uint8_t *at, int64_t value) {
    uint64_t zigzag = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    while (zigzag >= 0x80) {
        *at++ = (uint8_t)(zigzag | 0x80);
        zigzag >>= 7;
    }
    *at++ = (uint8_t)zigzag;
    return at;
}

static inline uint8_t *put_string(uint8_t *at, const char *text) {
    size_t count = strlen(text);
    at = put_big_endian(at, count, 2);
    memcpy(at, text, count);
    return at + count;
}

/// CRC-32C, bit by bit: it runs once per program.
static inline uint32_t crc32c(const uint8_t *bytes, size_t count) {
    uint32_t crc = 0xffffffffu;
    while (count--) {
        crc ^= *bytes++;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

/// A record batch (magic 2) with one record: no key, no headers, a value of `size` bytes.
static inline uint8_t *put_batch(uint8_t *at, size_t size) {
    uint8_t *const batch = at, record[32], *r = record;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t milliseconds = (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
    *r++ = 0;                             // attributes
    r = put_varint(r, 0);                 // timestamp delta
    r = put_varint(r, 0);                 // offset delta
    r = put_varint(r, -1);                // no key
    r = put_varint(r, (int64_t)size);
    at = put_big_endian(at, 0, 8);        // base offset: the broker's to give
    at = put_big_endian(at, 0, 4);        // batch length: below
    at = put_big_endian(at, UINT64_MAX, 4);  // leader epoch: the broker's to give
    *at++ = 2;
    uint8_t *const crc = at;
    at = put_big_endian(at, 0, 4);
    at = put_big_endian(at, 0, 2);        // attributes: not compressed
    at = put_big_endian(at, 0, 4);        // last offset delta
    at = put_big_endian(at, milliseconds, 8);
    at = put_big_endian(at, milliseconds, 8);
    at = put_big_endian(at, UINT64_MAX, 8);  // no producer id
    at = put_big_endian(at, UINT64_MAX, 2);
    at = put_big_endian(at, UINT64_MAX, 4);
    at = put_big_endian(at, 1, 4);
    at = put_varint(at, (int64_t)((size_t)(r - record) + size + 1));
    memcpy(at, record, (size_t)(r - record));
    at += r - record;
    for (size_t i = 0; i < size; i++) *at++ = (uint8_t)('a' + i % 26);
    at = put_varint(at, 0);               // no headers
    put_big_endian(batch + 8, (uint64_t)(at - batch - 12), 4);
    put_big_endian(crc, crc32c(crc + 4, (size_t)(at - crc - 4)), 4);
    return at;
}

static inline struct produce_request make_produce_request(const char *topic, size_t size) {
    struct produce_request request = {.bytes = malloc(size + strlen(topic) + 256)};
    if (!request.bytes) fail("no memory for a request of %zu bytes", size);
    uint8_t *at = request.bytes + 4;
    at = put_big_endian(at, 0, 2);           // Produce
    at = put_big_endian(at, 7, 2);
    at = put_big_endian(at, 0, 4);           // correlation id: set_correlation
    at = put_string(at, "bench");
    at = put_big_endian(at, UINT64_MAX, 2);  // no transaction
    at = put_big_endian(at, UINT64_MAX, 2);  // acks = all
    at = put_big_endian(at, 30000, 4);
    at = put_big_endian(at, 1, 4);
    at = put_string(at, topic);
    at = put_big_endian(at, 1, 4);
    at = put_big_endian(at, 0, 4);           // partition
    uint8_t *const length = at;
    at = put_batch(at + 4, size);
    put_big_endian(length, (uint64_t)(at - length - 4), 4);
    request.count = (size_t)(at - request.bytes);
    put_big_endian(request.bytes, request.count - 4, 4);
    request.error_position = 4 + 4 + 4 + 2 + strlen(topic) + 4 + 4;
    request.response_count = request.error_position + 2 + 8 + 8 + 8 + 4;
    return request;
}

/// `request`: the bytes of one request.
static inline void set_correlation(uint8_t *request, uint32_t correlation) {
    put_big_endian(request + 8, correlation, 4);
}

/// Ends the program unless `response` is the acknowledgement of request `correlation`.
static inline void check_response(const struct produce_request *request, const uint8_t *response,
                                  uint32_t correlation) {
    size_t count = get_big_endian(response, 4) + 4;
    if (count != request->response_count) {
        fail("a response of %zu bytes where %zu were expected", count, request->response_count);
    }
    uint32_t answered = (uint32_t)get_big_endian(response + 4, 4);
    if (answered != correlation) fail("answer to request %u where %u was next", answered, correlation);
    int16_t error = (int16_t)get_big_endian(response + request->error_position, 2);
    if (error) fail("request %u was answered with Kafka error code %d", correlation, error);
}

#endif
