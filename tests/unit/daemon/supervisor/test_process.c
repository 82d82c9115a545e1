/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The supervisor as a process, with the test as its daemon; its applications are shells in a
 * network namespace of the test's own. Needs root, namespaces and $O/vlsp-supervisor; skips with
 * the reason otherwise.
 */
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
static char text[1024];
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

static void say_id(enum frame_type type, uint32_t id)
{
	say(type, &id, sizeof(id), -1);
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
			  [APP_HOSTS] = hosts},
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
static void has_line(uint32_t id, const char *want)
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
			return;
	}
	log_read(id, "", all, sizeof(all));
	fail_msg("no line \"%s\" in the log of %u: %s", want, id, all);
}

static void ended(uint32_t id, int status)
{
	until(id, APP_ENDED);
	assert_int_equal(state.status, status);
	assert_int_equal(state.pid, 0);
}

/* Processes that have that word in their command line. */
static int count_processes(const char *word)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(proc))) {
		char file[300], line[1000] = "";
		int fd;
		ssize_t n;

		if (atoi(entry->d_name) <= 0)
			continue;
		snprintf(file, sizeof(file), "/proc/%s/cmdline", entry->d_name);
		fd = open(file, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
		if (fd >= 0)
			close(fd);
		for (ssize_t i = 0; i < n; i++)
			if (!line[i])
				line[i] = ' ';
		count += n > 0 && strstr(line, word) && atoi(entry->d_name) != getpid();
	}
	closedir(proc);
	return count;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_runs(void **arg)
{
	(void)arg;
	run(1, "echo out; echo err >&2; printf 'no end'; test $$ -eq 2 && sleep 0.3; exit 3");
	until(1, APP_STARTING);
	assert_int_equal(state.router_id, 7);
	assert_int_equal(state.slot, 3);
	assert_int_equal(state.netns, net.st_ino);
	assert_int_equal(state.status, -1);
	until(1, APP_RUNNING);
	assert_false(state.ready);
	assert_true(state.pid > 1);
	assert_int_equal(kill(state.pid, 0), 0);
	assert_true(state.started_ms > 0);
	until_ready(1);
	ended(1, 3 << 8);
	assert_true(state.ended_ms >= state.started_ms);
	assert_non_null(strstr(text, "status 3"));
	has_line(1, "o out");
	has_line(1, "e err");
	has_line(1, "o no end");
}

static void test_where(void **arg)
{
	(void)arg;
	run(1, "cat /etc/hosts; pwd; id -u; id -g; ls -A /run | wc -l; echo $HOME $VLSP_APP_FD; "
	       "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; cat /proc/1/comm; "
	       "grep -c . /proc/net/dev; grep ^NoNewPrivs /proc/self/status | tr -d '\\t'; "
	       "ls /proc/self/fd | tr '\\n' ' '; nice");
	ended(1, 0);
	has_line(1, "o 10.0.0.9 nine");
	has_line(1, "o /tmp");
	has_line(1, "o 1448300777");
	has_line(1, "o 0");
	has_line(1, "o /tmp 3");
	has_line(1, "o vlsp-app");
	has_line(1, "o 3"); /* lo, and two lines of heading */
	has_line(1, "o NoNewPrivs:1");
}

/* What is in the hosts file later is seen, too. */
static void test_hosts_follow(void **arg)
{
	int fd = open(hosts, O_WRONLY | O_APPEND | O_CLOEXEC);

	(void)arg;
	run(1, "until grep -q ten /etc/hosts; do sleep 0.02; done; echo yes; "
	       "echo x 2>/dev/null >>/etc/hosts || echo no");
	until(1, APP_RUNNING);
	assert_int_equal(write(fd, "10.0.0.10 ten\n", 14), 14);
	close(fd);
	ended(1, 0);
	has_line(1, "o yes");
	has_line(1, "o no");
}

static void fails(uint32_t id, const char *what)
{
	until(id, APP_FAILED);
	if (!strstr(text, what))
		fail_msg("\"%s\" is not in \"%s\"", what, text);
}

static void test_cannot(void **arg)
{
	static const char *const args[] = {"x", NULL};
	struct app_spec spec = spec_of(1, args);
	char script[100], other[100];
	int fd;

	(void)arg;
	spec.texts[APP_PROGRAM] = "/usr/bin/is-not-there";
	start(&spec);
	fails(1, "/usr/bin/is-not-there: No such file or directory");
	spec.head.id = 2;
	spec.texts[APP_PROGRAM] = "/etc/passwd";
	start(&spec);
	fails(2, "/etc/passwd: Permission denied (it is not executable)");
	spec.head.id = 3;
	spec.texts[APP_PROGRAM] = "/etc";
	start(&spec);
	fails(3, "it is a directory");
	snprintf(script, sizeof(script), "%s/script", dir);
	fd = open(script, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	assert_true(write(fd, "#!/no/such/shell -x\n", 20) == 20);
	close(fd);
	chmod(script, 0755);
	spec.head.id = 4;
	spec.texts[APP_PROGRAM] = script;
	start(&spec);
	fails(4, "its interpreter /no/such/shell: No such file or directory");
	snprintf(other, sizeof(other), "%s/other", dir);
	fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	assert_true(write(fd, "\177NOT", 4) == 4);
	close(fd);
	chmod(other, 0755);
	spec.head.id = 5;
	spec.texts[APP_PROGRAM] = other;
	start(&spec);
	fails(5, "Exec format error");
	spec = spec_of(6, args);
	spec.texts[APP_DIR] = "/no/such/dir";
	start(&spec);
	fails(6, "working directory /no/such/dir: No such file or directory");
	spec = spec_of(7, args);
	spec.head.netns++;
	start(&spec);
	fails(7, "is another by now");
	run(8, "echo one; echo two; echo three; echo four >&2; exit 5");
	fails(8, "ended before it was ready with status 5: ");
	assert_null(strstr(text, "one"));
	assert_non_null(strstr(text, "three"));
	assert_non_null(strstr(text, "four"));
	run(9, "kill -SEGV $$");
	fails(9, "by signal 11 (Segmentation fault)");
}

static void test_files(void **arg)
{
	static const char *const args[] = {
		"sh", "-c",
		"cat /tmp/a/b/c /etc/hostname; stat -c '%a %u' /tmp/a/b/c /etc/hostname; echo x "
		"2>/dev/null >/etc/hostname || echo no; touch /tmp/a/b/d && echo mine",
		NULL};
	struct app_file files[] = {
		{.path = "/tmp/a/b/c", .content = "inside\n", .size = 7, .mode = 0751},
		{.path = "/etc/hostname", .content = "another\n", .size = 8, .mode = 0644}};
	struct app_spec spec = spec_of(1, args);

	(void)arg;
	if (access("/etc/hostname", F_OK) < 0)
		skip();
	spec.files = files;
	spec.head.file_count = 2;
	start(&spec);
	ended(1, 0);
	has_line(1, "o inside");
	has_line(1, "o another");
	has_line(1, "o 751 1448300777");
	has_line(1, "o 644 0");
	has_line(1, "o no");
	has_line(1, "o mine");
	files[1].path = "/etc/is-not-there";
	spec.head.id = 2;
	start(&spec);
	fails(2, "file /etc/is-not-there can only be put over one that is there");
	files[1].path = "/etc";
	spec.head.id = 3;
	start(&spec);
	fails(3, "file /etc: what is there is no file");
}

/* Also what has left its session: its process namespace goes. */
static void test_stop(void **arg)
{
	(void)arg;
	run(1, "(setsid sh -c 'sleep 98765 & sleep 98765' &) ; trap 'echo term; exit 0' TERM; "
	       "while :; do sleep 0.02; done");
	until_ready(1);
	while (count_processes("sleep 98765") < 2)
		usleep(5000);
	stop(1, false);
	until(1, APP_STOPPING);
	ended(1, 0);
	assert_int_equal(count_processes("sleep 98765"), 0);
	has_line(1, "o term");
}

static void test_stubborn(void **arg)
{
	const char *const args[] = {"sh", "-c", "trap '' TERM; while :; do sleep 0.02; done", NULL};
	struct app_spec spec = spec_of(1, args);

	(void)arg;
	spec.head.grace_ms = 200;
	start(&spec);
	until_ready(1);
	stop(1, false);
	ended(1, SIGKILL);
	spec.head.id = 2;
	spec.head.grace_ms = 60000;
	start(&spec);
	until_ready(2);
	stop(2, false);
	stop(2, true);
	ended(2, SIGKILL);
}

static void test_restarts(void **arg)
{
	const char *const args[] = {"sh", "-c", "echo again; exit 1", NULL};
	struct app_spec spec = spec_of(1, args);

	(void)arg;
	spec.head.restart = TOPO_APP_ON_FAILURE;
	start(&spec);
	until(1, APP_WAITING);
	assert_int_equal(state.status, 1 << 8);
	assert_int_equal(state.restarts, 0);
	assert_non_null(strstr(text, "status 1: again"));
	until(1, APP_WAITING);
	assert_int_equal(state.restarts, 1);
	until(1, APP_WAITING);
	assert_int_equal(state.restarts, 2);
	stop(1, false);
	ended(1, 1 << 8);
	spec.head.id = 2;
	spec.lists[APP_ARGS] = (const char *const[]){"sh", "-c", "exit 0", NULL};
	start(&spec);
	ended(2, 0);
	assert_int_equal(state.restarts, 0);
}

static void test_job(void **arg)
{
	const char *const args[] = {"sh", "-c", "sleep 0.3", NULL};
	struct app_spec spec = spec_of(1, args);

	(void)arg;
	spec.head.ready = TOPO_APP_READY_EXIT;
	start(&spec);
	until(1, APP_RUNNING);
	until(1, APP_ENDED);
	assert_true(state.ready);
}

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
		has_line(id, "o fine");
	}
	stop(1, true);
	until(1, APP_ENDED);
}

static void test_log_limit(void **arg)
{
	const char *const args[] = {"sh", "-c",
				    "i=0; while [ $i -lt 2000 ]; do echo line $i of many; "
				    "i=$((i+1)); done; head -c 10000 /dev/zero | tr '\\0' x; echo",
				    NULL};
	struct app_spec spec = spec_of(1, args);
	static char one[1 << 20];
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
	say_id(FRAME_APP_FORGET, 1);
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
T(runs)
T(where)
T(hosts_follow)
T(cannot)
T(files)
T(stop)
T(stubborn)
T(restarts)
T(job)
T(link)
T(ready_by_notice)
T(floods)
T(log_limit)
T(daemon_away)
T(nonsense)
T(supervisor_dies)

#define U(name) cmocka_unit_test_setup_teardown(do_##name, boot, shut)

int main(void)
{
	const struct CMUnitTest tests[] = {
		U(runs),      U(where),	      U(hosts_follow),	  U(cannot),
		U(files),     U(stop),	      U(stubborn),	  U(restarts),
		U(job),	      U(link),	      U(ready_by_notice), U(floods),
		U(log_limit), U(daemon_away), U(nonsense),	  U(supervisor_dies),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
