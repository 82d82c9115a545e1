/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read from rtnetlink messages; bytes that make no sense. */
#include "daemon/router/carrier.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char trace[256];

static void note(void *arg, uint32_t port, bool carrier)
{
	size_t n = strlen(trace);

	assert_ptr_equal(arg, trace);
	snprintf(trace + n, sizeof(trace) - n, "%u%c ", port, carrier ? '+' : '-');
}

struct message {
	struct nlmsghdr head;
	struct ifinfomsg info;
};

static struct message message_make(uint16_t type, int port, unsigned flags)
{
	return (struct message){.head = {.nlmsg_len = sizeof(struct message), .nlmsg_type = type},
				.info = {.ifi_index = port, .ifi_flags = flags}};
}

static const char *parse(const void *data, size_t size)
{
	/* a copy of exactly that size, so that reading on is noticed */
	void *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	trace[0] = 0;
	carrier_parse(copy, size, note, trace);
	free(copy);
	return trace;
}

static void a_device_has_carrier_when_it_is_up_and_running(void **state)
{
	static const struct {
		uint16_t type;
		unsigned flags;
		const char *expected;
	} rows[] = {
		{RTM_NEWLINK, IFF_UP | IFF_RUNNING, "20+ "},
		{RTM_NEWLINK, IFF_UP | IFF_RUNNING | IFF_BROADCAST, "20+ "},
		{RTM_NEWLINK, IFF_UP, "20- "},
		{RTM_NEWLINK, IFF_RUNNING, "20- "},
		{RTM_NEWLINK, 0, "20- "},
		{RTM_DELLINK, IFF_UP | IFF_RUNNING, "20- "},
		{RTM_NEWADDR, IFF_UP | IFF_RUNNING, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct message m = message_make(rows[i].type, 20, rows[i].flags);

		assert_string_equal(parse(&m, sizeof(m)), rows[i].expected);
	}
}

static void all_messages_of_a_datagram_are_read(void **state)
{
	struct message m[3] = {message_make(RTM_NEWLINK, 20, IFF_UP | IFF_RUNNING),
			       message_make(NLMSG_DONE, 0, 0), message_make(RTM_DELLINK, 21, 0)};

	(void)state;
	assert_string_equal(parse(m, sizeof(m)), "20+ 21- ");
}

static void truncated_messages_are_not_read(void **state)
{
	struct message m[2] = {message_make(RTM_NEWLINK, 20, 0), message_make(RTM_NEWLINK, 21, 0)};

	(void)state;
	for (size_t size = 0; size < sizeof(m[0]); size++)
		assert_string_equal(parse(m, size), "");
	for (size_t size = sizeof(m[0]); size < sizeof(m); size++)
		assert_string_equal(parse(m, size), "20- ");
}

static void lengths_that_make_no_sense_end_the_reading(void **state)
{
	static const uint32_t lengths[] = {0, 1, 15, 16, 31, 33, 0x7fffffff, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct message m = message_make(RTM_NEWLINK, 20, 0);

		m.head.nlmsg_len = lengths[i];
		assert_string_equal(parse(&m, sizeof(m)), "");
	}
}

static void an_index_that_is_not_positive_is_ignored(void **state)
{
	struct message m[2] = {message_make(RTM_NEWLINK, 0, 0), message_make(RTM_NEWLINK, -5, 0)};

	(void)state;
	assert_string_equal(parse(m, sizeof(m)), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_has_carrier_when_it_is_up_and_running),
		cmocka_unit_test(all_messages_of_a_datagram_are_read),
		cmocka_unit_test(truncated_messages_are_not_read),
		cmocka_unit_test(lengths_that_make_no_sense_end_the_reading),
		cmocka_unit_test(an_index_that_is_not_positive_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
