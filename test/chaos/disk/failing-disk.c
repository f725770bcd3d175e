/*
 * Preloaded into a process, it makes the disk fail for the files whose path begins with FAILING_DATABASE, which includes
 * the write-ahead log. The file named by FAILING_DISK contains the fault: `full`, `read-only` or `sync`. Without this file
 * everything works. A fault followed by `once` fails one call, and the file is deleted.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int is_of_database(int fd) {
  const char *database = getenv("FAILING_DATABASE");
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (database == NULL || length < 0) return 0;
  path[length] = 0;
  return strncmp(path, database, strlen(database)) == 0;
}

/* The error with which the call must fail; 0 if it may succeed. */
static int fault_of(const char *call, int fd) {
  const char *control = getenv("FAILING_DISK");
  char text[32] = "";
  if (control == NULL || !is_of_database(fd)) return 0;
  int file = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY);
  if (file < 0) return 0;
  ssize_t length = syscall(SYS_read, file, text, sizeof text - 1);
  syscall(SYS_close, file);
  if (length <= 0) return 0;
  int is_write = strcmp(call, "write") == 0;
  int error = 0;
  if (is_write && strncmp(text, "full", 4) == 0) error = ENOSPC;
  if (is_write && strncmp(text, "read-only", 9) == 0) error = EROFS;
  if (!is_write && strncmp(text, "sync", 4) == 0) error = EIO;
  if (error != 0 && strstr(text, "once") != NULL) unlink(control);
  return error;
}

#define FAIL_IF_FAULTY(call, fd)                                                                                        \
  do {                                                                                                                 \
    int error = fault_of(call, fd);                                                                                    \
    if (error != 0) {                                                                                                  \
      errno = error;                                                                                                   \
      return -1;                                                                                                       \
    }                                                                                                                  \
  } while (0)

ssize_t write(int fd, const void *bytes, size_t count) {
  static ssize_t (*real)(int, const void *, size_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "write");
  FAIL_IF_FAULTY("write", fd);
  return real(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pwrite64");
  FAIL_IF_FAULTY("write", fd);
  return real(fd, bytes, count, offset);
}

int fsync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "fsync");
  FAIL_IF_FAULTY("sync", fd);
  return real(fd);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "fdatasync");
  FAIL_IF_FAULTY("sync", fd);
  return real(fd);
}
