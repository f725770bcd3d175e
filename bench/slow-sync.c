/*
 * Simulates a disk on which each sync takes SLOW_SYNC_MICROS microseconds longer, for a program that loads it with
 * LD_PRELOAD. To compile: cc -shared -fPIC -O1 -o slow-sync.so slow-sync.c
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void wait_longer(void)
{
  const char *micros = getenv("SLOW_SYNC_MICROS");
  long wait = micros == NULL ? 0 : atol(micros);
  struct timespec remaining = {wait / 1000000, wait % 1000000 * 1000};
  while (nanosleep(&remaining, &remaining) != 0) continue;
}

int fsync(int fd)
{
  wait_longer();
  return syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
  wait_longer();
  return syscall(SYS_fdatasync, fd);
}
