// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A library that is put before the daemon (LD_PRELOAD) by tests/chaos and makes calls fail, and the
 * wall clock jump, as a file says that is mapped by both sides (VLSP_FAULTS; sabotage.py writes
 * it). Only in vlspd itself: the environment is cleared, so what it starts is not concerned.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum group { SEND, RECV, MOUNT, NAMESPACE, SYNC, OPEN, GROUPS };

struct control { /* the layout is known to sabotage.py */
	uint32_t permille[GROUPS];
	int32_t error[GROUPS];
	int64_t clock_shift_s;
	uint64_t failed[GROUPS];
	uint64_t random;
};

static struct control *control;

static void __attribute__((constructor)) start(void)
{
	const char *path = getenv("VLSP_FAULTS");
	int fd;

	unsetenv("LD_PRELOAD");
	if (!path || strcmp(program_invocation_short_name, "vlspd") != 0)
		return;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (control == MAP_FAILED)
		control = NULL;
	unsetenv("VLSP_FAULTS");
}

/* splitmix64; the threads share the state, so it is the rate that is the same again, not the call.
 */
static uint64_t next_random(void)
{
	uint64_t z = __atomic_add_fetch(&control->random, 0x9e3779b97f4a7c15u, __ATOMIC_RELAXED);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static int fails(enum group group)
{
	uint32_t permille;

	if (!control)
		return 0;
	permille = __atomic_load_n(&control->permille[group], __ATOMIC_RELAXED);
	if (!permille || next_random() % 1000 >= permille)
		return 0;
	__atomic_add_fetch(&control->failed[group], 1, __ATOMIC_RELAXED);
	errno = control->error[group];
	return 1;
}

static int is_netlink(int fd)
{
	int domain = 0, saved = errno;
	socklen_t size = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0)
		domain = 0;
	errno = saved;
	return domain == AF_NETLINK;
}

#define REAL(name)                                                                                 \
	static __typeof__(&(name)) real;                                                           \
	if (!real)                                                                                 \
	real = (__typeof__(real))dlsym(RTLD_NEXT, #name)

#define NETLINK_CALL(type, group, name, params, ...)                                               \
	type name params                                                                           \
	{                                                                                          \
		REAL(name);                                                                        \
		if (control && control->permille[group] && is_netlink(fd) && fails(group))         \
			return -1;                                                                 \
		return real(__VA_ARGS__);                                                          \
	}

#define CALL(group, name, params, ...)                                                             \
	int name params                                                                            \
	{                                                                                          \
		REAL(name);                                                                        \
		return fails(group) ? -1 : real(__VA_ARGS__);                                      \
	}

/* clang-format off */
NETLINK_CALL(ssize_t, SEND, send, (int fd, const void *buf, size_t n, int flags), fd, buf, n, flags)
NETLINK_CALL(ssize_t, SEND, sendmsg, (int fd, const struct msghdr *msg, int flags), fd, msg, flags)
NETLINK_CALL(ssize_t, SEND, sendto, (int fd, const void *buf, size_t n, int flags, const struct sockaddr *to,
	     socklen_t size), fd, buf, n, flags, to, size)
NETLINK_CALL(ssize_t, RECV, recv, (int fd, void *buf, size_t n, int flags), fd, buf, n, flags)
NETLINK_CALL(ssize_t, RECV, recvmsg, (int fd, struct msghdr *msg, int flags), fd, msg, flags)

CALL(MOUNT, mount, (const char *source, const char *target, const char *type, unsigned long flags,
     const void *data), source, target, type, flags, data)
CALL(MOUNT, umount2, (const char *target, int flags), target, flags)
CALL(NAMESPACE, unshare, (int flags), flags)
CALL(NAMESPACE, setns, (int fd, int type), fd, type)
CALL(SYNC, fsync, (int fd), fd)
CALL(SYNC, fdatasync, (int fd), fd)
CALL(SYNC, ftruncate, (int fd, off_t size), fd, size)
/* clang-format on */

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
	REAL(pwrite);
	return fails(SYNC) ? -1 : real(fd, buf, n, offset);
}

ssize_t pwrite64(int fd, const void *buf, size_t n, off_t offset)
{
	REAL(pwrite64);
	return fails(SYNC) ? -1 : real(fd, buf, n, offset);
}

static mode_t mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

#define OPEN_CALL(name)                                                                            \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		va_list ap;                                                                        \
		mode_t mode;                                                                       \
		REAL(name);                                                                        \
		va_start(ap, flags);                                                               \
		mode = mode_of(flags, ap);                                                         \
		va_end(ap);                                                                        \
		return fails(OPEN) ? -1 : real(path, flags, mode);                                 \
	}
OPEN_CALL(open)
OPEN_CALL(open64)

static int64_t shift(void)
{
	return control ? __atomic_load_n(&control->clock_shift_s, __ATOMIC_RELAXED) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	REAL(clock_gettime);
	int r = real(clock, ts);

	if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ts->tv_sec += shift();
	return r;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	REAL(gettimeofday);
	int r = real(tv, zone);

	if (r == 0)
		tv->tv_sec += shift();
	return r;
}

time_t time(time_t *ret)
{
	struct timespec ts = {0};

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ret)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}
