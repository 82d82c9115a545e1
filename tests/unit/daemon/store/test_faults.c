// SPDX-License-Identifier: GPL-2.0-or-later
/* Disks that fail: full, read-only, broken at any one write or sync. Nothing that was acknowledged
 * is lost, nothing is half there, and every refusal says what to do. */
#include "tests/unit/daemon/store/world.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/daemon/store/fault_vfs.h"

static int commit(struct world *w, struct net *net, bool all)
{
	struct store_change change = net_change(net);

	change.all = all;
	return w->store->ops->commit(w->store, &change, &w->err);
}

static int begin(struct world *w, struct net *net)
{
	return w->store->ops->begin(w->store, &net->op, 0, 0, 0, net->router_count, &w->err);
}

/* --- a disk that breaks, by a file system of our own -------------------------------------------
 */

static void copy_file(const struct world *w, const struct world *to, const char *name)
{
	char from[200], there[200], buf[65536];
	ssize_t n;
	int in, out;

	snprintf(from, sizeof(from), "%s/%s", w->dir, name);
	snprintf(there, sizeof(there), "%s/%s", to->dir, name);
	in = open(from, O_RDONLY);
	if (in < 0)
		return;
	out = open(there, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)n), n);
	close(in);
	close(out);
}

/* What a daemon would find that starts now, this one having been killed. */
static void load_as_killed(const struct world *w, struct store_content **ret_content)
{
	struct fault kept = fault;
	struct world *to;

	fault = (struct fault){0};
	world_open((void **)&to);
	assert_int_equal(mkdir(to->dir, 0700), 0);
	copy_file(w, to, "vlsp.db");
	copy_file(w, to, "vlsp.db-wal");
	copy_file(w, to, "lock");
	if (world_load(to, ret_content) < 0)
		fail_msg("%s", to->err.text);
	world_close((void **)&to);
	fault = kept;
}

static bool is(const struct store_content *content, const struct net *net)
{
	if (content->router_count != net->router_count)
		return false;
	assert_same(content, net);
	return true;
}

enum seen { SEEN_DONE = 1, SEEN_REFUSED = 2, SEEN_STALE = 4 };

/* A commit whose n-th change of a file fails. Returns which way it went; false in *ret_hit: the
 * commit had fewer. */
static int one_fault(struct world *w, struct net *before, struct net *after, bool *ret_hit)
{
	int at = fault.fail_at, seen, r;
	struct store_content *content;

	fault.fail_at = 0;
	world_start(w);
	net_write(w, before, 1);
	after->op.id = 2;
	assert_int_equal(begin(w, after), 0);
	fault.count = 0;
	fault.fail_at = at;
	r = commit(w, after, true);
	*ret_hit = fault.count >= at;
	load_as_killed(w, &content);
	if (r == 0) {
		seen = SEEN_DONE;
		assert_false(w->store->stale);
		assert_true(is(content, after));
	} else if (!w->store->stale) {
		seen = SEEN_REFUSED;
		assert_true(w->store->trouble[0]);
		assert_true(is(content, before));
	} else {
		seen = SEEN_STALE;
		assert_true(w->store->trouble[0]);
		assert_true(is(content, before) || is(content, after));
	}
	store_content_free(content);

	/* The disk is well again. */
	fault.fail_at = 0;
	if (w->store->stale) {
		assert_int_equal(commit(w, after, false), -EIO);
		assert_non_null(strstr(w->err.text, "written anew"));
	}
	if (r < 0) {
		assert_int_equal(begin(w, after), 0);
		assert_int_equal(commit(w, before, true), 0);
		assert_int_equal(w->store->trouble[0], 0);
		load_as_killed(w, &content);
		assert_true(is(content, before));
		store_content_free(content);
	}
	world_stop(w, true);
	return seen;
}

static void a_disk_that_fails_once_or_for_good_leaves_all_or_nothing(void **state)
{
	static const struct fault kinds[] = {
		{.code = SQLITE_IOERR_WRITE},
		{.code = SQLITE_IOERR_WRITE, .after = true},
		{.code = SQLITE_IOERR_WRITE, .on = true},
		{.code = SQLITE_IOERR_WRITE, .on = true, .after = true},
		{.code = SQLITE_FULL},
		{.code = SQLITE_FULL, .on = true},
	};
	int seen[ARRAY_SIZE(kinds)] = {0};
	struct world *w = *state;
	struct net before, after;

	net_make(&before, 3);
	net_make(&after, 40);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		bool hit = true;
		int n;

		for (n = 1; hit; n++) {
			fault = kinds[k];
			fault.fail_at = n;
			seen[k] |= one_fault(w, &before, &after, &hit);
		}
		assert_true(n > 10); /* there was something to fail */
	}
	fault = (struct fault){0};
	/* Once: settled at once. For good: the next daemon decides, and we say so. */
	assert_int_equal(seen[0] & SEEN_STALE, 0);
	assert_true(seen[0] & SEEN_REFUSED);
	assert_true(seen[2] & SEEN_STALE);
	assert_true(seen[3] & SEEN_STALE);
	/* No room: the reserve was given up, and the second attempt worked. */
	assert_int_equal(seen[4], SEEN_DONE);
	assert_true(seen[5] & SEEN_REFUSED);
	net_free(&before);
	net_free(&after);
}

static void a_commit_in_doubt_is_made_good_by_one_of_everything(void **state)
{
	struct store_content *content;
	struct world *w = *state;
	struct net before, after, small;

	net_make(&before, 3);
	net_make(&after, 40);
	net_make(&small, 3);
	small.router_count = 1;
	small.link_count = 0;
	world_start(w);
	net_write(w, &before, 1);
	after.op.id = small.op.id = 2;
	fault = (struct fault){.fail_at = 1, .code = SQLITE_IOERR_FSYNC, .on = true, .syncs = true};
	assert_int_equal(commit(w, &after, true), -EIO);
	assert_true(w->store->stale);
	assert_non_null(strstr(w->err.text, w->dir));
	fault = (struct fault){0};
	assert_int_equal(commit(w, &small, false), -EIO);
	load_as_killed(w, &content); /* this is why: it is there, though it was refused */
	assert_true(is(content, &after));
	store_content_free(content);
	assert_int_equal(commit(w, &before, true), 0);
	assert_false(w->store->stale);
	load_as_killed(w, &content);
	assert_true(is(content, &before));
	store_content_free(content);
	small.router_count = 3;
	small.link_count = 2;
	net_free(&before);
	net_free(&after);
	net_free(&small);
}

/* --- real file systems, in a mount namespace of our own ----------------------------------------
 */

static bool own_mounts(void)
{
	static int have = -1;

	if (have < 0)
		have = unshare(CLONE_NEWNS) == 0 &&
		       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return have;
}

static void small_disk(struct world *w, const char *options)
{
	assert_int_equal(mkdir(w->dir, 0750), 0);
	assert_int_equal(mount("vlsp-test", w->dir, "tmpfs", 0, options), 0);
}

static void fill(const struct world *w, bool leave_nothing)
{
	static char block[65536];
	size_t size = sizeof(block);
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/filler", w->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(fd >= 0);
	while (size >= 4096)
		if (write(fd, block, size) < (ssize_t)size)
			size /= leave_nothing ? 2 : 100;
	close(fd);
}

static void empty(const struct world *w)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/filler", w->dir);
	assert_int_equal(unlink(path), 0);
}

static void a_full_disk_is_found_before_anything_is_done(void **state)
{
	struct store_content *content;
	struct world *w = *state;
	struct net before, after;

	if (!own_mounts())
		skip();
	net_make(&before, 3);
	net_make(&after, 5000);
	small_disk(w, "size=24m,mode=750");
	world_start(w);
	net_write(w, &before, 1);
	assert_true(world_has(w, "reserve"));
	fill(w, true);
	after.op.id = 2;
	assert_int_equal(begin(w, &after), -ENOSPC);
	assert_non_null(strstr(w->err.text, w->dir));
	assert_non_null(strstr(w->err.text, "no space left: free at least "));
	assert_non_null(strstr(w->err.text, "nothing was changed"));
	assert_string_equal(w->store->trouble, w->err.text);

	/* Space is back: so is everything else. */
	empty(w);
	assert_int_equal(begin(w, &after), 0);
	assert_int_equal(w->store->trouble[0], 0);
	assert_int_equal(commit(w, &after, true), 0);
	world_stop(w, false);
	assert_int_equal(world_load(w, &content), 0);
	assert_same(content, &after);
	store_content_free(content);
	world_stop(w, false);
	umount(w->dir);
	net_free(&before);
	net_free(&after);
}

static void a_disk_that_fills_up_meanwhile_takes_the_change_all_the_same(void **state)
{
	struct store_content *content;
	struct world *w = *state;
	struct net before, after;
	struct stat st;
	char path[200];

	if (!own_mounts())
		skip();
	net_make(&before, 3);
	net_make(&after, 5000);
	small_disk(w, "size=24m,mode=750");
	world_start(w);
	net_write(w, &before, 1);
	after.op.id = 2;
	assert_int_equal(begin(w, &after), 0);
	fill(w, true);
	assert_int_equal(commit(w, &after, true), 0);
	world_stop(w, false);
	/* As full as it is, the next daemon can read it. */
	fill(w, true);
	assert_int_equal(world_load(w, &content), 0);
	assert_same(content, &after);
	store_content_free(content);
	/* And takes no change until there is space; then the reserve is back. */
	fill(w, true);
	after.op.id = 3;
	assert_int_equal(begin(w, &after), -ENOSPC);
	empty(w);
	assert_int_equal(begin(w, &after), 0);
	assert_int_equal(commit(w, &before, true), 0);
	snprintf(path, sizeof(path), "%s/reserve", w->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, STORE_RESERVE_MIN);
	assert_true(st.st_blocks * 512 >= STORE_RESERVE_MIN);
	world_stop(w, false);
	umount(w->dir);
	net_free(&before);
	net_free(&after);
}

static void a_new_store_on_a_full_disk_is_refused(void **state)
{
	struct world *w = *state;

	if (!own_mounts())
		skip();
	small_disk(w, "size=1m,mode=750");
	fill(w, true);
	assert_int_equal(store_open(w->dir, &w->store, &w->err), -ENOSPC);
	assert_non_null(strstr(w->err.text, "no space left"));
	assert_null(w->store);
	assert_false(world_has(w, "vlsp.db"));
	assert_false(world_has(w, "vlsp.db.new"));
	assert_false(world_has(w, "lock"));
	umount(w->dir);
}

static void a_read_only_file_system_is_refused_and_left_alone(void **state)
{
	struct store_content *content;
	struct world *w = *state;
	struct net net;

	if (!own_mounts())
		skip();
	net_make(&net, 3);
	small_disk(w, "size=24m,mode=750");
	world_start(w);
	net_write(w, &net, 1);
	world_stop(w, false);
	assert_int_equal(mount(NULL, w->dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(store_open(w->dir, &w->store, &w->err), -EROFS);
	assert_non_null(strstr(w->err.text, "read-only"));
	assert_non_null(strstr(w->err.text, w->dir));
	assert_int_equal(store_remove(w->dir, &w->err), -EROFS);
	assert_int_equal(mount(NULL, w->dir, NULL, MS_REMOUNT, NULL), 0);
	assert_int_equal(world_load(w, &content), 0);
	assert_same(content, &net);
	store_content_free(content);
	world_stop(w, false);
	umount(w->dir);
	net_free(&net);
}

static void a_read_only_bind_mount_while_it_runs_is_told(void **state)
{
	struct world *w = *state;
	struct net net;

	if (!own_mounts())
		skip();
	net_make(&net, 3);
	world_start(w);
	net_write(w, &net, 1);
	/* The -wal of a store that is open can be written, yet its directory takes nothing new. */
	assert_int_equal(mount(w->dir, w->dir, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, w->dir, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	net.op.id = 2;
	assert_int_equal(w->store->ops->begin(w->store, &net.op, 0, 0, 0, 100000, &w->err), -EROFS);
	assert_non_null(strstr(w->err.text, "read-only"));
	assert_int_equal(umount(w->dir), 0);
	assert_int_equal(w->store->ops->begin(w->store, &net.op, 0, 0, 0, 100, &w->err), 0);
	assert_int_equal(commit(w, &net, true), 0);
	net_free(&net);
}

static int open_well(void **state)
{
	fault = (struct fault){0};
	return world_open(state);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, open_well, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_disk_that_fails_once_or_for_good_leaves_all_or_nothing),
		TEST(a_commit_in_doubt_is_made_good_by_one_of_everything),
		TEST(a_full_disk_is_found_before_anything_is_done),
		TEST(a_disk_that_fills_up_meanwhile_takes_the_change_all_the_same),
		TEST(a_new_store_on_a_full_disk_is_refused),
		TEST(a_read_only_file_system_is_refused_and_left_alone),
		TEST(a_read_only_bind_mount_while_it_runs_is_told),
	};

	fault_vfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
