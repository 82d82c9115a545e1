/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the supervisor is told, by applications and by the daemon, or by nobody. */
#include "daemon/supervisor/link.h"
#include "tests/unit/daemon/supervisor/supervisor_world.h"

/* Packets by the socket, from a program that knows nothing of libvlsp. */
#define PERL "/usr/bin/perl"
#define OPEN "use Socket; open(my $s, '+<&=', 3) or die; "

static bool perl(uint32_t id, enum topo_app_ready ready, const char *code)
{
	const char *const args[] = {"perl", "-e", code, NULL};
	struct app_spec spec = spec_of(id, args);

	if (access(PERL, X_OK) < 0)
		return false;
	spec.texts[APP_PROGRAM] = PERL;
	spec.head.ready = ready;
	start(&spec);
	return true;
}

static void test_link(void **arg)
{
	struct app_ask ask = {.id = 1};
	int pipes[2];
	char byte;

	(void)arg;
	if (!perl(1, TOPO_APP_READY_NOTIFY,
		  OPEN "send($s, \"DATA\\nrate=5\", 0); send($s, \"DATA\\nRate=5\", 0);"
		       "send($s, \"DATA\\nname=a b\", 0); send($s, \"DATA\\nrate=6\", 0);"
		       "send($s, 'x' x 5000, 0); send($s, \"DATA\\nbad=a\\nb\", 0);"
		       "send($s, 'READY=1', 0); recv($s, my $b, 4096, 0); $b =~ s/\\n/,/; "
		       "print \"$b\\n\"; send($s, \"INTERCEPT=1\\nopen\", 0);"
		       "recv($s, $b, 4096, 0); print \"$b\\n\";"))
		skip();
	until(1, APP_RUNNING);
	until_told(FRAME_APP_DATA);
	while (!strstr(text, "bad="))
		until_told(FRAME_APP_DATA);
	assert_string_equal(text, "rate=6\nname=a b\nbad=a?b\n");
	say(FRAME_APP_SET, "\1\0\0\0speed=1", 11, -1);
	until_told(FRAME_APP_ASK);
	memcpy(&ask, &state, sizeof(ask));
	assert_int_equal(ask.id, 1);
	assert_string_equal(text, "INTERCEPT=1\nopen");
	/* The daemon ends before it has answered; the next one is asked the same. */
	close(sock);
	close(listener);
	unlink(path);
	start_listening();
	accept_supervisor();
	until_told(FRAME_APP_ASK);
	assert_memory_equal(&state, &ask, sizeof(ask));
	assert_string_equal(text, "INTERCEPT=1\nopen");
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	say(FRAME_APP_FD, &ask, sizeof(ask), pipes[1]);
	close(pipes[1]);
	say(FRAME_APP_TELL, &(struct {
		    struct app_ask ask;
		    char answer[15];
	    }){ask, "INTERCEPT=1\nok"},
	    sizeof(ask) + 14, -1);
	ended(1, 0);
	has_line(1, "o SET,speed=1");
	has_line(1, "o ok");
	/* the application had it, and it is nobody's now */
	assert_true(readable(pipes[0], PATIENT));
	assert_int_equal(read(pipes[0], &byte, 1), 0);
	close(pipes[0]);
}

/* As many and as long as they may be. */
static void test_all_values(void **arg)
{
	const size_t all = LINK_VALUES * (APP_LINK_KEY + APP_LINK_VALUE);

	(void)arg;
	if (!perl(1, TOPO_APP_READY_SETTLED,
		  OPEN "send($s, \"DATA\\n\" . sprintf('%032d', $_) . '=' . 'v' x 200, 0) "
		       "for 1..70; sleep 1000"))
		skip();
	do
		until_told(FRAME_APP_DATA);
	while (strlen(text) < all);
	assert_int_equal(strlen(text), all);
	stop(1, true);
	until(1, APP_ENDED);
}

/* What a process reported is shown when it has ended, and is not the next one's. */
static void test_values_end(void **arg)
{
	const char *const args[] = {"perl", "-e",
				    OPEN "use Time::HiRes; send($s, \"DATA\\nat-\" . "
					 "Time::HiRes::time() . '=1', 0); select(undef, undef, "
					 "undef, 0.5); exit 1",
				    NULL};
	struct app_spec spec = spec_of(1, args);
	char first[sizeof(text)];

	(void)arg;
	if (access(PERL, X_OK) < 0)
		skip();
	spec.texts[APP_PROGRAM] = PERL;
	spec.head.restart = TOPO_APP_ALWAYS;
	start(&spec);
	do
		until_told(FRAME_APP_DATA);
	while (!text[0]);
	strcpy(first, text);
	do
		until_told(FRAME_APP_DATA);
	while (!text[0] || strcmp(text, first) == 0);
	assert_null(strstr(text, first));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	stop(1, true);
	until(1, APP_ENDED);
}

static void test_ready_by_notice(void **arg)
{
	(void)arg;
	if (!perl(1, TOPO_APP_READY_NOTIFY, OPEN "sleep 1; send($s, 'READY=1', 0); sleep 1000"))
		skip();
	until(1, APP_RUNNING);
	assert_false(state.ready);
	until_ready(1);
}

/* Neither what floods its socket nor what prints without end keeps others from being served. */
static void test_floods(void **arg)
{
	(void)arg;
	run(1, "yes");
	run(2, "exec yes ''");
	if (!perl(3, TOPO_APP_READY_SETTLED,
		  OPEN "my $n = 0; while (1) { $n++; send($s, \"DATA\\nn=$n\", 0); }"))
		print_message("without perl the socket is not flooded\n");
	until(2, APP_RUNNING);
	for (uint32_t id = 10; id < 15; id++) {
		run(id, "echo fine");
		ended(id, 0);
		assert_int_equal(state.stopped, 0);
		has_line(id, "o fine");
	}
	stop(1, true);
	until(1, APP_ENDED);
	assert_int_equal(state.stopped, 1);
}

static void test_log_limit(void **arg)
{
	const char *const args[] = {"sh", "-c",
				    "i=0; while [ $i -lt 2000 ]; do echo line $i of many; "
				    "i=$((i+1)); done; head -c 10000 /dev/zero | tr '\\0' x; echo",
				    NULL};
	struct app_spec spec = spec_of(1, args);
	static char one[1 << 20];
	uint32_t id = 1;
	size_t n;

	(void)arg;
	spec.head.log_bytes = 20000;
	start(&spec);
	until(1, APP_ENDED);
	log_read(1, "", one, sizeof(one));
	n = strlen(one);
	assert_true(n > 0 && n <= 20000);
	log_read(1, ".1", one, sizeof(one));
	assert_true(strlen(one) > 0 && strlen(one) <= 20000);
	say(FRAME_APP_FORGET, &id, sizeof(id), -1);
	run(2, "exit 0");
	until(2, APP_ENDED);
	log_read(1, ".1", one, sizeof(one));
	assert_string_equal(one, "");
	log_read(1, "", one, sizeof(one));
	assert_string_equal(one, "");
}

/* Without a daemon it goes on; the next one is told all. */
static void test_daemon_away(void **arg)
{
	const char *const args[] = {"sh", "-c", "sleep 0.2; echo run; exit 1", NULL};
	struct app_spec spec = spec_of(2, args);
	static char one[1 << 16];

	(void)arg;
	run(1, "while :; do echo tick; sleep 0.02; done");
	until_ready(1);
	spec.head.restart = TOPO_APP_ALWAYS;
	start(&spec);
	until(2, APP_RUNNING);
	close(sock);
	close(listener);
	unlink(path);
	do {
		usleep(20000);
		log_read(2, "", one, sizeof(one));
	} while (!strstr(one, "run\n") || !strstr(strstr(one, "run\n") + 1, "run\n"));
	start_listening();
	accept_supervisor();
	hear();
	assert_int_equal(told, FRAME_APP_STATE);
	assert_int_equal(state.id, 1);
	assert_int_equal(state.phase, APP_RUNNING);
	hear();
	assert_int_equal(state.id, 2);
	assert_true(state.restarts >= 1);
	hear();
	assert_int_equal(told, FRAME_APP_KNOWN);
	stop(2, true);
	until(2, APP_ENDED);
}

/* Wrong frames are passed over. */
static void test_nonsense(void **arg)
{
	uint32_t id = 1;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int small = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)arg;
	say(FRAME_APP_STOP, NULL, 0, -1);
	say(FRAME_APP_SET, "ab", 2, -1);
	say(FRAME_APP_TELL, "ab", 2, -1);
	say(FRAME_APP_FD, "abcdefgh", 8, fd);
	say(FRAME_APP_FORGET, &id, sizeof(id), -1);
	say(FRAME_RING, NULL, 0, fd);
	say(FRAME_APP_START, &id, sizeof(id), fd);
	fails(1, "cannot start it");
	assert_int_equal(write(small, "nonsense", 8), 8);
	fcntl(small, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	say(FRAME_APP_START, &id, sizeof(id), small);
	fails(1, "cannot start it");
	close(fd);
	close(small);
	run(2, "exit 0");
	ended(2, 0);
}

static void test_supervisor_dies(void **arg)
{
	(void)arg;
	run(1, "sleep 98764");
	until_ready(1);
	while (count_processes("sleep 98764") < 1)
		usleep(5000);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	pid = 0;
	for (int i = 0; count_processes("sleep 98764") && i < PATIENT; i++)
		usleep(1000);
	assert_int_equal(count_processes("sleep 98764"), 0);
}

T(link)
T(all_values)
T(values_end)
T(ready_by_notice)
T(floods)
T(log_limit)
T(daemon_away)
T(nonsense)
T(supervisor_dies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		U(link),      U(all_values),  U(values_end), U(ready_by_notice), U(floods),
		U(log_limit), U(daemon_away), U(nonsense),   U(supervisor_dies),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
