// SPDX-License-Identifier: GPL-2.0-or-later
/* tftp: gets a file from a TFTP server, or puts one there. The original's TFTPClient. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/common.h"
#include "apps/tftp_file.h"
#include "apps/tftp_session.h"

static struct tftp_session session = {.fd = -1};
static struct tftp_packet request;
static uint16_t port = 69;
static uint64_t timeout_ns = 500000000, tries = 10, block_size = TFTP_BLOCK_MAX;
static const char *local;

static void report(void)
{
	vlsp_app_report("bytes", "%llu", (unsigned long long)session.bytes);
	vlsp_app_report("blocks", "%llu", (unsigned long long)session.block);
	vlsp_app_report("repeated", "%llu", session.repeated);
}

static const char *parse_verb(const char *text, void *value)
{
	enum tftp_op *op = value;

	*op = strcmp(text, "get") == 0 ? TFTP_RRQ : strcmp(text, "put") == 0 ? TFTP_WRQ : 0;
	return *op ? NULL : "get or put";
}

static const char *parse_name(const char *text, void *value)
{
	if (!*text || strlen(text) >= sizeof(request.text))
		return "a name of 1 to 255 characters";
	strcpy(value, text);
	return NULL;
}

static const struct app_option options[] = {
	{"ADDR", NULL, "router where the server runs", parse_host, &session.peer},
	{"VERB", NULL, "get or put", parse_verb, &request.op},
	{"REMOTE", NULL, "the file's name at the server", parse_name, request.text},
	{"[LOCAL]", NULL, "its name here (default: REMOTE's last part)", parse_text, &local},
	{"-p", "PORT", "the server's port (default 69)", parse_port, &port},
	{"-b", "BYTES", "block size to ask for, 8 to 1468 (default 1468; 512: asks for nothing)",
	 parse_count, &block_size},
	{"-w", "TIME", "sends again when nothing comes for that long (default 500ms)", parse_time,
	 &timeout_ns},
	{"-r", "COUNT", "gives up after sending the same so often (default 10)", parse_count,
	 &tries},
	{0},
};
static const struct app app = {"tftp", "gets a file from a TFTP server, or puts one there", options,
			       report, NULL};

static void transfer(void)
{
	static uint8_t data[65536];
	struct vlsp_info info;

	while (session.state == TFTP_RUNNING) {
		ssize_t got = app_recv(session.socket, data, sizeof(data), &info, session.due_ns);

		if (got < 0 && errno == ECANCELED) {
			tftp_refuse(session.socket, &session.peer, TFTP_OTHER, "ended by signal");
			session.state = TFTP_FAILED;
			strcpy(session.error, "ended by signal");
		} else if (got < 0) {
			tftp_session_due(&session);
		} else {
			tftp_session_take(&session, data, (size_t)got, &info.from);
		}
	}
}

/* The file is there; but the server may not know that we have the last block. */
static void linger(void)
{
	static uint8_t data[65536];
	struct vlsp_info info;
	ssize_t got;

	while (session.state == TFTP_LINGERING &&
	       (got = app_recv(session.socket, data, sizeof(data), &info, session.due_ns)) >= 0)
		tftp_session_take(&session, data, (size_t)got, &info.from);
}

/* What is put; or where what is got goes. */
static void open_local(struct tftp_file *file, bool get)
{
	int r = get ? tftp_file_begin(file, local) : 0;

	session.fd = get ? file->fd : open(local, O_RDONLY | O_CLOEXEC);
	if (r == 0 && session.fd >= 0)
		return;
	errno = r < 0 ? -r : errno;
	app_fail_file(local);
}

static void close_local(struct tftp_file *file)
{
	int r = tftp_file_end(file, session.state != TFTP_FAILED);

	if (r == 0 || session.state == TFTP_FAILED)
		return;
	session.state = TFTP_FAILED;
	snprintf(session.error, sizeof(session.error), "%s: %s", local, strerror(-r));
}

int main(int argc, char **argv)
{
	static struct tftp_file file = {.fd = -1};
	const char *slash;
	uint64_t begin;
	bool get;

	app_start(&app, argc, argv);
	if (block_size < TFTP_BLOCK_MIN || block_size > TFTP_BLOCK_MAX)
		app_usage("-b", "%d to %d", TFTP_BLOCK_MIN, TFTP_BLOCK_MAX);
	if (tries < 1 || tries > 1000)
		app_usage("-r", "1 to 1000");
	get = request.op == TFTP_RRQ;
	slash = strrchr(request.text, '/');
	if (!local)
		local = slash ? slash + 1 : request.text;
	session.socket = app_socket(0);
	open_local(&file, get);
	session.peer.port = port;
	session.timeout_ns = timeout_ns;
	session.tries_max = (unsigned)tries;
	request.block_size = block_size == TFTP_BLOCK_DEFAULT ? 0 : (unsigned)block_size;
	app_ready();
	begin = app_now();
	tftp_session_ask(&session, &request);
	transfer();
	if (get)
		close_local(&file);
	if (session.state == TFTP_FAILED) {
		fprintf(stderr, "tftp: %s: %s\n", request.text, session.error);
		app_end();
		return 1;
	}
	printf("%s %s: %llu bytes in %llu blocks of %u, %llu sent again, %.3f s\n",
	       get ? "got" : "put", request.text, (unsigned long long)session.bytes,
	       (unsigned long long)session.block, session.block_size, session.repeated,
	       (double)(app_now() - begin) / 1e9);
	linger();
	return app_end();
}
