/*
 * A disk that keeps only what was synced. Preloaded before libc, it follows POWER_LOSS_FROM, the directory that a program
 * writes to, and keeps in POWER_LOSS_TO the worst that a loss of power would leave of it:
 *
 *   disk/     the files whose names are on disk, each with its content at its last sync
 *   unnamed/  files that were synced, but whose directory was not: a loss of power removes them
 *   syncs     one line for each sync, with the name of the synced file
 *
 * A copy is complete or absent, and is made before the sync returns. No file changes while it is copied, because the
 * program writes and syncs on one thread. A name that is removed and used again between two syncs of the directory would
 * count as one file; SQLite does not do that.
 *
 * At the first sync that finds a file `cut` there, the program stops before anything reaches the disk, prints a line, and
 * waits to be killed: a response that it sent by then without a sync was sent too early.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void fail(const char *what, const char *path)
{
  fprintf(stderr, "power loss: %s %s: %s\n", what, path, strerror(errno));
  abort();
}

static const char *in_to(char *path, const char *directory, const char *name)
{
  snprintf(path, PATH_MAX, "%s/%s/%s", getenv("POWER_LOSS_TO"), directory, name);
  return path;
}

static int exists(const char *path)
{
  return access(path, F_OK) == 0;
}

static void count_sync(const char *name)
{
  char path[PATH_MAX];
  if (exists(in_to(path, ".", "cut"))) {
    dprintf(STDERR_FILENO, "the power is cut at a sync of %s\n", name);
    for (;;) pause();
  }
  int log = open(in_to(path, ".", "syncs"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0 || dprintf(log, "%s\n", name) < 0) fail("cannot write", path);
  close(log);
}

/* Uses its own descriptor: closing another one of the same file would release the program's locks. */
static void copy_file(int fd, const char *name)
{
  static char buffer[1 << 20];
  char partial[PATH_MAX], path[PATH_MAX];
  int isWriteOnly = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
  char own[64];
  snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
  int from = isWriteOnly ? open(own, O_RDONLY | O_CLOEXEC) : fd;
  int to = open(in_to(partial, ".", "partial"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (from < 0 || to < 0) fail("cannot copy", name);

  off_t at = 0;
  ssize_t length;
  while ((length = pread(from, buffer, sizeof buffer, at)) > 0) {
    if (write(to, buffer, length) != length) fail("cannot write", partial);
    at += length;
  }
  if (length < 0) fail("cannot read", name);
  close(to);
  if (isWriteOnly) close(from);

  if (!exists(in_to(path, "disk", name))) in_to(path, "unnamed", name);
  if (rename(partial, path) != 0) fail("cannot name", path);
}

/* Adds new names to the disk, with the synced content of their files, and deletes removed ones. */
static void copy_names(const char *from)
{
  char path[PATH_MAX], unnamed[PATH_MAX];
  struct dirent *entry;
  DIR *directory = opendir(from);
  if (directory == NULL) fail("cannot list", from);
  while ((entry = readdir(directory)) != NULL) {
    if (entry->d_type != DT_REG || exists(in_to(path, "disk", entry->d_name))) continue;
    if (rename(in_to(unnamed, "unnamed", entry->d_name), path) == 0) continue;
    int empty = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (empty < 0) fail("cannot make", path);
    close(empty);
  }
  closedir(directory);

  directory = opendir(in_to(path, "disk", ""));
  if (directory == NULL) fail("cannot list", path);
  while ((entry = readdir(directory)) != NULL) {
    char live[PATH_MAX];
    snprintf(live, sizeof live, "%s/%s", from, entry->d_name);
    if (entry->d_type == DT_REG && !exists(live)) unlink(in_to(path, "disk", entry->d_name));
  }
  closedir(directory);
}

static void reach_disk(int fd)
{
  const char *from = getenv("POWER_LOSS_FROM");
  char own[64], path[PATH_MAX];
  struct stat file;
  snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(own, path, sizeof path - 1);
  if (from == NULL || length < 0 || fstat(fd, &file) != 0) return;
  path[length] = '\0';

  size_t under = strlen(from);
  if (strncmp(path, from, under) != 0) return;
  if (S_ISDIR(file.st_mode) && path[under] == '\0') {
    count_sync(".");
    copy_names(from);
  } else if (S_ISREG(file.st_mode) && file.st_nlink > 0 && path[under] == '/' && !strchr(path + under + 1, '/')) {
    count_sync(path + under + 1);
    copy_file(fd, path + under + 1);
  }
}

int fsync(int fd)
{
  reach_disk(fd);
  return syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
  reach_disk(fd);
  return syscall(SYS_fdatasync, fd);
}
