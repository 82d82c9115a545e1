// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening and closing that ends at each step with the journal, by a refusal or a kill. Apart from
 * test_pins.c, because each step has the kernel verify the programs anew, once or twice: the two
 * run side by side.
 */
#include "tests/bpf/again.h"

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
	for (int fail = 0; fail < 24; fail++) {
		int room = fail;
		struct bld_journal full = {
			.arg = &room, .add = refuse_add, .del = note_del, .has = journal_has};
		struct err err = {0};
		struct bld *other = NULL;

		assert_int_equal(bld_open("again", ADDR(0), 16, &full, &other, &err), -ENOSPC);
		assert_null(other);
		assert_false(exists(PIN_DIR));
	}
}

/* Opens, fills and closes, and is killed before a step with the journal. False: it came to the end.
 */
static bool killed_at(int step)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct err err;

		calls_until_kill = step;
		if (bld_open("again", ADDR(0), 16, &journal, &again, &err) < 0)
			_exit(1);
		fill();
		bld_close(again, false);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status);
}

static void killed_anywhere_in_opening_and_closing_the_next_one_opens(void **state)
{
	int step = 0;

	(void)state;
	need_bpf();
	for (; killed_at(step); step++) {
		struct err err = {0};

		open_again();
		if (bld_router_add(again, 8, ADDR(8), 1008, VLSP_FIB_MIN, &err) < 0)
			fail_msg("step %d: %s", step, err.text);
		close_again(false);
		assert_false(exists(PIN_DIR));
		memset(entries, 0, ENTRIES * sizeof(*entries)); /* of the one that was killed */
	}
	assert_int_equal(step, 48); /* twenty-four pins, each made and removed */
	assert_int_equal(journal_count(), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, reset)
	const struct CMUnitTest tests[] = {
		T(without_journal_entry_nothing_is_pinned),
		T(killed_anywhere_in_opening_and_closing_the_next_one_opens),
	};

	return cmocka_run_group_tests(tests, open_group, harness_close);
}
