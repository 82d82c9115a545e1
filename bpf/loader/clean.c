// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking away the pins of an instance that does not run, without opening it: by the ids in the
 * journal, whatever version made them. Called by the local host back end for vlspd clean.
 */
#include "bpf/loader/loader_priv.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int bld_unpin(const char *entry)
{
	char path[256];
	unsigned id;
	int fd, r = 0;

	if (sscanf(entry, "%255s %u", path, &id) != 2 || id == 0)
		return -EINVAL;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (bld_id(fd) == id && unlink(path) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* Of eBPF objects that users brought; all: with what is in it, as its place alone says that it is
 * ours. */
static void drop_object(const char *dir, const char *name, bool all)
{
	char path[320];
	struct dirent *entry;
	DIR *list;

	snprintf(path, sizeof(path), "%s/%.63s", dir, name);
	list = all ? opendir(path) : NULL;
	while (list && (entry = readdir(list))) {
		char pin[600];

		snprintf(pin, sizeof(pin), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(pin);
	}
	if (list)
		closedir(list);
	rmdir(path);
}

static void drop_objects(const char *dir, bool all)
{
	struct dirent *entry;
	DIR *list = opendir(dir);

	while (list && (entry = readdir(list))) {
		unsigned id;
		int end = 0;

		if (sscanf(entry->d_name, "app-%u%n", &id, &end) == 1 && !entry->d_name[end])
			drop_object(dir, entry->d_name, all);
	}
	if (list)
		closedir(list);
}

void bld_clean(const char *instance, const struct bld_journal *journal, bool lost)
{
	char dir[128];
	struct bld bld = {.dir = dir, .dir_fd = -1, .journal = journal};

	snprintf(dir, sizeof(dir), "/sys/fs/bpf/vlsp/%.63s", instance);
	for (int pin = 0; pin < BLD_PINS; pin++)
		bld.fds[pin] = -1;
	bld.mounted = journal->has(journal->arg, "mount", "/sys/fs/bpf");
	/* By their kinds and sizes only where nothing else is known; all of them or none. */
	if (lost && bld_pins_get(&bld, NULL) > 0)
		bld_pins_remove(&bld, false);
	for (int pin = 0; pin < BLD_PINS; pin++)
		if (bld.fds[pin] >= 0)
			close(bld.fds[pin]);
	drop_objects(dir, lost);
	bld.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bld_pins_close_dir(&bld);
}
