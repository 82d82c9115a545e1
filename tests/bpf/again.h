/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An instance "again" that is left and taken over: what test_adopt.c, test_pins.c and
 * test_pins_kill.c share. Router 1 has ports IN and OUT, router 2 is behind OUT.
 */
#ifndef VLSP_TESTS_BPF_AGAIN_H
#define VLSP_TESTS_BPF_AGAIN_H

#include "tests/bpf/frames.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PIN_DIR "/sys/fs/bpf/vlsp/again"
#define ENTRIES 32

static struct frame in, out;
static struct bld *again;

/* A journal as the daemon keeps one: it outlives the process. */
static char (*entries)[160];
static int calls_until_kill = -1;

static inline void maybe_die(void)
{
	if (calls_until_kill >= 0 && calls_until_kill-- == 0)
		raise(SIGKILL);
}

static inline int journal_add(void *arg, const char *kind, const char *what)
{
	(void)arg;
	maybe_die();
	for (int i = 0; i < ENTRIES; i++) {
		if (entries[i][0])
			continue;
		snprintf(entries[i], sizeof(*entries), "%s %s", kind, what);
		return 0;
	}
	return -ENOSPC;
}

static inline int journal_find(const char *kind, const char *what)
{
	char entry[160];

	snprintf(entry, sizeof(entry), "%s %s", kind, what);
	for (int i = 0; i < ENTRIES; i++) {
		if (strcmp(entries[i], entry) == 0)
			return i;
	}
	return -1;
}

static inline void journal_del(void *arg, const char *kind, const char *what)
{
	int i = journal_find(kind, what);

	(void)arg;
	maybe_die();
	assert_true(i >= 0);
	entries[i][0] = '\0';
}

static inline bool journal_has(void *arg, const char *kind, const char *what)
{
	(void)arg;
	return journal_find(kind, what) >= 0;
}

static inline int journal_count(void)
{
	int count = 0;

	for (int i = 0; i < ENTRIES; i++)
		count += entries[i][0] != '\0';
	return count;
}

static const struct bld_journal journal = {
	.add = journal_add, .del = journal_del, .has = journal_has};

static inline void open_again(void)
{
	struct err err = {0};

	if (bld_open("again", ADDR(0), 16, &journal, &again, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void close_again(bool keep)
{
	bld_close(again, keep);
	again = NULL;
}

/* Router 1 has IN and OUT, router 2 is behind OUT. */
static inline void fill(void)
{
	struct vlsp_port record = {.slot = 1, .address = htonl(ADDR(1)), .flags = VLSP_PORT_VALID};
	struct vlsp_fib entry = {.port = OUT, .metric = 1};
	struct err err = {0};
	uint32_t two = 2;

	assert_int_equal(bld_router_add(again, 1, ADDR(1), 1001, VLSP_FIB_MIN, &err), 0);
	assert_int_equal(bld_router_add(again, 2, ADDR(2), 1002, 2 * VLSP_FIB_MIN, &err), 0);
	assert_int_equal(bld_port_set(again, IN, &record), 0);
	record.link = 77;
	assert_int_equal(bld_port_set(again, OUT, &record), 0);
	assert_int_equal(bpf_map_update_elem(bld_router_fib(again, 1), &two, &entry, 0), 0);
	assert_int_equal(bld_settle(again), 0);
}

static inline void hops(int prog, int verdict)
{
	vdp_frame(&in, ADDR(3), ADDR(2), 10);
	run(prog, IN, &in, &out);
	assert_int_equal(out.verdict, verdict);
}

static inline uint64_t received(struct bld *of)
{
	struct vlsp_count c;

	bld_count_read(of, IN, &c);
	return c.rx_packets;
}

static inline bool exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static inline int pinned(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), PIN_DIR "/%s", name);
	fd = bpf_obj_get(path);
	assert_true(fd >= 0);
	return fd;
}

static inline void unpin(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), PIN_DIR "/%s", name);
	assert_int_equal(unlink(path), 0);
}

static inline void remove_pins(void)
{
	if (exists(PIN_DIR))
		assert_int_equal(system("rm -r " PIN_DIR), 0);
}

static inline int reset(void **state)
{
	(void)harness_reset;
	(void)state;
	if (why_not)
		return 0;
	if (again)
		close_again(false);
	remove_pins();
	memset(entries, 0, ENTRIES * sizeof(*entries));
	return 0;
}

/* Opens and fills in another process, which ends by a kill. */
static inline void live_and_be_killed(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct err err;

		if (bld_open("again", ADDR(0), 16, NULL, &again, &err) == 0)
			fill();
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static inline void note_slot(void *arg, uint32_t slot, const struct vlsp_router *record)
{
	assert_int_equal(ntohl(record->address), ADDR(slot));
	assert_int_equal(record->edge, 1000 + slot);
	*(uint32_t *)arg = *(uint32_t *)arg * 10 + slot;
}

static inline void note_port(void *arg, uint32_t number, const struct vlsp_port *record)
{
	assert_int_equal(record->slot, 1);
	*(uint32_t *)arg = *(uint32_t *)arg * 1000 + number;
}

static inline void assert_filled(void)
{
	struct vlsp_router router;
	struct vlsp_port record;
	struct err err = {0};
	uint32_t list = 0;
	unsigned length;

	assert_true(bld_adopted(again));
	bld_network(again, &list, &length);
	assert_int_equal(list, ADDR(0));
	assert_int_equal(length, 16);
	assert_int_equal(bld_router_capacity(again, 1), VLSP_FIB_MIN);
	assert_int_equal(bld_router_capacity(again, 2), 2 * VLSP_FIB_MIN);
	assert_int_equal(bld_router_capacity(again, 3), 0);
	assert_int_equal(bld_router_read(again, 2, &router), 0);
	assert_int_equal(ntohl(router.address), ADDR(2));
	assert_int_equal(bld_router_read(again, 3, &router), -ENOENT);
	assert_int_equal(bld_port_read(again, OUT, &record), 0);
	assert_int_equal(record.link, 77);
	assert_int_equal(bld_port_read(again, OUT + 1, &record), -ENOENT);
	list = 0;
	assert_int_equal(bld_slots_each(again, note_slot, &list), 0);
	assert_int_equal(list, 12);
	list = 0;
	assert_int_equal(bld_ports_each(again, note_port, &list), 0);
	assert_int_equal(list, IN * 1000 + OUT);
	assert_int_equal(bld_router_add(again, 1, ADDR(9), 1009, VLSP_FIB_MIN, &err), -EEXIST);
	assert_int_equal(bld_router_add(again, 9, ADDR(1), 1009, VLSP_FIB_MIN, &err), -EEXIST);
}

static inline int open_group(void **state)
{
	entries = mmap(NULL, ENTRIES * sizeof(*entries), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return entries == MAP_FAILED ? -1 : harness_open(state);
}

#endif
