// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client's session and a server's, packet by packet over a wire that loses, doubles and makes up
 * what a row says. app_send() and app_now() are this file's: they are what a session knows of the
 * world.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "apps/common.h"
#include "apps/tftp_session.h"

#define SECOND 1000000000ULL

struct wire {
	uint8_t data[64][TFTP_PACKET_MAX];
	size_t size[64];
	unsigned count;
};

static const struct vlsp_address client_at = {1, 1000}, server_at = {2, 2000}, asked_at = {2, 69},
				 stranger = {3, 9};
static struct tftp_session client, server;
static struct wire to_client, to_server, to_stranger;
static uint64_t now;
static unsigned sent;
static bool (*lose)(unsigned number); /* of this one that is sent, from 1 */
static bool doubled;

uint64_t app_now(void)
{
	return now;
}

bool app_send(struct vlsp_socket *socket, const void *data, size_t size,
	      const struct vlsp_address *to)
{
	struct wire *wire = to->host == client_at.host	? &to_client
			    : to->host == stranger.host ? &to_stranger
							: &to_server;

	(void)socket;
	sent++;
	for (int copies = doubled ? 2 : 1; copies > 0 && !(lose && lose(sent)); copies--) {
		assert_true(wire->count < 64 && size <= TFTP_PACKET_MAX);
		memcpy(wire->data[wire->count], data, size);
		wire->size[wire->count++] = size;
	}
	return true;
}

static bool deliver(struct wire *wire, struct tftp_session *to, const struct vlsp_address *from)
{
	uint8_t data[TFTP_PACKET_MAX];
	size_t size;

	if (wire->count == 0)
		return false;
	size = wire->size[0];
	memcpy(data, wire->data[0], size);
	wire->count--;
	memmove(wire->data, wire->data + 1, sizeof(wire->data) - sizeof(wire->data[0]));
	memmove(wire->size, wire->size + 1, sizeof(wire->size) - sizeof(wire->size[0]));
	tftp_session_take(to, data, size, from);
	return true;
}

static bool over(const struct tftp_session *s)
{
	return s->state == TFTP_DONE || s->state == TFTP_FAILED;
}

/* A request of the client's, until both ends are done. server_block: 0: the server knows no
 * options. */
static void transfer(enum tftp_op op, const uint8_t *content, size_t size, unsigned client_block,
		     unsigned server_block)
{
	struct tftp_packet request = {
		.op = op, .text = "file", .octet = true, .block_size = client_block};
	int from = memfd_create("from", 0), into = memfd_create("into", 0);
	bool get = op == TFTP_RRQ;

	assert_int_equal(write(from, content, size), (ssize_t)size);
	client = (struct tftp_session){
		.peer = asked_at, .fd = get ? into : from, .timeout_ns = SECOND, .tries_max = 8};
	server = (struct tftp_session){
		.peer = client_at, .fd = get ? from : into, .timeout_ns = SECOND, .tries_max = 8};
	to_client.count = to_server.count = sent = 0;
	tftp_session_ask(&client, &request);
	while (to_server.count == 0) { /* it reaches the server's first port some time */
		now = client.due_ns;
		tftp_session_due(&client);
	}
	to_server.count = 0;
	if (!server_block)
		request.block_size = 0;
	tftp_session_serve(&server, &request, server_block);
	for (unsigned steps = 0; !over(&client) || !over(&server); steps++) {
		assert_true(steps < 100000);
		if (deliver(&to_client, &client, &server_at) |
		    deliver(&to_server, &server, &client_at))
			continue;
		now += SECOND / 2;
		if (!over(&client) && client.due_ns <= now)
			tftp_session_due(&client);
		if (!over(&server) && server.due_ns <= now)
			tftp_session_due(&server);
	}
	if (client.state == TFTP_DONE && server.state == TFTP_DONE) {
		uint8_t *got = malloc(size + 1);

		assert_int_equal(pread(into, got, size + 1, 0), (ssize_t)size);
		assert_memory_equal(got, content, size);
		free(got);
	}
	close(from);
	close(into);
}

static void files_of_all_sizes_cross_both_ways(void **state)
{
	static const size_t sizes[] = {0, 1, 511, 512, 513, 1024, 1467, 1468, 1469, 5000};
	static uint8_t content[5000];

	(void)state;
	lose = NULL;
	doubled = false;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int put = 0; put < 2; put++) {
			enum tftp_op op = put ? TFTP_WRQ : TFTP_RRQ;

			transfer(op, content, sizes[i], 1468, 1468);
			assert_int_equal(client.state, TFTP_DONE);
			assert_int_equal(client.block_size, 1468);
			assert_int_equal(client.block, sizes[i] / 1468 + 1);
			assert_int_equal(client.repeated + server.repeated, 0);
			transfer(op, content, sizes[i], 1468, 700); /* the server agrees to less */
			assert_int_equal(client.block_size, 700);
			assert_int_equal(server.block, sizes[i] / 700 + 1);
			transfer(op, content, sizes[i], 1468, 0);
			assert_int_equal(client.block_size, 512);
			assert_int_equal(client.block, sizes[i] / 512 + 1);
			transfer(op, content, sizes[i], 0, 1468);
			assert_int_equal(server.block_size, 512);
			assert_int_equal(server.state, TFTP_DONE);
		}
	}
}

static unsigned lost_one;

static bool lose_one(unsigned number)
{
	return number == lost_one;
}

static void any_one_packet_may_be_lost(void **state)
{
	static const uint8_t content[1200] = "something";

	(void)state;
	lose = lose_one;
	doubled = false;
	for (int put = 0; put < 2; put++) {
		for (lost_one = 1; lost_one < 12; lost_one++) {
			transfer(put ? TFTP_WRQ : TFTP_RRQ, content, sizeof(content), 512 + 8,
				 1468);
			assert_int_equal(client.state, TFTP_DONE);
			assert_int_equal(server.state, TFTP_DONE);
		}
	}
}

static bool lose_a_third(unsigned number)
{
	return number * 2654435761u % 3 == 0;
}

static void many_may_be_lost(void **state)
{
	static uint8_t content[50000];

	(void)state;
	lose = lose_a_third;
	doubled = false;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i ^ i >> 8);
	transfer(TFTP_RRQ, content, sizeof(content), 512 + 8, 1468);
	assert_int_equal(client.state, TFTP_DONE);
	transfer(TFTP_WRQ, content, sizeof(content), 0, 1468);
	assert_int_equal(server.state, TFTP_DONE);
}

static void doubled_packets_do_not_double_what_follows(void **state)
{
	static const uint8_t content[5120] = "twice";

	(void)state;
	lose = NULL;
	doubled = true;
	transfer(TFTP_RRQ, content, sizeof(content), 0, 0);
	assert_int_equal(client.state, TFTP_DONE);
	/* request, 11 blocks, their acknowledgements, and one more for each that came twice */
	assert_true(sent <= 1 + 11 + 22);
	assert_int_equal(server.repeated, 0);
	doubled = false;
}

static bool lose_all(unsigned number)
{
	return number > 3;
}

static void silence_ends_it(void **state)
{
	static const uint8_t content[5000] = "never";

	(void)state;
	doubled = false;
	lose = lose_all;
	transfer(TFTP_RRQ, content, sizeof(content), 0, 0);
	assert_int_equal(client.state, TFTP_FAILED);
	assert_string_equal(client.error, "no answer");
	assert_int_equal(server.state, TFTP_FAILED);
	lose = NULL;
}

static void blocks_are_numbered_from_0_again_behind_65535(void **state)
{
	size_t size = 70000 * TFTP_BLOCK_MIN + 3;
	uint8_t *content = malloc(size);

	(void)state;
	for (size_t i = 0; i < size; i++)
		content[i] = (uint8_t)(i * 13 + i / 65536);
	lose = NULL;
	/* the loop of transfer() has a limit of steps: two deliveries each */
	transfer(TFTP_RRQ, content, size, TFTP_BLOCK_MIN, 1468);
	assert_int_equal(client.state, TFTP_DONE);
	assert_int_equal(client.block, 70001);
	free(content);
}

static void strangers_are_told_and_change_nothing(void **state)
{
	struct tftp_packet request = {.op = TFTP_RRQ, .text = "f", .octet = true}, told;
	static const uint8_t ack[] = {0, 4, 0, 1}, error[] = {0, 5, 0, 0, 'x', 0};
	int fd = memfd_create("f", 0);

	(void)state;
	assert_int_equal(write(fd, ack, 4), 4);
	server = (struct tftp_session){
		.peer = client_at, .fd = fd, .timeout_ns = SECOND, .tries_max = 8};
	tftp_session_serve(&server, &request, 1468);
	tftp_session_take(&server, ack, sizeof(ack), &stranger);
	tftp_session_take(&server, error, sizeof(error), &stranger);
	assert_int_equal(server.state, TFTP_RUNNING);
	assert_int_equal(to_stranger.count, 1); /* an error is not answered */
	assert_true(tftp_read(to_stranger.data[0], to_stranger.size[0], &told));
	assert_int_equal(told.number, TFTP_UNKNOWN_ID);
	/* the peer's own error ends it, and is shown */
	tftp_session_take(&server, error, sizeof(error), &client_at);
	assert_int_equal(server.state, TFTP_FAILED);
	assert_string_equal(server.error, "the other end says: x (0)");
	close(fd);
}

static void a_block_larger_than_agreed_is_refused(void **state)
{
	struct tftp_packet request = {.op = TFTP_WRQ, .text = "f", .octet = true};
	uint8_t data[4 + 600] = {0, 3, 0, 1};
	int fd = memfd_create("f", 0);

	(void)state;
	server = (struct tftp_session){
		.peer = client_at, .fd = fd, .timeout_ns = SECOND, .tries_max = 8};
	tftp_session_serve(&server, &request, 1468);
	tftp_session_take(&server, data, sizeof(data), &client_at);
	assert_int_equal(server.state, TFTP_FAILED);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	close(fd);
}

static void nonsense_ends_what_runs_but_not_what_is_there(void **state)
{
	struct tftp_packet request = {.op = TFTP_WRQ, .text = "f", .octet = true};
	static const uint8_t block[] = {0, 3, 0, 1, 'x'}, none[] = {0, 9, 9, 9},
			     error[] = {0, 5, 0, 3, 'f', 'u', 'l', 'l'}; /* its NUL is missing */
	int fd = memfd_create("f", 0);

	(void)state;
	lose = NULL;
	doubled = false;
	for (int there = 0; there < 2; there++) {
		for (int is_error = 0; is_error < 2; is_error++) {
			server = (struct tftp_session){
				.peer = client_at, .fd = fd, .timeout_ns = SECOND, .tries_max = 8};
			tftp_session_serve(&server, &request, 1468);
			if (there)
				tftp_session_take(&server, block, sizeof(block), &client_at);
			to_client.count = 0;
			if (is_error)
				tftp_session_take(&server, error, sizeof(error), &client_at);
			else
				tftp_session_take(&server, none, sizeof(none), &client_at);
			assert_int_equal(server.state, there ? TFTP_LINGERING : TFTP_FAILED);
			assert_int_equal(to_client.count, !there && !is_error);
		}
	}
	close(fd);
}

/* RFC 2347: what the server does not name, it has not agreed to. */
static void an_agreement_to_nothing_is_to_blocks_of_512(void **state)
{
	struct tftp_packet request = {
		.op = TFTP_RRQ, .text = "f", .octet = true, .block_size = 1468};
	static const uint8_t agreement[] = "\0\6tsize\000512";
	int fd = memfd_create("f", 0);
	uint8_t block[4 + 512] = {0, 3, 0, 1};

	(void)state;
	client = (struct tftp_session){
		.peer = asked_at, .fd = fd, .timeout_ns = SECOND, .tries_max = 8};
	to_server.count = 0;
	tftp_session_ask(&client, &request);
	tftp_session_take(&client, agreement, sizeof(agreement), &server_at);
	tftp_session_take(&client, block, sizeof(block), &server_at);
	assert_int_equal(client.state, TFTP_RUNNING); /* a whole block: more comes */
	assert_int_equal(client.bytes, 512);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_all_sizes_cross_both_ways),
		cmocka_unit_test(any_one_packet_may_be_lost),
		cmocka_unit_test(many_may_be_lost),
		cmocka_unit_test(doubled_packets_do_not_double_what_follows),
		cmocka_unit_test(silence_ends_it),
		cmocka_unit_test(blocks_are_numbered_from_0_again_behind_65535),
		cmocka_unit_test(strangers_are_told_and_change_nothing),
		cmocka_unit_test(a_block_larger_than_agreed_is_refused),
		cmocka_unit_test(nonsense_ends_what_runs_but_not_what_is_there),
		cmocka_unit_test(an_agreement_to_nothing_is_to_blocks_of_512),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
