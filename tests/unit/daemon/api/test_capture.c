// SPDX-License-Identifier: GPL-2.0-or-later
/* The socket of captures, on the fake host: what is tapped, what is told, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/api/capture.h"
#include "daemon/host/fake_capture.h"
#include "include/shared/function.h"
#include "include/shared/maps.h"
#include "lib/base/clock.h"
#include "lib/http/server.h"
#include "lib/wire/capture.h"
#include "lib/wire/frame.h"
#include "tests/unit/daemon/api/ask.h"

#define RX	 VLSP_TAP_RX
#define TX	 VLSP_TAP_TX
#define DROPS	 VLSP_TAP_DROPS
#define FILTER	 VLSP_TAP_FILTER
#define ENDS_MAX 16
#define ROUNDS	 500

struct world {
	struct harness h;
	struct captures *captures;
	char dir[64], path[96];
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct captures_config config;

	strcpy(w->dir, "/tmp/vlsp-test.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/" CAPTURE_SOCKET, w->dir);
	assert_int_equal(harness_open(&w->h, NULL), 0);
	config = (struct captures_config){.loop = w->h.loop,
					  .ctl = w->h.ctl,
					  .path = w->path,
					  .group = HTTP_NO_GROUP,
					  .audit = harness_audit,
					  .audit_arg = &w->h};
	assert_int_equal(captures_new(&config, &w->captures, NULL), 0);
	fake_pretend_captures(w->h.host, 0, 0);
	two_routers(&w->h);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	captures_free(w->captures);
	harness_close(&w->h);
	assert_int_equal(access(w->path, F_OK), -1);
	assert_int_equal(rmdir(w->dir), 0);
	free(w);
	return 0;
}

/* One who captures. */
struct client {
	int sock, ring;
	struct capture_given given;
	struct capture_end ends[ENDS_MAX];
	uint32_t end_count, updates, gone;
	struct capture_counts counts;
	bool counted, over;
	char error[600];
};

static void client_open(struct world *w, struct client *c)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	memset(c, 0, sizeof(*c));
	c->ring = -1;
	strcpy(addr.sun_path, w->path);
	c->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(c->sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
}

static void client_close(struct client *c)
{
	close(c->sock);
	if (c->ring >= 0)
		close(c->ring);
}

static void client_say(struct client *c, const char *of, const char *filter, uint32_t flags,
		       uint32_t snaplen, uint32_t ring)
{
	char body[sizeof(struct capture_ask) + 200];
	struct capture_ask ask = {
		.version = CAPTURE_VERSION, .flags = flags, .snaplen = snaplen, .ring = ring};

	snprintf(ask.of, sizeof(ask.of), "%s", of);
	memcpy(body, &ask, sizeof(ask));
	memcpy(body + sizeof(ask), filter, strlen(filter));
	assert_int_equal(frame_send(c->sock, FRAME_CAPTURE_ASK, body,
				    (uint32_t)(sizeof(ask) + strlen(filter)), -1),
			 0);
}

static void client_ask(struct client *c, const char *of, const char *filter, uint32_t flags)
{
	client_say(c, of, filter, flags, 1000, CAPTURE_RING_MIN);
}

static void take_ends(struct client *c, const void *body, int fd)
{
	struct stat st;
	uint32_t n;

	memcpy(&n, body, sizeof(n));
	assert_in_range(n, 1, ENDS_MAX);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, n * sizeof(c->ends[0]));
	assert_int_equal(pread(fd, c->ends, (size_t)st.st_size, 0), st.st_size);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1); /* sealed */
	c->end_count = n;
	close(fd);
}

static void take_end(struct client *c, const void *body)
{
	struct capture_end end;
	uint32_t i;

	memcpy(&end, body, sizeof(end));
	for (i = 0; i < c->end_count && c->ends[i].port != end.port; i++)
		;
	assert_true(i < ENDS_MAX);
	c->ends[i] = end;
	c->end_count += i == c->end_count;
	c->updates++;
}

static void client_take(struct client *c)
{
	static uint8_t buf[FRAME_MAX] __attribute__((aligned(8)));
	const void *body;
	uint16_t type;
	int fd, r;

	while (!c->over && (r = frame_recv(c->sock, buf, &type, &body, &fd)) != -EAGAIN) {
		if (r < 0)
			c->over = true;
		else if (type == FRAME_CAPTURE_ERROR)
			snprintf(c->error, sizeof(c->error), "%.*s", r, (const char *)body);
		else if (type == FRAME_CAPTURE_ENDS)
			take_ends(c, body, fd);
		else if (type == FRAME_CAPTURE_END)
			take_end(c, body);
		else if (type == FRAME_CAPTURE_GONE)
			c->gone++;
		else if (type == FRAME_CAPTURE_COUNTS) {
			memcpy(&c->counts, body, sizeof(c->counts));
			c->counted = true;
		} else {
			assert_int_equal(type, FRAME_CAPTURE_RING);
			assert_int_equal(r, sizeof(c->given));
			memcpy(&c->given, body, sizeof(c->given));
			c->ring = fd;
		}
	}
}

#define AWAIT(w, c, what)                                                                          \
	do {                                                                                       \
		for (int n_ = 0; n_ < ROUNDS && !(what); n_++) {                                   \
			loop_once((w)->h.loop, 2);                                                 \
			client_take(c);                                                            \
		}                                                                                  \
		assert_true(what);                                                                 \
	} while (0)

/* A capture that runs; the fake's picture of it is under id 0 when it is the only one. */
static void client_start(struct world *w, struct client *c, const char *of, const char *filter,
			 uint32_t flags)
{
	client_open(w, c);
	client_ask(c, of, filter, flags);
	AWAIT(w, c, c->ring >= 0 || c->error[0]);
	assert_string_equal(c->error, "");
	assert_int_equal(c->given.ends, c->end_count);
}

static void expect_error(struct world *w, struct client *c, const char *error)
{
	AWAIT(w, c, c->over);
	assert_string_equal(c->error, error);
	assert_int_equal(c->ring, -1);
	client_close(c);
}

static uint32_t port_of(struct world *w, const char *link, unsigned side)
{
	return model_link_by_name(w->h.model, link)->end[side].port;
}

static uint32_t edge_of(struct world *w, const char *router)
{
	return model_router_by_name(w->h.model, router)->edge_port;
}

/* Flags of the tap on a port; 0: there is none. */
static uint16_t tapped(struct world *w, uint32_t id, uint32_t port)
{
	const struct fake_capture *c = fake_capture(w->h.host, id);

	for (int i = 0; i < FAKE_CAPTURE_TAPS_MAX; i++)
		if (c->taps[i].flags && c->taps[i].port == port)
			return c->taps[i].flags;
	return 0;
}

static unsigned taps_of(struct world *w, uint32_t id)
{
	const struct fake_capture *c = fake_capture(w->h.host, id);
	unsigned n = 0;

	for (int i = 0; i < FAKE_CAPTURE_TAPS_MAX; i++)
		n += c->taps[i].flags != 0;
	return n;
}

static void a_link_is_tapped_where_things_arrive(void **state)
{
	struct world *w = *state;
	struct client c;
	struct stat there, here;

	client_start(w, &c, "r1:r2", "", 0);
	assert_string_equal(c.given.of, "link r1-r2");
	assert_int_equal(c.end_count, 2);
	for (unsigned side = 0; side < 2; side++) {
		const struct capture_end *end = &c.ends[side];

		assert_int_equal(end->port, port_of(w, "r1-r2", side));
		assert_int_equal(end->side, side);
		assert_int_equal(end->link, 1);
		assert_string_equal(end->name, "r1-r2");
		assert_string_equal(end->router, side ? "r2" : "r1");
		assert_string_equal(end->peer, side ? "r1" : "r2");
		assert_string_equal(end->device, side ? "to-r1" : "to-r2");
		assert_string_equal(end->arrives, "");
		assert_int_equal(tapped(w, 0, end->port), RX | DROPS);
	}
	assert_int_equal(taps_of(w, 0), 2);
	assert_int_equal(fake_capture(w->h.host, 0)->ring_size, CAPTURE_RING_MIN);
	assert_int_equal(fake_capture(w->h.host, 0)->taps[0].snaplen, 1000);
	assert_int_equal(fstat(c.ring, &here), 0);
	assert_int_equal(fstat(fake_capture(w->h.host, 0)->ring, &there), 0);
	assert_int_equal(here.st_ino, there.st_ino);
	client_close(&c);
}

static void a_direction_has_arrivals_at_one_end_only(void **state)
{
	static const struct {
		uint32_t flags;
		uint16_t a, b;
	} rows[] = {
		{CAPTURE_A_TO_B, DROPS, RX | DROPS},
		{CAPTURE_B_TO_A, RX | DROPS, DROPS},
		{CAPTURE_A_TO_B | CAPTURE_B_TO_A, RX | DROPS, RX | DROPS},
		{CAPTURE_DROPS, DROPS, DROPS},
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct client c;

		client_start(w, &c, "r1-r2", "", rows[i].flags);
		assert_int_equal(tapped(w, 0, port_of(w, "r1-r2", 0)), rows[i].a);
		assert_int_equal(tapped(w, 0, port_of(w, "r1-r2", 1)), rows[i].b);
		client_close(&c);
		AWAIT(w, &c, !fake_capture(w->h.host, 0)->used);
	}
}

static void a_router_is_all_its_ports_and_a_port_is_one(void **state)
{
	struct world *w = *state;
	struct client c;

	client_start(w, &c, "r1", "udp", 0);
	assert_string_equal(c.given.of, "router r1");
	assert_int_equal(c.end_count, 2);
	assert_int_equal(tapped(w, 0, edge_of(w, "r1")), RX | TX | DROPS | FILTER);
	assert_int_equal(tapped(w, 0, port_of(w, "r1-r2", 0)), RX | TX | DROPS | FILTER);
	assert_int_equal(taps_of(w, 0), 2);
	assert_true(fake_capture(w->h.host, 0)->filter_count > 5);
	client_close(&c);
	AWAIT(w, &c, !fake_capture(w->h.host, 0)->used);

	client_start(w, &c, "10.0.0.1:edge", "", 0);
	assert_string_equal(c.given.of, "r1:edge");
	assert_int_equal(c.end_count, 1);
	assert_int_equal(c.ends[0].link, 0);
	assert_string_equal(c.ends[0].device, "edge");
	assert_int_equal(tapped(w, 0, edge_of(w, "r1")), RX | TX | DROPS);
	client_close(&c);
	AWAIT(w, &c, !fake_capture(w->h.host, 0)->used);

	client_start(w, &c, "r2:to-r1", "", CAPTURE_NO_CONTROL);
	assert_string_equal(c.given.of, "r2:to-r1");
	assert_int_equal(tapped(w, 0, port_of(w, "r1-r2", 1)), RX | TX | DROPS | FILTER);
	assert_int_equal(taps_of(w, 0), 1);
	client_close(&c);
}

static void what_cannot_be_is_refused_with_its_field(void **state)
{
	static const struct {
		const char *of, *filter;
		uint32_t flags, snaplen, ring;
		const char *error;
	} rows[] = {
		{"nobody", "", 0, 100, 65536, "of: there is no link or router 'nobody'"},
		{"", "", 0, 100, 65536, "of: there is no link or router ''"},
		{"r1:to-r9", "", 0, 100, 65536, "port: router r1 has no 'to-r9', but edge, to-r2"},
		{"r9:edge", "", 0, 100, 65536, "of: there is no link or router 'r9:edge'"},
		{"r1", "", CAPTURE_A_TO_B, 100, 65536,
		 "direction: only a link has directions, router r1 has none"},
		{"r1-r2", "udp port", 0, 100, 65536,
		 "filter: position 9: a port's number is missing"},
		{"r1-r2", "host r9", 0, 100, 65536,
		 "filter: position 6: 'r9' is neither an address nor a router"},
		{"r1-r2", "", 0, 0, 65536, "snaplen: 0 is not within 1 and 65550"},
		{"r1-r2", "", 0, 65551, 65536, "snaplen: 65551 is not within 1 and 65550"},
		{"r1-r2", "", 0, 100, 65535,
		 "buffer: 65535 is not a power of two within 64 KiB and 64 MiB"},
		{"r1-r2", "", 0, 100, 128u << 20,
		 "buffer: 134217728 is not a power of two within 64 KiB and 64 MiB"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct client c;

		client_open(w, &c);
		client_say(&c, rows[i].of, rows[i].filter, rows[i].flags, rows[i].snaplen,
			   rows[i].ring);
		expect_error(w, &c, rows[i].error);
		assert_false(fake_capture(w->h.host, 0)->used);
	}
}

static void several_links_between_two_are_not_guessed(void **state)
{
	struct world *w = *state;
	struct client c;

	must(&w->h, "POST /link/?router1=r1&router2=r2&linkName=second", 201);
	client_open(w, &c);
	client_ask(&c, "r1:r2", "", 0);
	AWAIT(w, &c, c.over);
	assert_non_null(strstr(c.error, "second"));
	client_close(&c);
	client_start(w, &c, "second", "", 0);
	client_close(&c);
}

static void a_host_that_cannot_says_so_and_nothing_is_left(void **state)
{
	struct world *w = *state;
	struct client c, all[FAKE_CAPTURES_MAX];

	fake_pretend_captures(w->h.host, port_of(w, "r1-r2", 1), ENOSPC);
	client_open(w, &c);
	client_ask(&c, "r1-r2", "", 0);
	AWAIT(w, &c, c.over);
	assert_non_null(strstr(c.error, "captures: port"));
	assert_false(fake_capture(w->h.host, 0)->used);
	client_close(&c);

	fake_pretend_captures(w->h.host, 0, 0);
	for (int i = 0; i < FAKE_CAPTURES_MAX; i++)
		client_start(w, &all[i], "r1-r2", "", 0);
	client_open(w, &c);
	client_ask(&c, "r1-r2", "", 0);
	expect_error(w, &c, "captures: 3 run already");
	for (int i = 0; i < FAKE_CAPTURES_MAX; i++)
		client_close(&all[i]);
}

static void it_ends_with_its_connection_and_is_audited(void **state)
{
	struct world *w = *state;
	struct client c;
	char *text;

	client_start(w, &c, "r1-r2", "udp and port 7", 0);
	text = strstr(w->h.audit, "capture r1-r2 filter=udp%20and%20port%207 -> runs");
	assert_non_null(text);
	assert_non_null(strstr(w->h.audit, "role=admin"));
	client_close(&c); /* as a kill -9 does */
	AWAIT(w, &c, !fake_capture(w->h.host, 0)->used);
}

static void counters_are_told_and_stop_is_the_last(void **state)
{
	struct world *w = *state;
	struct client c;

	client_start(w, &c, "r1-r2", "", 0);
	fake_capture(w->h.host, 0)->counts = (struct host_capture_counts){.matched = 10, .lost = 3};
	frame_send(c.sock, FRAME_CAPTURE_COUNT, NULL, 0, -1);
	AWAIT(w, &c, c.counted);
	assert_int_equal(c.counts.matched, 10);
	assert_int_equal(c.counts.lost, 3);
	assert_int_equal(c.counts.final, 0);
	assert_int_equal(c.counts.queue, 0);
	fake_say_line(w->h.host, port_of(w, "r1-r2", 1),
		      &(struct host_counts){.drop = {[VLSP_DROP_QUEUE] = 5}},
		      &(struct host_line){0});
	c.counted = false;
	frame_send(c.sock, FRAME_CAPTURE_STOP, NULL, 0, -1);
	AWAIT(w, &c, taps_of(w, 0) == 0);
	fake_capture(w->h.host, 0)->counts.matched = 11; /* a program that was still running */
	AWAIT(w, &c, c.counted);
	assert_int_equal(c.counts.matched, 11);
	assert_int_equal(c.counts.final, 1);
	assert_int_equal(c.counts.queue, 5);
	assert_true(fake_capture(w->h.host, 0)->used); /* the ring may still be read */
	client_close(&c);
}

static void a_shape_that_changes_is_told(void **state)
{
	struct world *w = *state;
	struct client c;

	must(&w->h, "PUT /link/r1-r2?delay=20ms&loss=1%25&from=r1", 200);
	client_start(w, &c, "r1-r2", "", 0);
	assert_string_equal(c.ends[0].arrives, "");
	assert_string_equal(c.ends[0].leaves, "delay 20ms, loss 1%");
	assert_string_equal(c.ends[1].arrives, "delay 20ms, loss 1%");
	must(&w->h, "PUT /link/r1-r2?loss=2%25&from=r1", 200);
	AWAIT(w, &c, c.updates >= 2);
	assert_string_equal(c.ends[1].arrives, "delay 20ms, loss 2%");
	assert_string_equal(c.ends[0].leaves, "delay 20ms, loss 2%");
	client_close(&c);
}

static void a_router_that_gets_a_link_is_captured_there_too(void **state)
{
	struct world *w = *state;
	struct client c;

	must(&w->h, "POST /router/?name=r3", 201);
	client_start(w, &c, "r1", "", 0);
	must(&w->h, "POST /link/?router1=r3&router2=r1&linkName=x", 201);
	AWAIT(w, &c, c.end_count == 3);
	assert_string_equal(c.ends[2].router, "r1");
	assert_string_equal(c.ends[2].device, "to-r3");
	assert_int_equal(tapped(w, 0, port_of(w, "x", 1)), RX | TX | DROPS);
	assert_int_equal(tapped(w, 0, port_of(w, "x", 0)), 0);
	must(&w->h, "DELETE /link/x", 200);
	AWAIT(w, &c, c.gone == 1);
	assert_false(c.over);
	must(&w->h, "DELETE /router/r1", 200);
	AWAIT(w, &c, c.over);
	assert_string_equal(c.error, "router r1 was deleted");
	client_close(&c);
	AWAIT(w, &c, !fake_capture(w->h.host, 0)->used);
}

static void what_is_no_frame_of_a_capture_ends_the_connection(void **state)
{
	static const struct {
		enum frame_type type;
		uint32_t size;
	} rows[] = {{FRAME_CAPTURE_COUNT, 0},
		    {FRAME_CAPTURE_STOP, 0},
		    {FRAME_CAPTURE_ASK, 10},
		    {FRAME_CAPTURE_RING, 0},
		    {FRAME_HELLO, 16},
		    {FRAME_CAPTURE_ASK, sizeof(struct capture_ask)}}; /* of: not a text */
	struct world *w = *state;
	uint8_t bytes[sizeof(struct capture_ask)];

	memset(bytes, 'x', sizeof(bytes));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct client c;

		client_open(w, &c);
		assert_int_equal(frame_send(c.sock, rows[i].type, bytes, rows[i].size, -1), 0);
		expect_error(w, &c, "");
	}
	memset(bytes, 0, sizeof(bytes));
	for (int twice = 0; twice < 2; twice++) { /* one capture a connection */
		struct client c;

		client_start(w, &c, "r1-r2", "", 0);
		client_ask(&c, "r1-r2", "", 0);
		AWAIT(w, &c, c.over);
		client_close(&c);
	}
	{
		struct client c;

		client_open(w, &c);
		assert_int_equal(frame_send(c.sock, FRAME_CAPTURE_ASK, bytes, sizeof(bytes), -1),
				 0);
		expect_error(w, &c, "vlsp and vlspd are of different versions");
	}
}

static void without_descriptors_it_waits_and_does_not_spin(void **state)
{
	uint64_t end = clock_mono_ns() + 300 * NSEC_PER_MSEC;
	struct rlimit before, none;
	struct world *w = *state;
	struct client c;
	unsigned n = 0;

	client_open(w, &c);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (; clock_mono_ns() < end; n++)
		assert_true(loop_once(w->h.loop, 10) >= 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_in_range(n, 1, 60);
	client_ask(&c, "r1:r2", "", 0);
	AWAIT(w, &c, c.ring >= 0);
	client_close(&c);
}

static void the_end_of_the_daemon_is_told(void **state)
{
	struct world *w = *state;
	struct client c;

	client_start(w, &c, "r1-r2", "", 0);
	captures_free(w->captures);
	w->captures = NULL;
	client_take(&c);
	assert_true(c.over);
	assert_string_equal(c.error, "vlspd ends");
	assert_false(fake_capture(w->h.host, 0)->used);
	client_close(&c);
}

static void a_simulated_host_has_none(void **state)
{
	struct world *w = *state;
	struct fake_config config = {.loop = w->h.loop};
	struct host_capture capture = {.ring = CAPTURE_RING_MIN};
	struct host *host;
	struct err err;
	uint32_t id;
	int ring;

	assert_int_equal(fake_new(&config, &host), 0);
	assert_int_equal(host->ops->captures->open(host, &capture, &id, &ring, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "simulated"));
	host->ops->close(host, false);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_link_is_tapped_where_things_arrive),
		T(a_direction_has_arrivals_at_one_end_only),
		T(a_router_is_all_its_ports_and_a_port_is_one),
		T(what_cannot_be_is_refused_with_its_field),
		T(several_links_between_two_are_not_guessed),
		T(a_host_that_cannot_says_so_and_nothing_is_left),
		T(it_ends_with_its_connection_and_is_audited),
		T(counters_are_told_and_stop_is_the_last),
		T(a_shape_that_changes_is_told),
		T(a_router_that_gets_a_link_is_captured_there_too),
		T(what_is_no_frame_of_a_capture_ends_the_connection),
		T(without_descriptors_it_waits_and_does_not_spin),
		T(the_end_of_the_daemon_is_told),
		T(a_simulated_host_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
