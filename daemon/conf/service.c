// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon as a service: into the background and back, found by its lock, ended by SIGTERM. Talks
 * to people (these are commands). Called by main_vlspd.c.
 */
#include "daemon/conf/service.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/conf/instance.h"
#include "lib/base/cleanup.h"

#define STOP_TIMEOUT_MS 120000

static int ready_fd = -1; /* of start's parent; one daemon per process */

static int fail(const char *text)
{
	fprintf(stderr, "vlspd: %s\n", text);
	return 1;
}

static void notify_systemd(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	cleanup_close int fd = -1;
	size_t n = path ? strlen(path) : 0;

	if (n < 2 || n >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, n);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&addr,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		log_warn("systemd was not told that the daemon is ready: %s", strerror(errno));
}

void service_ready(void)
{
	notify_systemd();
	if (ready_fd < 0)
		return;
	if (write(ready_fd, "R", 1) < 0)
		log_warn("nobody waits for the daemon to be ready: %s", strerror(errno));
	close(ready_fd);
	ready_fd = -1;
}

int service_log_to(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0)
		return -errno;
	if (dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	close(fd);
	return 0;
}

int service_foreground(const struct conf *conf, service_run_fn run)
{
	struct err err = {0};

	if (run(conf, NULL, &err) < 0)
		return fail(err.text);
	return 0;
}

/* The background process. Says its end into ready_fd if it has not become ready. */
static int child(const struct conf *conf, const char *log_path, service_run_fn run)
{
	struct err err = {0};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), r;

	setsid();
	r = service_log_to(log_path);
	if (r < 0)
		err_errno(&err, r, "%s", log_path);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		close(null);
	}
	if (r == 0 && chdir("/") < 0)
		r = err_errno(&err, errno, "/");
	if (r == 0)
		r = run(conf, log_path, &err);
	if (r == 0)
		return 0;
	log_error("%s", err.text);
	if (ready_fd >= 0 && write(ready_fd, err.text, strlen(err.text)) < 0)
		log_error("nobody waits for this: %s", strerror(errno));
	return 1;
}

/* Waits for the background process to say R, or why not. */
static int await_ready(int fd, pid_t pid, const char *log_path)
{
	char text[600];
	size_t size = 0;
	ssize_t n;
	int status;

	while (size < sizeof(text) - 1 &&
	       ((n = read(fd, text + size, sizeof(text) - 1 - size)) > 0 ||
		(n < 0 && errno == EINTR)))
		if (n > 0)
			size += (size_t)n;
	text[size] = '\0';
	if (strcmp(text, "R") == 0)
		return 0;
	if (waitpid(pid, &status, 0) == pid && !size)
		snprintf(text, sizeof(text),
			 "the daemon ended while it started (%s %d); see %.400s",
			 WIFSIGNALED(status) ? "signal" : "status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), log_path);
	return fail(text);
}

int service_allowed(const struct conf *conf, struct err *err)
{
	if (conf->fake_host || geteuid() == 0)
		return 0;
	return err_set(err, EPERM,
		       "must be root to make network namespaces and BPF programs; "
		       "--host fake simulates without");
}

int service_start(const struct conf *conf, service_run_fn run)
{
	char log_path[PATH_MAX], text[PATH_MAX + 100];
	struct err err = {0};
	int fds[2], r;
	pid_t pid;

	r = instance_find(conf->runtime_dir, &pid, &err);
	if (r < 0)
		return fail(err.text);
	if (r > 0) {
		snprintf(text, sizeof(text), "already running: process %d, %s", pid,
			 conf->runtime_dir);
		return fail(text);
	}
	if (service_allowed(conf, &err) < 0 ||
	    instance_make_dir(conf->runtime_dir, INSTANCE_DIR_MODE, &err) < 0)
		return fail(err.text);
	snprintf(log_path, sizeof(log_path), "%s/vlspd.log", conf->runtime_dir);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return fail(strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return fail(strerror(errno));
	if (pid == 0) {
		close(fds[0]);
		ready_fd = fds[1];
		exit(child(conf, log_path, run));
	}
	close(fds[1]);
	r = await_ready(fds[0], pid, log_path);
	close(fds[0]);
	return r;
}

/* 1: was running and is gone, 0: was not running, -1: the reason has been said. keep: what it runs
 * stays for the next start. */
static int stop(const struct conf *conf, bool keep)
{
	struct err err = {0};
	struct pollfd p = {.events = POLLIN};
	pid_t pid, again;
	int r = instance_find(conf->runtime_dir, &pid, &err);

	if (r < 0) {
		fail(err.text);
		return -1;
	}
	if (r == 0)
		return 0;
	p.fd = pidfd_open(pid, 0);
	if (p.fd < 0)
		return errno == ESRCH ? 1 : -fail(strerror(errno));
	/* It may have ended, and its number may be another's, before the descriptor was opened. */
	if (instance_find(conf->runtime_dir, &again, &err) != 1 || again != pid) {
		close(p.fd);
		return 1;
	}
	if (pidfd_send_signal(p.fd, keep ? SERVICE_KEEP : SIGTERM, NULL, 0) < 0 && errno != ESRCH)
		r = -fail(strerror(errno));
	else if (poll(&p, 1, STOP_TIMEOUT_MS) == 0)
		r = -fail("does not end; it is left alone");
	close(p.fd);
	return r;
}

/* Whoever stops this process meanwhile, finding it by its lock, waits until all is gone. */
static int clean_up(const struct conf *conf, service_clean_fn clean)
{
	struct err err = {0};

	signal(SIGTERM, SIG_IGN);
	if (clean(conf, &err) < 0)
		return fail(err.text);
	fprintf(stderr, "vlspd was not running: removed what a run that crashed left (%s)\n",
		conf->runtime_dir);
	return 0;
}

int service_stop(const struct conf *conf, service_clean_fn clean)
{
	int r = stop(conf, conf->keep);

	if (r == 0 && conf->keep) {
		fprintf(stderr, "vlspd: not running (%s); nothing was touched\n",
			conf->runtime_dir);
		return 0;
	}
	if (r == 0 && instance_crashed(conf->runtime_dir))
		return clean_up(conf, clean);
	if (r == 0)
		fprintf(stderr, "vlspd: not running (%s)\n", conf->runtime_dir);
	return r < 0 ? 1 : 0;
}

int service_clean(const struct conf *conf, service_clean_fn clean)
{
	struct err err = {0};
	pid_t pid;
	int r = instance_find(conf->runtime_dir, &pid, &err);

	if (r > 0) {
		fprintf(stderr, "vlspd: it runs (process %d, %s): stop it instead\n", pid,
			conf->runtime_dir);
		return 1;
	}
	if (r < 0)
		return fail(err.text);
	return clean_up(conf, clean);
}

int service_restart(const struct conf *conf, service_run_fn run)
{
	struct conf again = *conf;
	char noted[CONF_PATH_SIZE];
	struct err err = {0};

	/* Where its state is, it has noted; a wrong one is refused while it still runs. */
	if (!conf->state_dir_given &&
	    instance_state_dir(conf->runtime_dir, noted, sizeof(noted)) == 0)
		memcpy(again.state_dir, noted, sizeof(noted));
	if (instance_state_dir_check(again.runtime_dir, again.state_dir, &err) < 0)
		return fail(err.text);
	return stop(conf, true) < 0 ? 1 : service_start(&again, run);
}

int service_status(const struct conf *conf)
{
	struct err err = {0};
	pid_t pid;
	int r = instance_find(conf->runtime_dir, &pid, &err);

	if (r < 0)
		return fail(err.text);
	if (r == 0) {
		printf("not running (%s)\n", conf->runtime_dir);
		return 1;
	}
	printf("running: process %d, %s\n", pid, conf->runtime_dir);
	return 0;
}
