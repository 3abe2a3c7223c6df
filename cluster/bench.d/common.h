// Shared by the benchmark programs: time, samples, sockets. Each program prints one line of JSON on standard output.
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

__attribute__((noreturn, format(printf, 1, 2))) static inline void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static inline uint64_t now_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/// A positive whole number, or the program ends and names the argument.
static inline uint64_t number_argument(const char *name, const char *text) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *text == 0 || *end || value == 0) fail("%s: '%s' is not a positive number", name, text);
    return value;
}

static inline int compare_u64(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/// The sample below which `share` of the samples lie. Sorts them.
static inline double percentile_microseconds(uint64_t *nanoseconds, size_t count, double share) {
    qsort(nanoseconds, count, sizeof *nanoseconds, compare_u64);
    size_t index = (size_t)(share * (double)(count - 1) + 0.5);
    return (double)nanoseconds[index] / 1000.0;
}

/// Connects to an IPv4 address in digits, with small writes sent at once.
static inline int connect_to(const char *host, const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number_argument("port", port))};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) fail("'%s' is not an IPv4 address", host);
    int connection = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (connection < 0) fail("socket: %s", strerror(errno));
    if (connect(connection, (struct sockaddr *)&address, sizeof address)) {
        fail("connect to %s:%s: %s", host, port, strerror(errno));
    }
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return connection;
}

#endif
