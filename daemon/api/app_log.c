// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GET /router/{r}/app/{a}/log: what an application printed, as text, or, with follow, as it comes:
 * server-sent events "out" and "err" with a line each, and "end" when nothing more comes. The file
 * is written by the supervisor of applications (daemon/host/host_app.h, log_path); it may be
 * renamed and begun anew while it is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/api/app.h"
#include "daemon/ctl/app.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define ANSWER_MAX (8u << 20) /* bytes of output in one answer: the last ones */
#define CHUNK	   65536
#define LOOK_NS	   (100 * NSEC_PER_MSEC)

struct wanted { /* which lines */
	bool out, err, times;
	uint64_t tail; /* the last so many */
};

/* One line of the file, "SECONDS.MICROSECONDS o|e TEXT" without its end. */
struct line {
	const char *start, *text; /* text: behind the stream's letter */
	size_t size;		  /* of text */
	char stream;
};

/* Whether there is a whole line at p; *ret_next is behind it. */
static bool line_at(const char *p, const char *end, struct line *line, const char **ret_next)
{
	const char *nl = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL, *space;

	if (!nl)
		return false;
	*ret_next = nl + 1;
	*line = (struct line){.start = p, .text = nl, .stream = '?'};
	space = memchr(p, ' ', (size_t)(nl - p));
	if (!space || nl - space < 3 || space[2] != ' ')
		return true; /* not one of the supervisor's: nobody wants it */
	line->stream = space[1];
	line->text = space + 3;
	line->size = (size_t)(nl - line->text);
	return true;
}

static bool is_wanted(const struct wanted *wanted, const struct line *line)
{
	return (line->stream == 'o' && wanted->out) || (line->stream == 'e' && wanted->err);
}

/* Where the last lines of [from, to) begin that are wanted; *tail_inout: how many are left. */
static const char *tail_from(const char *from, const char *to, const struct wanted *wanted,
			     uint64_t *tail_inout)
{
	const char *at = to, *next;
	struct line line;

	while (at > from && *tail_inout > 0) {
		const char *start = at - 1;

		while (start > from && start[-1] != '\n')
			start--;
		if (line_at(start, to, &line, &next) && is_wanted(wanted, &line))
			--*tail_inout;
		at = start;
	}
	return at;
}

/* Where what was before is kept. */
static void path_before(const char *path, char before[300])
{
	snprintf(before, 300, "%s.1", path);
}

struct mapped {
	const char *start, *end; /* whole lines */
};

/* Nothing, if there is no such file. */
static struct mapped map_file(const char *path)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct mapped m = {NULL, NULL};
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0)
		return m;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return m;
	return (struct mapped){map, (const char *)map + st.st_size};
}

static void unmap(struct mapped m)
{
	if (m.start)
		munmap((void *)m.start, (size_t)(m.end - m.start));
}

static void put_lines(FILE *out, const char *at, const char *end, const struct wanted *wanted)
{
	const char *next;
	struct line line;

	for (; line_at(at, end, &line, &next); at = next) {
		if (!is_wanted(wanted, &line))
			continue;
		if (wanted->times)
			fwrite(line.start, (size_t)(line.text - line.start), 1, out);
		fwrite(line.text, line.size, 1, out);
		fputc('\n', out);
	}
}

static void answer_whole(struct api_call *call, const char *path, const struct wanted *wanted)
{
	char before[300];
	struct mapped now, old;
	uint64_t tail = wanted->tail;
	const char *from_now, *from_old;
	char *text = NULL;
	size_t size = 0, room;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		api_answer_error(call, 503, "log: out of memory");
		return;
	}
	path_before(path, before);
	now = map_file(path);
	old = map_file(before);
	from_now = tail_from(now.start, now.end, wanted, &tail);
	from_old = tail_from(old.start, old.end, wanted, &tail);
	if (now.end - from_now > ANSWER_MAX)
		from_now = now.end - ANSWER_MAX;
	room = ANSWER_MAX - (size_t)(now.end - from_now);
	if ((size_t)(old.end - from_old) > room)
		from_old = old.end - room;
	put_lines(out, from_old, old.end, wanted);
	put_lines(out, from_now, now.end, wanted);
	unmap(now);
	unmap(old);
	if (ferror(out) + fclose(out) != 0) {
		free(text);
		api_answer_error(call, 503, "log: out of memory");
		return;
	}
	api_answer_text(call, "text/plain; charset=utf-8", text, size);
}

/* --- follow ---------------------------------------------------------------------------------- */

struct follower {
	struct api *api;
	struct http_stream *stream;
	struct loop_timer *timer;
	struct wanted wanted;
	uint32_t id; /* the application's */
	char path[256];
	int fd; /* -1: not there yet */
	off_t at;
	bool ended;
};

static void on_gone(void *arg)
{
	struct follower *f = arg;

	loop_timer_free(f->timer);
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}

/* As the lines of an event: 0, -ENOBUFS, -ENOMEM. */
static int push_line(struct follower *f, const struct line *line)
{
	char text[CHUNK / 8];
	int n = snprintf(text, sizeof(text), "event: %s\ndata: %.*s%.*s\n\n",
			 line->stream == 'o' ? "out" : "err",
			 f->wanted.times ? (int)(line->text - line->start) : 0, line->start,
			 (int)line->size, line->text);

	for (int i = 0; i < n - 2 && n < (int)sizeof(text); i++)
		if (text[i] == '\r' || text[i] == '\0')
			text[i] = ' ';
	return http_stream_push(f->stream, text,
				n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* Sends what has come: false: the client does not take more now. *ret_more: there may be more. */
static bool pump_chunk(struct follower *f, bool *ret_more)
{
	static char chunk[CHUNK];
	ssize_t n = f->fd < 0 ? 0 : pread(f->fd, chunk, sizeof(chunk), f->at);
	const char *at = chunk, *next;
	struct line line;

	*ret_more = false;
	for (; n > 0 && line_at(at, chunk + n, &line, &next); at = next) {
		if (is_wanted(&f->wanted, &line) && push_line(f, &line) < 0)
			return false;
		f->at += next - at;
		*ret_more = true;
	}
	return true;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/*
 * The file has been begun anew, perhaps more than once since the last look: then that of before is
 * another than ours, and comes first; what was between the two is gone.
 */
static bool turned_over(struct follower *f)
{
	static const char note[] = "event: err\ndata: (lines may be missing here: they came faster "
				   "than they were read)\n\n";
	struct stat now, old, open_one;
	char before[300];
	bool missed;
	int fd;

	if (stat(f->path, &now) < 0 || (f->fd >= 0 && fstat(f->fd, &open_one) < 0))
		return false;
	if (f->fd >= 0 && same_file(&now, &open_one))
		return false;
	path_before(f->path, before);
	missed = f->fd >= 0 && stat(before, &old) == 0 && !same_file(&old, &open_one) &&
		 !same_file(&old, &now);
	fd = open(missed ? before : f->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (missed)
		(void)http_stream_push(f->stream, note, sizeof(note) - 1);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fd;
	f->at = 0;
	return true;
}

/* It begins with what there is, in the file of before, if that is wanted. */
static void follow_from(struct follower *f)
{
	struct mapped now = map_file(f->path), old;
	char before[300];
	int fd = -1;

	f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
	f->at = tail_from(now.start, now.end, &f->wanted, &f->wanted.tail) - now.start;
	unmap(now);
	path_before(f->path, before);
	if (f->wanted.tail > 0)
		fd = open(before, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	old = map_file(before);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fd;
	f->at = tail_from(old.start, old.end, &f->wanted, &f->wanted.tail) - old.start;
	unmap(old);
}

static void pump(void *arg)
{
	struct follower *f = arg;
	const struct model_app *app = model_app_by_id(f->api->model, f->id);
	bool over = !app || model_app_over(app);
	bool more = true;

	if (f->ended || !f->stream)
		return;
	while (more) {
		if (!pump_chunk(f, &more))
			return; /* on_drained() goes on */
		if (!more)
			more = turned_over(f);
	}
	if (over) {
		f->ended = true;
		http_stream_push(f->stream, "event: end\ndata:\n\n", 18);
		return; /* the next time it is drained, it is closed */
	}
	loop_timer_set(f->timer, clock_mono_ns() + LOOK_NS);
}

static void on_drained(void *arg)
{
	struct follower *f = arg;

	if (f->ended && f->stream)
		http_stream_close(f->stream, NULL);
	else
		pump(f);
}

static void answer_followed(struct api_call *call, const struct model_app *app, const char *path,
			    const struct wanted *wanted)
{
	struct http_stream_events events = {.drained = on_drained, .gone = on_gone};
	struct follower *f = calloc(1, sizeof(*f));

	if (!f || loop_timer_new(call->api->loop, pump, f, &f->timer) < 0) {
		free(f);
		api_answer_error(call, 503, "log: out of memory");
		return;
	}
	f->api = call->api;
	f->wanted = *wanted;
	f->id = app->id;
	snprintf(f->path, sizeof(f->path), "%s", path);
	follow_from(f);
	events.arg = f;
	f->stream = http_stream(call->req, "text/event-stream", &events);
	if (!f->stream) {
		on_gone(f);
		api_answer_error(call, 503, "log: out of memory");
		return;
	}
	api_call_free(call);
	pump(f);
}

void api_get_app_log(struct api_call *call)
{
	const char *stream = api_text(call, "stream");
	struct wanted wanted = {
		.out = !stream || strcmp(stream, "err") != 0,
		.err = !stream || strcmp(stream, "out") != 0,
		.times = api_bool(call, "times", false),
		.tail = (uint64_t)api_int(call, "tail", INT64_MAX),
	};
	const struct model_app *app = api_app_find(call);
	char path[256];

	if (!app)
		return;
	if (ctl_app_log_path(call->api->ctl, app, path, sizeof(path)) < 0)
		api_answer_text(call, "text/plain; charset=utf-8", strdup(""), 0);
	else if (api_bool(call, "follow", false))
		answer_followed(call, app, path, &wanted);
	else
		answer_whole(call, path, &wanted);
}

const struct api_param api_app_log_params[] = {
	{"stream", API_WORD, .words = "out|err|both", .doc = "standard output or error; both"},
	{"tail", API_INTEGER, .doc = "only the last so many lines"},
	{"times", API_BOOLEAN, .doc = "true: each line with its time (s since 1970) and o or e"},
	{"follow", API_BOOLEAN,
	 .doc = "true: server-sent events out and err, a line each, as they come; then end"},
	{.name = NULL}};
