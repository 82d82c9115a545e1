/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of links with shapes on the real kernel: shapes by their words, the programs' records,
 * queues. Topology: grid(2), a square with r1 at one corner, r2 and r3 beside it; link 0 is r1-r2,
 * 1 is r1-r3.
 */
#ifndef VLSP_TESTS_UNIT_DAEMON_HOST_SHAPED_WORLD_H
#define VLSP_TESTS_UNIT_DAEMON_HOST_SHAPED_WORLD_H

#include "tests/unit/daemon/host/local_world.h"

#include <bpf/bpf.h>

#include "include/shared/maps.h"

#define BPF "/sys/fs/bpf/vlsp/default/"

static inline int map(const char *name)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), BPF "vlsp_%s", name);
	fd = bpf_obj_get(path);
	assert_true(fd >= 0);
	return fd;
}

static inline bool record(uint32_t port, struct vlsp_shape *ret)
{
	int fd = map("shape"), r = bpf_map_lookup_elem(fd, &port, ret);

	close(fd);
	return r == 0;
}

static inline uint32_t flags_of(uint32_t port)
{
	struct vlsp_port at;
	int fd = map("port");

	assert_int_equal(bpf_map_lookup_elem(fd, &port, &at), 0);
	close(fd);
	return at.flags;
}

static inline bool real(void)
{
	struct vlsp_conf conf;
	uint32_t zero = 0;
	int fd = map("conf");

	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &conf), 0);
	close(fd);
	return conf.real;
}

static inline void put_shape(struct topo_shape *shape, const char *words)
{
	char text[200], *at = text, *key;
	struct err err = {0};

	strcpy(text, words);
	while ((key = strsep(&at, " ")) && *key)
		if (topo_shape_parse(shape, key, strsep(&at, " "), &err) < 0)
			fail_msg("%s: %s", words, err.text);
}

/* r1-r2, or r1-r3, with these shapes; "": none. */
static inline struct host_link shaped(uint32_t number, const char *there, const char *back)
{
	struct host_link link = link_of(number, 0, number == 0 ? 1 : 2);

	put_shape(&link.shape[0], there);
	put_shape(&link.shape[1], back);
	return link;
}

static inline void set(struct world *world, uint32_t number, const char *there, const char *back)
{
	run_ok(world, batch_links(shaped(number, there, back), '='));
}

#define A PORT_1       /* r1's end of r1-r2 */
#define B (PORT_1 + 1) /* r2's */

/* The machine cannot do without one of these in these tests. */
static inline bool can(struct world *world, const char *name)
{
	size_t count;
	const struct host_capability *all = world->host->ops->capabilities(world->host, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].name, name) == 0 && all[i].present)
			return true;
	print_message("skipped: needs %s\n", name);
	return false;
}

#define CAN(name)                                                                                  \
	if (!can(world, name))                                                                     \
	skip()

static inline bool queue_is(const char *router, const char *device, const char *like)
{
	return shell("ip netns exec %s tc qdisc show dev %s | tr '\\n' ' ' | grep -q '%s'", router,
		     device, like) == 0;
}

static inline bool has_no_queue(const char *router, const char *device)
{
	return shell("ip netns exec %s tc qdisc show dev %s | grep -q 'tbf\\|netem\\|pfifo 56'",
		     router, device) != 0;
}

static inline struct host_pace pace(struct world *world)
{
	struct host_pace is;

	world->host->ops->pace_read(world->host, &is);
	return is;
}

#endif
