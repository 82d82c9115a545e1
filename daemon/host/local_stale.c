// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a run of this instance that crashed has left: names of namespaces in its runtime directory,
 * programs inside them, pins in the directory of its name. Nothing is looked for anywhere else, so
 * nothing of anybody else can be hit. Called by local.c before anything is made, or alone.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/host/local_priv.h"
#include "lib/base/cleanup.h"
#include "lib/base/log.h"

#define PINS "/sys/fs/bpf/vlsp"

struct inodes {
	const struct local_names *names;
	unsigned long *list;
	size_t count, room;
	int status;
};

static bool is_served(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool served;

	if (sock < 0)
		return false;
	memcpy(addr.sun_path, path, strlen(path));
	served = connect(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0;
	close(sock);
	return served;
}

static void collect(void *arg, const char *name)
{
	struct inodes *inodes = arg;

	if (inodes->count == inodes->room) {
		size_t room = inodes->room ? 2 * inodes->room : 256;
		unsigned long *list = realloc(inodes->list, room * sizeof(*list));

		if (!list) {
			inodes->status = -ENOMEM;
			return;
		}
		inodes->list = list;
		inodes->room = room;
	}
	inodes->list[inodes->count++] = local_names_inode(inodes->names, name);
}

static int remove_namespaces(struct local_names *names, struct err *err)
{
	struct inodes inodes = {.names = names};
	struct local_gone gone;
	int r;

	local_names_each(names, collect, &inodes);
	r = inodes.status;
	if (r == 0 && inodes.count) {
		log_debug("removing %zu namespaces of a run that crashed", inodes.count);
		qsort(inodes.list, inodes.count, sizeof(*inodes.list), local_ns_compare);
		r = local_ns_kill(inodes.list, inodes.count);
	}
	if (r >= 0)
		r = local_gone_prepare(&gone);
	if (r >= 0) {
		local_names_drop(names);
		r = local_gone_wait(&gone);
	}
	free(inodes.list);
	if (r < 0)
		return err_errno(err, r, "cannot remove what an earlier run left in %s",
				 names->dir);
	return 0;
}

static void remove_pins(const char *instance)
{
	struct dirent *entry;
	char path[sizeof(PINS) + 65];
	DIR *dir;

	snprintf(path, sizeof(path), PINS "/%s", instance);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (strncmp(entry->d_name, "vlsp_", 5) == 0)
			(void)unlinkat(dirfd(dir), entry->d_name, 0); /* bld_open() says if not */
	closedir(dir);
	rmdir(path);
	rmdir(PINS); /* fails when there is another instance */
}

int local_stale_check(const struct local *local, struct err *err)
{
	if (is_served(local->socket))
		return err_set(err, EADDRINUSE, "an instance runs in %s already",
			       local->runtime_dir);
	return 0;
}

static void remove_pin(void *arg, const char *what)
{
	struct local *local = arg;
	char path[256];
	unsigned id;
	int fd;

	if (sscanf(what, "%255s %u", path, &id) != 2)
		return;
	fd = bpf_obj_get(path);
	if (fd >= 0 && bld_id(fd) == id)
		(void)unlink(path);
	if (fd >= 0)
		close(fd);
	(void)local_journal_del(local->journal, "pin", &what, 1);
}

void local_stale_pins(struct local *local)
{
	local_journal_each(local->journal, "pin", remove_pin, local);
}

struct striker {
	struct local_journal *journal;
	const char *kind;
};

static void strike_one(void *arg, const char *what)
{
	struct striker *striker = arg;

	(void)local_journal_del(striker->journal, striker->kind, &what, 1);
}

static void strike_out(struct local *local)
{
	static const char *const kinds[] = {"netns", "link", "pin"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		local_journal_each(local->journal, kinds[i], strike_one,
				   &(struct striker){local->journal, kinds[i]});
}

int local_stale_remove(struct local *local, struct err *err)
{
	int r = 0;

	if (local->names.mounted)
		r = remove_namespaces(&local->names, err);
	if (r == 0)
		r = local_cgroup_clean(local->journal, err);
	if (r == 0)
		remove_pins(local->instance);
	if (r == 0)
		strike_out(local);
	return r;
}
