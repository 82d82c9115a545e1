// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses as text, names of routers, and where this process is. */
#include "tests/unit/lib/client/router.h"

#include "include/vlsp/vlsp.h"

static bool on_router;

static void parse(const char *text, uint32_t host, uint16_t port)
{
	struct vlsp_address address;

	if (vlsp_address_parse(text, &address) < 0)
		fail_msg("'%s' was refused: errno %d", text, errno);
	assert_int_equal(address.host, host);
	assert_int_equal(address.port, port);
}

static void refuse(const char *text, int code)
{
	struct vlsp_address address = {1, 1};

	errno = 0;
	if (vlsp_address_parse(text, &address) == 0)
		fail_msg("'%s' was taken", text);
	if (errno != code)
		fail_msg("'%s': errno %d, not %d", text, errno, code);
	assert_int_equal(address.host, 1);
}

static void addresses_are_read(void **state)
{
	static const char *const wrong[] = {"",
					    ":",
					    "10.0.0.1:",
					    "10.0.0.1:0",
					    "10.0.0.1:65536",
					    ":07",
					    "10.0.0.1:7x",
					    "10.0.0.1:-7",
					    "10.0.0.1:99999999",
					    "a b",
					    "10.0.0.1:7:8",
					    ": 7",
					    "count",
					    "..",
					    ":+7"};
	static const char *const names[] = {"", ".", "a b", "paris:7", "count"}; /* of no router */
	uint32_t host;

	(void)state;
	parse("10.0.0.2:7", 0x0a000002, 7);
	parse("10.0.0.2", 0x0a000002, 0);
	parse(":65535", 0, 65535);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refuse(wrong[i], EINVAL);
	refuse("a-name-that-is-longer-than-a-name-of-a-router-may-be-0123456789abc", EINVAL);
	refuse("nobody:7", ENOENT);
	/* no address, so perhaps a name */
	refuse("10.0.0.256", ENOENT);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		errno = 0;
		assert_int_equal(vlsp_resolve(names[i], &host), -1);
		assert_int_equal(errno, EINVAL);
	}
}

static void addresses_are_written(void **state)
{
	struct vlsp_address address = {.host = 0xffffffff, .port = 65535};
	char text[VLSP_ADDRESS_TEXT];

	(void)state;
	assert_string_equal(vlsp_address_format(&address, text), "255.255.255.255:65535");
	address.port = 0;
	address.host = 0x0a000002;
	assert_string_equal(vlsp_address_format(&address, text), "10.0.0.2");
}

static void names_are_those_of_routers(void **state)
{
	uint32_t host = 1;

	(void)state;
	if (!on_router)
		skip();
	parse("paris:7", 0x0a000002, 7);
	parse("rome", 0x0a000004, 0);
	assert_int_equal(vlsp_resolve("paris", &host), 0);
	assert_int_equal(host, 0x0a000002);
	/* what the machine calls so is no router, nor is what an outer router could see */
	refuse("localhost", ENOENT);
	refuse("athens", ENOENT);
	refuse("half", ENOENT);
	/* the own name needs no file */
	parse(ROUTER_NAME ":7", ROUTER_ADDRESS, 7);
}

static void a_process_knows_its_router(void **state)
{
	struct vlsp_self self;

	(void)state;
	if (!on_router)
		skip();
	assert_int_equal(vlsp_self(&self), 0);
	assert_string_equal(self.router, ROUTER_NAME);
	assert_int_equal(self.host, ROUTER_ADDRESS);
}

/* The last one: it goes elsewhere. */
static void elsewhere_it_knows_that_it_is_on_none(void **state)
{
	struct vlsp_self self;

	(void)state;
	if (!on_router)
		skip();
	assert_return_code(unshare(CLONE_NEWNET), errno);
	assert_int_equal(vlsp_self(&self), -1);
	assert_int_equal(errno, ENONET);
	assert_null(vlsp_socket_open());
	assert_int_equal(errno, ENONET);
}

static void errors_have_words(void **state)
{
	(void)state;
	assert_string_equal(vlsp_strerror(ENONET), "This process is not on a virtual router");
	/* Of routers, link ends and vlspd's socket; of datagrams and of values that are reported;
	 * of a port and of the daemon; of receiving and of telling. */
	assert_string_equal(vlsp_strerror(ENOENT), "Nothing of that name is there");
	assert_string_equal(vlsp_strerror(EMSGSIZE), "That is too large");
	assert_string_equal(vlsp_strerror(ECONNREFUSED), "Nobody is there");
	assert_string_equal(vlsp_strerror(EAGAIN), "Nothing is there now, or nothing is taken now");
	assert_string_equal(vlsp_strerror(EBADF), "Bad file descriptor");
	assert_string_equal(vlsp_strerror(0), "Success");
	assert_string_equal(vlsp_strerror(-1), "Unknown error");
	assert_string_equal(vlsp_version(), VLSP_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(addresses_are_written),
		cmocka_unit_test(names_are_those_of_routers),
		cmocka_unit_test(a_process_knows_its_router),
		cmocka_unit_test(errors_have_words),
		cmocka_unit_test(elsewhere_it_knows_that_it_is_on_none),
	};

	on_router = router_enter("127.0.0.1 localhost paris\n"
				 "# routers\n"
				 "10.0.0.9 athens\n"
				 "# routers\n"
				 "10.0.0.1\tlondon\n10.0.0.2 paris\n10.0.0.3 paris\nhalf\n"
				 "10.0.0.4   rome");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
