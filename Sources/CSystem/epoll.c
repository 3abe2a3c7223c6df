#define _GNU_SOURCE
#include "CSystem.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAXIMUM_READY 512

static uint32_t to_epoll(uint32_t events) {
    uint32_t result = 0;
    if (events & HOLDFAST_READABLE) result |= EPOLLIN;
    if (events & HOLDFAST_WRITABLE) result |= EPOLLOUT;
    if (events & HOLDFAST_EDGES) result |= EPOLLET;
    return result;
}

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t tag) {
    struct epoll_event event = { .events = to_epoll(events), .data.u64 = tag };
    return epoll_ctl(epoll, operation, fd, &event) == 0 ? 0 : -errno;
}

int holdfast_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

int holdfast_epoll_add(int epoll, int fd, uint32_t events, uint64_t tag) {
    return control(epoll, EPOLL_CTL_ADD, fd, events, tag);
}

int holdfast_epoll_change(int epoll, int fd, uint32_t events, uint64_t tag) {
    return control(epoll, EPOLL_CTL_MOD, fd, events, tag);
}

int holdfast_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

static int wait_milliseconds(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
    int64_t milliseconds = nanoseconds < 0 ? -1 : nanoseconds / 1000000 + (nanoseconds % 1000000 != 0);
    if (milliseconds > 1000000) milliseconds = 1000000;
    return epoll_wait(epoll, events, capacity, (int)milliseconds);
}

/// epoll_pwait2 (Linux 5.11) has a nanosecond timeout; older kernels and sandboxes answer ENOSYS.
static int wait_nanoseconds(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
#ifdef SYS_epoll_pwait2
    static _Atomic int missing;
    if (nanoseconds > 0 && !missing) {
        struct { int64_t seconds, nanoseconds; } limit = { nanoseconds / 1000000000, nanoseconds % 1000000000 };
        int count = (int)syscall(SYS_epoll_pwait2, epoll, events, capacity, &limit, NULL, (size_t)0);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
        missing = 1;
    }
#endif
    return wait_milliseconds(epoll, events, capacity, nanoseconds);
}

int holdfast_epoll_wait(int epoll, struct holdfast_ready *ready, int capacity, int64_t nanoseconds) {
    struct epoll_event events[MAXIMUM_READY];
    if (capacity > MAXIMUM_READY) capacity = MAXIMUM_READY;
    int count = wait_nanoseconds(epoll, events, capacity, nanoseconds);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        uint32_t seen = events[i].events;
        ready[i].tag = events[i].data.u64;
        ready[i].events = ((seen & EPOLLIN) ? HOLDFAST_READABLE : 0) | ((seen & EPOLLOUT) ? HOLDFAST_WRITABLE : 0)
            | ((seen & (EPOLLERR | EPOLLHUP)) ? HOLDFAST_BROKEN : 0);
    }
    return count;
}

int holdfast_eventfd(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd >= 0 ? fd : -errno;
}

int holdfast_eventfd_add(int fd) {
    uint64_t one = 1;
    for (;;) {
        if (write(fd, &one, sizeof one) == sizeof one) return 0;
        if (errno != EINTR) return -errno;
    }
}

int holdfast_signalfd(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error) return -error;
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd >= 0 ? fd : -errno;
}

int holdfast_signalfd_next(int fd) {
    struct signalfd_siginfo info;
    for (;;) {
        ssize_t count = read(fd, &info, sizeof info);
        if (count == sizeof info) return (int)info.ssi_signo;
        if (count >= 0) return -EIO;
        if (errno != EINTR) return -errno;
    }
}

int holdfast_ignore_sigpipe(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_IGN;
    return sigaction(SIGPIPE, &action, NULL) == 0 ? 0 : -errno;
}

int holdfast_block_all_signals(void) {
    sigset_t set;
    sigfillset(&set);
    // A fault must still kill the process with its own signal.
    sigdelset(&set, SIGSEGV);
    sigdelset(&set, SIGBUS);
    sigdelset(&set, SIGILL);
    sigdelset(&set, SIGFPE);
    sigdelset(&set, SIGTRAP);
    sigdelset(&set, SIGABRT);
    return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

uint64_t holdfast_monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int64_t holdfast_wall_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
