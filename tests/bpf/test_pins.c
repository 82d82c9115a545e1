// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pins that are not what the loader would take over: some of them missing, made by another version,
 * somebody else's; and what is written down about those that are ours.
 */
#include "tests/bpf/again.h"

#include <dirent.h>

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
		assert_false(exists(PIN_DIR));
		memset(entries, 0, ENTRIES * sizeof(*entries));
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
		assert_true(exists(PIN_DIR "/vlsp_fib"));
		assert_true(exists(PIN_DIR "/vlsp_in"));
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
	mkdir(PIN_DIR, 0700);
	assert_int_equal(bpf_obj_pin(fd, PIN_DIR "/vlsp_theirs"), 0);
	open_again(); /* beside it */
	close_again(false);
	assert_true(exists(PIN_DIR "/vlsp_theirs"));
	assert_int_equal(bpf_obj_pin(fd, PIN_DIR "/vlsp_conf"), 0);
	assert_int_equal(bld_open("again", ADDR(0), 16, &journal, &other, &err), -EPROTO);
	assert_true(exists(PIN_DIR "/vlsp_conf"));
	unpin("vlsp_conf");
	open_again();
	unpin("vlsp_conf");
	assert_int_equal(bpf_obj_pin(fd, PIN_DIR "/vlsp_conf"), 0);
	close_again(false); /* it is not the one that we pinned */
	assert_true(exists(PIN_DIR "/vlsp_conf"));
	assert_false(exists(PIN_DIR "/vlsp_in"));
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
	memset(entries, 0, ENTRIES * sizeof(*entries));
	assert_true(bld_open("again", ADDR(0), 16, &journal, &other, &err) < 0);
	assert_true(exists(PIN_DIR "/vlsp_in"));
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

static unsigned descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void opening_and_closing_leaks_no_descriptor(void **state)
{
	struct err err = {0};
	struct bld *other = NULL;
	unsigned before;

	(void)state;
	need_bpf();
	before = descriptors();
	open_again();
	fill();
	assert_int_equal(bld_open("again", ADDR(0), 16, NULL, &other, &err), -EEXIST);
	for (int i = 0; i < 10; i++) {
		close_again(true);
		assert_int_equal(descriptors(), before);
		open_again();
	}
	close_again(true);
	unpin("vlsp_out");
	assert_int_equal(bld_open("again", ADDR(0), 16, &journal, &other, &err), -EUCLEAN);
	assert_int_equal(descriptors(), before);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, reset)
	const struct CMUnitTest tests[] = {
		T(some_pins_without_routers_are_made_anew),
		T(some_pins_with_routers_are_left_alone),
		T(another_layout_is_refused),
		T(what_others_pinned_survives),
		T(pins_that_are_not_in_the_journal_are_not_removed),
		T(one_process_has_it_open_at_a_time),
		T(opening_and_closing_leaks_no_descriptor),
	};

	return cmocka_run_group_tests(tests, open_group, harness_close);
}
