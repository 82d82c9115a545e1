/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The supervisor as a process, with the test as its daemon; its applications are shells in a
 * network namespace of the test's own. Needs root, namespaces and $O/vlsp-supervisor; tests skip
 * with the reason otherwise.
 */
#ifndef VLSP_TESTS_SUPERVISOR_WORLD_H
#define VLSP_TESTS_SUPERVISOR_WORLD_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/topo/app.h"
#include "lib/wire/app.h"
#include "lib/wire/app_codec.h"
#include "lib/wire/frame.h"

#define PATIENT 20000 /* ms, for what comes soon on any machine */
#define UID	1448300777u

static char program[PATH_MAX], dir[40], path[64], logs[64], netns[64], hosts[64];
static int listener = -1, sock = -1;
static pid_t pid;
static struct stat net;
static const char *skip_why;

/* What the daemon was told last. */
static struct app_state state;
static char text[16384];
static uint16_t told;
static int told_fd;

/* --- the daemon ------------------------------------------------------------------------------- */

static void start_listening(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	strcpy(addr.sun_path, path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 4), 0);
}

static bool readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

/* The next frame, whatever it is; its numbers in state, what follows them in text. */
static void hear(void)
{
	static char buf[FRAME_MAX];
	const void *body;
	size_t head = 0;
	int r;

	if (!readable(sock, PATIENT))
		fail_msg("the supervisor says nothing");
	r = frame_recv(sock, buf, &told, &body, &told_fd);
	assert_true(r >= 0);
	memset(&state, 0, sizeof(state));
	if (told == FRAME_APP_STATE)
		head = sizeof(state);
	else if (told == FRAME_APP_DATA)
		head = sizeof(uint32_t);
	else if (told == FRAME_APP_ASK)
		head = sizeof(struct app_ask);
	assert_true((size_t)r >= head && (size_t)r - head < sizeof(text));
	memcpy(&state, body, head);
	memcpy(text, (const char *)body + head, (size_t)r - head);
	text[(size_t)r - head] = '\0';
}

static void until(uint32_t id, enum app_phase phase)
{
	do {
		hear();
		if (told == FRAME_APP_STATE && state.id == id && state.phase == APP_FAILED &&
		    phase != APP_FAILED)
			fail_msg("application %u has failed: %s", id, text);
	} while (told != FRAME_APP_STATE || state.id != id || state.phase != phase);
}

static void until_ready(uint32_t id)
{
	while (told != FRAME_APP_STATE || state.id != id || !state.ready)
		hear();
}

static void until_told(uint16_t what)
{
	do {
		hear();
	} while (told != what);
}

static void accept_supervisor(void)
{
	struct frame_hello hello;
	static char buf[FRAME_MAX];
	const void *body;
	uint16_t type;
	int fd;

	if (!readable(listener, PATIENT))
		fail_msg("the supervisor does not connect");
	sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(sock >= 0);
	assert_true(readable(sock, PATIENT));
	assert_int_equal(frame_recv(sock, buf, &type, &body, &fd), sizeof(hello));
	memcpy(&hello, body, sizeof(hello));
	assert_int_equal(type, FRAME_HELLO);
	assert_int_equal(hello.version, FRAME_VERSION);
	assert_int_equal(hello.slot, APP_SLOT);
	assert_int_equal(hello.pid, pid);
}

static void say(enum frame_type type, const void *body, uint32_t size, int fd)
{
	assert_int_equal(frame_send(sock, type, body, size, fd), 0);
}

static void stop(uint32_t id, bool now)
{
	struct app_stop body = {.id = id, .now = now};

	say(FRAME_APP_STOP, &body, sizeof(body), -1);
}

/* --- what is started -------------------------------------------------------------------------- */

static const char *const hide[] = {"/run", NULL};
static const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp", "VLSP_APP_FD=3",
				  NULL};

static struct app_spec spec_of(uint32_t id, const char *const *args)
{
	return (struct app_spec){
		.head = {.id = id,
			 .router_id = 7,
			 .slot = 3,
			 .uid = UID,
			 .restart = TOPO_APP_NEVER,
			 .ready = TOPO_APP_READY_SETTLED,
			 .grace_ms = 2000,
			 .log_bytes = 1 << 20,
			 .pids = 100,
			 .netns = net.st_ino},
		.texts = {[APP_PROGRAM] = "/bin/sh",
			  [APP_DIR] = "/tmp",
			  [APP_NETNS] = netns,
			  [APP_HOSTS] = hosts,
			  [APP_SHOW] = ""},
		.lists = {[APP_ARGS] = args, [APP_ENV] = env, [APP_HIDE] = hide},
	};
}

static void start(const struct app_spec *spec)
{
	int fd = memfd_create("app", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	uint32_t id = spec->head.id;
	size_t size;
	void *data;

	assert_int_equal(app_spec_encode(spec, &data, &size), 0);
	assert_int_equal(write(fd, data, size), size);
	free(data);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
	say(FRAME_APP_START, &id, sizeof(id), fd);
	close(fd);
}

static void run(uint32_t id, const char *script)
{
	const char *const args[] = {"sh", "-c", script, NULL};
	struct app_spec spec = spec_of(id, args);

	start(&spec);
}

static void log_read(uint32_t id, const char *end, char *to, size_t size)
{
	char file[100];
	ssize_t n;
	int fd;

	snprintf(file, sizeof(file), "%s/%u.log%s", logs, id, end);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, to, size - 1);
	if (fd >= 0)
		close(fd);
	to[n < 0 ? 0 : n] = '\0';
}

/* A line of its log, without its time. */
static bool said(uint32_t id, const char *want)
{
	static char all[1 << 20];
	char *save = NULL;

	log_read(id, "", all, sizeof(all));
	for (char *line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *at = strchr(line, ' ');
		unsigned long long seconds, micros;

		assert_int_equal(sscanf(line, "%llu.%6llu ", &seconds, &micros), 2);
		assert_non_null(at);
		if (strcmp(at + 1, want) == 0)
			return true;
	}
	return false;
}

static void has_line(uint32_t id, const char *want)
{
	static char all[1 << 20];

	if (said(id, want))
		return;
	log_read(id, "", all, sizeof(all));
	fail_msg("no line \"%s\" in the log of %u: %s", want, id, all);
}

static void ended(uint32_t id, int status)
{
	until(id, APP_ENDED);
	assert_int_equal(state.status, status);
	assert_int_equal(state.pid, 0);
}

/* Processes in the test's network namespace that have that word in their command line: others of
 * this machine may have it too. */
static int count_processes(const char *word)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	struct stat st;
	int count = 0;

	while ((entry = readdir(proc))) {
		char file[300], line[1000] = "";
		int fd;
		ssize_t n;

		if (atoi(entry->d_name) <= 0)
			continue;
		snprintf(file, sizeof(file), "/proc/%s/ns/net", entry->d_name);
		if (stat(file, &st) < 0 || st.st_ino != net.st_ino)
			continue;
		snprintf(file, sizeof(file), "/proc/%s/cmdline", entry->d_name);
		fd = open(file, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
		if (fd >= 0)
			close(fd);
		for (ssize_t i = 0; i < n; i++)
			if (!line[i])
				line[i] = ' ';
		count += n > 0 && strstr(line, word);
	}
	closedir(proc);
	return count;
}

static void fails(uint32_t id, const char *what)
{
	until(id, APP_FAILED);
	if (!strstr(text, what))
		fail_msg("\"%s\" is not in \"%s\"", what, text);
}

/* --- one supervisor a test -------------------------------------------------------------------- */

static int boot(void **arg)
{
	char level[] = "error", name[] = "vlsp-supervisor";
	char *argv[] = {name, path, logs, level, NULL};
	FILE *file;

	(void)arg;
	if (skip_why)
		return 0;
	assert_int_equal(mkdir(logs, 0750), 0);
	file = fopen(hosts, "we");
	fputs("127.0.0.1 localhost\n10.0.0.9 nine\n", file);
	fclose(file);
	start_listening();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execv(program, argv);
		_exit(127);
	}
	accept_supervisor();
	until_told(FRAME_APP_KNOWN);
	told = 0;
	return 0;
}

static int shut(void **arg)
{
	char command[200];
	int status;

	(void)arg;
	if (skip_why)
		return 0;
	if (pid) {
		say(FRAME_QUIT, NULL, 0, -1);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	pid = 0;
	close(sock);
	close(listener);
	unlink(path);
	snprintf(command, sizeof(command), "rm -rf %s", logs);
	assert_int_equal(system(command), 0);
	return 0;
}

static int make_netns(void)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd, r;

	snprintf(netns, sizeof(netns), "%s/netns", dir);
	fd = open(netns, O_CREAT | O_RDONLY | O_CLOEXEC, 0600);
	close(fd);
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	r = mount("/proc/self/ns/net", netns, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
	if (setns(home, CLONE_NEWNET) < 0)
		return -errno;
	close(home);
	return r < 0 || stat(netns, &net) < 0 ? -EINVAL : 0;
}

/* Not below /tmp, which applications have of their own. */
static int begin(void **arg)
{
	const char *end;
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 40);

	(void)arg;
	program[n > 0 ? n : 0] = '\0';
	end = strstr(program, "/tests/unit/");
	if (!end || n < 0)
		skip_why = "not built in its place";
	else
		strcpy(program + (end - program), "/vlsp-supervisor");
	strcpy(dir, "/var/lib/test-vlsp.XXXXXX");
	if (geteuid() != 0)
		skip_why = "needs root";
	else if (access(program, X_OK) < 0)
		skip_why = "vlsp-supervisor is not built";
	else if (!mkdtemp(dir) || chmod(dir, 0755) < 0)
		skip_why = "/var/lib cannot be written";
	else if (make_netns() < 0)
		skip_why = "network namespaces cannot be made";
	snprintf(path, sizeof(path), "%s/supervisor.sock", dir);
	snprintf(logs, sizeof(logs), "%s/apps", dir);
	snprintf(hosts, sizeof(hosts), "%s/hosts", dir);
	return 0;
}

static int end(void **arg)
{
	char command[200];

	(void)arg;
	if (!netns[0])
		return 0;
	umount2(netns, MNT_DETACH);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

#define T(name)                                                                                    \
	static void do_##name(void **arg)                                                          \
	{                                                                                          \
		if (skip_why) {                                                                    \
			print_message("skipped: %s\n", skip_why);                                  \
			skip();                                                                    \
		}                                                                                  \
		test_##name(arg);                                                                  \
	}
#define U(name) cmocka_unit_test_setup_teardown(do_##name, boot, shut)

#endif
