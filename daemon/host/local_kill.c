// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ending the programs that run on routers which go: asked first (SIGTERM), all of them together,
 * then killed. Where there are none it costs one look at /proc. Run by a worker for a batch, by
 * close, and for what a crash has left.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/host/local_ns.h"
#include "lib/base/clock.h"

#define TERM_MS	       1000
#define KILL_MS	       2000
#define KILL_AT_A_TIME 256 /* killed processes that are waited for together */

struct programs { /* that have got a signal */
	struct pollfd *list;
	size_t count, room;
};

int local_ns_compare(const void *a, const void *b)
{
	const unsigned long *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool is_inside(int pid, const unsigned long *inodes, size_t count)
{
	unsigned long inode;
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	if (stat(path, &st) < 0) /* ended, or a zombie */
		return false;
	inode = st.st_ino;
	return bsearch(&inode, inodes, count, sizeof(inode), local_ns_compare) != NULL;
}

/* A descriptor of the process if it is inside, or -1. */
static int open_inside(int pid, const unsigned long *inodes, size_t count)
{
	int fd;

	if (pid <= 0 || pid == getpid() || !is_inside(pid, inodes, count))
		return -1;
	fd = pidfd_open(pid, 0);
	/* Looked at again: now the number cannot be another process's any more. */
	if (fd >= 0 && !is_inside(pid, inodes, count)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Takes fd. One there is no memory for is not waited for. */
static void programs_add(struct programs *programs, int fd)
{
	if (programs->count == programs->room) {
		size_t room = programs->room ? 2 * programs->room : KILL_AT_A_TIME;
		struct pollfd *list = realloc(programs->list, room * sizeof(*list));

		if (!list) {
			close(fd);
			return;
		}
		programs->list = list;
		programs->room = room;
	}
	programs->list[programs->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void programs_wait(struct programs *programs, uint64_t ms)
{
	uint64_t deadline = clock_mono_ns() + ms * NSEC_PER_MSEC;

	for (size_t i = 0; i < programs->count; i++) {
		uint64_t now = clock_mono_ns();

		(void)poll(&programs->list[i], 1,
			   now < deadline ? (int)((deadline - now) / NSEC_PER_MSEC) + 1 : 0);
		close(programs->list[i].fd);
	}
	programs->count = 0;
}

/* Signals all that are inside and waits for them: how many, or -errno. */
static int signal_all(const unsigned long *inodes, size_t count, int signo, uint64_t wait_ms)
{
	struct programs programs = {0};
	struct dirent *entry;
	int found = 0;
	DIR *dir;

	dir = opendir("/proc");
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		int fd = open_inside(atoi(entry->d_name), inodes, count);

		if (fd < 0)
			continue;
		found++;
		if (pidfd_send_signal(fd, signo, NULL, 0) < 0) {
			close(fd);
			continue;
		}
		programs_add(&programs, fd);
		if (signo == SIGKILL && programs.count == KILL_AT_A_TIME)
			programs_wait(&programs, wait_ms);
	}
	closedir(dir);
	programs_wait(&programs, wait_ms);
	free(programs.list);
	return found;
}

int local_ns_kill(const unsigned long *inodes, size_t count)
{
	int asked = signal_all(inodes, count, SIGTERM, TERM_MS);
	int r;

	if (asked <= 0)
		return asked;
	/* Those that stay, and what they have started meanwhile. */
	r = signal_all(inodes, count, SIGKILL, KILL_MS);
	return r < 0 ? r : asked;
}
