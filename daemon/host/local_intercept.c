// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applications' questions about intercepts. A question is read at once; a worker then makes the
 * socket in the router's namespace, finds the link ends that the match names, and waits until the
 * queue is in force; back in the loop the function gets into the chain and the answer goes out.
 * Called by local_app.c.
 */
#include "daemon/host/local_intercept.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/loader/functions.h"
#include "daemon/host/local_priv.h"
#include "lib/base/cleanup.h"

#define QUEUE_MIN     (64u << 10)
#define QUEUE_MAX     (64u << 20)
#define QUEUE_DEFAULT (1u << 20)
#define ORDER_MAX     255
#define SOCKET_BYTES  (4 << 20)

struct local_intercepts {
	struct local *local;
	struct local_functions *functions;
	struct list asks; /* struct question: a worker has them */
};

struct question {
	struct local_job job; /* first */
	struct list node;
	struct local_intercepts *intercepts;
	struct app_ask ask;
	local_intercept_answer_fn answer;
	void *arg;
	uint32_t slot;
	char head[32]; /* its first line */
	char router[NAME_SIZE];
	bool close, gone; /* gone: nobody waits for the answer */
	bool taken;	  /* fn.index is ours */
	struct topo_match match;
	struct vlsp_fn fn;
	int ring, sock; /* ring: the loader's; -1: none */
	struct err err;
	int status;
};

int local_intercepts_open(struct local *local, struct local_functions *functions,
			  struct local_intercepts **ret_intercepts)
{
	struct local_intercepts *intercepts = calloc(1, sizeof(*intercepts));

	if (!intercepts)
		return -ENOMEM;
	intercepts->local = local;
	intercepts->functions = functions;
	list_init(&intercepts->asks);
	*ret_intercepts = intercepts;
	return 0;
}

static void question_free(struct question *question)
{
	list_del(&question->node);
	if (question->sock >= 0)
		close(question->sock);
	free(question);
}

void local_intercepts_close(struct local_intercepts *intercepts)
{
	struct list *pos, *next;

	if (!intercepts)
		return;
	list_for_each_safe (pos, next, &intercepts->asks)
		question_free(list_entry(pos, struct question, node));
	free(intercepts);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The value of a line "KEY=VALUE", NUL-terminated, in buf; "": there is none. */
static const char *value_of(const char *text, const char *key, char *buf, size_t size)
{
	size_t n = strlen(key);

	buf[0] = '\0';
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, n) == 0 && line[n] == '=')
			snprintf(buf, size, "%.*s", (int)strcspn(line + n + 1, "\n"), line + n + 1);
	}
	return buf;
}

static int number_of(const char *text, const char *key, unsigned long max, unsigned long *ret,
		     struct err *err)
{
	char value[32], *end;

	errno = 0;
	*ret = strtoul(value_of(text, key, value, sizeof(value)), &end, 10);
	if (errno || *end || value[0] < '0' || value[0] > '9' || *ret > max)
		return err_set(err, EINVAL, "%s: '%s' is not a number between 0 and %lu", key,
			       value, max);
	return 0;
}

static int read_queue(struct question *question, const char *text)
{
	unsigned long bytes;
	int r = number_of(text, "queue", QUEUE_MAX, &bytes, &question->err);

	if (r < 0)
		return r;
	if (bytes == 0)
		bytes = QUEUE_DEFAULT;
	if (bytes < QUEUE_MIN)
		return err_set(&question->err, EINVAL, "queue: %lu is less than %u bytes", bytes,
			       QUEUE_MIN);
	while (1ul << question->fn.queue < bytes)
		question->fn.queue++;
	return 0;
}

static int read_open(struct question *question, const char *text)
{
	char match[TOPO_MATCH_TEXT_SIZE + 8], policy[16];
	unsigned long order;
	int r = topo_match_parse(value_of(text, "match", match, sizeof(match)), &question->match,
				 &question->err);

	if (r < 0)
		return err_wrap(&question->err, "match");
	r = number_of(text, "order", ORDER_MAX, &order, &question->err);
	if (r == 0)
		r = read_queue(question, text);
	if (r < 0)
		return r;
	value_of(text, "policy", policy, sizeof(policy));
	if (strcmp(policy, "open") != 0 && strcmp(policy, "closed") != 0)
		return err_set(&question->err, EINVAL, "policy: '%s' is neither open nor closed",
			       policy);
	question->fn.kind = VLSP_FN_RING;
	question->fn.flags = policy[0] == 'c' ? VLSP_FN_CLOSED : 0;
	question->fn.app = question->ask.id;
	question->fn.order = (uint16_t)order;
	return 0;
}

static int read_close(struct question *question, const char *text)
{
	unsigned long index;
	int r = number_of(text, "function", VLSP_FN_MAX - 1, &index, &question->err);

	if (r < 0)
		return r;
	question->fn.index = (uint32_t)index;
	return 0;
}

static int read_question(struct question *question, const char *text)
{
	size_t n = strcspn(text, "\n");

	snprintf(question->head, sizeof(question->head), "%.*s", (int)n, text);
	text += n + (text[n] == '\n');
	n = strcspn(text, "\n");
	question->close = n == 5 && strncmp(text, "close", n) == 0;
	if (question->close)
		return read_close(question, text);
	if (n != 4 || strncmp(text, "open", n) != 0)
		return err_set(&question->err, EINVAL,
			       "'%.*s' is nothing that can be asked for: open, close",
			       n < 20 ? (int)n : 20, text);
	return read_open(question, text);
}

/* --- in a worker ------------------------------------------------------------------------------ */

/* It only sends: what it would receive is nothing of the function's, for ever. */
static int deafen(int sock)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = {.len = 1, .filter = &nothing};
	int on = 1;

	if (setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)) < 0)
		return -errno;
	return 0;
}

static int open_socket(const struct local_names *names, const char *router, uint32_t slot)
{
	int sock = local_relay_socket(names, router), size = SOCKET_BYTES;
	int r = sock < 0 ? sock : deafen(sock);
	uint32_t mark = VLSP_RESUME_MARK | slot;

	if (r == 0 && (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0 ||
		       setsockopt(sock, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0))
		r = -errno;
	if (r < 0 && sock >= 0)
		close(sock);
	return r < 0 ? r : sock;
}

static void run(struct local_job *job)
{
	struct question *question = (struct question *)job;
	const struct local *local = question->intercepts->local;

	if (question->status < 0 || question->close)
		return;
	question->sock = open_socket(&local->names, question->router, question->slot);
	if (question->sock < 0) {
		question->status = err_errno(&question->err, question->sock,
					     "a socket on the router");
		return;
	}
	question->status = local_function_resolve(question->sock, &question->match, &question->fn,
						  &question->err);
	if (question->status == 0) {
		int r = bld_fn_settle(local->bld);

		if (r < 0)
			question->status = err_errno(&question->err, r, "the function's queue");
	}
}

/* --- the answer ------------------------------------------------------------------------------- */

static void say(const struct question *question, const char *text, const int *fds, size_t count)
{
	char answer[sizeof(question->head) + sizeof(question->err.text) + 32];

	snprintf(answer, sizeof(answer), "%s\n%s", question->head, text);
	question->answer(question->arg, &question->ask, answer, fds, count);
}

static int finish_open(struct question *question)
{
	struct local_functions *functions = question->intercepts->functions;
	const int fds[2] = {question->ring, question->sock};
	uint32_t edge = 0;
	char text[96];
	int r = local_function_enter(functions, &question->fn, &question->err);

	if (r == 0 && local_function_edge(functions, question->slot, &edge) < 0)
		r = err_set(&question->err, ESRCH, "the router has gone");
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "function=%u\nslot=%u\nedge=%u\nqueue=%lu", question->fn.index,
		 question->slot, edge, 1ul << question->fn.queue);
	say(question, text, fds, 2);
	return 0;
}

static int finish_close(struct question *question)
{
	struct local_functions *functions = question->intercepts->functions;

	if (!local_function_owns(functions, question->ask.id, question->fn.index))
		return err_set(&question->err, ENOENT, "function %u is not this application's",
			       question->fn.index);
	local_function_leave(functions, question->fn.index);
	say(question, "ok", NULL, 0);
	return 0;
}

static void done(struct local_job *job)
{
	struct question *question = (struct question *)job;
	int r = question->gone ? -ECANCELED : question->status;
	char text[sizeof(question->err.text) + 32];

	if (r == 0)
		r = question->close ? finish_close(question) : finish_open(question);
	/* Whoever took the application's functions away has taken this one, too. */
	if (r < 0 && question->taken &&
	    local_function_owns(question->intercepts->functions, question->ask.id,
				question->fn.index))
		local_function_leave(question->intercepts->functions, question->fn.index);
	if (r < 0 && !question->gone) {
		snprintf(text, sizeof(text), "error=%d\n%s", -r, question->err.text);
		say(question, text, NULL, 0);
	}
	question_free(question);
}

/* The queue, in the loop: the loader is not for several threads. */
static int make_ring(struct question *question)
{
	struct local *local = question->intercepts->local;
	size_t bytes = (size_t)1 << question->fn.queue;
	int r = local_function_take(question->intercepts->functions, question->ask.id,
				    question->slot, bytes, &question->fn.index, &question->err);

	if (r < 0)
		return r;
	question->taken = true;
	pthread_mutex_lock(&local->bld_lock);
	question->ring = bld_fn_ring(local->bld, question->fn.index, (uint32_t)bytes);
	pthread_mutex_unlock(&local->bld_lock);
	return question->ring < 0
		       ? err_errno(&question->err, question->ring, "the function's queue")
		       : 0;
}

void local_intercept_ask(struct local_intercepts *intercepts, const struct app_ask *ask,
			 uint32_t slot, const char *text, local_intercept_answer_fn answer,
			 void *arg)
{
	const struct local_router *router = local_router_get(intercepts->local, slot);
	struct question *question = calloc(1, sizeof(*question));

	if (!question) /* who asks gives up after a while */
		return;
	question->intercepts = intercepts;
	question->ask = *ask;
	question->slot = slot;
	question->answer = answer;
	question->arg = arg;
	question->ring = question->sock = -1;
	question->job = (struct local_job){.run = run, .done = done};
	list_add_tail(&intercepts->asks, &question->node);
	question->status = read_question(question, text);
	if (question->status == 0 && !router)
		question->status = err_set(&question->err, ESRCH, "the router has gone");
	if (question->status == 0 && !question->close) {
		memcpy(question->router, router->name, sizeof(question->router));
		question->status = make_ring(question);
	}
	local_work_add(intercepts->local->work, &question->job);
}

void local_intercept_void(struct local_intercepts *intercepts)
{
	struct list *pos;

	list_for_each (pos, &intercepts->asks)
		list_entry(pos, struct question, node)->gone = true;
}

void local_intercept_gone(struct local_intercepts *intercepts, uint32_t app,
			  enum local_function_why why)
{
	struct list *pos;

	list_for_each (pos, &intercepts->asks) {
		struct question *question = list_entry(pos, struct question, node);

		if (question->ask.id == app)
			question->gone = true;
	}
	local_function_gone(intercepts->functions, app, why);
}
