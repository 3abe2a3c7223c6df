// A file system that keeps its promises and no more: what was not synced is lost when the power goes.
//
//     forgetful STORE MOUNTPOINT SEED SYNC-MILLISECONDS
//
// STORE/tree is the platter, MOUNTPOINT what the broker sees. Written bytes, lengths and preallocations stay in this
// process until the file is synced; creations, renames and removals can be undone until their directory is synced.
// SIGUSR1 is the power cut: of what was not synced a part chosen by SEED reaches the platter (any dirty pages, some of
// them torn at a sector; of the changes of names the first few), everything else is forgotten, and the process ends.
// A sync takes SYNC-MILLISECONDS, as on a disk that moves, so that a cut finds something to forget. From SIGUSR2 on a
// sync of a file does nothing, and nothing of it survives: a broker on such disks loses what it has acknowledged, and
// the suite must notice.
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PAGE = 4096, SECTOR = 512, BUCKETS = 1024, PATIENCE = 250 };

struct page {
    struct page *next;
    off_t number;
    unsigned char bytes[PAGE];
};

// A file with something that is not synced, or that is open.
struct file {
    struct file *next;
    ino_t inode;
    int descriptor;
    int users;
    off_t size;
    // The platter's bytes from here on were cut off by a truncation that is not synced yet.
    off_t platter_limit;
    int is_resized;
    struct page *pages[BUCKETS];
};

enum change_kind { CREATED, MADE, RENAMED, REMOVED, UNMADE };

// A change of names that is not synced, and how to undo it. `kept` is the number of a file in STORE/shadow, 0 for none.
struct change {
    struct change *earlier;
    enum change_kind kind;
    char path[PATH_MAX], target[PATH_MAX];
    unsigned kept;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;
static struct change *newest;
static char tree[PATH_MAX / 4], shadow[PATH_MAX / 4];
static unsigned next_kept = 1;
static useconds_t sync_microseconds;
static volatile sig_atomic_t is_lying;

static void place(char *result, const char *path) { snprintf(result, PATH_MAX, "%s%s", tree, path); }
static void place_kept(char *result, unsigned number) { snprintf(result, PATH_MAX, "%s/%u", shadow, number); }

// ---- Bytes that are not synced

static struct page *find_page(struct file *file, off_t number) {
    struct page *page = file->pages[number % BUCKETS];
    while (page && page->number != number) page = page->next;
    return page;
}

static int read_platter(struct file *file, off_t number, unsigned char *bytes) {
    memset(bytes, 0, PAGE);
    off_t start = number * PAGE, count = PAGE;
    if (start >= file->platter_limit) return 0;
    if (start + count > file->platter_limit) count = file->platter_limit - start;
    return pread(file->descriptor, bytes, (size_t)count, start) < 0 ? -errno : 0;
}

static struct page *dirty_page(struct file *file, off_t number) {
    struct page *page = find_page(file, number);
    if (page) return page;
    page = malloc(sizeof *page);
    if (!page) return NULL;
    page->number = number;
    if (read_platter(file, number, page->bytes)) {
        free(page);
        return NULL;
    }
    page->next = file->pages[number % BUCKETS];
    file->pages[number % BUCKETS] = page;
    return page;
}

static void forget_pages(struct file *file, off_t from) {
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        struct page **link = &file->pages[bucket];
        while (*link) {
            struct page *page = *link;
            if (page->number >= from) {
                *link = page->next;
                free(page);
            } else {
                link = &page->next;
            }
        }
    }
}

static int write_page(struct file *file, const struct page *page, size_t from, size_t until) {
    off_t start = page->number * PAGE;
    if (start + (off_t)until > file->size) until = start < file->size ? (size_t)(file->size - start) : 0;
    if (from >= until) return 0;
    return pwrite(file->descriptor, page->bytes + from, until - from, start + (off_t)from) < 0 ? -errno : 0;
}

static int settle_size(struct file *file) {
    struct stat status;
    if (fstat(file->descriptor, &status)) return -errno;
    if (file->platter_limit < status.st_size && ftruncate(file->descriptor, file->platter_limit)) return -errno;
    if (ftruncate(file->descriptor, file->size)) return -errno;
    file->platter_limit = file->size;
    file->is_resized = 0;
    return 0;
}

static int sync_file(struct file *file) {
    int result = file->is_resized ? settle_size(file) : 0;
    for (int bucket = 0; bucket < BUCKETS && !result; bucket++)
        for (struct page *page = file->pages[bucket]; page && !result; page = page->next)
            result = write_page(file, page, 0, PAGE);
    if (result) return result;
    if (file->platter_limit < file->size) file->platter_limit = file->size;
    forget_pages(file, 0);
    return 0;
}

static int resize(struct file *file, off_t size) {
    if (size < file->size) {
        forget_pages(file, (size + PAGE - 1) / PAGE);
        if (size % PAGE) {
            struct page *last = dirty_page(file, size / PAGE);
            if (!last) return -ENOMEM;
            memset(last->bytes + size % PAGE, 0, (size_t)(PAGE - size % PAGE));
        }
        if (file->platter_limit > size) file->platter_limit = size;
    }
    file->size = size;
    file->is_resized = 1;
    return 0;
}

// ---- Files

static int is_clean(const struct file *file) {
    for (int bucket = 0; bucket < BUCKETS; bucket++)
        if (file->pages[bucket]) return 0;
    return !file->is_resized;
}

static struct file *file_of_inode(ino_t inode) {
    struct file *file = files;
    while (file && file->inode != inode) file = file->next;
    return file;
}

static int acquire(const char *path, struct file **result) {
    char real[PATH_MAX];
    place(real, path);
    struct stat status;
    if (stat(real, &status)) return -errno;
    struct file *file = file_of_inode(status.st_ino);
    if (!file) {
        file = calloc(1, sizeof *file);
        if (!file) return -ENOMEM;
        file->descriptor = open(real, O_RDWR | O_CLOEXEC);
        if (file->descriptor < 0) {
            int error = errno;
            free(file);
            return -error;
        }
        file->inode = status.st_ino;
        file->size = file->platter_limit = status.st_size;
        file->next = files;
        files = file;
    }
    file->users++;
    *result = file;
    return 0;
}

// A closed file is kept while it has something that is not synced.
static void release_file(struct file *file) {
    if (--file->users > 0 || !is_clean(file)) return;
    struct file **link = &files;
    while (*link != file) link = &(*link)->next;
    *link = file->next;
    close(file->descriptor);
    free(file);
}

static struct file *handle(struct fuse_file_info *info) { return (struct file *)(uintptr_t)info->fh; }

#define LOCKED(type, expression) \
    pthread_mutex_lock(&lock); \
    type result = (expression); \
    pthread_mutex_unlock(&lock); \
    return result;

static int open_locked(const char *path, struct fuse_file_info *info) {
    struct file *file;
    int result = acquire(path, &file);
    if (result) return result;
    info->fh = (uintptr_t)file;
    if (info->flags & O_TRUNC) return resize(file, 0);
    return 0;
}

static int on_open(const char *path, struct fuse_file_info *info) { LOCKED(int, open_locked(path, info)) }

static int on_release(const char *path, struct fuse_file_info *info) {
    (void)path;
    pthread_mutex_lock(&lock);
    release_file(handle(info));
    pthread_mutex_unlock(&lock);
    return 0;
}

static int read_locked(struct file *file, char *bytes, size_t count, off_t offset) {
    if (offset >= file->size) return 0;
    if (offset + (off_t)count > file->size) count = (size_t)(file->size - offset);
    size_t done = 0;
    while (done < count) {
        off_t at = offset + (off_t)done;
        size_t skip = (size_t)(at % PAGE), part = PAGE - skip;
        if (part > count - done) part = count - done;
        unsigned char clean[PAGE];
        struct page *page = find_page(file, at / PAGE);
        int result = page ? 0 : read_platter(file, at / PAGE, clean);
        if (result) return result;
        memcpy(bytes + done, (page ? page->bytes : clean) + skip, part);
        done += part;
    }
    return (int)done;
}

static int on_read(const char *path, char *bytes, size_t count, off_t offset, struct fuse_file_info *info) {
    (void)path;
    LOCKED(int, read_locked(handle(info), bytes, count, offset))
}

static int write_locked(struct file *file, const char *bytes, size_t count, off_t offset) {
    size_t done = 0;
    while (done < count) {
        off_t at = offset + (off_t)done;
        size_t skip = (size_t)(at % PAGE), part = PAGE - skip;
        if (part > count - done) part = count - done;
        struct page *page = dirty_page(file, at / PAGE);
        if (!page) return -ENOMEM;
        memcpy(page->bytes + skip, bytes + done, part);
        done += part;
    }
    if (offset + (off_t)count > file->size) {
        file->size = offset + (off_t)count;
        file->is_resized = 1;
    }
    return (int)done;
}

static int on_write(const char *path, const char *bytes, size_t count, off_t offset, struct fuse_file_info *info) {
    (void)path;
    LOCKED(int, write_locked(handle(info), bytes, count, offset))
}

static int on_fsync(const char *path, int only_data, struct fuse_file_info *info) {
    (void)path, (void)only_data;
    if (is_lying) return 0;
    usleep(sync_microseconds);
    LOCKED(int, sync_file(handle(info)))
}

static int truncate_locked(const char *path, off_t size, struct fuse_file_info *info) {
    if (info) return resize(handle(info), size);
    struct file *file;
    int result = acquire(path, &file);
    if (result) return result;
    result = resize(file, size);
    release_file(file);
    return result;
}

static int on_truncate(const char *path, off_t size, struct fuse_file_info *info) {
    LOCKED(int, truncate_locked(path, size, info))
}

static int on_fallocate(const char *path, int mode, off_t offset, off_t length, struct fuse_file_info *info) {
    (void)path;
    if (mode) return -EOPNOTSUPP;
    LOCKED(int, offset + length > handle(info)->size ? resize(handle(info), offset + length) : 0)
}

static int getattr_locked(const char *path, struct stat *status, struct fuse_file_info *info) {
    char real[PATH_MAX];
    if (info) {
        if (fstat(handle(info)->descriptor, status)) return -errno;
    } else {
        place(real, path);
        if (lstat(real, status)) return -errno;
    }
    struct file *file = file_of_inode(status->st_ino);
    if (file) status->st_size = file->size;
    return 0;
}

static int on_getattr(const char *path, struct stat *status, struct fuse_file_info *info) {
    LOCKED(int, getattr_locked(path, status, info))
}

// ---- Names

static int note(enum change_kind kind, const char *path, const char *target, unsigned kept) {
    struct change *change = calloc(1, sizeof *change);
    if (!change) return -ENOMEM;
    change->kind = kind;
    change->kept = kept;
    snprintf(change->path, PATH_MAX, "%s", path);
    snprintf(change->target, PATH_MAX, "%s", target);
    change->earlier = newest;
    newest = change;
    return 0;
}

static int is_in(const char *path, const char *directory) {
    const char *slash = strrchr(path, '/');
    size_t length = slash && slash != path ? (size_t)(slash - path) : 1;
    return strlen(directory) == length && strncmp(path, directory, length) == 0;
}

static void drop_kept(const struct change *change) {
    char path[PATH_MAX];
    if (!change->kept) return;
    place_kept(path, change->kept);
    unlink(path);
}

static int sync_directory(const char *directory) {
    struct change **link = &newest;
    while (*link) {
        struct change *change = *link;
        if (is_in(change->path, directory) || (change->kind == RENAMED && is_in(change->target, directory))) {
            *link = change->earlier;
            drop_kept(change);
            free(change);
        } else {
            link = &change->earlier;
        }
    }
    return 0;
}

static int on_fsyncdir(const char *path, int only_data, struct fuse_file_info *info) {
    (void)only_data, (void)info;
    usleep(sync_microseconds);
    LOCKED(int, sync_directory(path))
}

// Another link to what is about to lose its name; 0 when there is nothing.
static unsigned keep(const char *path) {
    char real[PATH_MAX], kept[PATH_MAX];
    place(real, path);
    place_kept(kept, next_kept);
    return link(real, kept) == 0 ? next_kept++ : 0;
}

static int create_locked(const char *path, mode_t mode, struct fuse_file_info *info) {
    char real[PATH_MAX];
    place(real, path);
    int descriptor = open(real, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
    if (descriptor < 0) {
        if (errno != EEXIST || info->flags & O_EXCL) return -errno;
        return open_locked(path, info);
    }
    close(descriptor);
    int result = note(CREATED, path, "", 0);
    return result ? result : open_locked(path, info);
}

static int on_create(const char *path, mode_t mode, struct fuse_file_info *info) {
    LOCKED(int, create_locked(path, mode, info))
}

static int mkdir_locked(const char *path, mode_t mode) {
    char real[PATH_MAX];
    place(real, path);
    return mkdir(real, mode) ? -errno : note(MADE, path, "", 0);
}

static int on_mkdir(const char *path, mode_t mode) { LOCKED(int, mkdir_locked(path, mode)) }

static int unlink_locked(const char *path) {
    char real[PATH_MAX];
    place(real, path);
    unsigned kept = keep(path);
    return unlink(real) ? -errno : note(REMOVED, path, "", kept);
}

static int on_unlink(const char *path) { LOCKED(int, unlink_locked(path)) }

static int rmdir_locked(const char *path) {
    char real[PATH_MAX];
    place(real, path);
    return rmdir(real) ? -errno : note(UNMADE, path, "", 0);
}

static int on_rmdir(const char *path) { LOCKED(int, rmdir_locked(path)) }

static int rename_locked(const char *path, const char *target, unsigned flags) {
    char from[PATH_MAX], to[PATH_MAX];
    if (flags) return -EINVAL;
    place(from, path);
    place(to, target);
    unsigned kept = keep(target);
    return rename(from, to) ? -errno : note(RENAMED, path, target, kept);
}

static int on_rename(const char *path, const char *target, unsigned flags) {
    LOCKED(int, rename_locked(path, target, flags))
}

static int on_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
                      enum fuse_readdir_flags flags) {
    (void)offset, (void)info, (void)flags;
    char real[PATH_MAX];
    place(real, path);
    DIR *directory = opendir(real);
    if (!directory) return -errno;
    struct dirent *entry;
    while ((entry = readdir(directory))) fill(buffer, entry->d_name, NULL, 0, 0);
    closedir(directory);
    return 0;
}

static int on_statfs(const char *path, struct statvfs *status) {
    (void)path;
    return statvfs(tree, status) ? -errno : 0;
}

// ---- The power cut

static int chance(int percent) { return rand() % 100 < percent; }

static unsigned count_pages(const struct file *file) {
    unsigned count = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++)
        for (struct page *page = file->pages[bucket]; page; page = page->next) count++;
    return count;
}

static unsigned lose_pages(struct file *file) {
    // How much had reached the platter by itself: nothing, some of it, or all of it but not its length.
    int survivors = is_lying ? 0 : (int[]){0, 0, 30, 80, 100}[rand() % 5];
    unsigned lost = 0;
    if (file->is_resized && chance(survivors) && settle_size(file)) perror("forgetful: size");
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        for (struct page *page = file->pages[bucket]; page; page = page->next) {
            if (!chance(survivors)) {
                lost++;
                continue;
            }
            size_t until = chance(20) ? (size_t)(rand() % (PAGE / SECTOR)) * SECTOR : PAGE;
            lost += until < PAGE;
            if (write_page(file, page, 0, until)) perror("forgetful: page");
        }
    }
    return lost;
}

static void undo(const struct change *change) {
    char path[PATH_MAX], target[PATH_MAX], kept[PATH_MAX];
    place(path, change->path);
    place(target, change->target);
    place_kept(kept, change->kept);
    int result = 0;
    switch (change->kind) {
    case CREATED: result = unlink(path); break;
    case MADE: result = rmdir(path); break;
    case UNMADE: result = mkdir(path, 0755); break;
    case RENAMED:
        result = rename(target, path);
        if (!result && change->kept) result = rename(kept, target);
        break;
    case REMOVED: result = change->kept ? rename(kept, path) : 0; break;
    }
    if (result) fprintf(stderr, "forgetful: cannot undo a change of %s: %s\n", change->path, strerror(errno));
}

static unsigned lose_names(void) {
    unsigned count = 0, lost = 0;
    for (struct change *change = newest; change; change = change->earlier) count++;
    unsigned first_lost = chance(50) ? 0 : (unsigned)rand() % (count + 1);
    for (struct change *change = newest; change && count > first_lost; change = change->earlier, count--) {
        undo(change);
        lost++;
    }
    return lost;
}

static int has_something_to_lose(void) {
    if (newest) return 1;
    for (struct file *file = files; file; file = file->next)
        if (!is_clean(file)) return 1;
    return 0;
}

static void *await_power_cut(void *signals) {
    int number;
    sigwait(signals, &number);
    pthread_mutex_lock(&lock);
    // Between two writes a cut proves nothing: the next write is waited for, a moment long.
    for (int turn = 0; turn < PATIENCE && !has_something_to_lose(); turn++) {
        pthread_mutex_unlock(&lock);
        usleep(200);
        pthread_mutex_lock(&lock);
    }
    unsigned pages = 0, lost = 0;
    for (struct file *file = files; file; file = file->next) {
        pages += count_pages(file);
        lost += lose_pages(file);
    }
    unsigned names = lose_names();
    printf("lost %u of %u pages and %u names\n", lost, pages, names);
    fflush(stdout);
    _exit(0);
}

static void *on_init(struct fuse_conn_info *connection, struct fuse_config *config) {
    (void)connection;
    config->direct_io = 1;
    config->nullpath_ok = 0;
    config->hard_remove = 1;
    config->attr_timeout = config->entry_timeout = config->negative_timeout = 0;
    static sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    pthread_t thread;
    if (pthread_create(&thread, NULL, await_power_cut, &signals)) exit(1);
    return NULL;
}

static const struct fuse_operations operations = {
    .init = on_init, .getattr = on_getattr, .open = on_open, .create = on_create, .release = on_release,
    .read = on_read, .write = on_write, .fsync = on_fsync, .truncate = on_truncate, .fallocate = on_fallocate,
    .fsyncdir = on_fsyncdir, .mkdir = on_mkdir, .unlink = on_unlink, .rmdir = on_rmdir, .rename = on_rename,
    .readdir = on_readdir, .statfs = on_statfs,
};

static void begin_to_lie(int number) { is_lying = number; }

int main(int count, char **arguments) {
    if (count != 5) {
        fprintf(stderr, "usage: forgetful STORE MOUNTPOINT SEED SYNC-MILLISECONDS\n");
        return 2;
    }
    snprintf(tree, sizeof tree, "%s/tree", arguments[1]);
    snprintf(shadow, sizeof shadow, "%s/shadow", arguments[1]);
    if ((mkdir(tree, 0755) && errno != EEXIST) || (mkdir(shadow, 0755) && errno != EEXIST)) {
        perror(arguments[1]);
        return 1;
    }
    srand((unsigned)strtoul(arguments[3], NULL, 10));
    signal(SIGUSR2, begin_to_lie);
    sync_microseconds = (useconds_t)strtoul(arguments[4], NULL, 10) * 1000;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    char *passed[] = {arguments[0], arguments[2], "-f", NULL};
    return fuse_main(3, passed, &operations, NULL);
}
