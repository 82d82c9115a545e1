// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links with shapes on the real kernel: the programs' records, queues of devices, edges that send
 * real packets, and the relay, which is started, supplied, lost and found. Topology: a square, r1
 * at one corner, r2 and r3 beside it; the link in hand is r1-r2. Needs root, $O/vlsp-router and
 * $O/vlsp-relay; skips with the reason otherwise.
 */
#include "tests/unit/daemon/host/shaped_world.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "daemon/host/local_priv.h"

/* --- made, changed, removed --------------------------------------------------------------------
 */

static void fates_have_a_record_of_their_direction_only(void **state)
{
	struct world *world = *state;
	struct vlsp_shape is;

	NEED(state);
	run_ok(world, grid(2, false));
	assert_false(record(A, &is));
	assert_false(real());
	set(world, 0, "loss 10% seed 7", "");
	assert_true(record(A, &is));
	assert_int_equal(is.loss.loss, 429496730);
	assert_int_equal(is.flags, 0);
	assert_int_equal(is.link, 1);
	assert_false(record(B, &is));
	assert_int_equal(flags_of(A), VLSP_PORT_VALID | VLSP_PORT_SHAPED);
	assert_int_equal(flags_of(B), VLSP_PORT_VALID);
	assert_true(has_no_queue("r1", "to-r2"));
	assert_true(real());
	assert_int_equal(shell("for i in 1 2 3 4; do ip netns exec r$i ip -d link show lo |"
			       " grep -q 'gso_max_segs 1 ' || exit 1; done"),
			 0);
	assert_false(pace(world).running); /* for that nobody needs a relay */
	set(world, 0, "", "");
	assert_false(record(A, &is));
	assert_int_equal(flags_of(A), VLSP_PORT_VALID);
	assert_false(real());
	assert_int_equal(
		shell("ip netns exec r4 ip -d link show lo | grep -q 'gso_max_segs 65535 '"), 0);
}

static void a_router_that_comes_later_sends_real_packets_too(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;

	NEED(state);
	run_ok(world, grid(2, false));
	set(world, 0, "loss 10%", "");
	batch = batch_new();
	batch->routers_add = calloc(1, sizeof(*batch->routers_add));
	batch->routers_add[batch->routers_add_count++] = router_of(4);
	run_ok(world, batch);
	assert_int_equal(shell("ip netns exec r5 ip -d link show lo | grep -q 'gso_max_segs 1 '"),
			 0);
}

/* One whose namespace cannot be opened then. */
static void large_segments_come_back_also_where_they_could_not_at_once(void **state)
{
	static const char large[] = "nsenter --net=" RUNTIME "/kept ip -d link show lo |"
				    " grep -q 'gso_max_segs 65535 '";
	struct world *world = *state;

	NEED(state);
	run_ok(world, grid(2, false));
	set(world, 0, "loss 10%", "");
	assert_int_equal(shell("touch " RUNTIME "/kept && mount --bind " RUNTIME
			       "/netns/r4 " RUNTIME "/kept && umount " RUNTIME "/netns/r4"),
			 0);
	set(world, 0, "", "");
	assert_false(real());
	assert_int_not_equal(shell("%s", large), 0);
	assert_int_equal(shell("mount --bind " RUNTIME "/kept " RUNTIME "/netns/r4"), 0);
	set(world, 1, "", "");
	assert_int_equal(shell("%s", large), 0);
	assert_int_equal(shell("umount " RUNTIME "/kept && rm " RUNTIME "/kept"), 0);
}

static void a_rate_is_a_queue_of_the_sending_device(void **state)
{
	struct world *world = *state;
	struct vlsp_shape is;

	NEED(state);
	CAN("sch_tbf");
	run_ok(world, grid(2, false));
	set(world, 0, "", "rate 10mbit limit 50");
	assert_true(has_no_queue("r1", "to-r2"));
	assert_true(queue_is("r2", "to-r1", "tbf 5601: root.*rate 10Mbit.*pfifo 5603:.*limit 50p"));
	assert_int_equal(flags_of(B), VLSP_PORT_VALID | VLSP_PORT_QUEUE);
	assert_false(record(B, &is));
	/* changed as it runs */
	set(world, 0, "", "rate 20mbit limit 60");
	assert_true(queue_is("r2", "to-r1", "tbf 5601: root.*rate 20Mbit.*pfifo 5603:.*limit 60p"));
	/* larger than 2^32 bytes a second */
	set(world, 0, "", "rate 100gbit overhead 24");
	assert_true(queue_is("r2", "to-r1", "tbf 5601: root.*rate 100Gbit.*limit 1000p"));
	set(world, 0, "", "rate 1mbit loss 5%");
	assert_true(queue_is("r2", "to-r1", "tbf 5601: root.*rate 1Mbit"));
	assert_true(record(B, &is));
	assert_int_equal(flags_of(B), VLSP_PORT_VALID | VLSP_PORT_QUEUE | VLSP_PORT_SHAPED);
	set(world, 0, "", "");
	assert_true(has_no_queue("r2", "to-r1"));
	assert_int_equal(flags_of(B), VLSP_PORT_VALID);
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
}

static void a_link_is_made_with_its_shape_and_goes_with_it(void **state)
{
	struct world *world = *state;
	struct vlsp_shape is;

	NEED(state);
	CAN("relay");
	run_ok(world, grid(2, false));
	run_ok(world, batch_links(link_of(0, 0, 1), '-'));
	run_ok(world, batch_links(shaped(0, "backend relay delay 5ms", "loss 3%"), '+'));
	assert_true(record(A, &is));
	assert_int_equal(is.delay_ns, 5000000);
	assert_int_equal(is.flags, VLSP_SHAPE_RELAY);
	assert_true(record(B, &is));
	assert_true(pace(world).running);
	run_ok(world, batch_links(link_of(0, 0, 1), '-'));
	assert_false(record(A, &is));
	assert_false(record(B, &is));
	assert_false(real());
	/* the next one with these ports has nothing of it */
	run_ok(world, batch_links(link_of(0, 0, 1), '+'));
	assert_int_equal(flags_of(A), VLSP_PORT_VALID);
	assert_false(record(A, &is));
}

static void without_a_seed_numbers_go_on_and_with_one_they_begin_anew(void **state)
{
	struct world *world = *state;
	struct vlsp_shape first, second;

	NEED(state);
	run_ok(world, grid(2, false));
	set(world, 0, "loss 10%", "loss 10%");
	assert_true(record(A, &first) && record(B, &second));
	assert_int_not_equal(first.key, second.key);
	set(world, 0, "loss 20%", "loss 10%");
	assert_true(record(A, &second));
	assert_int_equal(second.key, first.key);
	assert_int_equal(second.epoch, first.epoch);
	assert_int_not_equal(second.loss.loss, first.loss.loss);
	set(world, 0, "loss 20% seed 1", "loss 10%");
	assert_true(record(A, &first));
	assert_int_not_equal(second.key, first.key);
	assert_int_not_equal(second.epoch, first.epoch);
	set(world, 0, "loss 30% seed 1", "loss 10%");
	assert_true(record(A, &second));
	assert_int_equal(second.key, first.key);
	assert_int_equal(second.epoch, first.epoch);
}

/* --- the relay ---------------------------------------------------------------------------------
 */

static unsigned sockets_of(int32_t pid)
{
	char path[300], target[64];
	struct dirent *entry;
	unsigned count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		count += n > 7 && strncmp(target, "socket:", 7) == 0;
	}
	closedir(dir);
	return count - 1; /* to the daemon */
}

static void one_relay_has_one_socket_for_each_router_that_sends(void **state)
{
	struct world *world = *state;
	struct host_batch *batch;
	int32_t pid;

	NEED(state);
	CAN("relay");
	run_ok(world, grid(2, false));
	assert_int_equal(local_relay_find(RUNTIME), 0);
	set(world, 0, "backend relay delay 1ms", "");
	pid = local_relay_find(RUNTIME);
	assert_true(pid > 0);
	assert_int_equal(sockets_of(pid), 1);
	set(world, 0, "backend relay delay 2ms", "backend relay delay 3ms");
	assert_int_equal(sockets_of(pid), 2);
	set(world, 1, "backend relay delay 1ms", "backend relay rate 1mbit");
	assert_int_equal(local_relay_find(RUNTIME), pid);
	assert_int_equal(sockets_of(pid), 3); /* r1 has two such links */
	expect(world, "ip netns exec r2 ping -q -c 1 -W 1 10.0.0.3 >/dev/null");
	/* a router that goes takes its socket with it */
	batch = batch_new();
	batch->links_del = calloc(2, sizeof(*batch->links_del));
	batch->links_del[batch->links_del_count++] = shaped(0, "", "");
	batch->links_del[batch->links_del_count++] = link_of(2, 1, 3);
	batch->routers_del = calloc(1, sizeof(*batch->routers_del));
	batch->routers_del[batch->routers_del_count++] = router_of(1);
	run_ok(world, batch);
	for (int i = 0; i < 500 && sockets_of(pid) != 2; i++)
		run_for(world, 10);
	assert_int_equal(sockets_of(pid), 2);
	world->host->ops->close(world->host, false);
	world->host = NULL;
	assert_int_equal(local_relay_find(RUNTIME), 0);
	assert_int_equal(shell("test -z \"$(ls -A " RUNTIME ")\""), 0);
}

/* Three round trips take that many ms at least; a slow machine adds to it. */
static void expect_delay(const char *to, double ms)
{
	assert_int_equal(shell("ip netns exec r1 ping -c 3 -i 0.2 -W 5 %s |"
			       " sed -n 's,^rtt.* = \\([0-9.]*\\)/.*,\\1,p' |"
			       " awk '{ok = $1 >= %f} END {exit !ok}'",
			       to, ms),
			 0);
}

static void datagrams_take_the_delay_of_each_direction(void **state)
{
	struct world *world = *state;
	struct host_line line;
	uint32_t port = A;

	NEED(state);
	CAN("relay");
	run_ok(world, grid(2, false));
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
	set(world, 0, "backend relay delay 40ms", "backend relay delay 30ms");
	set(world, 1, "backend relay delay 100ms", "");
	expect(world, "ip netns exec r1 ping -q -c 1 -W 5 10.0.0.2 >/dev/null");
	expect_delay("10.0.0.2", 70);
	assert_true(pace(world).sent > 3);
	assert_int_equal(pace(world).overruns, 0);
	assert_int_equal(world->host->ops->lines_read(world->host, &port, 1, &line), 0);
	assert_int_equal(line.queue, 0);
}

static void a_relay_that_was_killed_is_started_again_and_supplied(void **state)
{
	struct world *world = *state;
	int32_t pid;

	NEED(state);
	CAN("relay");
	run_ok(world, grid(2, false));
	set(world, 0, "backend relay delay 20ms", "backend relay delay 20ms");
	set(world, 1, "backend relay delay 20ms", "");
	for (uint32_t i = 1; i <= 2; i++) {
		pid = local_relay_find(RUNTIME);
		assert_return_code(kill(pid, SIGKILL), errno);
		for (int k = 0; k < 1000 && (!pace(world).running || pace(world).restarts < i); k++)
			run_for(world, 20);
		assert_true(pace(world).running);
		assert_int_equal(pace(world).restarts, i);
		assert_int_not_equal(local_relay_find(RUNTIME), pid);
		expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
		expect_delay("10.0.0.2", 40);
		expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.3 >/dev/null");
		assert_int_equal(sockets_of(local_relay_find(RUNTIME)), 2);
	}
	/* it takes what comes new, too */
	set(world, 1, "backend relay delay 20ms", "backend relay delay 1ms");
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.3 >/dev/null");
}

/* A UDP socket in a router's namespace, bound to its address. */
static int socket_at(uint32_t slot)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(7777),
				 .sin_addr.s_addr = htonl(address_of(slot))};
	char path[60];
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), ns, sock;

	snprintf(path, sizeof(path), "/run/netns/r%u", slot + 1);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(home >= 0 && ns >= 0);
	assert_return_code(setns(ns, CLONE_NEWNET), errno);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_return_code(setns(home, CLONE_NEWNET), errno);
	close(ns);
	close(home);
	return sock;
}

static void what_waits_leaves_when_the_shape_is_taken_away(void **state)
{
	static const char *const next[] = {"", "loss 0.0001%", "rate 1gbit",
					   "backend relay rate 1gbit"};
	struct world *world = *state;
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(7777),
				 .sin_addr.s_addr = htonl(address_of(1))};
	char payload[1000] = "";
	int from, at, room = 4 << 20;

	NEED(state);
	CAN("relay");
	run_ok(world, grid(2, false));
	expect(world, "ip netns exec r1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null");
	from = socket_at(0);
	at = socket_at(1);
	assert_int_equal(setsockopt(at, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), 0);
	for (size_t i = 0; i < 4; i++) {
		/* two minutes for each of them, if nothing changed */
		set(world, 0, "backend relay rate 80", "");
		for (int k = 0; k < 100; k++)
			assert_int_equal(sendto(from, payload, sizeof(payload), 0,
						(struct sockaddr *)&to, sizeof(to)),
					 sizeof(payload));
		set(world, 0, next[i], "");
		for (int k = 0; k < 100; k++) {
			struct pollfd p = {.fd = at, .events = POLLIN};

			if (poll(&p, 1, 20000) != 1)
				fail_msg("\"%s\": %d of 100 have come", next[i], k);
			assert_int_equal(recv(at, payload, sizeof(payload), 0), sizeof(payload));
		}
	}
	close(from);
	close(at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fates_have_a_record_of_their_direction_only),
		TEST(a_router_that_comes_later_sends_real_packets_too),
		TEST(large_segments_come_back_also_where_they_could_not_at_once),
		TEST(a_rate_is_a_queue_of_the_sending_device),
		TEST(a_link_is_made_with_its_shape_and_goes_with_it),
		TEST(without_a_seed_numbers_go_on_and_with_one_they_begin_anew),
		TEST(one_relay_has_one_socket_for_each_router_that_sends),
		TEST(datagrams_take_the_delay_of_each_direction),
		TEST(a_relay_that_was_killed_is_started_again_and_supplied),
		TEST(what_waits_leaves_when_the_shape_is_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
