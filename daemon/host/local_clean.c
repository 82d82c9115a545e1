// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vlspd clean: removing what a run that ended badly has left. Namespaces go by the instance's tag,
 * if their names are on its tmpfs; what else goes stands in the journal; without a journal that can
 * be read marks say it. The rest is somebody else's. Called by local.c; packaging/vlsp-clean.sh
 * does the same without this program.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/host/local_priv.h"
#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/confine/confine.h"
#include "lib/nlk/ns.h"

struct cleaner {
	struct local *local;
	bool lost; /* the journal, or a part of it, as was known before or is seen now */
	char (*names)[NAME_SIZE];
	size_t count, room;
	unsigned long *inodes; /* programs run in there */
	size_t inode_count, inode_room;
	size_t others; /* names that stay */
	int status;
	struct err *err;
};

int local_clean_check(const struct local *local, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool served;

	if (sock < 0)
		return 0;
	memcpy(addr.sun_path, local->socket, strlen(local->socket));
	served = connect(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0;
	close(sock);
	return served ? err_set(err, EADDRINUSE, "an instance runs in %s already",
				local->runtime_dir)
		      : 0;
}

/* --- namespaces --------------------------------------------------------------------------------
 */

static void add_inode(struct cleaner *cleaner, unsigned long inode)
{
	for (size_t i = 0; i < cleaner->inode_count; i++)
		if (cleaner->inodes[i] == inode)
			return;
	if (cleaner->inode_count == cleaner->inode_room) {
		size_t room = 2 * cleaner->inode_room + 64;
		unsigned long *inodes = reallocarray(cleaner->inodes, room,
						     sizeof(*cleaner->inodes));

		if (!inodes) {
			cleaner->status = -ENOMEM;
			return;
		}
		cleaner->inodes = inodes;
		cleaner->inode_room = room;
	}
	cleaner->inodes[cleaner->inode_count++] = inode;
}

/* On our own tmpfs (local_names_each() sees no other) the tag is enough: a journal may have been
 * cut short. A name that nothing is bound to has no tag, so it must stand in the journal. */
static bool is_ours(const struct cleaner *cleaner, const char *name, unsigned long inode)
{
	const struct local *local = cleaner->local;

	if (!inode)
		return local_journal_has(local->journal, "netns", name);
	return local_look_tagged(&local->names, local->instance, name);
}

static void see_name(void *arg, const char *name)
{
	struct cleaner *cleaner = arg;
	unsigned long inode = local_names_inode(&cleaner->local->names, name);

	if (strlen(name) >= NAME_SIZE || !is_ours(cleaner, name, inode)) {
		log_warn("%s/%s is not of this instance and stays", cleaner->local->names.dir,
			 name);
		cleaner->others++;
		return;
	}
	if (cleaner->count == cleaner->room) {
		size_t room = 2 * cleaner->room + 64;
		char(*names)[NAME_SIZE] = reallocarray(cleaner->names, room, NAME_SIZE);

		if (!names) {
			cleaner->status = -ENOMEM;
			return;
		}
		cleaner->names = names;
		cleaner->room = room;
	}
	if (!local_journal_has(cleaner->local->journal, "netns", name))
		cleaner->lost = true; /* it has been cut short */
	strcpy(cleaner->names[cleaner->count++], name);
	if (inode)
		add_inode(cleaner, inode);
}

/* Programs in namespaces of ours that have lost their names. */
static void see_process(void *arg, int32_t pid, unsigned long inode)
{
	struct cleaner *cleaner = arg;

	if (inode == local_procs_inode(getpid()) || !local_procs_sees_us(pid))
		return;
	for (size_t i = 0; i < cleaner->inode_count; i++)
		if (cleaner->inodes[i] == inode)
			return;
	if (local_procs_tagged(pid, cleaner->local->instance, NULL))
		add_inode(cleaner, inode);
}

static int note_names(struct cleaner *cleaner, bool there)
{
	const char **list = calloc(cleaner->count + 1, sizeof(*list));
	int r = -ENOMEM;

	for (size_t i = 0; list && i < cleaner->count; i++)
		list[i] = cleaner->names[i];
	if (list)
		r = there ? local_names_note(&cleaner->local->names, list, cleaner->count)
			  : local_names_strike(&cleaner->local->names, list, cleaner->count);
	free(list);
	return r;
}

/* What is in the namespaces of the host's; whatever stands in the journal. */
static int release_interfaces(struct cleaner *cleaner)
{
	const char **list = calloc(cleaner->count + 1, sizeof(*list));
	struct err why;
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; list && i < cleaner->count; i++)
		list[i] = cleaner->names[i];
	if (list)
		r = local_iface_release_many(&cleaner->local->ifaces, list, cleaner->count, true,
					     &why);
	if (list && r < 0)
		log_error("%s", why.text);
	free(list);
	return r;
}

static int remove_namespaces(struct cleaner *cleaner)
{
	struct local_names *names = &cleaner->local->names;
	struct local_gone gone;
	int r;

	local_names_each(names, see_name, cleaner);
	r = local_procs_each(see_process, cleaner);
	if (r == 0)
		r = cleaner->status;
	if (r == 0)
		r = note_names(cleaner, true); /* where the journal was lost */
	if (r == 0 && cleaner->inode_count) {
		qsort(cleaner->inodes, cleaner->inode_count, sizeof(*cleaner->inodes),
		      local_ns_compare);
		r = local_ns_kill(cleaner->inodes, cleaner->inode_count);
	}
	if (r >= 0)
		r = local_gone_prepare(&gone);
	if (r < 0)
		return r;
	r = release_interfaces(cleaner);
	for (size_t i = 0; r == 0 && i < cleaner->count; i++) {
		int one = local_names_del(names, cleaner->names[i]);

		if (one < 0)
			r = one;
	}
	if (local_gone_wait(&gone) < 0 && r == 0)
		r = -ETIMEDOUT;
	if (note_names(cleaner, false) < 0 && r == 0)
		r = -EIO;
	return r;
}

/* --- what is left of the journal ---------------------------------------------------------------
 */

static void strike(struct local *local, const char *kind, const char *what)
{
	(void)local_journal_del(local->journal, kind, &what, 1); /* the next one looks again */
}

/* Of names that are gone; the path of the link's target is what makes it ours. */
static void see_link(void *arg, const char *path)
{
	struct local *local = arg;
	const char *name = strrchr(path, '/');
	char target[256], want[256];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0) {
		if (errno == ENOENT || errno == EINVAL)
			strike(local, "link", path);
		return;
	}
	target[n] = '\0';
	snprintf(want, sizeof(want), "%s%s", local->names.dir, name ? name : "");
	if (strcmp(target, want) == 0 && access(want, F_OK) < 0)
		unlink(path);
	strike(local, "link", path);
}

static void see_file(void *arg, const char *path)
{
	struct local *local = arg;
	struct stat st;

	if (lstat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			(void)rmdir(path); /* not if somebody uses it */
		else if (S_ISSOCK(st.st_mode))
			unlink(path);
	}
	strike(local, "file", path);
}

static void see_stale_name(void *arg, const char *name)
{
	struct local *local = arg;

	if (!local_names_exists(&local->names, name))
		strike(local, "netns", name);
}

/* --- pins --------------------------------------------------------------------------------------
 */

static void see_pin(void *arg, const char *entry)
{
	struct local *local = arg;
	int r = bld_unpin(entry);

	if (r < 0)
		log_warn("pin %s: %s", entry, strerror(-r));
	if (r == 0)
		strike(local, "pin", entry);
}

void local_clean_pins(struct local *local, bool lost)
{
	struct bld_journal journal;

	local_journal_for_bld(local->journal, &journal);
	local_journal_each(local->journal, "pin", see_pin, local);
	bld_clean(local->instance, &journal, lost);
}

/* ------------------------------------------------------------------------------------------------
 */

/* Without a journal, by their mark, places and names: DIR/vlsp/INSTANCE, in it "routers" and
 * numbers. */
static void note_groups(struct local *local, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		cleanup_free char *below = NULL;

		if (strcmp(entry->d_name, "routers") != 0 &&
		    entry->d_name[strspn(entry->d_name, "0123456789")])
			continue;
		if (asprintf(&below, "%s/%s", path, entry->d_name) < 0)
			below = NULL;
		if (below && confine_cgroup_marked(below))
			(void)local_journal_add(local->journal, "cgroup", &(const char *){below},
						1);
	}
	closedir(dir);
	if (confine_cgroup_marked(path))
		(void)local_journal_add(local->journal, "cgroup", &path, 1);
}

static void find_groups_in(struct local *local, const struct confine_cgroups *cgroups)
{
	char group[80];
	char **paths;

	snprintf(group, sizeof(group), "vlsp/%.63s", local->instance);
	paths = confine_cgroup_paths(cgroups, group);
	for (size_t i = 0; paths && paths[i]; i++)
		note_groups(local, paths[i]);
	free(paths);
}

static void find_groups(struct local *local)
{
	struct confine_cgroups *cgroups, *counters;
	char missing[64];

	if (confine_cgroups_probe("", &cgroups, missing) < 0)
		return;
	find_groups_in(local, cgroups);
	if (confine_cgroups_counters("", cgroups, &counters) == 0) {
		find_groups_in(local, counters);
		confine_cgroups_free(counters);
	}
	confine_cgroups_free(cgroups);
}

/* Without a journal, these are ours by their place. */
static void note_places(struct local *local)
{
	char relay[128], supervisor[128], apps[128];
	const char *files[] = {local->socket, local->names.dir, relay, supervisor, apps};

	snprintf(relay, sizeof(relay), "%s/relay.sock", local->runtime_dir);
	snprintf(supervisor, sizeof(supervisor), "%s/supervisor.sock", local->runtime_dir);
	snprintf(apps, sizeof(apps), "%s/apps", local->runtime_dir);
	(void)local_journal_add(local->journal, "file", files, ARRAY_SIZE(files));
	if (local->names.mounted)
		(void)local_journal_add(local->journal, "mount", &files[1], 1);
}

static void remove_all(void *arg)
{
	struct cleaner *cleaner = arg;
	struct local *local = cleaner->local;
	const char *socket = local->socket;
	int r;

	/* The first thing that a run enters. */
	if (access(socket, F_OK) == 0 && !local_journal_has(local->journal, "file", socket))
		cleaner->lost = true;
	local_relay_kill(local->runtime_dir);
	local_apps_clean(local->runtime_dir);
	r = remove_namespaces(cleaner);
	if (cleaner->lost)
		note_places(local);
	if (r == 0 && cleaner->others == 0)
		r = local_names_drop(&local->names); /* the tmpfs */
	if (r < 0) {
		cleaner->status = err_errno(cleaner->err, r,
					    "cannot remove what an earlier run left in %s",
					    local->names.dir);
		return;
	}
	if (cleaner->lost)
		find_groups(local);
	cleaner->status = local_cgroup_clean(local->journal, cleaner->err);
	if (cleaner->status < 0)
		return;
	local_journal_each(local->journal, "netns", see_stale_name, local);
	local_journal_each(local->journal, "link", see_link, local);
	local_clean_pins(local, cleaner->lost);
	local_journal_each(local->journal, "file", see_file, local);
}

int local_clean_run(struct local *local, bool lost, struct err *err)
{
	struct cleaner cleaner = {.local = local, .lost = lost, .err = err};
	int r;

	r = local_work_aside(remove_all, &cleaner);
	if (r < 0)
		r = err_errno(err, r, "thread");
	else if (cleaner.status < 0)
		r = cleaner.status;
	free(cleaner.names);
	free(cleaner.inodes);
	return r;
}
