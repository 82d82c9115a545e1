// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp capture's side of RUNTIME/capture.sock (lib/wire/capture.h). Called by capture.c. */
#include "cli/capture.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/request.h"
#include "lib/base/cleanup.h"
#include "lib/client/rest.h"
#include "lib/wire/frame.h"

#define ENDS_MAX VLSP_PORT_MAX

/* The directory of a daemon's sockets: beside that of its API, or as it says itself. */
static int find_directory(struct cli *cli, const char *url, char *dir, size_t size)
{
	struct answer answer;
	const char *slash;
	int rc;

	if (strncmp(url, "unix://", 7) == 0) {
		slash = strrchr(url + 7, '/');
		snprintf(dir, size, "%.*s", slash ? (int)(slash - (url + 7)) : 0, url + 7);
		return 0;
	}
	if (!rest_is_local(url))
		return cli_fail(cli,
				"%s is another machine: a capture runs on the daemon's own "
				"(ssh HOST vlsp capture ... -w - | wireshark -k -i -)",
				url);
	rc = request_json(cli, "GET", "/health", &answer);
	if (rc)
		return rc;
	snprintf(dir, size, "%s",
		 json_is_string(json_object_get(answer.json, "runtimeDir"))
			 ? json_string_value(json_object_get(answer.json, "runtimeDir"))
			 : "");
	answer_done(&answer);
	return 0;
}

static int connect_to(struct cli *cli, int *ret_sock)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	cleanup_free char *url = NULL, *runtime_dir = NULL;
	char path[300], dir[256] = "";
	int sock, rc;

	if (request_where(cli, &url, &runtime_dir) < 0)
		return cli_fail(cli, "out of memory");
	rc = find_directory(cli, url, dir, sizeof(dir));
	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/" CAPTURE_SOCKET, dir);
	if (strlen(path) >= sizeof(addr.sun_path))
		return cli_fail(cli, "%s: longer than a socket's path may be", path);
	strcpy(addr.sun_path, path);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return cli_fail(cli, "socket: %s", strerror(errno));
	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		if (errno == EACCES) /* as of the daemon's other socket */
			rc = cli_fail(
				cli, "no permission for %s: be root, or a member of the group vlsp",
				path);
		else
			rc = cli_fail(cli, "%s: %s%s", path, strerror(errno),
				      errno == ENOENT || errno == ECONNREFUSED
					      ? " (does vlspd run? is it of this version?)"
					      : "");
		close(sock);
		return rc;
	}
	*ret_sock = sock;
	return 0;
}

static int take_ends(struct capture_ports *ports, int fd, uint32_t count)
{
	size_t size = count * sizeof(struct capture_end);
	const struct capture_end *ends;
	off_t end = lseek(fd, 0, SEEK_END);
	int r = 0;

	if (count == 0 || count > ENDS_MAX || end < 0 || (size_t)end != size)
		return -EPROTO;
	ends = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (ends == MAP_FAILED)
		return -errno;
	for (uint32_t i = 0; i < count && r == 0; i++)
		r = capture_ports_set(ports, &ends[i]);
	munmap((void *)(uintptr_t)ends, size);
	return r;
}

static void take_why(struct capture_source *source, const char *text, size_t length)
{
	snprintf(source->why, sizeof(source->why), "%.*s", (int)length, text);
	capture_clean(source->why, sizeof(source->why));
	source->ended = true;
}

/* fd, if there is one, is taken if it is the ring's. */
static int take(struct capture_source *source, struct capture_ports *ports, uint16_t type,
		const void *body, size_t length, int *fd)
{
	struct capture_given given;
	struct capture_end end;
	uint32_t n;

	switch (type) {
	case FRAME_CAPTURE_ERROR:
		take_why(source, body, length);
		return 0;
	case FRAME_CAPTURE_ENDS:
		if (length != sizeof(n) || *fd < 0)
			return -EPROTO;
		memcpy(&n, body, sizeof(n));
		return take_ends(ports, *fd, n);
	case FRAME_CAPTURE_RING:
		if (length != sizeof(given) || *fd < 0 || source->ring >= 0)
			return -EPROTO;
		memcpy(&given, body, sizeof(given));
		snprintf(source->of, sizeof(source->of), "%.*s", CAPTURE_OF_SIZE - 1, given.of);
		capture_clean(source->of, sizeof(source->of));
		source->ring = *fd;
		*fd = -1;
		return 0;
	case FRAME_CAPTURE_END:
		if (length != sizeof(end))
			return -EPROTO;
		memcpy(&end, body, sizeof(end));
		return capture_ports_set(ports, &end);
	case FRAME_CAPTURE_GONE:
		return 0; /* what is in the ring may still be of it */
	case FRAME_CAPTURE_COUNTS:
		if (length != sizeof(source->counts))
			return -EPROTO;
		memcpy(&source->counts, body, sizeof(source->counts));
		source->counted = true;
		return 0;
	default:
		return -EPROTO;
	}
}

int capture_source_take(struct capture_source *source, struct capture_ports *ports)
{
	static uint8_t buf[FRAME_MAX] __attribute__((aligned(8)));

	while (!source->ended) {
		const void *body;
		uint16_t type;
		int fd = -1, r = frame_recv(source->sock, buf, &type, &body, &fd);

		if (r == -EAGAIN || r == -EINTR)
			return 0;
		if (r == -ECONNRESET) {
			take_why(source, "the daemon has gone", strlen("the daemon has gone"));
			return 0;
		}
		if (r >= 0)
			r = take(source, ports, type, body, (size_t)r, &fd);
		if (fd >= 0)
			close(fd);
		if (r < 0)
			return r;
	}
	return 0;
}

static int send_ask(struct capture_source *source, const struct capture_ask *ask,
		    const char *filter)
{
	size_t size = sizeof(*ask) + strlen(filter);
	char *body = malloc(size);
	int r;

	if (!body)
		return -ENOMEM;
	memcpy(body, ask, sizeof(*ask));
	memcpy(body + sizeof(*ask), filter, strlen(filter));
	r = frame_send(source->sock, FRAME_CAPTURE_ASK, body, (uint32_t)size, -1);
	free(body);
	return r;
}

int capture_ask(struct cli *cli, const struct capture_ask *ask, const char *filter,
		struct capture_ports *ports, struct capture_source *ret_source)
{
	struct capture_source *source = ret_source;
	struct pollfd waits = {.events = POLLIN};
	int r, rc;

	*source = (struct capture_source){.sock = -1, .ring = -1};
	rc = connect_to(cli, &source->sock);
	if (rc)
		return rc;
	waits.fd = source->sock;
	r = send_ask(source, ask, filter);
	while (r == 0 && source->ring < 0 && !source->ended) {
		if (poll(&waits, 1, -1) < 0) {
			r = -errno;
			break;
		}
		r = capture_source_take(source, ports);
	}
	if (r == -EINTR)
		return CLI_FAILED;
	if (r < 0)
		return cli_fail(cli, "the daemon's answer: %s", strerror(-r));
	return source->ended ? cli_fail(cli, "%s", source->why) : 0;
}

void capture_source_close(struct capture_source *source)
{
	if (source->sock >= 0)
		close(source->sock);
	if (source->ring >= 0)
		close(source->ring);
	source->sock = source->ring = -1;
}
