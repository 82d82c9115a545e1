// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a program could not be executed: execve(2), for a person. Called by init.c. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/supervisor/init_priv.h"
#include "lib/base/cleanup.h"
#include "lib/confine/confine.h"

#define HEAD 128 /* bytes of a file that are looked at */

/* Of "#! /bin/x y" the "/bin/x". false: it is no script. */
static bool script_interpreter(const char *head, char interpreter[HEAD])
{
	const char *at = head + 2;
	size_t n;

	if (head[0] != '#' || head[1] != '!')
		return false;
	at += strspn(at, " \t");
	n = strcspn(at, " \t\r\n");
	snprintf(interpreter, HEAD, "%.*s", (int)n, at);
	return true;
}

static void head_of(const char *program, char head[HEAD])
{
	cleanup_close int fd = open(program, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head, HEAD - 1);

	head[n < 0 ? 0 : n] = '\0';
}

static void missing(const char *program, struct err *err)
{
	const char *place = confine_app_place(program);
	char head[HEAD], interpreter[HEAD];

	head_of(program, head);
	if (access(program, F_OK) < 0 && place)
		err_set(err, ENOENT,
			"%s: No such file or directory (%s is the application's own here: put "
			"the file in, or keep it elsewhere)",
			program, place);
	else if (access(program, F_OK) < 0)
		err_errno(err, ENOENT, "%s", program);
	else if (script_interpreter(head, interpreter))
		err_set(err, ENOENT, "%s: its interpreter %s: No such file or directory", program,
			interpreter);
	else
		err_set(err, ENOENT, "%s: its dynamic loader is not there", program);
}

static void denied(const char *program, struct err *err)
{
	char head[HEAD], interpreter[HEAD];
	struct stat st;

	head_of(program, head);
	if (stat(program, &st) == 0 && S_ISDIR(st.st_mode))
		err_set(err, EACCES, "%s: Permission denied (it is a directory)", program);
	else if (stat(program, &st) == 0 && !(st.st_mode & 0111))
		err_set(err, EACCES, "%s: Permission denied (it is not executable)", program);
	else if (access(program, X_OK) == 0 && script_interpreter(head, interpreter))
		err_set(err, EACCES, "%s: its interpreter %s: Permission denied", program,
			interpreter);
	else
		err_set(err, EACCES, "%s: Permission denied (to user %u)", program, geteuid());
}

void init_explain(const char *program, int failure, struct err *err)
{
	if (failure == ENOENT)
		missing(program, err);
	else if (failure == EACCES)
		denied(program, err);
	else if (failure == ENOEXEC)
		err_set(err, ENOEXEC,
			"%s: Exec format error (neither a program for this machine nor a script "
			"with #!)",
			program);
	else
		err_errno(err, failure, "%s", program);
}
