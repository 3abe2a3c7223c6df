// What the disk itself gives: three threads, each overwriting its own file, which was reserved and written before,
// piece by piece with pwrite + fdatasync, as three replicas on this machine have to.
// Usage: floor DIRECTORY BYTES SECONDS
#include "common.h"

#include <fcntl.h>
#include <pthread.h>

#define THREADS 3
#define FILE_BYTES (64u << 20)
#define MOST_SAMPLES (1u << 20)

struct writer {
    pthread_t thread;
    int file;
    size_t size;
    uint64_t deadline;
    uint64_t *samples;
    size_t count;
    uint64_t elapsed;
};

static pthread_barrier_t start;

static int prepare(const char *directory, int number) {
    char path[4096];
    snprintf(path, sizeof path, "%s/floor-%d", directory, number);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) fail("open %s: %s", path, strerror(errno));
    if (unlink(path)) fail("unlink %s: %s", path, strerror(errno));
    int error = posix_fallocate(file, 0, FILE_BYTES);
    if (error) fail("reserving %s: %s", path, strerror(error));
    static uint8_t zeros[1 << 20];
    for (off_t at = 0; at < FILE_BYTES; at += (off_t)sizeof zeros) {
        if (pwrite(file, zeros, sizeof zeros, at) != (ssize_t)sizeof zeros) fail("write %s: %s", path, strerror(errno));
    }
    if (fsync(file)) fail("fsync %s: %s", path, strerror(errno));
    return file;
}

static void *run(void *argument) {
    struct writer *writer = argument;
    uint8_t *piece = malloc(writer->size);
    if (!piece) fail("no memory for %zu bytes", writer->size);
    memset(piece, 'x', writer->size);
    off_t at = 0;
    pthread_barrier_wait(&start);
    uint64_t began = now_nanoseconds(), now = began;
    while (now < began + writer->deadline && writer->count < MOST_SAMPLES) {
        if (at + (off_t)writer->size > FILE_BYTES) at = 0;
        if (pwrite(writer->file, piece, writer->size, at) != (ssize_t)writer->size) fail("write: %s", strerror(errno));
        if (fdatasync(writer->file)) fail("fdatasync: %s", strerror(errno));
        at += (off_t)writer->size;
        uint64_t after = now_nanoseconds();
        writer->samples[writer->count++] = after - now;
        now = after;
    }
    writer->elapsed = now - began;
    free(piece);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 4) fail("usage: floor DIRECTORY BYTES SECONDS");
    size_t size = number_argument("BYTES", arguments[2]);
    uint64_t seconds = number_argument("SECONDS", arguments[3]);
    if (size > FILE_BYTES) fail("BYTES: at most %u", FILE_BYTES);
    struct writer writers[THREADS];
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.file = prepare(arguments[1], i), .size = size, .deadline = seconds * 1000000000u};
        writers[i].samples = malloc(MOST_SAMPLES * sizeof(uint64_t));
        if (!writers[i].samples) fail("no memory for samples");
    }
    for (int i = 0; i < THREADS; i++) pthread_create(&writers[i].thread, NULL, run, &writers[i]);
    uint64_t *all = malloc(THREADS * MOST_SAMPLES * sizeof(uint64_t));
    if (!all) fail("no memory for samples");
    size_t samples = 0;
    double total = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(writers[i].thread, NULL);
        memcpy(all + samples, writers[i].samples, writers[i].count * sizeof(uint64_t));
        samples += writers[i].count;
        total += (double)(writers[i].count * size) * 1000.0 / (double)writers[i].elapsed;
    }
    double median = percentile_microseconds(all, samples, 0.5), p99 = percentile_microseconds(all, samples, 0.99);
    printf("{\"bytes\": %zu, \"writes\": %zu, \"median_us\": %.1f, \"p99_us\": %.1f, "
           "\"mb_per_s_per_thread\": %.1f, \"mb_per_s\": %.1f}\n",
           size, samples, median, p99, total / THREADS, total);
    return 0;
}
