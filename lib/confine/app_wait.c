// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waiting for an application: twice, by the process that was asked to start it, and inside its
 * process namespace by process 1, which buries what the application leaves behind (and which could
 * not be the application itself: the kernel keeps signals from a process 1). Used by app.c.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/confine/app_priv.h"

/* What a terminal sends goes to the application by itself: they are one process group. And what
 * stops the group has to stop us as well, or the shell that waits for us would not notice. */
static void set_make(sigset_t *set)
{
	sigfillset(set);
	sigdelset(set, SIGTSTP);
	sigdelset(set, SIGTTIN);
	sigdelset(set, SIGTTOU);
	sigdelset(set, SIGSEGV);
	sigdelset(set, SIGBUS);
	sigdelset(set, SIGILL);
	sigdelset(set, SIGFPE);
	sigdelset(set, SIGSYS);
}

static void leave(int status)
{
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* Buries whoever has ended; leaves when that was child. */
static void reap(pid_t child)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == child)
			leave(status);
	if (pid < 0 && errno == ECHILD)
		_exit(1); /* cannot happen: child is ours to bury */
}

static void wait_for(pid_t child, const sigset_t *set)
{
	siginfo_t info;

	for (;;) {
		int sig = sigwaitinfo(set, &info);

		if (sig == SIGCHLD)
			reap(child);
		else if (sig > 0 && info.si_code <= 0) /* somebody sent it, not the kernel */
			(void)kill(child, sig);
	}
}

int app_fork(void)
{
	sigset_t set, before;
	pid_t pid;

	set_make(&set);
	if (sigprocmask(SIG_BLOCK, &set, &before) < 0)
		return -errno;
	/* One that is ignored is never waited for. */
	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid > 0)
		wait_for(pid, &set);
	else if (pid < 0)
		pid = -errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}
