/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An estimate of how long processes wait for a processor: runnable tasks for each processor, times
 * what the scheduler lets each of them run. Called by router.c before a neighbour is declared lost,
 * so rarely. Where /proc cannot be read the answer is 0: the configured dead time then holds.
 */
#include "daemon/router/load.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define QUEUE_OK 8 /* tasks for each processor that wait a hello's time at most */
#define SLICE_NS (20 * NSEC_PER_MSEC) /* generous: some run longer than their slice */

uint64_t load_parse(const char *text, unsigned processors)
{
	unsigned runnable;

	if (processors == 0 || sscanf(text, "%*s %*s %*s %u/", &runnable) != 1)
		return 0;
	if (runnable / processors <= QUEUE_OK)
		return 0;
	return runnable / processors * SLICE_NS;
}

uint64_t load_wait_ns(void)
{
	cleanup_close int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	char text[128];
	ssize_t n;

	if (fd < 0 || processors < 1)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return load_parse(text, (unsigned)processors);
}
