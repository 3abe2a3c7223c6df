#define _GNU_SOURCE
#include "CSystem.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define RESOLVER_ERRORS 10000

_Static_assert(sizeof(struct holdfast_piece) == sizeof(struct iovec), "a piece is an iovec");
_Static_assert(offsetof(struct holdfast_piece, length) == offsetof(struct iovec, iov_len), "a piece is an iovec");

int holdfast_resolve(
    const char *host, uint16_t port, int numeric_only, int for_listening, struct holdfast_address *address) {
    struct addrinfo hints, *found = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | (numeric_only ? AI_NUMERICHOST : 0) | (for_listening ? AI_PASSIVE : 0);
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    int code = getaddrinfo(host, service, &hints, &found);
    if (code == EAI_SYSTEM) return errno ? -errno : -EIO;
    if (code) return -RESOLVER_ERRORS + code;
    // An IPv4 result first: "localhost" must mean the same address to the side that listens and the side that dials.
    struct addrinfo *chosen = found;
    for (struct addrinfo *each = found; each; each = each->ai_next)
        if (each->ai_family == AF_INET) { chosen = each; break; }
    if (chosen->ai_addrlen > sizeof address->bytes) {
        freeaddrinfo(found);
        return -EAFNOSUPPORT;
    }
    memset(address, 0, sizeof *address);
    address->length = (uint32_t)chosen->ai_addrlen;
    memcpy(address->bytes, chosen->ai_addr, chosen->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

void holdfast_address_text(const struct holdfast_address *address, char *text, size_t capacity) {
    struct sockaddr_storage storage;
    char host[INET6_ADDRSTRLEN] = "?";
    memset(&storage, 0, sizeof storage);
    memcpy(&storage, address->bytes, address->length <= sizeof address->bytes ? address->length : 0);
    if (storage.ss_family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)&storage;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(text, capacity, "%s:%u", host, (unsigned)ntohs(in->sin_port));
    } else if (storage.ss_family == AF_INET6) {
        struct sockaddr_in6 *in = (struct sockaddr_in6 *)&storage;
        inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
        snprintf(text, capacity, "[%s]:%u", host, (unsigned)ntohs(in->sin6_port));
    } else {
        snprintf(text, capacity, "unknown address");
    }
}

void holdfast_error_text(int error, char *text, size_t capacity) {
    // Resolver codes arrive as RESOLVER_ERRORS minus a negative EAI_* value.
    if (error >= RESOLVER_ERRORS) {
        snprintf(text, capacity, "%s", gai_strerror(RESOLVER_ERRORS - error));
        return;
    }
    char buffer[128];
    snprintf(text, capacity, "%s", strerror_r(error, buffer, sizeof buffer));
}

static int new_socket(const struct holdfast_address *address) {
    sa_family_t family;
    memcpy(&family, address->bytes, sizeof family);
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd >= 0 ? fd : -errno;
}

static int failed(int fd) {
    int error = errno;
    close(fd);
    return -error;
}

int holdfast_listen(const struct holdfast_address *address, int backlog) {
    int fd = new_socket(address), on = 1;
    if (fd < 0) return fd;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)) return failed(fd);
    if (bind(fd, (const struct sockaddr *)address->bytes, address->length)) return failed(fd);
    if (listen(fd, backlog)) return failed(fd);
    return fd;
}

int holdfast_local_port(int fd) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    if (getsockname(fd, (struct sockaddr *)&storage, &length)) return -errno;
    if (storage.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&storage)->sin_port);
    if (storage.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&storage)->sin6_port);
    return -EAFNOSUPPORT;
}

int holdfast_accept(int fd, struct holdfast_address *peer) {
    memset(peer, 0, sizeof *peer);
    for (;;) {
        socklen_t length = sizeof peer->bytes;
        int accepted = accept4(fd, (struct sockaddr *)peer->bytes, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            peer->length = length <= sizeof peer->bytes ? length : 0;
            return accepted;
        }
        if (errno != EINTR) return -errno;
    }
}

int holdfast_connect_start(const struct holdfast_address *address) {
    int fd = new_socket(address);
    if (fd < 0) return fd;
    if (connect(fd, (const struct sockaddr *)address->bytes, address->length) && errno != EINPROGRESS && errno != EINTR)
        return failed(fd);
    return fd;
}

int holdfast_socket_error(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length)) return -errno;
    return -error;
}

static int set_option(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : -errno;
}

int holdfast_set_nodelay(int fd) { return set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

int holdfast_set_buffers(int fd, int send_bytes, int receive_bytes) {
    int result = send_bytes > 0 ? set_option(fd, SOL_SOCKET, SO_SNDBUF, send_bytes) : 0;
    if (result == 0 && receive_bytes > 0) result = set_option(fd, SOL_SOCKET, SO_RCVBUF, receive_bytes);
    return result;
}

int holdfast_set_dead_peer_detection(int fd, int idle_seconds, int user_timeout_milliseconds) {
    int result = set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (result == 0) result = set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_seconds);
    if (result == 0) result = set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, idle_seconds);
    if (result == 0) result = set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    if (result == 0) result = set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_milliseconds);
    return result;
}

ssize_t holdfast_receive(int fd, void *bytes, size_t count) {
    for (;;) {
        ssize_t result = recv(fd, bytes, count, MSG_DONTWAIT);
        if (result >= 0) return result;
        if (errno != EINTR) return -errno;
    }
}

ssize_t holdfast_send(int fd, const struct holdfast_piece *pieces, int count, int more) {
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = (struct iovec *)pieces;
    message.msg_iovlen = (size_t)count;
    for (;;) {
        ssize_t result = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
        if (result >= 0) return result;
        if (errno != EINTR) return -errno;
    }
}

ssize_t holdfast_sendfile(int socket, int file, uint64_t offset, size_t count) {
    off_t position = (off_t)offset;
    for (;;) {
        ssize_t result = sendfile(socket, file, &position, count);
        if (result >= 0) return result;
        if (errno != EINTR) return -errno;
    }
}

int holdfast_shutdown(int fd) { return shutdown(fd, SHUT_RDWR) == 0 ? 0 : -errno; }
int holdfast_shutdown_writing(int fd) { return shutdown(fd, SHUT_WR) == 0 ? 0 : -errno; }

// Linux frees the descriptor even when close is interrupted, so it is never repeated.
int holdfast_close(int fd) { return close(fd) == 0 || errno == EINTR ? 0 : -errno; }

int holdfast_poll_one(int fd, uint32_t events, int milliseconds) {
    struct pollfd one = { .fd = fd };
    if (events & HOLDFAST_READABLE) one.events |= POLLIN;
    if (events & HOLDFAST_WRITABLE) one.events |= POLLOUT;
    int count = poll(&one, 1, milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    return count;
}
