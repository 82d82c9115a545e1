// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tftpd: a TFTP server for one directory. The original's TFTPServer. A name leads nowhere else: it
 * is resolved below the directory, without links (openat2(2)), and what is written is a new file in
 * the directory itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "apps/common.h"
#include "apps/tftp_session.h"

#define SESSIONS_MAX 64

struct transfer {
	struct tftp_session session; /* socket NULL: free */
	char name[256];
};

static uint16_t port = 69;
static const char *directory;
static bool writable;
static uint64_t timeout_ns = 500000000, tries = 10, block_size = TFTP_BLOCK_MAX;
static int directory_fd, epoll_fd;
static struct transfer transfers[SESSIONS_MAX];
static unsigned long long read_files, written_files, failed, bytes, repeated;

static void report(void)
{
	vlsp_app_report("files.read", "%llu", read_files);
	vlsp_app_report("files.written", "%llu", written_files);
	vlsp_app_report("failed", "%llu", failed);
	vlsp_app_report("bytes", "%llu", bytes);
	vlsp_app_report("repeated", "%llu", repeated);
}

static const struct app_option options[] = {
	{"DIRECTORY", NULL, "what it serves", parse_text, &directory},
	{"[PORT]", NULL, "port to serve on (default 69)", parse_port, &port},
	{"-w", NULL, "new files may be written (never existing ones)", NULL, &writable},
	{"-b", "BYTES", "block size it agrees to, 8 to 1468 (default 1468)", parse_count,
	 &block_size},
	{"-t", "TIME", "sends again when nothing comes for that long (default 500ms)", parse_time,
	 &timeout_ns},
	{"-r", "COUNT", "gives up after sending the same so often (default 10)", parse_count,
	 &tries},
	{0},
};
static const struct app app = {"tftpd", "serves the files of a directory by TFTP", options, report,
			       NULL};

/* A descriptor, or -1 with errno. */
static int open_file(const struct tftp_packet *request)
{
	bool write = request->op == TFTP_WRQ;
	struct open_how how = {
		.flags = O_CLOEXEC | O_NONBLOCK | (write ? O_WRONLY | O_CREAT | O_EXCL : O_RDONLY),
		.mode = write ? 0644 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	struct stat st;
	int fd;

	if (write && (!writable || strchr(request->text, '/'))) {
		errno = EACCES;
		return -1;
	}
	fd = (int)syscall(SYS_openat2, directory_fd, request->text, &how, sizeof(how));
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = EACCES;
		return -1;
	}
	return fd;
}

static enum tftp_code code_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return TFTP_NOT_FOUND;
	case EEXIST:
		return TFTP_EXISTS;
	case ENOSPC:
	case EDQUOT:
		return TFTP_FULL;
	case EACCES:
	case EPERM:
	case ELOOP:
	case EXDEV: /* it would have led out of the directory */
	case EISDIR:
		return TFTP_ACCESS;
	default:
		return TFTP_OTHER;
	}
}

static struct transfer *free_place(void)
{
	for (struct transfer *t = transfers; t < transfers + SESSIONS_MAX; t++)
		if (!t->session.socket)
			return t;
	return NULL;
}

/* A client that hears nothing asks again: that is not another transfer. */
static bool is_known(const struct vlsp_address *from)
{
	for (struct transfer *t = transfers; t < transfers + SESSIONS_MAX; t++)
		if (t->session.socket && t->session.state == TFTP_RUNNING &&
		    t->session.peer.host == from->host && t->session.peer.port == from->port)
			return true;
	return false;
}

static void begin(struct vlsp_socket *socket, const struct tftp_packet *request,
		  const struct vlsp_address *from)
{
	struct transfer *t = free_place();
	struct epoll_event event = {.events = EPOLLIN};
	int fd;

	if (is_known(from))
		return;
	if (!t || !request->octet) {
		tftp_refuse(socket, from, t ? TFTP_ILLEGAL : TFTP_OTHER,
			    t ? "octet mode only" : "too many transfers");
		failed++;
		return;
	}
	fd = open_file(request);
	if (fd < 0) {
		tftp_refuse(socket, from, code_of(errno), strerror(errno));
		failed++;
		return;
	}
	*t = (struct transfer){.session = {.socket = app_socket(0), .peer = *from, .fd = fd}};
	strcpy(t->name, request->text);
	t->session.timeout_ns = timeout_ns;
	t->session.tries_max = (unsigned)tries;
	event.data.ptr = t;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, vlsp_socket_fd(t->session.socket), &event) < 0)
		app_fail("cannot watch a socket");
	tftp_session_serve(&t->session, request, (unsigned)block_size);
}

/* Says what came of it; a file that did not come whole goes. */
static void end(struct transfer *t)
{
	struct tftp_session *s = &t->session;
	char text[VLSP_ADDRESS_TEXT];

	vlsp_address_format(&s->peer, text);
	repeated += s->repeated;
	if (close(s->fd) < 0 && !s->sending && s->state == TFTP_DONE) {
		s->state = TFTP_FAILED;
		snprintf(s->error, sizeof(s->error), "%s", strerror(errno));
	}
	if (s->state == TFTP_DONE) {
		bytes += s->bytes;
		read_files += s->sending;
		written_files += !s->sending;
		printf("%s %s: %llu bytes, %s\n", s->sending ? "read" : "written", t->name,
		       (unsigned long long)s->bytes, text);
	} else {
		failed++;
		if (!s->sending && unlinkat(directory_fd, t->name, 0) < 0)
			fprintf(stderr, "tftpd: cannot remove %s: %s\n", t->name, strerror(errno));
		fprintf(stderr, "tftpd: %s, %s: %s\n", t->name, text, s->error);
	}
	vlsp_socket_close(s->socket);
	s->socket = NULL;
}

/* When the next one of them is due. */
static uint64_t due(void)
{
	uint64_t now = app_now(), next = APP_FOREVER;

	for (struct transfer *t = transfers; t < transfers + SESSIONS_MAX; t++) {
		struct tftp_session *s = &t->session;

		if (!s->socket)
			continue;
		if ((s->state == TFTP_RUNNING || s->state == TFTP_LINGERING) && s->due_ns <= now)
			tftp_session_due(s);
		if (s->state == TFTP_DONE || s->state == TFTP_FAILED)
			end(t);
		else if (s->due_ns < next)
			next = s->due_ns;
	}
	return next;
}

/* One datagram of a transfer's socket, or of the server's own (NULL). */
static void take(struct vlsp_socket *socket, struct transfer *t)
{
	static uint8_t data[65536];
	struct tftp_packet request;
	struct vlsp_info info;
	ssize_t got = vlsp_recv(t ? t->session.socket : socket, data, sizeof(data), &info);

	if (got < 0)
		return; /* none after all, or an error that was about one we sent: time will tell */
	if (t)
		tftp_session_take(&t->session, data, (size_t)got, &info.from);
	else if (!tftp_is_answered(data, (size_t)got))
		return;
	else if (!tftp_read(data, (size_t)got, &request) ||
		 (request.op != TFTP_RRQ && request.op != TFTP_WRQ))
		tftp_refuse(socket, &info.from, TFTP_ILLEGAL, "no request");
	else
		begin(socket, &request, &info.from);
}

static void serve(struct vlsp_socket *socket)
{
	struct epoll_event events[16], own = {.events = EPOLLIN, .data.ptr = NULL};

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, vlsp_socket_fd(socket), &own) < 0)
		app_fail("cannot watch sockets");
	while (app_wait(epoll_fd, due()) >= 0) {
		int ready = epoll_wait(epoll_fd, events, 16, 0);

		for (int i = 0; i < ready; i++)
			take(socket, events[i].data.ptr);
	}
	for (struct transfer *t = transfers; t < transfers + SESSIONS_MAX; t++) {
		if (!t->session.socket)
			continue;
		if (t->session.state == TFTP_LINGERING)
			t->session.state = TFTP_DONE;
		else
			snprintf(t->session.error, sizeof(t->session.error), "the server ends");
		if (t->session.state != TFTP_DONE)
			tftp_refuse(t->session.socket, &t->session.peer, TFTP_OTHER,
				    t->session.error);
		end(t);
	}
}

int main(int argc, char **argv)
{
	struct vlsp_socket *socket;

	app_start(&app, argc, argv);
	if (block_size < TFTP_BLOCK_MIN || block_size > TFTP_BLOCK_MAX)
		app_usage("-b", "%d to %d", TFTP_BLOCK_MIN, TFTP_BLOCK_MAX);
	if (tries < 1 || tries > 1000)
		app_usage("-r", "1 to 1000");
	directory_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory_fd < 0)
		app_fail_file(directory);
	socket = app_socket(port);
	app_ready();
	serve(socket);
	printf("tftpd: %llu files read, %llu written, %llu failed; %llu bytes, %llu packets sent "
	       "again\n",
	       read_files, written_files, failed, bytes, repeated);
	return app_end();
}
