// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Virtual sockets within one router, where the kernel delivers over lo: addresses, options, errors,
 * closing. What needs links is in tests/system/sockets.sh.
 */
#include "tests/unit/lib/client/router.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "include/shared/flow.h"
#include "include/vlsp/vlsp.h"
#include "lib/client/socket_priv.h"

static bool on_router;

#define assert_fails(code, call)                                                                   \
	do {                                                                                       \
		errno = 0;                                                                         \
		assert_int_equal(call, -1);                                                        \
		assert_int_equal(errno, code);                                                     \
	} while (0)

struct pair {
	struct vlsp_socket *a, *b; /* a is connected to b, which is bound */
	struct vlsp_address at_a, at_b;
};

static struct pair pair_open(void)
{
	struct pair pair = {.a = vlsp_socket_open(), .b = vlsp_socket_open()};

	assert_non_null(pair.a);
	assert_non_null(pair.b);
	assert_int_equal(vlsp_bind(pair.b, NULL), 0);
	assert_int_equal(vlsp_local(pair.b, &pair.at_b), 0);
	assert_int_equal(vlsp_connect(pair.a, &pair.at_b), 0);
	assert_int_equal(vlsp_local(pair.a, &pair.at_a), 0);
	assert_int_equal(vlsp_set(pair.a, VLSP_TIMEOUT, 20000), 0);
	assert_int_equal(vlsp_set(pair.b, VLSP_TIMEOUT, 20000), 0);
	return pair;
}

/* Not by memory: there is padding. */
static void assert_address(const struct vlsp_address *is, const struct vlsp_address *want)
{
	assert_int_equal(is->host, want->host);
	assert_int_equal(is->port, want->port);
}

static void pair_close(struct pair *pair)
{
	vlsp_socket_close(pair->a);
	vlsp_socket_close(pair->b);
}

static void a_datagram_brings_where_it_is_from(void **state)
{
	struct vlsp_info info;
	struct pair pair;
	char data[8];

	(void)state;
	if (!on_router)
		skip();
	pair = pair_open();
	assert_int_equal(pair.at_b.host, ROUTER_ADDRESS);
	assert_int_equal(vlsp_set(pair.a, VLSP_TTL, 7), 0);
	assert_int_equal(vlsp_set(pair.a, VLSP_TCLASS, 0x2e << 2 | 1), 0);
	assert_int_equal(vlsp_send(pair.a, "0123456789", 10), 10);
	assert_int_equal(vlsp_recv(pair.b, data, sizeof(data), &info), 8);
	assert_memory_equal(data, "01234567", 8);
	assert_int_equal(info.size, 10);
	assert_int_equal(info.ttl, 7);
	assert_int_equal(info.tclass, 0xb9);
	assert_address(&info.from, &pair.at_a);
	assert_address(&info.to, &pair.at_b);
	assert_int_equal(info.flow, flow_id(ROUTER_ADDRESS, ROUTER_ADDRESS, 17,
					    (uint32_t)pair.at_a.port << 16 | pair.at_b.port));
	assert_false(info.has_meta);
	/* empty ones are datagrams, too */
	assert_int_equal(vlsp_sendto(pair.b, "", 0, &info.from), 0);
	assert_int_equal(vlsp_recv(pair.a, data, sizeof(data), &info), 0);
	assert_int_equal(info.size, 0);
	pair_close(&pair);
}

static void what_a_router_sends_to_itself_has_no_age(void **state)
{
	struct vlsp_info info;
	struct pair pair;
	uint32_t hash;
	char data[8];

	(void)state;
	if (!on_router)
		skip();
	pair = pair_open();
	hash = flow_id(ROUTER_ADDRESS, ROUTER_ADDRESS, 17,
		       (uint32_t)pair.at_a.port << 16 | pair.at_b.port);
	assert_int_equal(vlsp_set(pair.a, VLSP_META, 1), 0);
	assert_int_equal(vlsp_send(pair.a, "x", 1), 1);
	assert_int_equal(vlsp_recv(pair.b, data, sizeof(data), &info), 1);
	assert_true(info.has_meta);
	assert_int_equal(info.age_us, 0);
	assert_int_equal(info.flow, hash);
	assert_int_equal(vlsp_set(pair.a, VLSP_FLOW, 77), 0);
	assert_int_equal(vlsp_send(pair.a, "x", 1), 1);
	assert_int_equal(vlsp_recv(pair.b, data, sizeof(data), &info), 1);
	assert_int_equal(info.flow, 77);
	pair_close(&pair);
}

/* The kernel takes most of these, and what is sent vanishes. */
static void what_no_router_has_is_refused_at_once(void **state)
{
	static const uint32_t outside[] = {0x7f000001, 0x7fffffff, 0xe0000001,
					   0xefffffff, 0xf0000001, 0xffffffff};
	struct vlsp_socket *s;
	struct vlsp_address local;

	(void)state;
	if (!on_router)
		skip();
	s = vlsp_socket_open();
	assert_non_null(s);
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		struct vlsp_address at = {.host = outside[i], .port = 5000};

		assert_fails(ENETUNREACH, vlsp_sendto(s, "x", 1, &at));
		assert_fails(ENETUNREACH, vlsp_connect(s, &at));
		assert_fails(EADDRNOTAVAIL, vlsp_bind(s, &at));
		at.port = 0;
		assert_fails(EADDRNOTAVAIL, vlsp_bind(s, &at));
	}
	assert_int_equal(vlsp_bind(s, NULL), 0); /* nothing of it stays */
	assert_int_equal(vlsp_local(s, &local), 0);
	assert_int_equal(local.host, ROUTER_ADDRESS);
	assert_int_equal(vlsp_sendto(s, "x", 1, &local), 1);
	vlsp_socket_close(s);
}

static void options_have_ranges(void **state)
{
	static const struct {
		enum vlsp_option option;
		long min, max, first;
	} rows[] = {
		{VLSP_TIMEOUT, -1, 2147483647, -1},
		{VLSP_TTL, 1, 255, 64},
		{VLSP_TCLASS, 0, 255, 0},
		{VLSP_CHECKSUM, 0, 1, 1},
		{VLSP_META, 0, 1, 0},
	};
	struct vlsp_socket *s;
	long value;

	(void)state;
	if (!on_router)
		skip();
	s = vlsp_socket_open();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(vlsp_get(s, rows[i].option, &value), 0);
		assert_int_equal(value, rows[i].first);
		assert_fails(EINVAL, vlsp_set(s, rows[i].option, rows[i].min - 1));
		assert_fails(EINVAL, vlsp_set(s, rows[i].option, rows[i].max + 1));
		assert_int_equal(vlsp_set(s, rows[i].option, rows[i].min), 0);
		assert_int_equal(vlsp_set(s, rows[i].option, rows[i].max), 0);
		assert_int_equal(vlsp_get(s, rows[i].option, &value), 0);
		assert_int_equal(value, rows[i].max);
	}
	assert_int_equal(vlsp_set(s, VLSP_FLOW, 0xffffffffL), 0);
	assert_fails(EINVAL, vlsp_set(s, VLSP_FLOW, 0x100000000L));
	assert_int_equal(vlsp_set(s, VLSP_RCVBUF, 50000), 0);
	assert_int_equal(vlsp_get(s, VLSP_RCVBUF, &value), 0);
	assert_true(value >= 50000);
	assert_fails(EINVAL, vlsp_set(s, VLSP_SNDBUF, 0));
	assert_fails(EINVAL, vlsp_set(s, (enum vlsp_option) - 1, 0));
	vlsp_socket_close(s);
}

static void a_flow_id_needs_meta(void **state)
{
	struct vlsp_socket *s;
	long value;

	(void)state;
	if (!on_router)
		skip();
	s = vlsp_socket_open();
	assert_fails(EINVAL, vlsp_set(s, VLSP_FLOW, 5));
	assert_int_equal(vlsp_set(s, VLSP_FLOW, 0), 0);
	assert_int_equal(vlsp_set(s, VLSP_META, 1), 0);
	assert_int_equal(vlsp_set(s, VLSP_FLOW, 5), 0);
	assert_int_equal(vlsp_set(s, VLSP_META, 1), 0); /* again: it stays */
	assert_int_equal(vlsp_get(s, VLSP_FLOW, &value), 0);
	assert_int_equal(value, 5);
	assert_int_equal(vlsp_set(s, VLSP_META, 0), 0);
	assert_int_equal(vlsp_get(s, VLSP_FLOW, &value), 0);
	assert_int_equal(value, 0);
	vlsp_socket_close(s);
}

static void a_connection_hears_that_nobody_is_there(void **state)
{
	struct pollfd pollfd = {.events = POLLIN};
	struct pair pair;
	char data[8];

	(void)state;
	if (!on_router)
		skip();
	pair = pair_open();
	vlsp_socket_close(pair.b);
	pair.b = NULL;
	assert_int_equal(vlsp_send(pair.a, "x", 1), 1);
	pollfd.fd = vlsp_socket_fd(pair.a);
	assert_int_equal(poll(&pollfd, 1, 20000), 1);
	assert_fails(ECONNREFUSED, vlsp_recv(pair.a, data, sizeof(data), NULL));
	assert_int_equal(poll(&pollfd, 1, 0), 0);
	/* or the next one that is sent, when the answer is there */
	assert_int_equal(vlsp_send(pair.a, "x", 1), 1);
	assert_int_equal(poll(&pollfd, 1, 20000), 1);
	assert_fails(ECONNREFUSED, vlsp_send(pair.a, "x", 1));
	assert_int_equal(vlsp_send(pair.a, "x", 1), 1);
	assert_int_equal(poll(&pollfd, 1, 20000), 1);
	/* what is pending goes with the connection */
	assert_int_equal(vlsp_disconnect(pair.a), 0);
	assert_int_equal(vlsp_sendto(pair.a, "x", 1, &pair.at_b), 1);
	assert_int_equal(vlsp_set(pair.a, VLSP_TIMEOUT, 20), 0);
	assert_fails(ETIMEDOUT, vlsp_recv(pair.a, data, sizeof(data), NULL));
	pair_close(&pair);
}

/* Also one that the kernel has picked; that of a socket that was never bound goes. */
static void a_port_that_was_bound_outlives_a_connection(void **state)
{
	struct vlsp_address before, after;
	struct pair pair;
	char data[8];

	(void)state;
	if (!on_router)
		skip();
	pair = pair_open();
	before = pair.at_b;
	assert_int_equal(vlsp_connect(pair.b, &pair.at_a), 0);
	assert_int_equal(vlsp_disconnect(pair.b), 0);
	assert_int_equal(vlsp_local(pair.b, &after), 0);
	assert_address(&after, &before);
	assert_int_equal(vlsp_send(pair.a, "x", 1), 1);
	assert_int_equal(vlsp_recv(pair.b, data, sizeof(data), NULL), 1);
	assert_fails(EINVAL, vlsp_bind(pair.b, NULL));
	assert_int_equal(vlsp_disconnect(pair.a), 0);
	assert_int_equal(vlsp_local(pair.a, &after), 0);
	assert_int_equal(after.port, 0);
	pair_close(&pair);
}

static void a_connection_hears_nobody_else(void **state)
{
	struct vlsp_socket *other;
	struct pair pair;
	char data[8];

	(void)state;
	if (!on_router)
		skip();
	pair = pair_open();
	other = vlsp_socket_open();
	assert_int_equal(vlsp_sendto(other, "x", 1, &pair.at_a), 1);
	assert_int_equal(vlsp_set(pair.a, VLSP_TIMEOUT, 0), 0);
	assert_fails(EAGAIN, vlsp_recv(pair.a, data, sizeof(data), NULL));
	assert_fails(EINVAL, vlsp_connect(other, &(struct vlsp_address){.host = 1}));
	assert_fails(EINVAL, vlsp_connect(other, &(struct vlsp_address){.port = 1}));
	assert_fails(EINVAL, vlsp_sendto(other, "x", 1, &(struct vlsp_address){.host = 1}));
	vlsp_socket_close(other);
	pair_close(&pair);
}

#define WAITERS 4

static void *wait_in_recv(void *arg)
{
	char data[8];

	return vlsp_recv(arg, data, sizeof(data), NULL) < 0 && errno == ECANCELED ? arg : NULL;
}

static void closing_wakes_all_who_wait(void **state)
{
	pthread_t threads[WAITERS];

	(void)state;
	if (!on_router)
		skip();
	for (int round = 0; round < 20; round++) {
		struct vlsp_socket *s = vlsp_socket_open();

		assert_non_null(s);
		for (int i = 0; i < WAITERS; i++)
			pthread_create(&threads[i], NULL, wait_in_recv, s);
		/* each is in its call, or this would be a use after close; soon they wait there */
		while (__atomic_load_n(&s->refs, __ATOMIC_ACQUIRE) < 1 + WAITERS)
			usleep(1000);
		usleep(20000);
		vlsp_socket_close(s);
		for (int i = 0; i < WAITERS; i++) {
			void *ok;

			pthread_join(threads[i], &ok);
			assert_ptr_equal(ok, s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_brings_where_it_is_from),
		cmocka_unit_test(what_a_router_sends_to_itself_has_no_age),
		cmocka_unit_test(what_no_router_has_is_refused_at_once),
		cmocka_unit_test(options_have_ranges),
		cmocka_unit_test(a_flow_id_needs_meta),
		cmocka_unit_test(a_connection_hears_that_nobody_is_there),
		cmocka_unit_test(a_port_that_was_bound_outlives_a_connection),
		cmocka_unit_test(a_connection_hears_nobody_else),
		cmocka_unit_test(closing_wakes_all_who_wait),
	};

	on_router = router_enter("# routers\n");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
