// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Standard output and error of an application (output.h). One that prints without end is read at
 * the pace that its budget allows; its pipe is full then, and it waits. Called by app.c.
 */
#include "daemon/supervisor/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/supervisor/budget.h"
#include "lib/base/clock.h"

#define AT_A_TIME  (16u << 10)
#define LOG_WINDOW (256u << 10) /* bytes of log in a window: 5 MiB a second */
#define PIPE_MAX   (1u << 20)	/* that is read of one that has ended */

struct stream {
	struct output *output;
	struct loop_source *source; /* NULL: it has ended */
	int fd;
	enum logfile_stream which;
};

struct output {
	struct logfile *log;
	struct stream streams[LOGFILE_STREAMS];
	struct loop_timer *again;
	struct budget budget;
};

static void stream_end(struct stream *stream)
{
	loop_del(stream->source);
	stream->source = NULL;
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
}

static void again(void *arg)
{
	struct output *output = arg;

	for (int i = 0; i < LOGFILE_STREAMS; i++)
		if (output->streams[i].source)
			(void)loop_mod(output->streams[i].source, EPOLLIN);
}

static void pause_all(struct output *output)
{
	for (int i = 0; i < LOGFILE_STREAMS; i++)
		if (output->streams[i].source)
			(void)loop_mod(output->streams[i].source, 0);
	loop_timer_set(output->again, output->budget.end_ns);
}

/* Bytes; 0: the end; -EAGAIN: nothing now. */
static ssize_t stream_read(struct stream *stream, size_t *ret_cost)
{
	static char data[AT_A_TIME];
	ssize_t n = read(stream->fd, data, sizeof(data));

	if (n > 0)
		*ret_cost = logfile_feed(stream->output->log, stream->which, data, (size_t)n);
	return n < 0 ? -errno : n;
}

static void readable(void *arg, uint32_t events)
{
	struct stream *stream = arg;
	size_t cost = 0;
	ssize_t n = stream_read(stream, &cost);

	if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR))
		stream_end(stream);
	/* a hang-up is told even of one that is paused */
	else if (n < 0 && events & EPOLLHUP)
		stream_end(stream);
	if (n > 0 && budget_spend(&stream->output->budget, (size_t)n + cost, clock_mono_ns()))
		pause_all(stream->output);
}

static int stream_open(struct loop *loop, struct output *output, enum logfile_stream which,
		       int *ret_write)
{
	struct stream *stream = &output->streams[which];
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	stream->output = output;
	stream->which = which;
	stream->fd = fds[0];
	r = fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0
		    ? -errno
		    : loop_add(loop, fds[0], EPOLLIN, readable, stream, &stream->source);
	if (r < 0)
		close(fds[1]);
	else
		*ret_write = fds[1];
	return r;
}

int output_new(struct loop *loop, struct logfile *log, struct output **ret_output,
	       int ret_write[LOGFILE_STREAMS])
{
	struct output *output = calloc(1, sizeof(*output));
	int fds[LOGFILE_STREAMS] = {-1, -1}, r;

	if (!output)
		return -ENOMEM;
	output->log = log;
	output->budget.max = LOG_WINDOW;
	for (int i = 0; i < LOGFILE_STREAMS; i++)
		output->streams[i].fd = -1;
	r = loop_timer_new(loop, again, output, &output->again);
	for (int i = 0; r == 0 && i < LOGFILE_STREAMS; i++)
		r = stream_open(loop, output, (enum logfile_stream)i, &fds[i]);
	if (r < 0) {
		for (int i = 0; i < LOGFILE_STREAMS; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		output_free(output);
		return r;
	}
	ret_write[LOGFILE_OUT] = fds[LOGFILE_OUT];
	ret_write[LOGFILE_ERR] = fds[LOGFILE_ERR];
	*ret_output = output;
	return 0;
}

void output_free(struct output *output)
{
	if (!output)
		return;
	for (int i = 0; i < LOGFILE_STREAMS; i++) {
		struct stream *stream = &output->streams[i];
		size_t cost, all = 0;
		ssize_t n;

		while (stream->source && all < PIPE_MAX && (n = stream_read(stream, &cost)) > 0)
			all += (size_t)n;
		stream_end(stream);
	}
	logfile_flush(output->log);
	loop_timer_free(output->again);
	free(output);
}
