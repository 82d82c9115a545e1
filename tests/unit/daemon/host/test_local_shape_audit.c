// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links with shapes that outlive the daemon, with the relay; and what is found when somebody takes
 * a shape, or a part of one, away behind its back. Needs root, $O/vlsp-router and $O/vlsp-relay;
 * skips with the reason otherwise.
 */
#include "tests/unit/daemon/host/shaped_world.h"

#include "daemon/host/local_priv.h"

#define LINK_0_THERE "backend relay delay 20ms jitter 1ms loss 0.0001% seed 5"
#define LINK_0_BACK  "rate 10mbit limit 40 loss 0.0002%"
#define LINK_1_THERE "loss 0.0001%" /* without a seed: its key is not known */

static bool finished;

static void audited(void *arg, struct host_audit *audit, int status, const struct err *err)
{
	(void)arg;
	(void)audit;
	if (status < 0)
		fail_msg("%s", err->text);
	finished = true;
}

/* The square, with links 0 and 1 as above, is wanted. To be freed by host_audit_free(). */
static struct host_audit *look(struct world *world, bool adopt)
{
	struct host_batch *batch = grid(2, false);
	struct host_audit *audit = host_audit_new(batch->routers_add_count, batch->links_add_count);

	assert_non_null(audit);
	audit->network = batch->network;
	memcpy(audit->routers, batch->routers_add,
	       batch->routers_add_count * sizeof(*audit->routers));
	memcpy(audit->links, batch->links_add, batch->links_add_count * sizeof(*audit->links));
	audit->links[0] = shaped(0, LINK_0_THERE, LINK_0_BACK);
	audit->links[1] = shaped(1, LINK_1_THERE, "");
	host_batch_free(batch);
	finished = false;
	assert_int_equal(world->host->ops->audit(world->host, audit, adopt, audited, world), 0);
	run_until(world, &finished);
	return audit;
}

static void expect_well(struct world *world, bool adopt)
{
	struct host_audit *audit = look(world, adopt);

	for (size_t i = 0; i < audit->link_count; i++)
		if (audit->link_found[i] != HOST_WELL)
			fail_msg("link %s is %d: %s", audit->links[i].name, audit->link_found[i],
				 audit->example);
	assert_int_equal(audit->strays, 0);
	host_audit_free(audit);
}

static void make_all(struct world *world)
{
	run_ok(world, grid(2, false));
	set(world, 0, LINK_0_THERE, LINK_0_BACK);
	set(world, 1, LINK_1_THERE, "");
	expect_well(world, false);
}

/* All that the kernel has of the shapes, as text. */
static void picture(char text[8000])
{
	FILE *pipe = popen("for r in r1 r2 r3 r4; do ip netns exec $r tc qdisc; ip netns exec $r "
			   "ip -d link show lo | grep -o 'gso_max_segs [0-9]*'; done",
			   "r");
	struct vlsp_shape is;
	size_t n;

	assert_non_null(pipe);
	n = fread(text, 1, 6000, pipe);
	pclose(pipe);
	for (uint32_t port = A; port < A + 8; port++) {
		n += (size_t)sprintf(text + n, "port %u: flags %u", port, flags_of(port));
		if (record(port, &is))
			n += (size_t)sprintf(text + n, ", key %llx, epoch %u, delay %llu",
					     (unsigned long long)is.key, is.epoch,
					     (unsigned long long)is.delay_ns);
		text[n++] = '\n';
	}
	text[n] = '\0';
}

static void shapes_are_taken_over_as_they_are(void **state)
{
	static char before[8000], after[8000];
	struct world *world = *state;
	struct err err = {0};
	int32_t relay;

	NEED(state);
	CAN("relay");
	CAN("sch_tbf");
	make_all(world);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
	relay = local_relay_find(RUNTIME);
	picture(before);
	for (int i = 0; i < 2; i++) {
		world->host->ops->close(world->host, true);
		world->host = NULL;
		/* the relay goes on alone */
		assert_int_equal(local_relay_find(RUNTIME), relay);
		assert_int_equal(shell("ip netns exec r1 ping -q -c 2 -i 0.2 -W 5 10.0.0.2"
				       " >/dev/null"),
				 0);
		if (open_host(world, &err) < 0)
			fail_msg("%s", err.text);
		expect_well(world, true);
		assert_int_equal(local_relay_find(RUNTIME), relay);
		picture(after);
		assert_string_equal(after, before);
		expect_well(world, false);
	}
	for (int i = 0; i < 500 && !pace(world).running; i++)
		run_for(world, 20);
	assert_true(pace(world).running);
	assert_int_equal(pace(world).restarts, 0);
	/* it obeys the new daemon: a shape that goes, and a router that had no socket before */
	set(world, 1, LINK_1_THERE, "backend relay delay 1ms");
	assert_int_equal(local_relay_find(RUNTIME), relay);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.3 >/dev/null");
	set(world, 0, "", "");
	assert_true(has_no_queue("r2", "to-r1"));
	/* and is started again where it is lost */
	assert_return_code(kill(relay, SIGKILL), errno);
	for (int i = 0; i < 500 && pace(world).restarts == 0; i++)
		run_for(world, 20);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.3 >/dev/null");
}

static void a_relay_that_died_with_its_daemon_is_started_by_the_next(void **state)
{
	struct world *world = *state;
	struct err err = {0};
	int32_t relay;

	NEED(state);
	CAN("relay");
	CAN("sch_tbf");
	make_all(world);
	relay = local_relay_find(RUNTIME);
	world->host->ops->close(world->host, true);
	world->host = NULL;
	assert_return_code(kill(relay, SIGKILL), errno);
	(void)waitpid(relay, NULL, 0);
	if (open_host(world, &err) < 0)
		fail_msg("%s", err.text);
	expect_well(world, true);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
	assert_int_not_equal(local_relay_find(RUNTIME), 0);
}

static void change_record(uint32_t port, void (*change)(struct vlsp_shape *shape))
{
	struct vlsp_shape is;
	int fd = map("shape");

	assert_int_equal(bpf_map_lookup_elem(fd, &port, &is), 0);
	change(&is);
	assert_int_equal(bpf_map_update_elem(fd, &port, &is, BPF_ANY), 0);
	close(fd);
}

static void other_delay(struct vlsp_shape *shape)
{
	shape->delay_ns++;
}

static void other_key(struct vlsp_shape *shape)
{
	shape->key++;
}

static void other_burst(struct vlsp_shape *shape)
{
	shape->loss.enter = 5;
}

static void delete_record(uint32_t port)
{
	int fd = map("shape");

	assert_int_equal(bpf_map_delete_elem(fd, &port), 0);
	close(fd);
}

static void change_flags(uint32_t port, uint32_t flags)
{
	struct vlsp_port at;
	int fd = map("port");

	assert_int_equal(bpf_map_lookup_elem(fd, &port, &at), 0);
	at.flags = flags;
	assert_int_equal(bpf_map_update_elem(fd, &port, &at, BPF_ANY), 0);
	close(fd);
}

static void what_is_taken_from_a_shape_is_found_and_mended(void **state)
{
	static const struct {
		const char *command, *why;
		void (*change)(struct vlsp_shape *shape); /* at A */
		uint32_t deleted, flagged;
	} rows[] = {
		{.change = other_delay, .why = "its shape is another"},
		{.change = other_key, .why = "its shape is another"},
		{.change = other_burst, .why = "its shape is another"},
		{.deleted = A, .why = "its shape is missing"},
		{.deleted = B, .why = "its shape is missing"},
		{.flagged = A, .why = "its shape is another"},
		{.flagged = B, .why = "its shape is another"},
		{.command = "ip netns exec r2 tc qdisc del dev to-r1 root",
		 .why = "a queue of its shape is missing, or another"},
		{.command = "ip netns exec r2 tc qdisc replace dev to-r1 root pfifo limit 5",
		 .why = "a queue of its shape is missing, or another"},
		{.command = "ip netns exec r2 tc qdisc change dev to-r1 root handle 5601: tbf"
			    " rate 11mbit burst 5000 limit 40",
		 .why = "a queue of its shape is missing, or another"},
		{.command = "ip netns exec r2 tc qdisc change dev to-r1 parent 5601:1 handle 5603:"
			    " pfifo limit 41",
		 .why = "a queue of its shape is missing, or another"},
	};
	char text[300];
	struct world *world = *state;

	NEED(state);
	CAN("relay");
	CAN("sch_tbf");
	make_all(world);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct host_audit *audit;

		if (rows[i].change)
			change_record(A, rows[i].change);
		if (rows[i].deleted)
			delete_record(rows[i].deleted);
		if (rows[i].flagged)
			change_flags(rows[i].flagged, VLSP_PORT_VALID);
		if (rows[i].command)
			assert_int_equal(shell("%s", rows[i].command), 0);
		audit = look(world, false);
		snprintf(text, sizeof(text), "link r1-r2: %s", rows[i].why);
		if (audit->link_found[0] != HOST_DIFFERS || strcmp(audit->example, text) != 0)
			fail_msg("row %zu: %d: %s", i, audit->link_found[0], audit->example);
		assert_int_equal(audit->link_found[1], HOST_WELL);
		host_audit_free(audit);
		set(world, 0, LINK_0_THERE, LINK_0_BACK);
		expect_well(world, false);
	}
}

/* By a daemon that was killed before the rate was acknowledged. */
static void a_queue_that_is_not_wanted_is_found_and_goes(void **state)
{
	struct world *world = *state;
	struct host_audit *audit;

	NEED(state);
	CAN("sch_tbf");
	make_all(world);
	assert_int_equal(shell("ip netns exec r1 tc qdisc add dev to-r3 root handle 5601: tbf"
			       " rate 100mbit burst 12500 limit 9000"),
			 0);
	audit = look(world, false);
	assert_int_equal(audit->link_found[1], HOST_DIFFERS);
	assert_string_equal(audit->example,
			    "link r1-r3: a queue of its shape is missing, or another");
	host_audit_free(audit);
	set(world, 1, LINK_1_THERE, "");
	assert_true(has_no_queue("r1", "to-r3"));
	expect_well(world, false);
	/* somebody else's is none of ours */
	assert_int_equal(shell("ip netns exec r1 tc qdisc add dev to-r3 root handle 7: pfifo"
			       " limit 9"),
			 0);
	expect_well(world, false);
	set(world, 1, LINK_1_THERE, "");
	assert_int_equal(shell("ip netns exec r1 tc qdisc show dev to-r3 | grep -q 'pfifo 7:'"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shapes_are_taken_over_as_they_are),
		TEST(a_relay_that_died_with_its_daemon_is_started_by_the_next),
		TEST(what_is_taken_from_a_shape_is_found_and_mended),
		TEST(a_queue_that_is_not_wanted_is_found_and_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
