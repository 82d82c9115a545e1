// SPDX-License-Identifier: GPL-2.0-or-later
/* The reader of a ring buffer, against the kernel: small programs add and give up records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/bpfring.h"
#include "tests/bpf/feed.h"

#define RING_SIZE 4096
static int map = -1, prog_add = -1, prog_discard = -1;
static struct bpfring *ring;

static int load_discard(void)
{
	const struct bpf_insn insns[] = {
		LD_MAP(1, map),
		MOV_IMM(2, 64),
		MOV_IMM(3, 0),
		CALL(BPF_FUNC_ringbuf_reserve),
		OP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3, 0),
		MOV_REG(1, 0),
		MOV_IMM(2, 0),
		CALL(BPF_FUNC_ringbuf_discard),
		MOV_IMM(0, ADDED),
		EXIT,
	};

	return feed_load(insns, ARRAY_SIZE(insns));
}

static int open_all(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "test", 0, 0, RING_SIZE, NULL);
	prog_add = feed_new(map);
	prog_discard = load_discard();
	return map >= 0 && prog_add >= 0 && prog_discard >= 0 && bpfring_open(map, &ring) == 0 ? 0
											       : -1;
}

static int close_all(void **state)
{
	(void)state;
	bpfring_close(ring);
	if (map < 0)
		return 0;
	close(prog_discard);
	close(prog_add);
	close(map);
	return 0;
}

static void need(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: needs root\n");
	skip();
}

static uint32_t run(int prog, const void *data, uint32_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = size);

	assert_int_equal(bpf_prog_test_run_opts(prog, &opts), 0);
	return opts.retval;
}

/* A record of length bytes, which its number decides. */
static uint32_t add(uint16_t length, unsigned n)
{
	uint8_t data[FRAME];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(n * 7 + i);
	memcpy(data, &length, sizeof(length));
	return run(prog_add, data, sizeof(data));
}

static void expect(uint16_t length, unsigned n)
{
	uint32_t size = 0;
	const uint8_t *data = bpfring_peek(ring, &size);

	assert_non_null(data);
	assert_int_equal(size, length);
	if (length >= sizeof(length))
		assert_memory_equal(data, &length, sizeof(length));
	for (size_t i = sizeof(length); i < size; i++)
		assert_int_equal(data[i], (uint8_t)(n * 7 + i));
	bpfring_next(ring);
}

static void records_of_any_length_come_in_order_over_the_seam(void **state)
{
	uint32_t size;

	(void)state;
	need();
	for (unsigned n = 0; n < 4000; n++) {
		uint16_t length = (uint16_t)(n * 37 % (FRAME + 1));
		uint16_t other = (uint16_t)(n * 53 % 200);

		assert_true(bpfring_empty(ring));
		assert_int_equal(add(length, n), ADDED);
		assert_int_equal(add(other, n + 1), ADDED);
		expect(length, n);
		assert_false(bpfring_empty(ring));
		expect(other, n + 1);
		assert_null(bpfring_peek(ring, &size));
	}
}

static void what_is_peeked_stays_until_next(void **state)
{
	uint32_t one = 0, two = 0;
	const void *first;

	(void)state;
	need();
	assert_int_equal(add(100, 1), ADDED);
	first = bpfring_peek(ring, &one);
	assert_int_equal(add(200, 2), ADDED);
	assert_ptr_equal(bpfring_peek(ring, &two), first);
	assert_int_equal(two, 100);
	expect(100, 1);
	expect(200, 2);
}

static void given_up_records_are_passed_over(void **state)
{
	uint32_t size;

	(void)state;
	need();
	for (unsigned n = 0; n < 200; n++) {
		run(prog_discard, (uint8_t[64]){0}, 64);
		assert_int_equal(add((uint16_t)n, n), ADDED);
		run(prog_discard, (uint8_t[64]){0}, 64);
		expect((uint16_t)n, n);
		assert_null(bpfring_peek(ring, &size));
		assert_true(bpfring_empty(ring));
	}
}

static void a_full_ring_takes_more_when_it_was_read(void **state)
{
	unsigned added = 0;
	uint32_t size;

	(void)state;
	need();
	while (add(400, added) == ADDED)
		added++;
	assert_in_range(added, 9, 10);
	expect(400, 0);
	expect(400, 1); /* an eighth is told at once */
	assert_int_equal(add(400, added), ADDED);
	for (unsigned n = 2; n <= added; n++)
		expect(400, n);
	assert_null(bpfring_peek(ring, &size));
}

static void the_map_is_readable_while_something_is_in_it(void **state)
{
	struct pollfd poller = {.fd = map, .events = POLLIN};
	uint32_t size;

	(void)state;
	need();
	assert_int_equal(poll(&poller, 1, 0), 0);
	assert_int_equal(add(10, 3), ADDED);
	assert_int_equal(poll(&poller, 1, 0), 1);
	expect(10, 3);
	assert_null(bpfring_peek(ring, &size));
	assert_int_equal(poll(&poller, 1, 0), 0);
}

/* Edges show each wake-up, which is what a producer pays for. */
static void only_who_has_seen_the_ring_empty_is_woken(void **state)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	int epoll = epoll_create1(0);
	uint32_t size;

	(void)state;
	need();
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, map, &event), 0);
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
	assert_int_equal(add(10, 1), ADDED);
	assert_int_equal(epoll_wait(epoll, &event, 1, 1000), 1);
	for (unsigned n = 1; n < 8; n++) { /* it reads on */
		expect(10, n);
		assert_true(bpfring_empty(ring));
		assert_int_equal(add(10, n + 1), ADDED);
		assert_int_equal(epoll_wait(epoll, &event, 1, 20), 0);
	}
	expect(10, 8);
	assert_null(bpfring_peek(ring, &size));
	assert_int_equal(add(10, 9), ADDED);
	assert_int_equal(epoll_wait(epoll, &event, 1, 1000), 1);
	expect(10, 9);
	assert_null(bpfring_peek(ring, &size));
	close(epoll);
}

/* However the one before ended. */
static void the_next_reader_goes_on_where_the_one_before_was(void **state)
{
	uint32_t size;
	int status;
	pid_t pid;

	(void)state;
	need();
	for (unsigned n = 0; n < 4; n++)
		assert_int_equal(add(10, n), ADDED);
	expect(10, 0);
	bpfring_close(ring);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) { /* reads one, and dies */
		if (bpfring_open(map, &ring) < 0 || !bpfring_peek(ring, &size))
			_exit(1);
		bpfring_next(ring);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(bpfring_open(map, &ring), 0);
	expect(10, 2);
	expect(10, 3);
	assert_null(bpfring_peek(ring, &size));
}

static void only_a_ring_is_taken_for_one(void **state)
{
	struct bpfring *other = NULL;
	int array;

	(void)state;
	need();
	array = bpf_map_create(BPF_MAP_TYPE_ARRAY, "array", 4, 8, 4, NULL);
	assert_true(array >= 0);
	assert_int_equal(bpfring_open(array, &other), -EINVAL);
	assert_true(bpfring_open(prog_add, &other) < 0);
	assert_true(bpfring_open(-1, &other) < 0);
	assert_int_equal(bpfring_open_sized(map, RING_SIZE - 1, &other), -EINVAL);
	assert_int_equal(bpfring_open_sized(map, 0, &other), -EINVAL);
	assert_true(bpfring_open_sized(map, 2 * RING_SIZE, &other) < 0);
	assert_true(bpfring_open_sized(array, RING_SIZE, &other) < 0);
	assert_null(other);
	close(array);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(records_of_any_length_come_in_order_over_the_seam),
		T(what_is_peeked_stays_until_next),
		T(given_up_records_are_passed_over),
		T(a_full_ring_takes_more_when_it_was_read),
		T(the_map_is_readable_while_something_is_in_it),
		T(only_who_has_seen_the_ring_empty_is_woken),
		T(the_next_reader_goes_on_where_the_one_before_was),
		T(only_a_ring_is_taken_for_one),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
