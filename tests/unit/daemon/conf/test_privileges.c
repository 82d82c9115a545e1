/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's capabilities are those that the service file allows it, one for one. */
#include "daemon/conf/privileges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SERVICE "packaging/systemd/vlspd.service.in"

static const char *const names[] = {
	"CHOWN",
	"DAC_OVERRIDE",
	"DAC_READ_SEARCH",
	"FOWNER",
	"FSETID",
	"KILL",
	"SETGID",
	"SETUID",
	"SETPCAP",
	"LINUX_IMMUTABLE",
	"NET_BIND_SERVICE",
	"NET_BROADCAST",
	"NET_ADMIN",
	"NET_RAW",
	"IPC_LOCK",
	"IPC_OWNER",
	"SYS_MODULE",
	"SYS_RAWIO",
	"SYS_CHROOT",
	"SYS_PTRACE",
	"SYS_PACCT",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_NICE",
	"SYS_RESOURCE",
	"SYS_TIME",
	"SYS_TTY_CONFIG",
	"MKNOD",
	"LEASE",
	"AUDIT_WRITE",
};

/* As bits; a name that is not known fails the test. */
static uint64_t service_caps(void)
{
	char line[1024], *word, *save = NULL;
	FILE *file = fopen(SERVICE, "re");
	uint64_t caps = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "CapabilityBoundingSet=", 22) != 0)
			continue;
		for (word = strtok_r(line + 22, " \n", &save); word;
		     word = strtok_r(NULL, " \n", &save)) {
			size_t i = 0;

			while (i < sizeof(names) / sizeof(names[0]) &&
			       (strncmp(word, "CAP_", 4) != 0 || strcmp(word + 4, names[i]) != 0))
				i++;
			assert_true(i < sizeof(names) / sizeof(names[0]));
			caps |= 1ull << i;
		}
	}
	fclose(file);
	return caps;
}

/* The effective ones of the process whose /proc/PID/status this is. */
static uint64_t caps_of(FILE *file, bool *ret_no_new_privs)
{
	char line[256];
	uint64_t caps = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "CapEff:", 7) == 0)
			caps = strtoull(line + 7, NULL, 16);
		if (strncmp(line, "NoNewPrivs:", 11) == 0)
			*ret_no_new_privs = atoi(line + 11);
	}
	fclose(file);
	return caps;
}

static void test_same(void **state)
{
	bool no_new_privs = false;
	uint64_t ours, have;
	int pipes[2];
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		struct err err;

		if (privileges_limit(&err) < 0 || dup2(pipes[1], 1) < 0)
			_exit(1);
		execlp("cat", "cat", "/proc/self/status", (char *)NULL);
		_exit(2);
	}
	close(pipes[1]);
	have = caps_of(fdopen(pipes[0], "r"), &no_new_privs);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(no_new_privs);
	/* Those that root has not, here, it cannot keep. */
	ours = caps_of(fopen("/proc/self/status", "re"), &no_new_privs);
	assert_int_equal(have, service_caps() & ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_same)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
