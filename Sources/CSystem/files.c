#define _GNU_SOURCE
#include "CSystem.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define RETRY(type, call) \
    for (;;) { \
        type result = (call); \
        if (result >= 0) return result; \
        if (errno != EINTR) return -errno; \
    }

static int open_with(const char *path, int flags) { RETRY(int, open(path, flags | O_CLOEXEC, 0644)) }

int holdfast_open(const char *path, int mode) {
    switch (mode) {
    case HOLDFAST_OPEN_READ: return open_with(path, O_RDONLY);
    case HOLDFAST_OPEN_READ_WRITE: return open_with(path, O_RDWR);
    case HOLDFAST_OPEN_CREATE_NEW: return open_with(path, O_RDWR | O_CREAT | O_EXCL);
    default: return -EINVAL;
    }
}

int holdfast_open_directory(const char *path) { return open_with(path, O_RDONLY | O_DIRECTORY); }
int holdfast_lock_exclusive(int fd) { RETRY(int, flock(fd, LOCK_EX | LOCK_NB)) }

ssize_t holdfast_pread(int fd, void *bytes, size_t count, uint64_t offset) {
    RETRY(ssize_t, pread(fd, bytes, count, (off_t)offset))
}

ssize_t holdfast_pwrite_pieces(int fd, const struct holdfast_piece *pieces, int count, uint64_t offset) {
    RETRY(ssize_t, pwritev(fd, (const struct iovec *)pieces, count, (off_t)offset))
}

// No repetition here: an interrupted flush has an unknown outcome, and a failed flush is final.
int holdfast_fdatasync(int fd) { return fdatasync(fd) == 0 ? 0 : -errno; }
int holdfast_fsync(int fd) { return fsync(fd) == 0 ? 0 : -errno; }

int holdfast_fallocate(int fd, uint64_t size) { RETRY(int, fallocate(fd, 0, 0, (off_t)size)) }

int holdfast_reopen_direct(int fd) {
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open_with(path, O_WRONLY | O_DIRECT);
}

// Never written, so the pages behind it are the kernel's one page of zeros.
static const _Alignas(4096) unsigned char zeros[HOLDFAST_ZERO_PIECE];

ssize_t holdfast_write_zeros(int fd, uint64_t offset, size_t length) {
    if (length > sizeof zeros) length = sizeof zeros;
    RETRY(ssize_t, pwrite(fd, zeros, length, (off_t)offset))
}

int holdfast_ftruncate(int fd, uint64_t size) { RETRY(int, ftruncate(fd, (off_t)size)) }

static int fill(const struct stat *from, struct holdfast_file_status *status) {
    status->size = S_ISDIR(from->st_mode) ? 0 : (uint64_t)from->st_size;
    status->is_directory = S_ISDIR(from->st_mode);
    return 0;
}

int holdfast_status(int fd, struct holdfast_file_status *status) {
    struct stat buffer;
    return fstat(fd, &buffer) == 0 ? fill(&buffer, status) : -errno;
}

int holdfast_status_at(const char *path, struct holdfast_file_status *status) {
    struct stat buffer;
    return stat(path, &buffer) == 0 ? fill(&buffer, status) : -errno;
}

int64_t holdfast_seek_data(int fd, uint64_t offset) { RETRY(int64_t, lseek(fd, (off_t)offset, SEEK_DATA)) }
int64_t holdfast_seek_hole(int fd, uint64_t offset) { RETRY(int64_t, lseek(fd, (off_t)offset, SEEK_HOLE)) }

int holdfast_mkdir(const char *path) { return mkdir(path, 0755) == 0 ? 0 : -errno; }
int holdfast_rename(const char *from, const char *to) { return rename(from, to) == 0 ? 0 : -errno; }
int holdfast_remove(const char *path) { return remove(path) == 0 ? 0 : -errno; }

int holdfast_disk_space(const char *path, uint64_t *free_bytes, uint64_t *total_bytes) {
    struct statvfs buffer;
    if (statvfs(path, &buffer)) return -errno;
    *free_bytes = (uint64_t)buffer.f_bavail * buffer.f_frsize;
    *total_bytes = (uint64_t)buffer.f_blocks * buffer.f_frsize;
    return 0;
}

struct holdfast_directory { DIR *stream; };

int holdfast_directory_open(const char *path, struct holdfast_directory **directory) {
    DIR *stream = opendir(path);
    if (!stream) return -errno;
    *directory = malloc(sizeof **directory);
    if (!*directory) {
        closedir(stream);
        return -ENOMEM;
    }
    (*directory)->stream = stream;
    return 0;
}

int holdfast_directory_next(struct holdfast_directory *directory, const char **name) {
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(directory->stream);
        if (!entry) return -errno;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        *name = entry->d_name;
        return 1;
    }
}

void holdfast_directory_close(struct holdfast_directory *directory) {
    closedir(directory->stream);
    free(directory);
}
