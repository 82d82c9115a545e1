// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Batches of netlink messages against the kernel, in a network namespace of the test's own: what is
 * accepted is there, what is refused is reported with its tag, and the rest is done all the same.
 * Needs root; skips with the reason otherwise.
 */
#include "lib/nlk/batch.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/nlk/addr.h"
#include "lib/nlk/link.h"
#include "lib/nlk/ns.h"
#include "lib/nlk/tc.h"

#define PAIRS 400

struct seen {
	uint32_t tags[PAIRS];
	int codes[PAIRS];
	size_t count;
};

static void refused(void *arg, uint32_t tag, int code, const char *text)
{
	struct seen *seen = arg;

	assert_non_null(text);
	assert_true(seen->count < PAIRS);
	seen->tags[seen->count] = tag;
	seen->codes[seen->count++] = code;
}

static int setup(void **state)
{
	static int sock;

	*state = NULL;
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		return 0;
	}
	assert_return_code(unshare(CLONE_NEWNET | CLONE_NEWNS), errno);
	assert_return_code(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), errno);
	sock = nlk_open();
	assert_true(sock >= 0);
	*state = &sock;
	return 0;
}

static int teardown(void **state)
{
	if (*state)
		close(*(int *)*state);
	return 0;
}

#define NEED(state)                                                                                \
	if (!*(state))                                                                             \
	skip()

static void put_pair(struct nlk_batch *batch, uint32_t number, const char *name, int peer_ns)
{
	char peer[IFNAMSIZ];
	struct nlk_veth_end end[2] = {
		{.name = name, .index = 100 + number, .mac = {2, 0, 0, 0, 0, 1}},
		{.name = peer, .index = 1000 + number, .mac = {2, 0, 0, 0, 0, 2}},
	};

	snprintf(peer, sizeof(peer), "p%u", number);
	batch->tag = number;
	nlk_link_veth(batch, end, 1400, peer_ns);
}

static void an_empty_batch_is_sent_without_asking_anybody(void **state)
{
	struct nlk_batch batch;

	(void)state;
	nlk_batch_init(&batch);
	assert_int_equal(nlk_batch_send(&batch, -1, NULL, NULL), 0);
	nlk_batch_done(&batch);
}

static void a_pair_is_made_across_two_namespaces_and_deleted(void **state)
{
	int sock = *state ? **(int **)state : -1, home, other, far;
	struct nlk_link_change change = {
		.set = NLK_LINK_UP | NLK_LINK_ALIAS | NLK_LINK_MTU, .alias = "x:y", .mtu = 1300};
	struct nlk_batch batch;

	NEED(state);
	nlk_batch_init(&batch);
	home = nlk_ns_current();
	other = nlk_ns_new();
	far = nlk_open();
	assert_true(home >= 0 && other >= 0 && far >= 0);
	assert_int_equal(nlk_ns_enter(home), 0);
	put_pair(&batch, 1, "near", other);
	nlk_link_set(&batch, 101, &change);
	nlk_tc_clsact(&batch, 101);
	nlk_addr_add(&batch, 101, 0x0a010203, 24, "near");
	nlk_route_add(&batch, 101, 0x0a020000, 16, 0x0a010203);
	assert_int_equal(nlk_batch_send(&batch, sock, NULL, NULL), 0);
	nlk_link_get(&batch, 1001);
	assert_int_equal(nlk_batch_send(&batch, far, NULL, NULL), 0);
	assert_int_equal(system("ip -o link show near | grep -q 'mtu 1300.*x:y'"), 0);
	assert_int_equal(system("ip -o -4 addr show near | grep -q '10.1.2.3/24'"), 0);
	assert_int_equal(
		system("ip route show 10.2.0.0/16 | grep -q 'near.*scope link src 10.1.2.3'"), 0);
	assert_int_equal(system("tc qdisc show dev near | grep -q clsact"), 0);
	nlk_link_del(&batch, 101);
	assert_int_equal(nlk_batch_send(&batch, sock, NULL, NULL), 0);
	nlk_link_get(&batch, 1001);
	assert_int_equal(nlk_batch_send(&batch, far, NULL, NULL), -ENODEV);
	nlk_batch_done(&batch);
	close(far);
	close(other);
	close(home);
}

static void every_refused_message_is_reported_with_its_tag(void **state)
{
	int sock = *state ? **(int **)state : -1, home = nlk_ns_current();
	struct seen seen = {.count = 0};
	struct nlk_batch batch;

	NEED(state);
	nlk_batch_init(&batch);
	put_pair(&batch, 10, "a", home);
	put_pair(&batch, 11, "a", home); /* the name is taken */
	put_pair(&batch, 12, "b", home);
	put_pair(&batch, 12, "c", home); /* the index is */
	batch.tag = 99;
	nlk_link_del(&batch, 555);
	assert_int_equal(nlk_batch_send(&batch, sock, refused, &seen), -EEXIST);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.tags[0], 11);
	assert_int_equal(seen.codes[0], EEXIST);
	assert_int_equal(seen.tags[1], 12);
	assert_int_equal(seen.tags[2], 99);
	assert_int_equal(seen.codes[2], ENODEV);
	assert_true(if_nametoindex("a") == 110 && if_nametoindex("b") == 112);
	assert_true(if_nametoindex("c") == 0);
	/* the socket and the batch go on being usable */
	nlk_link_get(&batch, 110);
	assert_int_equal(nlk_batch_send(&batch, sock, refused, &seen), 0);
	assert_int_equal(seen.count, 3);
	nlk_batch_done(&batch);
	close(home);
}

static void a_batch_of_more_than_one_chunk_is_done_in_order(void **state)
{
	int sock = *state ? **(int **)state : -1, home = nlk_ns_current();
	struct seen seen = {.count = 0};
	const struct nlk_link_change group = {.set = NLK_LINK_GROUP, .group = 7};
	struct nlk_batch batch;
	char name[IFNAMSIZ];

	NEED(state);
	nlk_batch_init(&batch);
	for (uint32_t i = 0; i < PAIRS; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		put_pair(&batch, i, i == 200 ? "v3" : name, home);
		nlk_link_set(&batch, 100 + i, &group);
	}
	assert_true(batch.used > 2 * NLK_CHUNK_MAX);
	assert_int_equal(nlk_batch_send(&batch, sock, refused, &seen), -EEXIST);
	assert_int_equal(seen.count, 2); /* the pair, and its group */
	assert_true(seen.tags[0] == 200 && seen.tags[1] == 200);
	assert_int_equal(if_nametoindex("v399"), 499);
	nlk_link_del_group(&batch, 7);
	assert_int_equal(nlk_batch_send(&batch, sock, NULL, NULL), 0);
	assert_int_equal(if_nametoindex("v0") + if_nametoindex("p399"), 0);
	nlk_batch_done(&batch);
	close(home);
}

static void a_program_that_is_none_is_refused(void **state)
{
	int sock = *state ? **(int **)state : -1;
	struct seen seen = {.count = 0};
	struct nlk_batch batch;

	NEED(state);
	nlk_batch_init(&batch);
	nlk_tc_clsact(&batch, 1);
	batch.tag = 5;
	nlk_tc_bpf(&batch, 1, NLK_TC_INGRESS, STDIN_FILENO, "none");
	assert_true(nlk_batch_send(&batch, sock, refused, &seen) < 0);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.tags[0], 5);
	nlk_batch_done(&batch);
}

static void a_namespace_keeps_its_name_until_it_is_taken_away(void **state)
{
	char dir[] = "/tmp/vlsp-nlk-XXXXXX", path[64], file[64];
	int home = nlk_ns_current(), ns, again;

	NEED(state);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/one", dir);
	snprintf(file, sizeof(file), "%s/file", dir);
	ns = nlk_ns_new();
	assert_true(ns >= 0);
	assert_int_equal(nlk_ns_bind(path), 0);
	assert_int_equal(nlk_ns_bind(path), -EEXIST);
	close(ns);
	assert_int_equal(nlk_ns_enter(home), 0);
	again = nlk_ns_open(path);
	assert_true(again >= 0);
	close(again);
	assert_int_equal(nlk_ns_unbind(path), 0);
	assert_int_equal(nlk_ns_open(path), -ENOENT);
	again = creat(file, 0600);
	close(again);
	assert_int_equal(nlk_ns_open(file) < 0, 1);
	unlink(file);
	assert_int_equal(rmdir(dir), 0);
	close(home);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_batch_is_sent_without_asking_anybody),
		TEST(a_pair_is_made_across_two_namespaces_and_deleted),
		TEST(every_refused_message_is_reported_with_its_tag),
		TEST(a_batch_of_more_than_one_chunk_is_done_in_order),
		TEST(a_program_that_is_none_is_refused),
		TEST(a_namespace_keeps_its_name_until_it_is_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
