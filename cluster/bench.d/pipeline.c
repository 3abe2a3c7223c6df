// Many small requests in flight on one connection: one record per Produce request, answered in order.
// Usage: pipeline HOST PORT TOPIC BYTES RECORDS WINDOW
#include "produce_request.h"

#include <poll.h>

struct pipeline {
    struct produce_request request;
    int connection;
    size_t records, window, sent, acknowledged;
    /// Requests written out and not yet taken by the kernel: `window` of them fit.
    uint8_t *out;
    size_t out_from, out_to;
    uint8_t *in;
    size_t in_count, in_room;
};

/// Fills the window with further requests and hands the kernel what it takes. A sixteenth of the window may stay
/// free, so that this program does not spend the machine's time on a system call per record.
static void push(struct pipeline *p) {
    size_t room = p->window - (p->sent - p->acknowledged);
    if (p->out_from == p->out_to && (room > p->window / 16 || p->sent == p->acknowledged)) {
        p->out_from = p->out_to = 0;
        while (p->sent < p->records && p->sent - p->acknowledged < p->window) {
            memcpy(p->out + p->out_to, p->request.bytes, p->request.count);
            set_correlation(p->out + p->out_to, (uint32_t)p->sent++);
            p->out_to += p->request.count;
        }
    }
    if (p->out_from == p->out_to) return;
    ssize_t taken = send(p->connection, p->out + p->out_from, p->out_to - p->out_from, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0 && errno != EAGAIN) fail("send: %s", strerror(errno));
    if (taken > 0) p->out_from += (size_t)taken;
}

/// Reads what has come and checks each whole answer.
static void pull(struct pipeline *p) {
    ssize_t received = recv(p->connection, p->in + p->in_count, p->in_room - p->in_count, MSG_DONTWAIT);
    if (received == 0) fail("the broker closed the connection");
    if (received < 0) {
        if (errno == EAGAIN) return;
        fail("receive: %s", strerror(errno));
    }
    p->in_count += (size_t)received;
    size_t at = 0;
    while (p->in_count - at >= p->request.response_count) {
        check_response(&p->request, p->in + at, (uint32_t)p->acknowledged++);
        at += p->request.response_count;
    }
    memmove(p->in, p->in + at, p->in_count - at);
    p->in_count -= at;
}

static void run(struct pipeline *p) {
    while (p->acknowledged < p->records) {
        push(p);
        short wanted = POLLIN | (p->out_from < p->out_to ? POLLOUT : 0);
        struct pollfd poller = {.fd = p->connection, .events = wanted};
        int ready = poll(&poller, 1, 30000);
        if (ready < 0) fail("poll: %s", strerror(errno));
        if (ready == 0) fail("no answer for 30 s after %zu records", p->acknowledged);
        if (poller.revents & ~POLLOUT) pull(p);
    }
}

int main(int count, char **arguments) {
    if (count != 7) fail("usage: pipeline HOST PORT TOPIC BYTES RECORDS WINDOW");
    struct pipeline p = {.request = make_produce_request(arguments[3], number_argument("BYTES", arguments[4]))};
    p.window = number_argument("WINDOW", arguments[6]);
    p.in_room = p.window * p.request.response_count;
    p.out = malloc(p.window * p.request.count);
    p.in = malloc(p.in_room);
    if (!p.out || !p.in) fail("no memory for a window of %zu", p.window);
    p.connection = connect_to(arguments[1], arguments[2]);
    size_t records = number_argument("RECORDS", arguments[5]);
    p.records = records / 10 + 1;
    run(&p);
    size_t warm_up = p.records;
    p.records += records;
    uint64_t began = now_nanoseconds();
    run(&p);
    double seconds = (double)(now_nanoseconds() - began) / 1e9;
    printf("{\"records\": %zu, \"seconds\": %.3f, \"records_per_s\": %.0f}\n", p.records - warm_up, seconds,
           (double)records / seconds);
    return 0;
}
