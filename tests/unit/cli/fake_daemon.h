/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon of canned answers on a unix socket, and vlsp run in this process: what the tests of the
 * command line share. Included once by each test; everything is static.
 */
#ifndef VLSP_TESTS_UNIT_CLI_FAKE_DAEMON_H
#define VLSP_TESTS_UNIT_CLI_FAKE_DAEMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/cli.h"

struct canned {
	const char *request; /* "GET /health" */
	int status;
	const char *body;
};

struct fake {
	char dir[64], path[96];
	int listener;
	pthread_t thread;
	const struct canned *rows; /* ends with a NULL request */
	char request[300];	   /* the last one: "PUT /topology/?source=x" */
	char body[4096];
};

static struct fake fake;

/* The rest of a request whose first bytes are in buf; false: the client is gone. */
static inline bool fake_read(int fd, char *buf, size_t size)
{
	size_t n = 0, want = 0;
	char *end, *length;

	memset(buf, 0, size);
	for (;;) {
		ssize_t r = read(fd, buf + n, size - 1 - n);

		if (r <= 0)
			return false;
		n += (size_t)r;
		end = strstr(buf, "\r\n\r\n");
		if (!end)
			continue;
		length = strcasestr(buf, "content-length:");
		want = (size_t)(end + 4 - buf) + (length ? strtoul(length + 15, NULL, 10) : 0);
		if (n >= want)
			break;
	}
	snprintf(fake.body, sizeof(fake.body), "%.*s", (int)(sizeof(fake.body) - 1), end + 4);
	sscanf(buf, "%299[^\r]", fake.request);
	end = strstr(fake.request, " HTTP/");
	if (end)
		*end = '\0';
	return true;
}

static inline void fake_answer(int fd)
{
	const struct canned *row = fake.rows;
	const char *body = "{\"error\":\"no such thing\"}";
	int status = 404;

	while (row && row->request && strcmp(row->request, fake.request) != 0)
		row++;
	if (row && row->request) {
		status = row->status;
		body = row->body;
	}
	dprintf(fd,
		"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		status, strlen(body), body);
}

static inline void *fake_run(void *arg)
{
	static char buf[1 << 17];
	int fd;

	(void)arg;
	while ((fd = accept(fake.listener, NULL, NULL)) >= 0) {
		while (fake_read(fd, buf, sizeof(buf)))
			fake_answer(fd);
		close(fd);
	}
	return NULL;
}

/* A runtime directory with a daemon in it; VLSP_RUNTIME_DIR names it. */
static inline int fake_start(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	(void)state;
	unsetenv("VLSP_URL");
	snprintf(fake.dir, sizeof(fake.dir), "/tmp/vlsp-cli-test.XXXXXX");
	assert_non_null(mkdtemp(fake.dir));
	snprintf(fake.path, sizeof(fake.path), "%s/vlspd.sock", fake.dir);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", fake.path);
	setenv("VLSP_RUNTIME_DIR", fake.dir, 1);
	fake.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fake.listener >= 0);
	assert_int_equal(bind(fake.listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fake.listener, 8), 0);
	assert_int_equal(pthread_create(&fake.thread, NULL, fake_run, NULL), 0);
	return 0;
}

static inline int fake_stop(void **state)
{
	(void)state;
	shutdown(fake.listener, SHUT_RDWR);
	pthread_join(fake.thread, NULL);
	close(fake.listener);
	unlink(fake.path);
	rmdir(fake.dir);
	return 0;
}

struct ran {
	int rc;
	char *out, *err;
};

/* vlsp with the words of line, which are parted by single blanks; '' is an empty word. */
static inline struct ran vlsp(const char *line)
{
	struct ran ran = {0};
	char *copy = strdup(line), *save = NULL, *argv[300] = {(char *)"vlsp"};
	size_t out_size, err_size;
	FILE *out = open_memstream(&ran.out, &out_size), *err = open_memstream(&ran.err, &err_size);
	int argc = 1;

	assert_non_null(copy);
	assert_non_null(out);
	assert_non_null(err);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = strcmp(w, "''") == 0 ? w + 2 : w;
	ran.rc = cli_run(argc, argv, out, err);
	fclose(out);
	fclose(err);
	free(copy);
	return ran;
}

static inline void ran_free(struct ran *ran)
{
	free(ran->out);
	free(ran->err);
}

/* line exits with rc, its stdout holds out and its stderr err. */
static inline void expect(const char *line, int rc, const char *out, const char *err)
{
	struct ran ran = vlsp(line);

	if (ran.rc != rc || !strstr(ran.out, out) || !strstr(ran.err, err))
		fail_msg("vlsp %s\nwant %d, \"%s\", \"%s\"\ngot %d\n%s---\n%s", line, rc, out, err,
			 ran.rc, ran.out, ran.err);
	ran_free(&ran);
}

/* As expect(), and stdout is out from the first to the last character. */
static inline void expect_exactly(const char *line, const char *out)
{
	struct ran ran = vlsp(line);

	if (ran.rc != 0 || strcmp(ran.out, out) != 0)
		fail_msg("vlsp %s\nwant\n%s\ngot %d\n%s---\n%s", line, out, ran.rc, ran.out,
			 ran.err);
	ran_free(&ran);
}

#endif
