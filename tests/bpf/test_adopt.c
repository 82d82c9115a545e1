// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loader takes over what a daemon before it left: kept on purpose, killed at any moment, or
 * made by somebody else.
 */
#include "tests/bpf/frames.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define DIR	"/sys/fs/bpf/vlsp/again"
#define ENTRIES 32

static struct frame in, out;
static struct bld *again;

/* A journal as the daemon keeps one. */
static char entries[ENTRIES][160];

static int journal_add(void *arg, const char *kind, const char *what)
{
	(void)arg;
	for (int i = 0; i < ENTRIES; i++) {
		if (entries[i][0])
			continue;
		snprintf(entries[i], sizeof(entries[i]), "%s %s", kind, what);
		return 0;
	}
	return -ENOSPC;
}

static int journal_find(const char *kind, const char *what)
{
	char entry[160];

	snprintf(entry, sizeof(entry), "%s %s", kind, what);
	for (int i = 0; i < ENTRIES; i++) {
		if (strcmp(entries[i], entry) == 0)
			return i;
	}
	return -1;
}

static void journal_del(void *arg, const char *kind, const char *what)
{
	int i = journal_find(kind, what);

	(void)arg;
	assert_true(i >= 0);
	entries[i][0] = '\0';
}

static bool journal_has(void *arg, const char *kind, const char *what)
{
	(void)arg;
	return journal_find(kind, what) >= 0;
}

static int journal_count(void)
{
	int count = 0;

	for (int i = 0; i < ENTRIES; i++)
		count += entries[i][0] != '\0';
	return count;
}

static const struct bld_journal journal = {
	.add = journal_add, .del = journal_del, .has = journal_has};

static void open_again(void)
{
	struct err err = {0};

	if (bld_open("again", ADDR(0), 16, &journal, &again, &err) < 0)
		fail_msg("%s", err.text);
}

static void close_again(bool keep)
{
	bld_close(again, keep);
	again = NULL;
}

/* Router 1 has IN and OUT, router 2 is behind OUT. */
static void fill(void)
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

static void hops(int prog, int verdict)
{
	vdp_frame(&in, ADDR(3), ADDR(2), 10);
	run(prog, IN, &in, &out);
	assert_int_equal(out.verdict, verdict);
}

static uint64_t received(struct bld *of)
{
	struct vlsp_count c;

	bld_count_read(of, IN, &c);
	return c.rx_packets;
}

static bool exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static int pinned(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), DIR "/%s", name);
	fd = bpf_obj_get(path);
	assert_true(fd >= 0);
	return fd;
}

static void unpin(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), DIR "/%s", name);
	assert_int_equal(unlink(path), 0);
}

static void remove_pins(void)
{
	if (exists(DIR))
		assert_int_equal(system("rm -r " DIR), 0);
}

static int reset(void **state)
{
	(void)harness_reset;
	(void)state;
	if (why_not)
		return 0;
	if (again)
		close_again(false);
	remove_pins();
	memset(entries, 0, sizeof(entries));
	return 0;
}

/* Opens and fills in another process, which ends by a kill. */
static void live_and_be_killed(void)
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

/* --- what is whole --------------------------------------------------------------------------- */

static void note_slot(void *arg, uint32_t slot, const struct vlsp_router *record)
{
	assert_int_equal(ntohl(record->address), ADDR(slot));
	assert_int_equal(record->edge, 1000 + slot);
	*(uint32_t *)arg = *(uint32_t *)arg * 10 + slot;
}

static void note_port(void *arg, uint32_t number, const struct vlsp_port *record)
{
	assert_int_equal(record->slot, 1);
	*(uint32_t *)arg = *(uint32_t *)arg * 1000 + number;
}

static void assert_filled(void)
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

static void what_is_kept_goes_on_and_is_taken_over(void **state)
{
	uint32_t fib, capacity = 8 * VLSP_FIB_MIN;
	int prog;

	(void)state;
	need_bpf();
	open_again();
	assert_false(bld_adopted(again));
	fill();
	hops(bld_prog_in(again), ROUTE);
	fib = bld_router_fib_id(again, 1);
	assert_int_not_equal(fib, 0);
	prog = fcntl(bld_prog_in(again), F_DUPFD_CLOEXEC, 0); /* as if attached */
	close_again(true);

	hops(prog, ROUTE);
	open_again();
	assert_filled();
	assert_int_equal(bld_router_fib_id(again, 1), fib);
	assert_int_equal(received(again), 2);
	hops(prog, ROUTE);
	hops(bld_prog_in(again), ROUTE);
	assert_int_equal(received(again), 4);
	close(prog);
	/* it is as good as a new one */
	assert_true(bld_router_grow(again, 2, capacity) >= 0);
	assert_int_equal(bld_router_switch(again, 2), 0);
	assert_int_equal(bld_settle(again), 0);
	bld_router_del(again, 2);
	hops(bld_prog_in(again), TC_ACT_OK);
	close_again(false);
	assert_false(exists(DIR));
	assert_int_equal(journal_count(), 0);
}

static void one_that_was_killed_is_taken_over(void **state)
{
	(void)state;
	need_bpf();
	live_and_be_killed();
	open_again();
	assert_filled();
	hops(bld_prog_in(again), ROUTE);
	close_again(false);
	assert_false(exists(DIR));
}

static void it_can_be_left_and_taken_over_many_times(void **state)
{
	(void)state;
	need_bpf();
	open_again();
	fill();
	for (int i = 0; i < 20; i++) {
		hops(bld_prog_in(again), ROUTE);
		close_again(true);
		open_again();
	}
	assert_filled();
	assert_int_equal(received(again), 20);
}

static void without_routers_the_network_is_the_one_asked_for(void **state)
{
	struct err err = {0};
	uint32_t network;
	unsigned length;

	(void)state;
	need_bpf();
	open_again();
	close_again(true);
	assert_int_equal(bld_open("again", 0x0b000000, 24, NULL, &again, &err), 0);
	bld_network(again, &network, &length);
	assert_int_equal(network, 0x0b000000);
	assert_int_equal(length, 24);
	assert_int_equal(bld_router_add(again, 1, 0x0b000001, 1001, VLSP_FIB_MIN, &err), 0);
	close_again(true);
	open_again();
	bld_network(again, &network, &length);
	assert_int_equal(network, 0x0b000000); /* with one it stays */
}

/* --- what is half made ----------------------------------------------------------------------- */

static void a_router_without_fib_is_nobody(void **state)
{
	struct vlsp_router record = {.address = htonl(ADDR(5)), .edge = 1005};
	uint32_t slot = 5, host = 5;
	struct vlsp_addr addr = {.slot1 = 6};
	struct err err = {0};
	int fd;

	(void)state;
	need_bpf();
	live_and_be_killed();
	fd = pinned("vlsp_router");
	assert_int_equal(bpf_map_update_elem(fd, &slot, &record, 0), 0);
	close(fd);
	fd = pinned("vlsp_addr");
	assert_int_equal(bpf_map_update_elem(fd, &host, &addr, 0), 0);
	close(fd);
	open_again();
	assert_filled();
	assert_int_equal(bld_router_add(again, 6, ADDR(5), 1005, VLSP_FIB_MIN, &err), 0);
	assert_int_equal(bld_router_add(again, 5, ADDR(6), 1006, VLSP_FIB_MIN, &err), 0);
}

static void a_router_without_address_gets_it_back(void **state)
{
	struct vlsp_addr addr = {0};
	uint32_t host = 2;
	int fd;

	(void)state;
	need_bpf();
	live_and_be_killed();
	fd = pinned("vlsp_addr");
	assert_int_equal(bpf_map_update_elem(fd, &host, &addr, 0), 0);
	close(fd);
	open_again();
	assert_filled();
	hops(bld_prog_in(again), ROUTE);
}

static void the_fib_of_a_router_that_is_gone_is_let_go(void **state)
{
	static const struct vlsp_router none;
	uint32_t slot = 2, id, empty;
	struct err err = {0};
	int fd;

	(void)state;
	need_bpf();
	for (int i = 0; i < 2; i++) { /* the second one finds the empty FIB of the first */
		live_and_be_killed();
		fd = pinned("vlsp_router");
		assert_int_equal(bpf_map_update_elem(fd, &slot, &none, 0), 0);
		close(fd);
		open_again();
		assert_int_equal(bld_settle(again), 0);
		fd = pinned("vlsp_fib");
		assert_int_equal(bpf_map_lookup_elem(fd, &slot, &id), 0);
		close(fd);
		fd = bpf_map_get_fd_by_id(id);
		assert_true(fd >= 0);
		struct bpf_map_info info = {0};
		uint32_t size = sizeof(info);

		assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
		close(fd);
		assert_string_equal(info.name, "vlsp_fib_none");
		if (i == 1)
			assert_int_equal(id, empty);
		empty = id;
		bld_router_del(again, 1);
		assert_int_equal(bld_router_add(again, 3, ADDR(3), 1003, VLSP_FIB_MIN, &err), 0);
		bld_router_del(again, 3); /* stays empty */
		close_again(true);
	}
}

/* --- what is not whole, or not ours ---------------------------------------------------------- */

static void some_pins_without_routers_are_made_anew(void **state)
{
	static const char *const gone[] = {"vlsp_out", "vlsp_in", "vlsp_conf", "vlsp_count"};

	(void)state;
	need_bpf();
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		open_again();
		close_again(true);
		unpin(gone[i]);
		open_again();
		assert_false(bld_adopted(again));
		fill();
		hops(bld_prog_in(again), ROUTE);
		assert_int_equal(received(again), 1);
		close_again(false);
		assert_false(exists(DIR));
		memset(entries, 0, sizeof(entries));
	}
}

static void some_pins_with_routers_are_left_alone(void **state)
{
	static const char *const gone[] = {"vlsp_out", "vlsp_router"};

	(void)state;
	need_bpf();
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		struct err err = {0};
		struct bld *other = NULL;

		live_and_be_killed();
		unpin(gone[i]);
		assert_int_equal(bld_open("again", ADDR(0), 16, &journal, &other, &err), -EUCLEAN);
		assert_non_null(strstr(err.text, "vlspd clean"));
		assert_null(other);
		assert_true(exists(DIR "/vlsp_fib"));
		assert_true(exists(DIR "/vlsp_in"));
		remove_pins();
	}
}

static void another_layout_is_refused(void **state)
{
	struct vlsp_conf conf, wrong;
	uint32_t zero = 0;
	int fd;

	(void)state;
	need_bpf();
	live_and_be_killed();
	fd = pinned("vlsp_conf");
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &conf), 0);
	assert_int_equal(conf.layout, VLSP_LAYOUT);
	for (int i = 0; i < 3; i++) {
		static const char *const words[] = {"version", "processors", "network"};
		struct err err = {0};
		struct bld *other = NULL;

		wrong = conf;
		wrong.layout += i == 0;
		wrong.ncpu += i == 1;
		wrong.mask = i == 2 ? htonl(0xff00ff00) : conf.mask;
		assert_int_equal(bpf_map_update_elem(fd, &zero, &wrong, 0), 0);
		assert_int_equal(bld_open("again", ADDR(0), 16, &journal, &other, &err), -EPROTO);
		assert_non_null(strstr(err.text, words[i]));
		assert_non_null(strstr(err.text, "vlspd clean"));
		assert_null(other);
	}
	assert_int_equal(bpf_map_update_elem(fd, &zero, &conf, 0), 0);
	close(fd);
	open_again();
	assert_filled(); /* nothing was changed */
}

static int foreign_map(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "vlsp_conf", 4, 16, 1, NULL);

	assert_true(fd >= 0);
	return fd;
}

static void what_others_pinned_survives(void **state)
{
	struct err err = {0};
	struct bld *other = NULL;
	int fd;

	(void)state;
	need_bpf();
	fd = foreign_map();
	mkdir("/sys/fs/bpf/vlsp", 0700);
	mkdir(DIR, 0700);
	assert_int_equal(bpf_obj_pin(fd, DIR "/vlsp_theirs"), 0);
	open_again(); /* beside it */
	close_again(false);
	assert_true(exists(DIR "/vlsp_theirs"));
	assert_int_equal(bpf_obj_pin(fd, DIR "/vlsp_conf"), 0);
	assert_int_equal(bld_open("again", ADDR(0), 16, &journal, &other, &err), -EPROTO);
	assert_true(exists(DIR "/vlsp_conf"));
	unpin("vlsp_conf");
	open_again();
	unpin("vlsp_conf");
	assert_int_equal(bpf_obj_pin(fd, DIR "/vlsp_conf"), 0);
	close_again(false); /* it is not the one that we pinned */
	assert_true(exists(DIR "/vlsp_conf"));
	assert_false(exists(DIR "/vlsp_in"));
	close(fd);
}

static void pins_that_are_not_in_the_journal_are_not_removed(void **state)
{
	struct err err = {0};
	struct bld *other = NULL;

	(void)state;
	need_bpf();
	open_again();
	close_again(true);
	unpin("vlsp_out");
	memset(entries, 0, sizeof(entries));
	assert_true(bld_open("again", ADDR(0), 16, &journal, &other, &err) < 0);
	assert_true(exists(DIR "/vlsp_in"));
}

static void one_process_has_it_open_at_a_time(void **state)
{
	struct err err = {0};
	struct bld *other = NULL;

	(void)state;
	need_bpf();
	open_again();
	fill();
	assert_int_equal(bld_open("again", ADDR(0), 16, NULL, &other, &err), -EEXIST);
	assert_null(other);
	hops(bld_prog_in(again), ROUTE);
}

static int refuse_add(void *arg, const char *kind, const char *what)
{
	(void)kind;
	(void)what;
	return --*(int *)arg < 0 ? -ENOSPC : 0;
}

static void note_del(void *arg, const char *kind, const char *what)
{
	(void)kind;
	(void)what;
	++*(int *)arg;
}

static void without_journal_entry_nothing_is_pinned(void **state)
{
	(void)state;
	need_bpf();
	for (int fail = 0; fail < 9; fail++) {
		int room = fail;
		struct bld_journal full = {
			.arg = &room, .add = refuse_add, .del = note_del, .has = journal_has};
		struct err err = {0};
		struct bld *other = NULL;

		assert_int_equal(bld_open("again", ADDR(0), 16, &full, &other, &err), -ENOSPC);
		assert_null(other);
		assert_false(exists(DIR));
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, reset)
	const struct CMUnitTest tests[] = {
		T(what_is_kept_goes_on_and_is_taken_over),
		T(one_that_was_killed_is_taken_over),
		T(it_can_be_left_and_taken_over_many_times),
		T(without_routers_the_network_is_the_one_asked_for),
		T(a_router_without_fib_is_nobody),
		T(a_router_without_address_gets_it_back),
		T(the_fib_of_a_router_that_is_gone_is_let_go),
		T(some_pins_without_routers_are_made_anew),
		T(some_pins_with_routers_are_left_alone),
		T(another_layout_is_refused),
		T(what_others_pinned_survives),
		T(pins_that_are_not_in_the_journal_are_not_removed),
		T(one_process_has_it_open_at_a_time),
		T(without_journal_entry_nothing_is_pinned),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
