/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A router process as the spawner makes it, with the test as the daemon: what it may still do after
 * it gave up root, what it does with the daemon's frames, right and wrong, and while the daemon is
 * away. Its maps are files in memory. Needs root, for a network namespace.
 */
#include "daemon/router/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "include/shared/maps.h"
#include "lib/confine/confine.h"
#include "lib/wire/frame.h"

#define ADDRESS 0x0a000001u
#define UID	CONFINE_USER_BASE

struct fixture {
	char dir[40], path[64];
	int listener, sock, log[2], maps[SPAWN_FDS];
	uint32_t uid;
	bool full;
	pid_t pid;
};

static void start_listening(struct fixture *f)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 20};

	strcpy(addr.sun_path, f->path);
	f->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(chmod(f->path, 0600), 0);
	assert_int_equal(chown(f->path, f->uid, f->uid), 0);
	assert_int_equal(
		setsockopt(f->listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(listen(f->listener, 4), 0);
}

/* What happens to a daemon that ends, and to its socket when the next one starts. */
static void daemon_ends(struct fixture *f)
{
	close(f->sock);
	close(f->listener);
	unlink(f->path);
	f->sock = f->listener = -1;
}

static void router_start(struct fixture *f)
{
	struct spawn_request request = {.slot = 3,
					.address = ADDRESS,
					.fib_capacity = VLSP_FIB_MIN,
					.log_level = 1,
					.uid = f->uid,
					.name = "r1"};

	struct rlimit none = {0};

	strcpy(request.socket, f->path);
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid > 0)
		return;
	dup2(f->full ? f->maps[SPAWN_FD_ADDR] : f->log[1], STDERR_FILENO);
	if (f->full) /* of its log: a file that is at its limit already */
		setrlimit(RLIMIT_FSIZE, &none);
	_exit(child_run(&request, f->maps));
}

static int memory(size_t size)
{
	int fd = memfd_create("map", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static int setup_as(void **state, uint32_t uid, bool full)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	f->full = full;
	f->listener = f->sock = -1;
	f->uid = uid;
	if (geteuid() != 0)
		return 0;
	strcpy(f->dir, "/tmp/vlsp-process-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(chmod(f->dir, 0751), 0);
	strcat(f->dir, "/run"); /* the directory above is closed to everybody else */
	assert_int_equal(mkdir(f->dir, 0751), 0);
	assert_int_equal(chmod(f->dir, 0751), 0);
	f->dir[strlen(f->dir) - 4] = '\0';
	assert_int_equal(chmod(f->dir, 0700), 0);
	snprintf(f->path, sizeof(f->path), "%s/run/router.sock", f->dir);
	f->maps[SPAWN_FD_NETNS] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	f->maps[SPAWN_FD_FIB] = memory(VLSP_FIB_MIN * sizeof(struct vlsp_fib));
	f->maps[SPAWN_FD_HELLO] = memory(VLSP_PORT_MAX * sizeof(struct vlsp_hello));
	f->maps[SPAWN_FD_ADDR] = memory(VLSP_ADDR_MAX * sizeof(struct vlsp_addr));
	assert_int_equal(pipe2(f->log, O_CLOEXEC | O_NONBLOCK), 0);
	start_listening(f);
	router_start(f);
	return 0;
}

static int setup(void **state)
{
	return setup_as(state, UID, false);
}

static int setup_root(void **state)
{
	return setup_as(state, 0, false);
}

static int setup_full(void **state)
{
	return setup_as(state, UID, true);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->pid > 0) {
		kill(f->pid, SIGKILL);
		waitpid(f->pid, NULL, 0);
	}
	if (f->dir[0]) {
		daemon_ends(f);
		for (int i = 0; i < SPAWN_FDS; i++)
			close(f->maps[i]);
		close(f->log[0]);
		close(f->log[1]);
		rmdir(strcat(strcpy(f->path, f->dir), "/run"));
		rmdir(f->dir);
	}
	free(f);
	return 0;
}

static void need_root(void)
{
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
}

static bool runs(const struct fixture *f)
{
	return waitpid(f->pid, NULL, WNOHANG) == 0;
}

/* --- the daemon's side ----------------------------------------------------------------------- */

static char buf[FRAME_MAX];

/* The next frame of that type, within 10 s; others before it are passed over. */
static int take(struct fixture *f, uint16_t type, const void **ret_body)
{
	struct timeval patience = {.tv_sec = 10};

	setsockopt(f->sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (;;) {
		const struct frame_head *head = (const void *)buf;
		ssize_t n = recv(f->sock, buf, sizeof(buf), 0);

		if (n < (ssize_t)sizeof(*head))
			fail_msg("no frame of type %u: %s", type, n < 0 ? strerror(errno) : "end");
		if (head->type != type)
			continue;
		*ret_body = buf + sizeof(*head);
		return (int)(n - (ssize_t)sizeof(*head));
	}
}

static void tell(struct fixture *f, enum frame_type type, const void *body, uint32_t length)
{
	assert_int_equal(frame_send(f->sock, type, body, length, -1), 0);
}

static void accept_router(struct fixture *f)
{
	const struct frame_hello *hello;
	const void *body;

	f->sock = accept(f->listener, NULL, NULL);
	assert_true(f->sock >= 0);
	assert_int_equal(take(f, FRAME_HELLO, &body), sizeof(*hello));
	hello = body;
	assert_int_equal(hello->version, FRAME_VERSION);
	assert_int_equal(hello->slot, 3);
	assert_int_equal(hello->pid, f->pid);
}

static void configure(struct fixture *f)
{
	struct frame_config config = {.address = ADDRESS,
				      .network = 0x0a000000,
				      .prefix_len = 16,
				      .hello_us = 40000,
				      .dead_us = 120000};
	const void *body;

	accept_router(f);
	tell(f, FRAME_CONFIG, &config, sizeof(config));
	assert_int_equal(take(f, FRAME_READY, &body), 0);
}

static void ping(struct fixture *f, uint32_t cookie)
{
	const void *body;

	tell(f, FRAME_PING, &cookie, sizeof(cookie));
	assert_int_equal(take(f, FRAME_PONG, &body), sizeof(cookie));
	assert_memory_equal(body, &cookie, sizeof(cookie));
}

static void link_add(struct fixture *f, uint32_t port)
{
	struct frame_link link = {
		.op = FRAME_LINK_ADD, .port = port, .weight = 1, .peer_address = ADDRESS + port};

	tell(f, FRAME_LINKS, &link, sizeof(link));
}

/* Number of links that the router reports to a daemon that came back; a bit for each port. */
static unsigned links_reported(struct fixture *f)
{
	unsigned ports = 0, cookie = 99;

	tell(f, FRAME_PING, &cookie, sizeof(cookie));
	for (;;) {
		const struct frame_head *head = (const void *)buf;
		const struct frame_link_state *state = (const void *)(head + 1);

		assert_true(recv(f->sock, buf, sizeof(buf), 0) > 0);
		if (head->type == FRAME_PONG)
			return ports;
		if (head->type == FRAME_LINK)
			ports |= 1u << (state->port - 20);
	}
}

/* --- /proc ----------------------------------------------------------------------------------- */

static void proc_text(const struct fixture *f, const char *file, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", f->pid, file);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	n = read(fd, text, size - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
}

static void assert_status(const struct fixture *f, const char *line)
{
	char text[4096];

	proc_text(f, "status", text, sizeof(text));
	if (!strstr(text, line))
		fail_msg("/proc/%d/status has not \"%s\":\n%s", f->pid, line, text);
}

/* Another process of the same user, which has nothing to do with the router. */
static int as_the_same_user(int (*fn)(const struct fixture *), const struct fixture *f)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (confine_user(UID, 0) < 0)
			_exit(99);
		_exit(fn(f));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int look_into(const struct fixture *f)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", f->pid);
	if (open(path, O_RDWR) >= 0)
		return 1;
	snprintf(path, sizeof(path), "/proc/%d/map_files", f->pid);
	return open(path, O_RDONLY | O_DIRECTORY) >= 0 ? 2 : 0;
}

static int limit_descriptors(const struct fixture *f, bool none)
{
	struct rlimit limit;

	if (prlimit(f->pid, RLIMIT_NOFILE, NULL, &limit) < 0)
		return 1;
	limit.rlim_cur = none ? 0 : limit.rlim_max;
	return prlimit(f->pid, RLIMIT_NOFILE, &limit, NULL) < 0 ? 2 : 0;
}

static int take_descriptors(const struct fixture *f)
{
	return limit_descriptors(f, true);
}

static int give_descriptors(const struct fixture *f)
{
	return limit_descriptors(f, false);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void it_is_nobody_and_can_do_nothing(void **state)
{
	struct fixture *f = *state;
	char line[64];

	need_root();
	configure(f);
	snprintf(line, sizeof(line), "\nUid:\t%u\t%u\t%u\t%u\n", UID, UID, UID, UID);
	assert_status(f, line);
	snprintf(line, sizeof(line), "\nGid:\t%u\t%u\t%u\t%u\n", UID, UID, UID, UID);
	assert_status(f, line);
	assert_status(f, "\nGroups:\t \n");
	assert_status(f, "\nCapInh:\t0000000000000000\n");
	assert_status(f, "\nCapPrm:\t0000000000000000\n");
	assert_status(f, "\nCapEff:\t0000000000000000\n");
	assert_status(f, "\nCapBnd:\t0000000000000000\n");
	assert_status(f, "\nCapAmb:\t0000000000000000\n");
	assert_status(f, "\nNoNewPrivs:\t1\n");
	assert_int_equal(as_the_same_user(look_into, f), 0);
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)f->pid), -5);
}

static void with_user_0_it_stays_root(void **state)
{
	struct fixture *f = *state;

	need_root();
	configure(f);
	assert_status(f, "\nUid:\t0\t0\t0\t0\n");
	ping(f, 1);
}

static void it_answers_a_ping_before_and_after_its_configuration(void **state)
{
	struct fixture *f = *state;
	struct frame_config config = {.address = ADDRESS,
				      .network = 0x0a000000,
				      .prefix_len = 16,
				      .hello_us = 40000,
				      .dead_us = 120000};
	const void *body;

	need_root();
	accept_router(f);
	ping(f, 7);
	tell(f, FRAME_CONFIG, &config, sizeof(config));
	assert_int_equal(take(f, FRAME_READY, &body), 0);
	ping(f, 0xffffffff);
}

static void after_the_daemon_was_away_links_that_are_not_named_are_dropped(void **state)
{
	struct fixture *f = *state;

	need_root();
	configure(f);
	link_add(f, 20);
	link_add(f, 21);
	link_add(f, 22);
	tell(f, FRAME_LINKS_END, NULL, 0);
	ping(f, 1);
	for (int i = 0; i < 3; i++) {
		daemon_ends(f);
		start_listening(f);
		configure(f);
		link_add(f, 20);
		if (i == 0) {
			/* 22 is named late, 21 not at all, 23 is new */
			link_add(f, 22);
			link_add(f, 23);
			tell(f, FRAME_LINKS_END, NULL, 0);
		}
		ping(f, 2);
	}
	/* without an end of the list nothing is dropped: the daemon was cut short */
	daemon_ends(f);
	start_listening(f);
	accept_router(f);
	assert_int_equal(links_reported(f), 1 | 4 | 8);
}

static void it_connects_again_however_long_the_daemon_was_away(void **state)
{
	struct fixture *f = *state;

	need_root();
	configure(f);
	daemon_ends(f);
	usleep(700000); /* longer than the longest pause between two attempts */
	assert_true(runs(f));
	start_listening(f);
	configure(f);
	/* no descriptors for a while */
	assert_int_equal(as_the_same_user(take_descriptors, f), 0);
	daemon_ends(f);
	start_listening(f);
	usleep(500000);
	assert_true(runs(f));
	assert_int_equal(as_the_same_user(give_descriptors, f), 0);
	configure(f);
}

static void a_frame_that_makes_no_sense_ends_nothing(void **state)
{
	static const struct {
		uint16_t type;
		uint32_t length, size;
	} bad[] = {
		{FRAME_CONFIG, 4, 4},	 {FRAME_CONFIG, 0, 0},	{FRAME_LINKS, 5, 5},
		{FRAME_LINKS, 64, 64},	 {FRAME_FIB, 7, 7},	{FRAME_FIB, 16, 16},
		{FRAME_DUMP, 0, 0},	 {FRAME_FIB_MAP, 4, 4}, {FRAME_PING, 8, 8},
		{FRAME_LINKS_END, 4, 4}, {FRAME_QUIT, 1, 1},	{0, 0, 0},
		{999, 100, 100},	 {FRAME_HELLO, 16, 16},
	};
	struct fixture *f = *state;
	uint8_t junk[256];

	need_root();
	configure(f);
	memset(junk, 0xa5, sizeof(junk));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tell(f, (enum frame_type)bad[i].type, junk, bad[i].length);
	ping(f, 3);
	/* a head that lies about the length, or half a head: the connection starts anew */
	for (size_t size = 1; size < 20; size += 6) {
		assert_int_equal(send(f->sock, junk, size, 0), size);
		close(f->sock);
		configure(f);
		ping(f, 4);
	}
	assert_true(runs(f));
}

static void a_log_that_nobody_reads_ends_nothing(void **state)
{
	struct fixture *f = *state;
	uint8_t junk[8] = {0};

	need_root();
	configure(f);
	close(f->log[0]);
	f->log[0] = -1;
	for (int i = 0; i < 10; i++) /* each is logged */
		tell(f, FRAME_CONFIG, junk, sizeof(junk));
	ping(f, 5);
	assert_true(runs(f));
}

static void a_log_that_may_not_grow_ends_nothing(void **state)
{
	struct fixture *f = *state;
	uint8_t junk[8] = {0};

	need_root();
	configure(f);
	tell(f, FRAME_CONFIG, junk, sizeof(junk));
	ping(f, 5);
	assert_true(runs(f));
}

static void a_daemon_that_does_not_read_is_given_up_and_told_all_later(void **state)
{
	struct fixture *f = *state;
	int size = 4096;
	uint32_t cookie = 1;

	need_root();
	configure(f);
	setsockopt(f->sock, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	for (int i = 0; i < 200000; i++) { /* each is answered: more than the queue may hold */
		int r = frame_send(f->sock, FRAME_DUMP, &cookie, sizeof(cookie), -1);

		if (r == -EPIPE || r == -ECONNRESET)
			break;
		if (r == -EAGAIN)
			usleep(10);
	}
	assert_true(runs(f));
	close(f->sock);
	configure(f);
	ping(f, 6);
}

static void told_to_quit_it_quits(void **state)
{
	struct fixture *f = *state;
	int status;

	need_root();
	configure(f);
	tell(f, FRAME_QUIT, NULL, 0);
	assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
	f->pid = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define T(fn)	   cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define ROOT_T(fn) cmocka_unit_test_setup_teardown(fn, setup_root, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_is_nobody_and_can_do_nothing),
		ROOT_T(with_user_0_it_stays_root),
		T(it_answers_a_ping_before_and_after_its_configuration),
		T(after_the_daemon_was_away_links_that_are_not_named_are_dropped),
		T(it_connects_again_however_long_the_daemon_was_away),
		T(a_frame_that_makes_no_sense_ends_nothing),
		T(a_log_that_nobody_reads_ends_nothing),
		cmocka_unit_test_setup_teardown(a_log_that_may_not_grow_ends_nothing, setup_full,
						teardown),
		T(a_daemon_that_does_not_read_is_given_up_and_told_all_later),
		T(told_to_quit_it_quits),
	};

	if (geteuid() == 0 && unshare(CLONE_NEWNET) < 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
