// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames to files of pcapng, one after the other or a ring of them. Each file is complete: a
 * section with the interfaces that occur in it. Called by capture.c.
 */
#include "cli/capture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MEMORY_MAX  (256u << 10) /* bytes, before they are written */
#define PENDING_MAX (MEMORY_MAX / PCAPNG_PACKET_MIN + 1)

/* Bytes of statistics: of each interface; and besides, of the first one, with its comment. */
#define STATISTICS_EACH	 64
#define STATISTICS_TEXT	 200
#define STATISTICS_FIRST (36 + 4 + STATISTICS_TEXT)

/* One frame, for who counts it later. */
struct capture_pending {
	uint32_t length;
	uint8_t cause; /* VLSP_DROP_CAUSES: it was not dropped */
};

static struct capture_pending pending_of(const struct vlsp_tap_frame *frame)
{
	bool drop = frame->what == VLSP_TAP_IS_DROP;

	return (struct capture_pending){.length = frame->length,
					.cause = drop ? frame->cause : VLSP_DROP_CAUSES};
}

static void tally_add(struct capture_tally *tally, const struct capture_pending *pending)
{
	tally->frames++;
	tally->bytes += pending->length;
	if (pending->cause < VLSP_DROP_CAUSES)
		tally->drops[pending->cause]++;
}

/* A regular file that this process has opened, and that has still its name. */
static bool is_own_file(const struct capture_out *out, const struct stat *st)
{
	struct stat named;

	return out->fd > STDERR_FILENO && lstat(out->path, &named) == 0 &&
	       named.st_dev == st->st_dev && named.st_ino == st->st_ino;
}

/* What is in memory got there only up to size bytes: a file keeps whole blocks, and none at all is
 * no file. */
static void give_up(struct capture_out *out, size_t size)
{
	size_t packets, whole = pcapng_whole(&out->pcapng, size, &packets);
	struct stat st;
	off_t end;

	for (size_t i = out->pending_count - packets; i < out->pending_count; i++)
		tally_add(&out->unwritten, &out->pending[i]);
	out->pending_count = 0;
	pcapng_clear(&out->pcapng);
	if (fstat(out->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	end = lseek(out->fd, 0, SEEK_CUR) - (off_t)(size - whole);
	if (end == 0 && is_own_file(out, &st) && unlink(out->path) == 0)
		out->opened--;
	else if (end >= 0 && ftruncate(out->fd, end) == 0)
		lseek(out->fd, end, SEEK_SET);
}

static int write_all(struct capture_out *out, struct err *err)
{
	size_t done = 0;
	int r = 0;

	while (done < out->pcapng.size && r == 0) {
		ssize_t n = write(out->fd, out->pcapng.data + done, out->pcapng.size - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EPIPE)
			r = -EPIPE;
		else if (errno != EINTR)
			r = err_errno(err, errno, "writing %s",
				      out->fd == STDOUT_FILENO ? "standard output" : out->path);
	}
	if (r < 0)
		give_up(out, done);
	out->pending_count = 0;
	pcapng_clear(&out->pcapng);
	return r;
}

/* What is whole is written: blocks are whole or not there. */
static int fail_memory(struct capture_out *out, struct err *err)
{
	if (out->pcapng.size)
		(void)write_all(out, NULL);
	return err_errno(err, ENOMEM, "capture");
}

int capture_out_flush(struct capture_out *out, bool always, struct err *err)
{
	if (out->pcapng.failed)
		return fail_memory(out, err);
	if (out->pcapng.size == 0 || (!always && out->pcapng.size < MEMORY_MAX))
		return 0;
	return write_all(out, err);
}

static void begin_section(struct capture_out *out)
{
	struct utsname uts;
	char os[200] = "";

	if (uname(&uts) == 0)
		snprintf(os, sizeof(os), "%.60s %.100s", uts.sysname, uts.release);
	pcapng_section(&out->pcapng, uname(&uts) == 0 ? uts.machine : NULL, os[0] ? os : NULL,
		       "vlsp capture " VLSP_VERSION);
	out->interfaces = 0;
}

/* "dump.pcapng" becomes "dump.3.pcapng" where there are several. */
static void path_of(const struct capture_out *out, char *path, size_t size)
{
	const char *whole = out->config.path, *dot = strrchr(whole, '.');
	const char *slash = strrchr(whole, '/');
	uint32_t n = out->config.files ? out->opened % out->config.files : 0;

	if (!out->config.files)
		snprintf(path, size, "%s", whole);
	else if (dot && dot > whole && (!slash || dot > slash + 1))
		snprintf(path, size, "%.*s.%u%s", (int)(dot - whole), whole, n + 1, dot);
	else
		snprintf(path, size, "%s.%u", whole, n + 1);
}

static int begin_file(struct capture_out *out, struct err *err)
{
	if (strcmp(out->config.path, "-") == 0) {
		out->fd = STDOUT_FILENO;
	} else {
		path_of(out, out->path, sizeof(out->path));
		out->fd = open(out->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (out->fd < 0)
			return err_errno(err, errno, "%s", out->path);
	}
	out->opened++;
	begin_section(out);
	out->written = out->pcapng.size;
	return 0;
}

int capture_out_open(struct capture_out *out, const struct capture_out_config *config,
		     uint64_t now_ns, struct err *err)
{
	memset(out, 0, sizeof(*out));
	out->config = *config;
	out->fd = -1;
	out->start_ns = now_ns;
	out->pending = calloc(PENDING_MAX, sizeof(*out->pending));
	if (!out->pending)
		return err_errno(err, ENOMEM, "capture");
	return begin_file(out, err);
}

void capture_out_close(struct capture_out *out)
{
	if (out->fd > STDERR_FILENO)
		close(out->fd);
	out->fd = -1;
	free(out->pending);
	out->pending = NULL;
	pcapng_done(&out->pcapng);
}

/* An interface is described before the first frame that came by it. */
static void need_interface(struct capture_out *out, struct capture_port *port)
{
	const struct capture_end *end = &port->end;
	char text[2 * CAPTURE_SHAPE_SIZE];
	struct pcapng_interface interface = {.name = port->name,
					     .description = text,
					     .filter = out->config.filter,
					     .snaplen = out->config.snaplen};

	if (port->interface != UINT32_MAX)
		return;
	if (end->link)
		snprintf(text, sizeof(text), "link %s, from %s to %s%s%s", end->name, end->peer,
			 end->router, end->arrives[0] ? ": " : "", end->arrives);
	else
		snprintf(text, sizeof(text), "edge of router %s", end->router);
	pcapng_interface(&out->pcapng, &interface);
	port->interface = out->interfaces++;
}

static int next_file(struct capture_out *out, struct capture_ports *ports, uint64_t now_ns,
		     struct err *err)
{
	int r = capture_out_statistics(out, ports, now_ns, NULL, true, err);

	if (r == 0)
		r = capture_out_flush(out, true, err);
	if (r < 0)
		return r;
	close(out->fd);
	out->fd = -1;
	for (size_t i = 0; i < ports->count; i++)
		ports->list[i].interface = UINT32_MAX;
	return begin_file(out, err);
}

static size_t statistics_size(const struct capture_out *out)
{
	return out->interfaces * STATISTICS_EACH + STATISTICS_FIRST;
}

/* Whether size bytes more, and the statistics at its end, are within what a file may have. */
static bool is_room(const struct capture_out *out, size_t size)
{
	return !out->config.files ||
	       out->written + size + statistics_size(out) <= out->config.file_max;
}

static void put_packet(struct capture_out *out, struct capture_port *port,
		       struct pcapng_packet *packet)
{
	need_interface(out, port);
	packet->interface = port->interface;
	pcapng_packet(&out->pcapng, packet);
}

/* In this file; or in the next one if it is too large for what is left of this one. */
static int put_somewhere(struct capture_out *out, struct capture_ports *ports,
			 struct capture_port *port, struct pcapng_packet *packet, struct err *err)
{
	uint32_t interfaces = out->interfaces, own = port->interface;
	size_t before = out->pcapng.size;
	int r;

	put_packet(out, port, packet);
	if (interfaces && !out->pcapng.failed && !is_room(out, out->pcapng.size - before)) {
		out->pcapng.size = before;
		out->interfaces = interfaces;
		port->interface = own;
		r = next_file(out, ports, packet->time_ns, err);
		if (r < 0)
			return r;
		before = out->pcapng.size;
		put_packet(out, port, packet);
	}
	if (out->pcapng.failed)
		return fail_memory(out, err);
	out->written += out->pcapng.size - before;
	return 0;
}

int capture_out_frame(struct capture_out *out, struct capture_ports *ports,
		      struct capture_port *port, uint64_t time_ns,
		      const struct vlsp_tap_frame *frame, struct err *err)
{
	char comment[CAPTURE_SHAPE_SIZE + 100];
	struct pcapng_packet packet = {
		.time_ns = time_ns,
		.data = frame->data,
		.captured = frame->captured,
		.length = frame->length,
		.direction = frame->what == VLSP_TAP_IS_DROP ? PCAPNG_UNKNOWN
			     : frame->what == VLSP_TAP_IS_RX ? PCAPNG_IN
							     : PCAPNG_OUT,
	};
	const struct capture_pending pending = pending_of(frame);
	int r;

	capture_comment(port, frame, comment, sizeof(comment));
	packet.comment = comment[0] ? comment : NULL;
	r = put_somewhere(out, ports, port, &packet, err);
	if (r < 0) {
		tally_add(&out->unwritten, &pending);
		return r;
	}
	out->pending[out->pending_count++] = pending;
	port->captured++;
	return capture_out_flush(out, false, err);
}

/* What the numbers of the first interface are, and what has no number of its own. */
static const char *statistics_text(const struct capture_ports *ports,
				   const struct capture_counts *counts, char *buf, size_t size)
{
	const char *all = ports->count > 1 ? "received, dropped and accepted are of all interfaces "
					     "together"
					   : "";

	if (!counts->queue)
		snprintf(buf, size, "%s", all);
	else
		snprintf(buf, size, "%s%squeues of links dropped %llu, which are not here", all,
			 all[0] ? "; " : "", (unsigned long long)counts->queue);
	return buf[0] ? buf : NULL;
}

/* All interfaces share one ring: what was lost cannot be told apart, and is said once. */
int capture_out_statistics(struct capture_out *out, struct capture_ports *ports, uint64_t now_ns,
			   const struct capture_counts *counts, bool ends, struct err *err)
{
	size_t before = out->pcapng.size;
	char text[STATISTICS_TEXT];

	if (!ends && !is_room(out, statistics_size(out)))
		return 0; /* there are those at its end, soon */
	if (ends && !out->interfaces && ports->count)
		need_interface(out, &ports->list[0]); /* nothing came, which is also to be said */
	for (size_t i = 0; i < ports->count; i++) {
		struct capture_port *port = &ports->list[i];
		struct pcapng_statistics s = {.interface = port->interface,
					      .time_ns = now_ns,
					      .start_ns = out->start_ns,
					      .ends = ends,
					      .delivered = port->captured};

		if (port->interface == UINT32_MAX || (!ends && port->told == port->captured))
			continue;
		port->told = port->captured;
		if (counts && port->interface == 0) {
			s.whole = true;
			s.accepted = counts->matched;
			s.dropped = counts->lost;
			s.comment = statistics_text(ports, counts, text, sizeof(text));
		}
		pcapng_statistics(&out->pcapng, &s);
	}
	out->written += out->pcapng.size - before;
	return out->pcapng.failed ? fail_memory(out, err) : 0;
}
