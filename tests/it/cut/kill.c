/* Laid before the C library of a night: counts what it writes below a folder and kills it at the n-th time, a write when
   half of it is done. Without a kill the count is left in a file. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int done;

static int is_below(const char *path) {
    const char *below = getenv("KILL_BELOW");
    return below && path && strncmp(path, below, strlen(below)) == 0;
}

static int is_file_below(int file) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/* Whether this is the time to die. */
static int is_last(void) {
    const char *at = getenv("KILL_AT");
    return __atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST) == (at ? atoi(at) : 0);
}

static void end(void) {
    raise(SIGKILL);
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t length) {
    if (is_file_below(file) && is_last()) {
        REAL(write)(file, bytes, length / 2);
        end();
    }
    return REAL(write)(file, bytes, length);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t at) {
    if (is_file_below(file) && is_last()) {
        REAL(pwrite)(file, bytes, length / 2, at);
        end();
    }
    return REAL(pwrite)(file, bytes, length, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at) {
    if (is_file_below(file) && is_last()) {
        REAL(pwrite64)(file, bytes, length / 2, at);
        end();
    }
    return REAL(pwrite64)(file, bytes, length, at);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    if (is_file_below(file) && is_last()) {
        REAL(writev)(file, parts, count / 2);
        end();
    }
    return REAL(writev)(file, parts, count);
}

#define OF_FILE(name, rest, given) \
    int name(int file rest) { \
        if (is_file_below(file) && is_last()) end(); \
        return REAL(name)(file given); \
    }
#define AND(...) , __VA_ARGS__

OF_FILE(fsync, , )
OF_FILE(fdatasync, , )
OF_FILE(ftruncate, AND(off_t length), AND(length))
OF_FILE(ftruncate64, AND(off64_t length), AND(length))

#define OF_PATH(name, rest, given) \
    int name(const char *path rest) { \
        if (is_below(path) && is_last()) end(); \
        return REAL(name)(path given); \
    }

OF_PATH(rename, AND(const char *to), AND(to))
OF_PATH(mkdir, AND(mode_t mode), AND(mode))
OF_PATH(unlink, , )
OF_PATH(rmdir, , )

int unlinkat(int folder, const char *path, int flags) {
    if ((is_below(path) || is_file_below(folder)) && is_last()) end();
    return REAL(unlinkat)(folder, path, flags);
}

__attribute__((destructor)) static void told(void) {
    const char *into = getenv("KILL_COUNT");
    if (!into || !getenv("KILL_BELOW")) return;
    FILE *file = fopen(into, "w");
    if (!file) return;
    fprintf(file, "%d", done);
    fclose(file);
}
