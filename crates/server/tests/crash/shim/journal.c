// A file-system shim: LD_PRELOAD it, and every write, truncation, sync and removal of a file below JOURNAL_DIR is noted in
// the file JOURNAL, in order, with its content. The crash suite makes from it what a disk may hold after a power cut
// at any of these moments: what was synced for sure, of the rest any part.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, TRUNCATE = 2, SYNC = 3, REMOVE = 4 };
#define FILES 4096
static char *names[FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static const char *folder;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// The index of shared memory is rebuilt after a power cut, and the lock file holds nothing.
static int ours(const char *path) {
  if (!folder) folder = getenv("JOURNAL_DIR");
  size_t n = strlen(path);
  if (!folder || strncmp(path, folder, strlen(folder))) return 0;
  if (n > 4 && !strcmp(path + n - 4, "-shm")) return 0;
  return !(n > 5 && !strcmp(path + n - 5, ".lock"));
}

static void note(uint32_t kind, const char *path, uint64_t offset, const void *data, uint64_t length) {
  if (journal < 0) {
    journal = REAL(open)(getenv("JOURNAL"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (journal < 0) abort();
  }
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct {
    uint32_t kind, name;
    uint64_t offset, length, at_us;
  } head = {kind, strlen(path), offset, kind == WRITE ? length : 0, now.tv_sec * 1000000ull + now.tv_nsec / 1000};
  struct iovec parts[3] = {{&head, sizeof head}, {(void *)path, head.name}, {(void *)data, head.length}};
  if (writev(journal, parts, 3) != (ssize_t)(sizeof head + head.name + head.length)) abort();
}

static int opened(int fd, const char *path) {
  if (fd >= 0 && fd < FILES) {
    free(names[fd]);
    names[fd] = ours(path) ? strdup(path) : NULL;
  }
  return fd;
}
#define NAME(fd) ((fd) >= 0 && (fd) < FILES ? names[fd] : NULL)
#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *path, int flags, ...) { MODE(flags) return opened(REAL(open)(path, flags, mode), path); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(REAL(open64)(path, flags, mode), path); }

int close(int fd) {
  if (NAME(fd)) { free(names[fd]); names[fd] = NULL; }
  return REAL(close)(fd);
}

// Done and noted as one step: the order in the journal is the order on the disk.
#define NOTED(fd, call, what) \
  if (!NAME(fd)) return call; \
  pthread_mutex_lock(&lock); \
  __typeof__(call) done = call; \
  if (done >= 0) what; \
  pthread_mutex_unlock(&lock); \
  return done;

ssize_t write(int fd, const void *data, size_t n) {
  NOTED(fd, REAL(write)(fd, data, n), note(WRITE, names[fd], lseek(fd, 0, SEEK_CUR) - done, data, done))
}
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { NOTED(fd, REAL(pwrite)(fd, data, n, at), note(WRITE, names[fd], at, data, done)) }
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
  NOTED(fd, REAL(pwrite64)(fd, data, n, at), note(WRITE, names[fd], at, data, done))
}
int ftruncate(int fd, off_t n) { NOTED(fd, REAL(ftruncate)(fd, n), note(TRUNCATE, names[fd], n, "", 0)) }
int ftruncate64(int fd, off64_t n) { NOTED(fd, REAL(ftruncate64)(fd, n), note(TRUNCATE, names[fd], n, "", 0)) }
int fsync(int fd) { NOTED(fd, REAL(fsync)(fd), note(SYNC, names[fd], 0, "", 0)) }
int fdatasync(int fd) { NOTED(fd, REAL(fdatasync)(fd), note(SYNC, names[fd], 0, "", 0)) }
int unlink(const char *path) {
  int done = REAL(unlink)(path);
  if (!done && ours(path)) {
    pthread_mutex_lock(&lock);
    note(REMOVE, path, 0, "", 0);
    pthread_mutex_unlock(&lock);
  }
  return done;
}
