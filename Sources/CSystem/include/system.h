#ifndef HOLDFAST_SYSTEM_H
#define HOLDFAST_SYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Every function below that can fail returns a value >= 0, or the negated errno: nothing can come between the call and
// the reading of errno that way. Calls interrupted by a signal are repeated unless said otherwise.

/// One buffer of a gathered write; laid out as struct iovec.
struct holdfast_piece {
    const void *base;
    size_t length;
};

// Events and the event loop (epoll.c)

#define HOLDFAST_READABLE 1u
#define HOLDFAST_WRITABLE 2u
/// Error or full hang-up; always reported.
#define HOLDFAST_BROKEN 4u
/// Ask for edges instead of levels.
#define HOLDFAST_EDGES 8u

struct holdfast_ready {
    uint64_t tag;
    uint32_t events;
};

int holdfast_epoll_create(void);
int holdfast_epoll_add(int epoll, int fd, uint32_t events, uint64_t tag);
int holdfast_epoll_change(int epoll, int fd, uint32_t events, uint64_t tag);
int holdfast_epoll_remove(int epoll, int fd);
/// Waits at most `nanoseconds` (negative: no limit). An interruption by a signal counts as zero events.
int holdfast_epoll_wait(int epoll, struct holdfast_ready *ready, int capacity, int64_t nanoseconds);

int holdfast_eventfd(void);
int holdfast_eventfd_add(int fd);

/// Blocks `signals` in the calling thread (threads started later inherit that) and makes a descriptor that reports
/// them.
int holdfast_signalfd(const int *signals, int count);
/// The next signal number, or -EAGAIN.
int holdfast_signalfd_next(int fd);
int holdfast_ignore_sigpipe(void);
int holdfast_block_all_signals(void);

uint64_t holdfast_monotonic_nanoseconds(void);
int64_t holdfast_wall_milliseconds(void);

// Sockets (sockets.c)

struct holdfast_address {
    uint32_t length;
    /// A struct sockaddr of any family.
    uint8_t bytes[124];
};

/// Resolves `host` and `port`; `numeric_only` never asks a name server. On failure returns a negated errno, or
/// -10000 plus a (negative) EAI_* code; see holdfast_error_text.
int holdfast_resolve(const char *host, uint16_t port, int numeric_only, int for_listening,
    struct holdfast_address *address);
/// "127.0.0.1:9092", "[::1]:9092".
void holdfast_address_text(const struct holdfast_address *address, char *text, size_t capacity);
/// The errno text, or the resolver's for codes of holdfast_resolve. `error` is positive.
void holdfast_error_text(int error, char *text, size_t capacity);

int holdfast_listen(const struct holdfast_address *address, int backlog);
/// The port a socket is bound to.
int holdfast_local_port(int fd);
/// A new non-blocking, close-on-exec socket, or -EAGAIN.
int holdfast_accept(int fd, struct holdfast_address *peer);
/// Starts a non-blocking connect: a socket that becomes writable when the outcome is known.
int holdfast_connect_start(const struct holdfast_address *address);
/// The outcome of a connect or a pending socket error: 0 or a negated errno.
int holdfast_socket_error(int fd);
int holdfast_set_nodelay(int fd);
int holdfast_set_buffers(int fd, int send_bytes, int receive_bytes);
/// Keep-alive probes after `idle_seconds`, and TCP_USER_TIMEOUT for unacknowledged data.
int holdfast_set_dead_peer_detection(int fd, int idle_seconds, int user_timeout_milliseconds);
/// Bytes read, 0 at the end of the stream, -EAGAIN.
ssize_t holdfast_receive(int fd, void *bytes, size_t count);
/// Gathers `pieces` into one sendmsg; `more` tells the kernel that more follows at once.
ssize_t holdfast_send(int fd, const struct holdfast_piece *pieces, int count, int more);
ssize_t holdfast_sendfile(int socket, int file, uint64_t offset, size_t count);
int holdfast_shutdown(int fd);
int holdfast_shutdown_writing(int fd);
int holdfast_close(int fd);
/// 1 when ready for `events` (HOLDFAST_READABLE / _WRITABLE), 0 after `milliseconds`.
int holdfast_poll_one(int fd, uint32_t events, int milliseconds);

// Files (files.c)

#define HOLDFAST_OPEN_READ 0
#define HOLDFAST_OPEN_READ_WRITE 1
#define HOLDFAST_OPEN_CREATE_NEW 2

struct holdfast_file_status {
    uint64_t size;
    int is_directory;
};

int holdfast_open(const char *path, int mode);
int holdfast_open_directory(const char *path);
/// Exclusive, without waiting: -EWOULDBLOCK when another process has it.
int holdfast_lock_exclusive(int fd);
ssize_t holdfast_pread(int fd, void *bytes, size_t count, uint64_t offset);
ssize_t holdfast_pwrite_pieces(int fd, const struct holdfast_piece *pieces, int count, uint64_t offset);
int holdfast_fdatasync(int fd);
int holdfast_fsync(int fd);
int holdfast_fallocate(int fd, uint64_t size);
/// The same file once more, for writing past the page cache (O_DIRECT); negative where that is not possible.
int holdfast_reopen_direct(int fd);
/// Writes `length` zeros, at most HOLDFAST_ZERO_PIECE; for a direct descriptor both numbers are multiples of 4096.
#define HOLDFAST_ZERO_PIECE (1u << 20)
ssize_t holdfast_write_zeros(int fd, uint64_t offset, size_t length);
int holdfast_ftruncate(int fd, uint64_t size);
int holdfast_status(int fd, struct holdfast_file_status *status);
int holdfast_status_at(const char *path, struct holdfast_file_status *status);
/// The first byte at or after `offset` that is data (not a hole or an unwritten extent), or -ENXIO if there is none.
int64_t holdfast_seek_data(int fd, uint64_t offset);
int64_t holdfast_seek_hole(int fd, uint64_t offset);
int holdfast_mkdir(const char *path);
int holdfast_rename(const char *from, const char *to);
int holdfast_remove(const char *path);
int holdfast_disk_space(const char *path, uint64_t *free_bytes, uint64_t *total_bytes);

struct holdfast_directory;
int holdfast_directory_open(const char *path, struct holdfast_directory **directory);
/// 1 with the next name ("." and ".." left out), 0 at the end. The name is valid until the next call.
int holdfast_directory_next(struct holdfast_directory *directory, const char **name);
void holdfast_directory_close(struct holdfast_directory *directory);

// Threads and the process (process.c)

/// A one-waiter gate: `open` lets the waiter pass once, however often it was called since. Costs one uncontended atomic
/// operation unless the waiter sleeps.
struct holdfast_gate;
struct holdfast_gate *holdfast_gate_create(void);
void holdfast_gate_destroy(struct holdfast_gate *gate);
void holdfast_gate_open(struct holdfast_gate *gate);
/// Sleeps until the gate is opened; closes it again.
void holdfast_gate_pass(struct holdfast_gate *gate);

int holdfast_thread_start(const char *name, void (*body)(void *), void *context, uint64_t *thread);
int holdfast_thread_join(uint64_t thread);
int holdfast_thread_detach(uint64_t thread);
/// From now on a process that a broken invariant ends first writes the dying thread's note to standard error.
int holdfast_announce_traps(void);
/// What the calling thread is at; cut after 95 bytes.
void holdfast_trap_note(const char *text);
/// Lower scheduling and I/O priority for the calling thread.
int holdfast_thread_set_background(void);

/// Keeps freed megabyte-sized buffers in the heap instead of giving them back with every free, and bounds the
/// number of arenas. Called once, before other threads start.
int holdfast_tune_memory(void);
int64_t holdfast_resident_bytes(void);
/// The kernel's identity of this boot, its 128 bits folded into 64. Negative errno if it is not told.
int holdfast_boot_identity(uint64_t *identity);
int64_t holdfast_open_descriptors(void);
int64_t holdfast_descriptor_limit(void);
int holdfast_random(void *bytes, size_t count);
/// Writes to a log descriptor: 0 when all of it was taken, or a negated errno.
int holdfast_write_all(int fd, const void *bytes, size_t count);

#endif
