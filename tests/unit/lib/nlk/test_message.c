// SPDX-License-Identifier: GPL-2.0-or-later
/* Received netlink messages whose lengths lie. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/rtnetlink.h>

#include "lib/nlk/batch.h"
#include "lib/nlk/link.h"
#include "lib/nlk/message.h"

struct link_message {
	struct nlmsghdr head;
	struct ifinfomsg info;
};

static struct link_message dellink(int index)
{
	return (struct link_message){
		.head = {.nlmsg_len = sizeof(struct link_message), .nlmsg_type = RTM_DELLINK},
		.info = {.ifi_index = index}};
}

static void test_walk(void **state)
{
	struct link_message m[2] = {dellink(2), dellink(3)};
	size_t at = 0;

	(void)state;
	assert_ptr_equal(nlk_message_next(m, sizeof(m), &at), &m[0]);
	assert_ptr_equal(nlk_message_next(m, sizeof(m), &at), &m[1]);
	assert_null(nlk_message_next(m, sizeof(m), &at));
	assert_true(nlk_message_link_gone(m, sizeof(m), 3));
	assert_false(nlk_message_link_gone(m, sizeof(m), 4));
	assert_false(nlk_message_link_gone(m, sizeof(m) - 1, 3));
	assert_false(nlk_message_link_gone(m, 0, 2));
}

/* Negative where a length is kept in an int. */
static void test_huge(void **state)
{
	const uint32_t lengths[] = {0,		15,	    sizeof(struct link_message) + 1,
				    0x7fffffff, 0x80000010, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct link_message m = dellink(2);

		m.head.nlmsg_len = lengths[i];
		assert_false(nlk_message_link_gone(&m, sizeof(m), 2));
	}
}

/* A head without the rest of what its type has. */
static void test_short(void **state)
{
	struct link_message m = dellink(2);

	(void)state;
	m.head.nlmsg_len = NLMSG_HDRLEN + 4;
	assert_false(nlk_message_link_gone(&m, sizeof(m), 2));
}

static void note(void *arg, uint32_t tag, int code, const char *text)
{
	int *seen = arg;

	assert_int_equal(tag, 7);
	assert_string_equal(text, "");
	*seen = code;
}

/* What is no errno is a refusal all the same, and never success. */
static void test_error_numbers(void **state)
{
	const int errors[][2] = {
		{-EEXIST, EEXIST}, {EEXIST, EPROTO}, {INT32_MIN, EPROTO}, {-4096, EPROTO}};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct {
			struct nlmsghdr head;
			struct nlmsgerr ack;
		} m = {.head = {.nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = 1},
		       .ack = {.error = errors[i][0]}};
		struct nlk_batch batch;
		int pair[2], seen = 0;

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
		assert_int_equal(send(pair[1], &m, sizeof(m), 0), sizeof(m));
		nlk_batch_init(&batch);
		batch.tag = 7;
		nlk_link_del(&batch, 2);
		assert_int_equal(nlk_batch_send(&batch, pair[0], note, &seen), -errors[i][1]);
		assert_int_equal(seen, errors[i][1]);
		nlk_batch_done(&batch);
		close(pair[0]);
		close(pair[1]);
	}
}

/* The other side is gone: an error, not a wait without end. */
static void test_end(void **state)
{
	struct nlk_batch batch;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
	nlk_batch_init(&batch);
	nlk_link_del(&batch, 2);
	assert_int_equal(nlk_batch_send(&batch, pair[0], NULL, NULL), -ECONNRESET);
	nlk_batch_done(&batch);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),	      cmocka_unit_test(test_huge),
		cmocka_unit_test(test_short),	      cmocka_unit_test(test_end),
		cmocka_unit_test(test_error_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
