// One record in flight: sends a Produce request with one record, waits for its acknowledgement, and again.
// Usage: latency HOST PORT TOPIC BYTES ROUNDS
#include "produce_request.h"

static void send_all(int connection, const uint8_t *bytes, size_t count) {
    while (count) {
        ssize_t sent = send(connection, bytes, count, MSG_NOSIGNAL);
        if (sent < 0) fail("send: %s", strerror(errno));
        bytes += sent;
        count -= (size_t)sent;
    }
}

static void receive_all(int connection, uint8_t *bytes, size_t count) {
    while (count) {
        ssize_t received = recv(connection, bytes, count, 0);
        if (received < 0) fail("receive: %s", strerror(errno));
        if (received == 0) fail("the broker closed the connection");
        bytes += received;
        count -= (size_t)received;
    }
}

int main(int count, char **arguments) {
    if (count != 6) fail("usage: latency HOST PORT TOPIC BYTES ROUNDS");
    struct produce_request request = make_produce_request(arguments[3], number_argument("BYTES", arguments[4]));
    size_t rounds = number_argument("ROUNDS", arguments[5]), warm_up = rounds / 10;
    int connection = connect_to(arguments[1], arguments[2]);
    uint8_t *response = malloc(request.response_count);
    uint64_t *samples = malloc(rounds * sizeof *samples);
    if (!response || !samples) fail("no memory for %zu rounds", rounds);
    for (size_t round = 0; round < warm_up + rounds; round++) {
        set_correlation(request.bytes, (uint32_t)round);
        uint64_t began = now_nanoseconds();
        send_all(connection, request.bytes, request.count);
        receive_all(connection, response, request.response_count);
        uint64_t ended = now_nanoseconds();
        check_response(&request, response, (uint32_t)round);
        if (round >= warm_up) samples[round - warm_up] = ended - began;
    }
    double median = percentile_microseconds(samples, rounds, 0.5), p99 = percentile_microseconds(samples, rounds, 0.99);
    printf("{\"rounds\": %zu, \"median_us\": %.1f, \"p99_us\": %.1f, \"worst_us\": %.1f}\n", rounds, median, p99,
           (double)samples[rounds - 1] / 1000.0);
    return 0;
}
