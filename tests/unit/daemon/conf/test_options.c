/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vlspd's command line and configuration file. */
#include "daemon/conf/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"

static int parse(struct conf *conf, struct err *err, const char *const *words)
{
	char *argv[16] = {(char *)(uintptr_t) "vlspd"};
	int argc = 1;

	while (words[argc - 1]) {
		argv[argc] = (char *)(uintptr_t)words[argc - 1]; /* main's type */
		argc++;
	}
	return conf_parse(argc, argv, conf, err);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void defaults_are_those_of_the_manual(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, NULL, WORDS("start")), 0);
	assert_int_equal(c.command, CONF_START);
	assert_string_equal(c.runtime_dir, "/run/vlsp");
	assert_string_equal(c.state_dir, "/var/lib/vlsp");
	assert_true(c.listen);
	assert_string_equal(c.listen_address, "127.0.0.1");
	assert_int_equal(c.listen_port, 8888);
	assert_false(c.fake_host);
	assert_false(c.auth_none);
	assert_int_equal(c.hello_us, 0);
	assert_true(c.restore);
	assert_true(c.cgroups);
	assert_true(c.limit_caps);
	assert_false(c.keep);
	assert_int_equal(c.user_base, 1448300000);
}

static void options_are_taken_in_both_spellings(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, NULL,
			       WORDS("run", "--runtime-dir", "/r//", "--listen=127.0.0.2:0",
				     "--host", "fake", "--hello-interval=20ms", "--log-level",
				     "debug", "--role", "controller,host", "--auth=none")),
			 0);
	assert_int_equal(c.command, CONF_RUN);
	assert_string_equal(c.runtime_dir, "/r");
	assert_string_equal(c.listen_address, "127.0.0.2");
	assert_int_equal(c.listen_port, 0);
	assert_true(c.fake_host);
	assert_true(c.auth_none);
	assert_int_equal(c.hello_us, 20000);
	assert_int_equal(c.log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(parse(&c, NULL, WORDS("status", "--listen", "none")), 0);
	assert_false(c.listen);
	assert_int_equal(parse(&c, NULL, WORDS("stop", "--keep", "--runtime-dir", "/r")), 0);
	assert_true(c.keep);
	assert_int_equal(parse(&c, NULL, WORDS("clean", "--instance", "/i")), 0);
	assert_int_equal(c.command, CONF_CLEAN);
	assert_string_equal(c.runtime_dir, "/i");
	assert_int_equal(parse(&c, NULL,
			       WORDS("run", "--restore", "no", "--user-base", "none", "--cgroups",
				     "none", "--capabilities=all", "--state-dir", "/s")),
			 0);
	assert_false(c.restore || c.cgroups || c.limit_caps);
	assert_int_equal(c.user_base, 0);
	assert_true(c.state_dir_given);
	assert_int_equal(
		parse(&c, NULL,
		      WORDS("run", "--listen", "192.0.2.1:1", "--tls-key", "/k", "--tls-cert", "/c",
			    "--tls-client-ca", "/a", "--group", "g", "--read-group=r")),
		0);
	assert_string_equal(c.listen_address, "192.0.2.1");
	assert_string_equal(c.tls_cert, "/c");
	assert_string_equal(c.tls_key, "/k");
	assert_string_equal(c.tls_client_ca, "/a");
	assert_string_equal(c.group, "g");
	assert_string_equal(c.read_group, "r");
	assert_true(c.group_given && c.read_group_given);
	assert_int_equal(parse(&c, NULL, WORDS("stop", "--help")), 0);
	assert_int_equal(c.command, CONF_HELP);
}

static void wrong_usage_names_what_is_wrong(void **state)
{
	static const struct {
		const char *word[5], *says;
	} rows[] = {
		{{"frobnicate"}, "frobnicate"},
		{{"run", "fast"}, "fast"},
		{{"run", "--keep"}, "--keep"},
		{{"run", "--restore", "maybe"}, "restore"},
		{{"run", "--user-base", "0"}, "user-base"},
		{{"run", "--user-base", "4000000000"}, "user-base"},
		{{"run", "--cgroups", "v3"}, "cgroups"},
		{{"run", "--colour", "red"}, "--colour"},
		{{"run", "--listen"}, "--listen"},
		{{"run", "--listen", "8888"}, "listen"},
		{{"run", "--listen", "127.0.0.1:99999"}, "listen"},
		{{"run", "--listen", "127.0.0.1:"}, "listen"},
		{{"run", "--listen", "0.0.0.0:8888"}, "TLS"},
		{{"run", "--listen", "192.0.2.1:8888"}, "TLS"},
		{{"run", "--listen", "example.org:8888"}, "listen"},
		{{"run", "--role", "host"}, "role"},
		{{"run", "--host", "mars"}, "host"},
		{{"run", "--auth", "password"}, "auth"},
		{{"run", "--auth=none", "--tls-cert=/c", "--tls-key=/k", "--listen=192.0.2.1:1"},
		 "auth: none is for loopback"},
		{{"run", "--tls-cert", "/c"}, "tls-key"},
		{{"run", "--tls-key", "/c"}, "tls-cert"},
		{{"run", "--tls-client-ca", "/c"}, "tls-client-ca"},
		{{"run", "--group", ""}, "group"},
		{{"run", "--read-group", "abcdefghijklmnopqrstuvwxyz0123456789"}, "read-group"},
		{{"run", "--log-level", "loud"}, "log-level"},
		{{"run", "--hello-interval", "20"}, "hello-interval"},
		{{"run", "--hello-interval", "1us"}, "hello-interval"},
		{{"run", "--hello-interval", "60001ms"}, "hello-interval: must be 1ms to 60s"},
		{{"help", "me"}, "'me' is not a command"},
		{{"run", "--runtime-dir", ""}, "runtime-dir"},
		{{"run", "--runtime-dir",
		  "/12345678901234567890123456789012345678901234567890/"
		  "12345678901234567890123456789012345678901234567890"},
		 "runtime-dir"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};
		struct conf c;

		assert_int_equal(parse(&c, &err, rows[i].word), -EINVAL);
		if (!strstr(err.text, rows[i].says))
			fail_msg("row %zu: '%s' does not say '%s'", i, err.text, rows[i].says);
	}
}

static void a_file_says_the_same_as_the_command_line(void **state)
{
	static const char text[] = "# a comment\nruntime-dir: /r\nlisten: none\n"
				   "hello-interval: 10ms\nlog-level: warn\nhost: fake\n";
	struct conf c;

	(void)state;
	conf_defaults(&c);
	assert_int_equal(conf_read(&c, text, strlen(text), "f.yaml", NULL), 0);
	assert_string_equal(c.runtime_dir, "/r");
	assert_false(c.listen);
	assert_int_equal(c.hello_us, 10000);
	assert_int_equal(c.log_level, LOG_LEVEL_WARN);
	assert_true(c.fake_host);
	assert_int_equal(conf_read(&c, "", 0, "f.yaml", NULL), 0);
}

static void a_wrong_file_is_told_by_name_and_line(void **state)
{
	static const char *const rows[][2] = {
		{"listen: none\ncolour: red\n", "f.yaml:2: colour"},
		{"listen: [none]\n", "f.yaml:1: listen"},
		{"log-level:\n", "f.yaml:1: log-level"},
		{"\n- listen\n", "f.yaml:2"},
		{"listen: none\nlisten: none\n", "f.yaml:2"},
		{"host: {a: b}\n", "f.yaml:1: host"},
		{"{", "f.yaml:"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};
		struct conf c;

		conf_defaults(&c);
		assert_int_equal(conf_read(&c, rows[i][0], strlen(rows[i][0]), "f.yaml", &err),
				 -EBADMSG);
		if (!strstr(err.text, rows[i][1]))
			fail_msg("row %zu: '%s' does not say '%s'", i, err.text, rows[i][1]);
	}
}

static void the_command_line_goes_before_the_file(void **state)
{
	char path[] = "/tmp/vlsp-conf.XXXXXX";
	int fd = mkstemp(path);
	struct err err;
	struct conf c;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "listen: none\nhost: fake\n", 24), 24);
	close(fd);
	assert_int_equal(parse(&c, NULL, WORDS("run", "--listen", "127.0.0.1:7", "--config", path)),
			 0);
	assert_true(c.listen);
	assert_int_equal(c.listen_port, 7);
	assert_true(c.fake_host);
	unlink(path);
	assert_int_equal(parse(&c, &err, WORDS("run", "--config", path)), -EBADMSG);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(parse(&c, &err, WORDS("run", "--config=/tmp")), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_manual),
		cmocka_unit_test(options_are_taken_in_both_spellings),
		cmocka_unit_test(wrong_usage_names_what_is_wrong),
		cmocka_unit_test(a_file_says_the_same_as_the_command_line),
		cmocka_unit_test(a_wrong_file_is_told_by_name_and_line),
		cmocka_unit_test(the_command_line_goes_before_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
