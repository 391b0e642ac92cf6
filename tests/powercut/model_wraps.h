/*
 * model_wraps: what the files of wrapped calls share, and their prototypes,
 * those of the calls they stand for.
 */
#ifndef KLOG_MODEL_WRAPS_H
#define KLOG_MODEL_WRAPS_H

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <time.h>

#include "model_calls.h"

_Noreturn void calls_unexpected(const char *what);
void calls_tell(enum point_kind kind, int16_t node);
int calls_fail(int error); /* sets errno; -1 */
struct handle *calls_handle(int fd);
struct node *calls_node(int fd);
int calls_open(int16_t node); /* a descriptor, or -1 */
int16_t calls_parent(int dirfd, const char *name, const char **last);
int16_t calls_lookup(int dirfd, const char *name);

int __wrap_openat(int dirfd, const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __wrap_close(int fd);
ssize_t __wrap_pread(int fd, void *data, size_t n, off_t pos);
ssize_t __wrap_pwrite(int fd, const void *data, size_t n, off_t pos);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_posix_fallocate(int fd, off_t pos, off_t size);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_fallocate(int fd, int mode, off_t pos, off_t size);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_sync_file_range(int fd, off_t pos, off_t n, unsigned flags);
void *__wrap_mmap(
    void *addr, size_t size, int prot, int flags, int fd, off_t pos);
int __wrap_munmap(void *addr, size_t size);

int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstatat(int dirfd, const char *name, struct stat *st, int flags);
int __wrap_statx(int dirfd, const char *name, int flags, unsigned mask,
    struct statx *out);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchown(int fd, uid_t user, gid_t group);
int __wrap_futimens(int fd, const struct timespec times[2]);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __wrap_faccessat(int dirfd, const char *name, int mode, int flags);
int __wrap_flock(int fd, int how);
DIR *__wrap_fdopendir(int fd);
struct dirent *__wrap_readdir(DIR *dir);
int __wrap_closedir(DIR *dir);
int __wrap_mkdirat(int dirfd, const char *name, mode_t mode);
int __wrap_unlinkat(int dirfd, const char *name, int flags);
int __wrap_renameat(
    int from_fd, const char *from, int to_fd, const char *to);
int __wrap_linkat(
    int from_fd, const char *from, int to_fd, const char *to, int flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd,
    const char *to, unsigned flags);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
ssize_t __wrap_getrandom(void *data, size_t n, unsigned flags);
uid_t __wrap_geteuid(void);
long __wrap_syscall(long number, ...);

/* Following is linked with the futex, and not done here. */
int __wrap_inotify_init1(int flags);
int __wrap_inotify_rm_watch(int fd, int wd);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
ssize_t __wrap_read(int fd, void *data, size_t n);

#endif
