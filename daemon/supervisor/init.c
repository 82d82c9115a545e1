// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Process 1 of an application (init.h): pid_namespaces(7). What it does as root is done before
 * anything of the application runs, in namespaces that nobody else is in; the program is started
 * by vfork(2), which comes back when exec has worked or not. Called by app.c.
 */
#include "daemon/supervisor/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/supervisor/init_priv.h"
#include "lib/base/cleanup.h"
#include "lib/base/title.h"
#include "lib/confine/confine.h"

/* Descriptors, once they have been put in order. */
enum { FD_IN, FD_OUT, FD_ERR, FD_LINK, FD_REPORT, FD_PROGRAM, FD_COUNT };
#define FD_ASIDE 64 /* above those */

/* --- reports ---------------------------------------------------------------------------------- */

static void tell(enum init_told told, int32_t value, const char *text)
{
	struct init_report report = {.told = told, .value = value};

	snprintf(report.text, sizeof(report.text), "%s", text);
	/* Whoever does not hear it is gone, and so are we in a moment. */
	(void)send(FD_REPORT, &report, sizeof(report), MSG_NOSIGNAL);
}

static void unable(const struct err *err)
{
	tell(INIT_UNABLE, err->code, err->text);
	_exit(1);
}

int init_receive(int report, struct init_report *ret_report, int32_t *ret_sender)
{
	char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = {.iov_base = ret_report, .iov_len = sizeof(*ret_report)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(report, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *cmsg = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	struct ucred cred;

	if (n < 0)
		return -errno;
	if (n == 0)
		return -ECONNRESET;
	if (n != sizeof(*ret_report) || !cmsg || cmsg->cmsg_level != SOL_SOCKET ||
	    cmsg->cmsg_type != SCM_CREDENTIALS || cmsg->cmsg_len != CMSG_LEN(sizeof(cred)))
		return -EPROTO;
	memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
	*ret_sender = cred.pid;
	ret_report->text[sizeof(ret_report->text) - 1] = '\0';
	return 0;
}

/* --- before the program ----------------------------------------------------------------------- */

/* All at their places, and nothing else of the supervisor's. */
static int order_fds(const struct init_fds *fds, const char *program)
{
	int from[FD_COUNT] = {-1, fds->out, fds->err, fds->link, fds->report, -1};
	bool missing[FD_COUNT] = {false};

	from[FD_IN] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	/* Where it may be out of sight afterwards; exec says what is wrong with it. */
	from[FD_PROGRAM] = open(program, O_PATH | O_CLOEXEC);
	for (int i = 0; i < FD_COUNT; i++) {
		missing[i] = from[i] < 0;
		if (!missing[i])
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, FD_ASIDE);
		if (from[i] < 0 && i != FD_PROGRAM)
			return -EBADF;
	}
	for (int i = 0; i < FD_COUNT; i++) {
		if (missing[i])
			(void)close(i);
		else if (dup3(from[i], i, i > FD_ERR ? O_CLOEXEC : 0) < 0)
			return -errno;
	}
	return close_range(FD_COUNT, ~0u, 0) < 0 ? -errno : 0;
}

static int enter_network(const struct app_spec *spec, struct err *err)
{
	const char *path = spec->texts[APP_NETNS];
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, "network of the router: %s", path);
	if (st.st_ino != spec->head.netns)
		return err_set(err, ESTALE, "network of the router: %s is another by now", path);
	if (setns(fd, CLONE_NEWNET) < 0)
		return err_errno(err, errno, "network of the router: %s", path);
	return 0;
}

/* Of its network: echo without raw sockets for every group (icmp(7)), and every port for everybody.
 */
static void open_network(void)
{
	static const struct {
		const char *path, *value, *effect;
	} all[] = {
		{"/proc/sys/net/ipv4/ping_group_range", "0 2147483647", "it cannot ping"},
		{"/proc/sys/net/ipv4/ip_unprivileged_port_start", "0",
		 "ports below 1024 need a right"},
	};
	char text[200];

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		cleanup_close int fd = open(all[i].path, O_WRONLY | O_CLOEXEC);

		if (fd >= 0 && write(fd, all[i].value, strlen(all[i].value)) > 0)
			continue;
		snprintf(text, sizeof(text), "%s (%s: %s)", all[i].effect, all[i].path,
			 strerror(errno));
		tell(INIT_REMARK, errno, text);
	}
}

static int become(const struct app_spec *spec, struct err *err)
{
	struct confine_file files[APP_LIST_MAX];
	const struct app_head *head = &spec->head;
	struct confine_app app = {
		.uid = head->uid,
		.gid = head->gid,
		.gids = spec->gids,
		.gid_count = head->gid_count,
		.caps = head->caps,
		.rights = head->rights,
		.own_mounts = true,
		.own_pids = true,
		.hosts = *spec->texts[APP_HOSTS] ? spec->texts[APP_HOSTS] : NULL,
		.hide = spec->lists[APP_HIDE],
		.show = *spec->texts[APP_SHOW] ? spec->texts[APP_SHOW] : NULL,
		.cgroups = spec->lists[APP_GROUPS],
		.files = files,
		.file_count = head->file_count,
		.pids = head->pids,
	};

	for (size_t i = 0; i < head->file_count; i++)
		files[i] = (struct confine_file){.path = spec->files[i].path,
						 .content = spec->files[i].content,
						 .size = spec->files[i].size,
						 .mode = spec->files[i].mode};
	return confine_app_become(&app, err);
}

/* It may have gone already, before it could be said that this is to be told. */
static void end_with_parent(void)
{
	struct pollfd p = {.fd = FD_REPORT};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || poll(&p, 1, 0) < 0 ||
	    p.revents & (POLLHUP | POLLERR))
		_exit(1);
}

/* What ps(1) shows of process 1. */
static void set_names(const struct app_spec *spec)
{
	char title[300];

	snprintf(title, sizeof(title), "vlsp-app: %s", spec->texts[APP_PROGRAM]);
	(void)prctl(PR_SET_NAME, "vlsp-app");
	title_set(title);
}

static void prepare(const struct app_spec *spec, const struct init_fds *fds)
{
	const char *dir = spec->texts[APP_DIR];
	struct err err = {0};
	int r = order_fds(fds, spec->texts[APP_PROGRAM]);

	if (r < 0)
		_exit(1); /* there is nobody to tell it by */
	setsid();	  /* cannot fail: a process 1 leads no group yet */
	set_names(spec);
	/* The supervisor's is that of the daemon. */
	if (setpriority(PRIO_PROCESS, 0, 0) < 0)
		tell(INIT_REMARK, errno, "its priority cannot be set");
	r = enter_network(spec, &err);
	if (r == 0)
		open_network();
	if (r == 0)
		r = become(spec, &err);
	if (r == 0)
		end_with_parent();
	if (r == 0 && chdir(dir) < 0)
		r = err_errno(&err, errno, "working directory %s", dir);
	if (r == 0 && fcntl(FD_LINK, F_SETFD, 0) < 0)
		r = err_errno(&err, errno, "descriptors");
	if (r < 0)
		unable(&err);
}

/* --- the program ------------------------------------------------------------------------------ */

/* In the child of vfork: nothing of ours may change but *failure. */
static void execute(const struct app_spec *spec, volatile int *failure)
{
	static const struct init_report me = {.told = INIT_PID};
	char *const *argv = (char *const *)(uintptr_t)spec->lists[APP_ARGS];
	char *const *env = (char *const *)(uintptr_t)spec->lists[APP_ENV];
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)send(FD_REPORT, &me, sizeof(me), MSG_NOSIGNAL);
	execve(spec->texts[APP_PROGRAM], argv, env);
	/* In a place that it does not see. A script would not find itself by a descriptor. */
	if (errno == ENOENT && access(spec->texts[APP_PROGRAM], F_OK) < 0) {
		execveat(FD_PROGRAM, "", argv, env, AT_EMPTY_PATH);
		errno = ENOENT;
	}
	*failure = errno;
	_exit(127);
}

static pid_t run(const struct app_spec *spec)
{
	volatile int failure = 0;
	struct err err;
	pid_t pid;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL); /* but for those that cannot be set */
	pid = vfork();
	if (pid == 0)
		execute(spec, &failure);
	if (pid < 0) {
		err_errno(&err, errno, "%s", spec->texts[APP_PROGRAM]);
		unable(&err);
	}
	if (failure) {
		(void)waitpid(pid, NULL, 0);
		init_explain(spec->texts[APP_PROGRAM], failure, &err);
		unable(&err);
	}
	return pid;
}

/* Buries whoever has ended; leaves when that was the program. */
static void reap(pid_t program)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == program) {
			tell(INIT_ENDED, status, "");
			_exit(0);
		}
}

static void wait_for(pid_t program)
{
	sigset_t all;

	sigfillset(&all);
	for (;;) {
		siginfo_t info;
		int sig = sigwaitinfo(&all, &info);

		if (sig == SIGCHLD)
			reap(program);
		else if (sig > 0 && info.si_code <= 0) /* somebody sent it, not the kernel */
			(void)kill(-program, sig);
	}
}

static void child(const struct app_spec *spec, const struct init_fds *fds)
{
	sigset_t all;
	pid_t program;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prepare(spec, fds);
	program = run(spec);
	tell(INIT_RUNS, 0, "");
	close_range(FD_OUT, FD_LINK, 0); /* the ends of those are told to the supervisor */
	wait_for(program);
}

int init_start(const struct app_spec *spec, const struct init_fds *fds, pid_t *ret_pid,
	       int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWIPC | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0) {
		child(spec, fds);
		_exit(1);
	}
	if (pid < 0)
		return -errno;
	*ret_pid = pid;
	*ret_pidfd = pidfd;
	return 0;
}
