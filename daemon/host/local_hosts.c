// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of routers for applications (local_hosts.h). Called by local_app.c when one is started, and
 * by local_batch.c and local_audit.c when routers have changed.
 */
#include "daemon/host/local_hosts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/host/local_priv.h"
#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/confine/hosts.h"

void local_hosts_path(const struct local *local, char path[128])
{
	snprintf(path, 128, "%s/hosts", local->runtime_dir);
}

static char *text_of(const struct local *local, size_t *ret_size)
{
	cleanup_free char *own = confine_hosts_machine();
	char *text = NULL;
	FILE *stream = own ? open_memstream(&text, ret_size) : NULL;

	if (!stream)
		return NULL;
	confine_hosts_begin(stream, own);
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (local->routers[slot])
			confine_hosts_add(stream, local->routers[slot]->name,
					  local->routers[slot]->address);
	if (fclose(stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* One write, so that a reader sees at most once that it changes under him; never empty. */
static int put(const char *path, const char *text, size_t size)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	ssize_t n;

	if (fd < 0 || fchmod(fd, 0644) < 0)
		return -errno;
	n = pwrite(fd, text, size, 0);
	if (n < 0)
		return -errno;
	return (size_t)n < size ? -ENOSPC : ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

void local_hosts_write(const struct local *local)
{
	cleanup_free char *text = NULL;
	char path[128];
	size_t size;
	int r;

	local_hosts_path(local, path);
	text = text_of(local, &size);
	r = text ? put(path, text, size) : -ENOMEM;
	if (r < 0)
		log_warn("%s: %s: applications may not find the names of all routers", path,
			 strerror(-r));
}

void local_hosts_remove(const struct local *local)
{
	char path[128];

	local_hosts_path(local, path);
	(void)unlink(path);
}
