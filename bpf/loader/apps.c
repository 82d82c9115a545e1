// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs that count applications' traffic (apps.h): attached with BPF_PROG_ATTACH, so that the
 * group alone holds them. Called by daemon/host/local_app.c.
 */
#include "bpf/loader/apps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps.skel.h"
#include "lib/base/cleanup.h"

#define PROGS_MAX 64 /* of one kind, on one group */
#define MAPS_MAX  8
#define IN	  "vlsp_app_in"
#define OUT	  "vlsp_app_out"
#define COUNT	  "vlsp_app_count"

struct bld_apps {
	int group; /* directory */
	int map;
	int cpus;
	struct vlsp_app_count *room; /* cpus of them */
};

/* The map of a program that has this name. -ENOENT. */
static int map_of(int prog)
{
	uint32_t ids[MAPS_MAX] = {0};
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)ids};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(prog, &info, &size) < 0)
		return -errno;
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++) {
		struct bpf_map_info map = {0};
		int fd = bpf_map_get_fd_by_id(ids[i]);

		size = sizeof(map);
		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &map, &size) == 0 &&
		    strncmp(map.name, COUNT, BPF_OBJ_NAME_LEN - 1) == 0 &&
		    map.value_size == sizeof(struct vlsp_app_count))
			return fd;
		close(fd);
	}
	return -ENOENT;
}

static bool has_name(int prog, const char *name)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(prog, &info, &size) == 0 &&
	       strncmp(info.name, name, BPF_OBJ_NAME_LEN - 1) == 0;
}

/* Of an earlier daemon: the program on that group. -ENOENT. */
static int find(int group, enum bpf_attach_type type, const char *name)
{
	uint32_t ids[PROGS_MAX], count = PROGS_MAX;

	if (bpf_prog_query(group, type, 0, NULL, ids, &count) < 0)
		return -errno;
	for (uint32_t i = 0; i < count; i++) {
		int fd = bpf_prog_get_fd_by_id(ids[i]);

		if (fd >= 0 && has_name(fd, name))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -ENOENT;
}

static void take_off_one(int group, enum bpf_attach_type type, const char *name)
{
	cleanup_close int fd = find(group, type, name);

	if (fd >= 0)
		(void)bpf_prog_detach2(fd, group, type); /* goes with the group otherwise */
}

static void take_off(int group)
{
	take_off_one(group, BPF_CGROUP_INET_INGRESS, IN);
	take_off_one(group, BPF_CGROUP_INET_EGRESS, OUT);
}

/* Both programs are there: their map; -ENOENT: not both, and none is. */
static int take_over(int group)
{
	cleanup_close int in = find(group, BPF_CGROUP_INET_INGRESS, IN);
	cleanup_close int out = find(group, BPF_CGROUP_INET_EGRESS, OUT);

	if (in >= 0 && out >= 0)
		return map_of(in);
	take_off(group);
	return -ENOENT;
}

static int attach(int group, struct err *err)
{
	struct apps *skel = apps__open_and_load();
	int r, in, map;

	if (!skel)
		return err_errno(err, errno, "program that counts applications' traffic");
	in = bpf_program__fd(skel->progs.vlsp_app_in);
	r = bpf_prog_attach(in, group, BPF_CGROUP_INET_INGRESS, BPF_F_ALLOW_MULTI);
	if (r == 0) {
		r = bpf_prog_attach(bpf_program__fd(skel->progs.vlsp_app_out), group,
				    BPF_CGROUP_INET_EGRESS, BPF_F_ALLOW_MULTI);
		if (r < 0)
			(void)bpf_prog_detach2(in, group, BPF_CGROUP_INET_INGRESS);
	}
	if (r < 0)
		r = err_errno(err, r, "counting applications' traffic");
	map = r == 0 ? fcntl(bpf_map__fd(skel->maps.vlsp_app_count), F_DUPFD_CLOEXEC, 3) : r;
	if (r == 0 && map < 0)
		map = err_errno(err, errno, "counting applications' traffic");
	apps__destroy(skel); /* the group holds them */
	return map;
}

int bld_apps_open(const char *group, struct bld_apps **ret_apps, struct err *err)
{
	int dir = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct bld_apps *apps;
	int map;

	if (dir < 0)
		return err_errno(err, errno, "%s", group);
	map = take_over(dir);
	if (map < 0)
		map = attach(dir, err);
	if (map < 0) {
		close(dir);
		return map;
	}
	apps = calloc(1, sizeof(*apps));
	if (apps) {
		apps->group = dir;
		apps->map = map;
		apps->cpus = libbpf_num_possible_cpus();
		apps->room = apps->cpus > 0 ? calloc((size_t)apps->cpus, sizeof(*apps->room))
					    : NULL;
	}
	if (!apps || !apps->room) {
		close(map);
		close(dir);
		free(apps);
		return err_errno(err, ENOMEM, "counting applications' traffic");
	}
	*ret_apps = apps;
	return 0;
}

void bld_apps_close(struct bld_apps *apps, bool keep)
{
	if (!apps)
		return;
	if (!keep)
		take_off(apps->group);
	close(apps->group);
	close(apps->map);
	free(apps->room);
	free(apps);
}

int bld_apps_read(const struct bld_apps *apps, uint64_t id, struct vlsp_app_count *ret_count)
{
	struct vlsp_app_count sum = {0};

	if (bpf_map_lookup_elem(apps->map, &id, apps->room) < 0) {
		if (errno != ENOENT)
			return -errno;
	} else {
		for (int i = 0; i < apps->cpus; i++) {
			sum.rx_packets += apps->room[i].rx_packets;
			sum.rx_bytes += apps->room[i].rx_bytes;
			sum.tx_packets += apps->room[i].tx_packets;
			sum.tx_bytes += apps->room[i].tx_bytes;
		}
	}
	*ret_count = sum;
	return 0;
}

void bld_apps_forget(struct bld_apps *apps, uint64_t id)
{
	(void)bpf_map_delete_elem(apps->map, &id); /* there may be none */
}
