// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bar on the terminal while a request waits for its operation. The request is the same one with
 * and without a terminal; a thread with a connection of its own looks at the newest operation
 * meanwhile. Used by topology apply and delete.
 */
#include "cli/progress.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/client/rest.h"

#define BAR_WIDTH 20
#define PERIOD_NS (50 * NSEC_PER_MSEC) /* shorter work shows no bar at all */

struct watch {
	FILE *err;
	struct rest *rest;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	bool over; /* under mutex */
	bool drawn;
};

/* What SIGINT's handler may look at. */
static volatile sig_atomic_t interrupted, err_fd, at_line_start;

/* The client's end does not end the operation, and nobody would guess so. Then as if there were no
 * handler: the shell shall see that the signal was the end. */
static void on_interrupt(int signo)
{
	static const char text[] =
		"\ninterrupted: the operation goes on in vlspd; see: vlsp status\n";
	size_t skip = at_line_start ? 1 : 0;

	interrupted = 1;
	if (write(err_fd, text + skip, sizeof(text) - 1 - skip) < 0)
		err_fd = -1; /* nobody reads: nothing can be done */
	signal(signo, SIG_DFL);
	raise(signo); /* arrives when this returns */
}

/* A SIGINT that whoever started us wants ignored stays so. */
static void interrupt_watch(FILE *err, struct sigaction *ret_old)
{
	struct sigaction action = {.sa_handler = on_interrupt};

	err_fd = fileno(err);
	at_line_start = !isatty(err_fd); /* a terminal shows ^C or the bar */
	sigaction(SIGINT, NULL, ret_old);
	if (ret_old->sa_handler != SIG_IGN)
		sigaction(SIGINT, &action, NULL);
}

/* 0: unknown. */
static unsigned columns_of(FILE *err)
{
	struct winsize size = {0};

	return ioctl(fileno(err), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

const char *progress_bar(const json_t *operation, unsigned columns, char *buf, size_t size)
{
	long long done = json_integer_value(json_object_get(operation, "done"));
	long long total = json_integer_value(json_object_get(operation, "total"));
	const char *state = json_string_value(json_object_get(operation, "state"));
	char bar[BAR_WIDTH + 1];
	double part = total > 0 && done > 0 ? (double)done / (double)total : 0;
	int full = part < 1 ? (int)(part * BAR_WIDTH) : BAR_WIDTH;

	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	snprintf(buf, size, "[%s] %lld/%lld %s", bar, done, total, state ? state : "");
	if (columns && strlen(buf) >= columns) /* a line that wraps could not be wiped */
		snprintf(buf, size, "%lld/%lld", done, total);
	if (columns && strlen(buf) >= columns)
		buf[0] = '\0';
	return buf;
}

/* False: the daemon does not answer, which the request itself will tell. */
static bool draw(struct watch *watch)
{
	char path[64], bar[120];
	struct answer answer;
	const json_t *list;
	json_int_t id;

	if (request_send(watch->rest, "GET", "/operation/", NULL, NULL, 0, &answer, NULL) < 0)
		return false;
	list = json_object_get(answer.json, "list");
	id = json_integer_value(json_array_get(list, json_array_size(list) - 1));
	answer_done(&answer);
	if (id == 0)
		return true;
	snprintf(path, sizeof(path), "/operation/%lld", (long long)id);
	if (request_send(watch->rest, "GET", path, NULL, NULL, 0, &answer, NULL) < 0)
		return false;
	if (json_integer_value(json_object_get(answer.json, "total")) > 0 && !interrupted) {
		progress_bar(answer.json, columns_of(watch->err), bar, sizeof(bar));
		fprintf(watch->err, "\r%s\033[K", bar);
		fflush(watch->err);
		watch->drawn = true;
	}
	answer_done(&answer);
	return true;
}

static void *watch_run(void *arg)
{
	struct watch *watch = arg;
	struct timespec until;
	bool alive = true;

	pthread_mutex_lock(&watch->mutex);
	while (!watch->over && alive) {
		uint64_t at = clock_read_ns(CLOCK_REALTIME) + PERIOD_NS;

		until.tv_sec = (time_t)(at / NSEC_PER_SEC);
		until.tv_nsec = (long)(at % NSEC_PER_SEC);
		if (pthread_cond_timedwait(&watch->cond, &watch->mutex, &until) != ETIMEDOUT)
			continue;
		pthread_mutex_unlock(&watch->mutex);
		alive = draw(watch);
		pthread_mutex_lock(&watch->mutex);
	}
	pthread_mutex_unlock(&watch->mutex);
	return NULL;
}

static int watch_start(struct cli *cli, struct watch *watch)
{
	struct cli other = *cli;
	int rc;

	other.rest = NULL;
	rc = request_open(&other, &watch->rest);
	if (rc)
		return rc;
	watch->err = cli->err;
	pthread_mutex_init(&watch->mutex, NULL);
	pthread_cond_init(&watch->cond, NULL);
	if (pthread_create(&watch->thread, NULL, watch_run, watch) != 0) {
		rest_close(watch->rest);
		return cli_fail(cli, "no thread for the progress bar");
	}
	return 0;
}

static void watch_stop(struct watch *watch)
{
	pthread_mutex_lock(&watch->mutex);
	watch->over = true;
	pthread_cond_signal(&watch->cond);
	pthread_mutex_unlock(&watch->mutex);
	pthread_join(watch->thread, NULL);
	pthread_cond_destroy(&watch->cond);
	pthread_mutex_destroy(&watch->mutex);
	rest_close(watch->rest);
	if (watch->drawn)
		fputs("\r\033[K", watch->err);
}

int progress_call(struct cli *cli, const char *method, const char *path, const void *body,
		  size_t size, struct answer *ret_answer)
{
	bool bar = isatty(fileno(cli->err)) && !cli_given(cli, "quiet") && !cli_given(cli, "json");
	const char *type = body ? "application/octet-stream" : NULL;
	struct watch watch = {0};
	struct sigaction old;
	struct answer answer;
	struct rest *rest;
	struct err err;
	int rc, r;

	if (!path)
		return cli_fail(cli, "out of memory");
	rc = request_open(cli, &rest);
	if (rc == 0 && bar)
		rc = watch_start(cli, &watch);
	if (rc)
		return rc;
	interrupt_watch(cli->err, &old);
	r = request_send(rest, method, path, type, body, size, &answer, &err);
	sigaction(SIGINT, &old, NULL);
	if (bar)
		watch_stop(&watch);
	if (r < 0)
		return cli_fail(cli, "%s", err.text);
	if ((rc = request_check(cli, path, &answer)))
		return rc;
	if (!json_is_object(answer.json)) {
		answer_done(&answer);
		return cli_fail(cli, "the daemon's answer is not a JSON object (%s)", path);
	}
	*ret_answer = answer;
	return 0;
}
