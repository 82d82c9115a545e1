// SPDX-License-Identifier: GPL-2.0-or-later
/* A listening socket in the loop: what waits is taken when it may be, and none is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/loop/accept.h"

#define MANY 150 /* more than one round takes */

struct world {
	struct loop *loop;
	struct loop_accept *accept;
	int sock, clients[MANY];
	unsigned taken;
};

static void taken(void *arg, int fd)
{
	((struct world *)arg)->taken++;
	close(fd);
}

static int setup(void **state)
{
	static struct world world;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(addr);

	world = (struct world){.sock = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)};
	/* only the family: the kernel chooses a name that nobody has (unix(7), autobind) */
	assert_int_equal(bind(world.sock, (struct sockaddr *)&addr, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(world.sock, MANY), 0);
	assert_int_equal(getsockname(world.sock, (struct sockaddr *)&addr, &size), 0);
	assert_int_equal(loop_new(&world.loop), 0);
	assert_int_equal(
		loop_accept_new(world.loop, world.sock, "clients", taken, &world, &world.accept),
		0);
	for (int i = 0; i < MANY; i++) {
		world.clients[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(world.clients[i], (struct sockaddr *)&addr, size), 0);
	}
	*state = &world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < MANY; i++)
		close(world->clients[i]);
	loop_accept_free(world->accept);
	loop_free(world->loop);
	close(world->sock);
	return 0;
}

static void run_until_all(struct world *world)
{
	uint64_t end = clock_mono_ns() + 10 * NSEC_PER_SEC;

	while (world->taken < MANY && clock_mono_ns() < end)
		assert_true(loop_once(world->loop, 10) >= 0);
	assert_int_equal(world->taken, MANY);
}

static void nobody_is_taken_before_it_goes_and_everybody_then(void **state)
{
	struct world *world = *state;

	assert_int_equal(loop_once(world->loop, 20), 0);
	assert_int_equal(world->taken, 0);
	loop_accept_go(world->accept);
	loop_accept_go(world->accept);
	run_until_all(world);
}

static void without_descriptors_they_wait_and_the_loop_rests(void **state)
{
	struct world *world = *state;
	uint64_t end = clock_mono_ns() + 350 * NSEC_PER_MSEC;
	struct rlimit before, none;
	unsigned rounds = 0;

	loop_accept_go(world->accept);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (; clock_mono_ns() < end; rounds++)
		assert_true(loop_once(world->loop, 10) >= 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(world->taken, 0);
	assert_in_range(rounds, 1, 60);
	run_until_all(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_is_taken_before_it_goes_and_everybody_then,
						setup, teardown),
		cmocka_unit_test_setup_teardown(without_descriptors_they_wait_and_the_loop_rests,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
