// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vlsp capture: what crosses a link or a router's ports, to pcapng or as lines. This process reads
 * the ring of the fast path itself; the daemon only opens and closes it. Ends by SIGINT, SIGTERM, a
 * count, a time, or with the daemon.
 */
#include "cli/capture.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bpf/loader/loader.h"
#include "cli/nouns.h"
#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/capture/source.h"
#include "lib/wire/frame.h"

#define RING_DEFAULT  (4u << 20)
#define FRAMES_A_LOOK 1024 /* before signals and the daemon are looked at again */
#define ROUND_NS      NSEC_PER_SEC
#define FINAL_NS      (2 * NSEC_PER_SEC) /* for the daemon's last answer */
#define REST_NS	      1000000

struct capture {
	struct cli *cli;
	struct capture_ports *ports;
	struct capture_source daemon;
	struct source *source;
	struct capture_out out;
	bool to_file, to_text;
	uint32_t flags; /* enum capture_flags */
	uint64_t count_max, skipped;
	struct capture_tally taken;
	uint32_t ring;			      /* bytes */
	uint64_t rested;		      /* bytes that had been read of it by the last rest */
	uint64_t start_ns, next_ns, until_ns; /* monotonic */
	int signals;
	bool stop; /* asked to */
	struct err err;
};

/* Of a link's end: whether the frame goes the way that was asked for. */
static bool is_wanted(const struct capture *c, const struct capture_port *port,
		      const struct vlsp_tap_frame *frame)
{
	uint32_t ways = c->flags & (CAPTURE_A_TO_B | CAPTURE_B_TO_A);
	bool to_b = (port->end.side == 1) == capture_arrives(frame);

	if (ways != CAPTURE_A_TO_B && ways != CAPTURE_B_TO_A)
		return true;
	return to_b == (ways == CAPTURE_A_TO_B);
}

/* After a write to standard output: 0, or -errno with text; -EPIPE without: who read it has gone.
 */
static int check_text(struct capture *c, bool failed)
{
	if (!failed)
		return 0;
	return errno == EPIPE ? -EPIPE : err_errno(&c->err, errno, "standard output");
}

static int take_frame(struct capture *c, const struct vlsp_tap_frame *frame)
{
	struct capture_port *port = capture_ports_find(c->ports, frame->port);
	uint64_t time_ns = source_wall_ns(c->source, frame->time_ns);
	FILE *text = c->cli->out;
	int r = 0;

	if (!port || !is_wanted(c, port, frame)) {
		c->skipped++;
		return 0;
	}
	if (c->to_file) {
		r = capture_out_frame(&c->out, c->ports, port, time_ns, frame, &c->err);
	} else if (c->to_text) {
		capture_text_print(text, time_ns, port, frame);
		r = check_text(c, ferror(text));
	}
	c->taken.frames++;
	c->taken.bytes += frame->length;
	if (frame->what == VLSP_TAP_IS_DROP)
		c->taken.drops[frame->cause]++;
	return r;
}

static bool is_full(const struct capture *c)
{
	return c->count_max && c->taken.frames == c->count_max;
}

/* What is in the ring, at most so many: 1: there may be more; 0: it was empty. */
static int take_frames(struct capture *c)
{
	const struct vlsp_tap_frame *frame;

	for (int i = 0; i < FRAMES_A_LOOK && !is_full(c); i++) {
		int r = 0;

		if (i == 0 || !source_is_empty(c->source))
			r = source_peek(c->source, &frame);
		if (r == 0)
			return 0;
		if (r > 0)
			r = take_frame(c, frame);
		else
			r = err_errno(&c->err, r, "a record of the ring");
		if (r < 0)
			return r;
		source_next(c->source);
	}
	return 1;
}

static int flush(struct capture *c)
{
	if (c->to_file)
		return capture_out_flush(&c->out, true, &c->err);
	return check_text(c, c->to_text && fflush(c->cli->out) != 0);
}

/* Each second: what was lost so far, and the clocks. */
static int tick(struct capture *c)
{
	uint64_t now = clock_mono_ns();
	int r = 0;

	if (now < c->next_ns)
		return 0;
	c->next_ns = now + ROUND_NS;
	source_sync(c->source);
	if (c->to_file && c->daemon.counted)
		r = capture_out_statistics(&c->out, c->ports, source_wall_ns(c->source, now),
					   &c->daemon.counts, false, &c->err);
	c->daemon.counted = false;
	if (r == 0)
		r = frame_send(c->daemon.sock, FRAME_CAPTURE_COUNT, NULL, 0, -1);
	return r == -EAGAIN || r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

static int wait_for(struct capture *c, uint64_t deadline_ns)
{
	struct pollfd fds[] = {{.fd = c->daemon.ring, .events = POLLIN},
			       {.fd = c->daemon.sock, .events = POLLIN},
			       {.fd = c->signals, .events = POLLIN}};
	uint64_t now = clock_mono_ns();
	uint64_t ns = deadline_ns > now ? deadline_ns - now : 0;
	struct timespec left = {(time_t)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC)};
	struct signalfd_siginfo info;

	if (ppoll(fds, ARRAY_SIZE(fds), &left, NULL) < 0 && errno != EINTR)
		return err_errno(&c->err, errno, "waiting");
	if (fds[2].revents && read(c->signals, &info, sizeof(info)) == sizeof(info))
		c->stop = true;
	return fds[1].revents ? capture_source_take(&c->daemon, c->ports) : 0;
}

/*
 * Who waits for the ring makes the fast path wake it, which costs far more than a copy. So those of
 * a moment are read together, unless so many come that the ring could fill meanwhile, and who goes
 * on finding some is not woken at all.
 */
static void rest(struct capture *c)
{
	const struct timespec moment = {.tv_nsec = REST_NS};
	uint64_t bytes = source_read(c->source) - c->rested;

	c->rested += bytes;
	if (bytes && bytes < c->ring / 8)
		nanosleep(&moment, NULL);
}

static int run_loop(struct capture *c)
{
	int r = 0;

	while (r >= 0 && !c->stop && !c->daemon.ended && !is_full(c)) {
		uint64_t until = c->next_ns;

		if (c->until_ns && c->until_ns <= clock_mono_ns())
			break;
		r = take_frames(c);
		if (r < 0)
			break;
		if (r == 0)
			r = flush(c);
		else
			until = 0; /* a look at the others, without waiting */
		if (r < 0)
			break;
		if (until)
			rest(c);
		if (until && c->until_ns && c->until_ns < until)
			until = c->until_ns;
		r = wait_for(c, until);
		if (r >= 0)
			r = tick(c);
	}
	return r;
}

/* No more taps, then what is still in the ring, then the counters as they stay. */
static int run_end(struct capture *c)
{
	uint64_t deadline = clock_mono_ns() + FINAL_NS;
	int r = 0;

	if (!c->daemon.ended)
		r = frame_send(c->daemon.sock, FRAME_CAPTURE_STOP, NULL, 0, -1);
	while (r >= 0 && !c->daemon.ended && !c->daemon.counts.final &&
	       clock_mono_ns() < deadline) {
		r = take_frames(c);
		if (r >= 0 && !is_full(c) && r > 0)
			continue;
		if (r >= 0)
			r = wait_for(c, deadline);
	}
	while (r >= 0 && !is_full(c)) {
		r = take_frames(c);
		if (r == 0)
			break;
	}
	if (r >= 0 && c->to_file)
		r = capture_out_statistics(&c->out, c->ports,
					   source_wall_ns(c->source, clock_mono_ns()),
					   &c->daemon.counts, true, &c->err);
	return r < 0 ? r : flush(c);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* --- what it was -------------------------------------------------------------------------------
 */

/* The daemon's last word may be older than what was read, if it ended first. */
static uint64_t matched(const struct capture *c)
{
	uint64_t known = c->taken.frames + c->daemon.counts.lost,
		 counted = c->daemon.counts.matched;

	return counted > known + c->skipped ? counted - c->skipped : known;
}

/* After a count was reached, some may still be in the ring. */
static uint64_t unread(const struct capture *c)
{
	uint64_t known = c->taken.frames + c->daemon.counts.lost;

	return matched(c) > known ? matched(c) - known : 0;
}

/* From what was taken to what is in the file. */
static void leave_unwritten_out(struct capture_tally *tally, const struct capture_tally *unwritten)
{
	tally->frames -= unwritten->frames;
	tally->bytes -= unwritten->bytes;
	for (unsigned i = 0; i < VLSP_DROP_CAUSES; i++)
		tally->drops[i] -= unwritten->drops[i];
}

static void summary_text(const struct capture *c, const struct capture_tally *captured)
{
	FILE *out = c->cli->err;

	fprintf(out, "%s: %" PRIu64 " captured, %" PRIu64 " matched, %" PRIu64 " lost",
		c->daemon.of, captured->frames, matched(c), c->daemon.counts.lost);
	fprintf(out, "%s",
		c->daemon.counts.lost ? " (this reader or the buffer was too slow)" : "");
	if (c->out.unwritten.frames)
		fprintf(out, ", %" PRIu64 " not written", c->out.unwritten.frames);
	if (unread(c))
		fprintf(out, ", %" PRIu64 " more left unread", unread(c));
	fputc('\n', out);
	if (c->daemon.counts.queue)
		fprintf(out, "not captured, but counted: %" PRIu64 " dropped by queues\n",
			c->daemon.counts.queue);
	for (unsigned i = 0, n = 0; i < VLSP_DROP_CAUSES; i++)
		if (captured->drops[i])
			fprintf(out, "%s%s %" PRIu64,
				n++ ? ", " : "of these dropped: ", bld_drop_name(i),
				captured->drops[i]);
	for (unsigned i = 0; i < VLSP_DROP_CAUSES; i++)
		if (captured->drops[i]) {
			fputc('\n', out);
			break;
		}
	fflush(out);
}

static int summary_json(const struct capture *c, const struct capture_tally *captured, FILE *out)
{
	double seconds = (double)(clock_mono_ns() - c->start_ns) / 1e9;
	json_t *drops = json_object();
	json_t *body;
	int r;

	for (unsigned i = 0; i < VLSP_DROP_CAUSES; i++)
		if (captured->drops[i])
			json_object_set_new(drops, bld_drop_name(i),
					    json_integer((json_int_t)captured->drops[i]));
	body = json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o, s:i, s:s}", "of", c->daemon.of,
		"captured", (json_int_t)captured->frames, "matched", (json_int_t)matched(c), "lost",
		(json_int_t)c->daemon.counts.lost, "queueDrops", (json_int_t)c->daemon.counts.queue,
		"unread", (json_int_t)unread(c), "unwritten", (json_int_t)c->out.unwritten.frames,
		"bytes", (json_int_t)captured->bytes, "seconds", seconds, "drops", drops, "files",
		(int)c->out.opened, "ended", c->daemon.ended ? c->daemon.why : "");
	if (!body)
		return -ENOMEM;
	r = json_dumpf(body, out, JSON_COMPACT | JSON_REAL_PRECISION(6)) < 0 ? -ENOMEM : 0;
	fputc('\n', out);
	json_decref(body);
	return r;
}

static int report(struct capture *c, int r)
{
	struct cli *cli = c->cli;
	bool pipe = r == -EPIPE && !c->err.text[0]; /* who read it has seen enough */
	struct capture_tally captured = c->taken;

	if (pipe &&
	    ferror(cli->out)) { /* nor is it told at the end that this could not be written */
		__fpurge(cli->out);
		clearerr(cli->out);
	}
	if (r < 0 && c->to_file) /* whatever failed: what is in memory may still be written */
		(void)capture_out_flush(&c->out, true, NULL);
	leave_unwritten_out(&captured, &c->out.unwritten);
	if (cli_given(cli, "json")) {
		bool taken = c->to_file && strcmp(c->out.config.path, "-") == 0;

		if (summary_json(c, &captured, taken ? cli->err : cli->out) < 0)
			return cli_fail(cli, "out of memory");
	} else if (!cli_given(cli, "quiet")) {
		summary_text(c, &captured);
	}
	if (r < 0 && !pipe)
		return cli_fail(cli, "%s", c->err.text[0] ? c->err.text : strerror(-r));
	if (c->daemon.ended)
		return cli_fail(cli, "the capture ended: %s", c->daemon.why);
	return CLI_DONE;
}

/* --- asking for it -----------------------------------------------------------------------------
 */

/* The words behind the first argument. NULL: out of memory. */
static char *filter_text(const struct cli *cli)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *word;

	for (size_t i = 1; out && (word = cli_arg(cli, i)); i++)
		fprintf(out, "%s%s", i > 1 ? " " : "", word);
	if (!out || fclose(out) != 0)
		return NULL;
	return text;
}

/* 0 or the exit code. */
static int read_options(struct cli *cli, struct capture_ask *ask, struct capture_out_config *out)
{
	const char *of = cli_arg(cli, 0), *way = cli_text(cli, "direction");
	uint32_t ring = (uint32_t)cli_number(cli, "buffer", RING_DEFAULT);

	if (strlen(of) >= sizeof(ask->of))
		return cli_usage(cli, "'%.60s...' is too long a name", of);
	*ask = (struct capture_ask){
		.version = CAPTURE_VERSION,
		.snaplen = (uint32_t)cli_number(cli, "snaplen", CAPTURE_SNAPLEN_MAX)};
	strcpy(ask->of, of);
	for (ask->ring = CAPTURE_RING_MIN; ask->ring < ring;)
		ask->ring *= 2;
	if (way && strcmp(way, "a-to-b") == 0)
		ask->flags |= CAPTURE_A_TO_B;
	if (way && strcmp(way, "b-to-a") == 0)
		ask->flags |= CAPTURE_B_TO_A;
	if (cli_given(cli, "drops"))
		ask->flags |= CAPTURE_DROPS;
	if (cli_given(cli, "no-control"))
		ask->flags |= CAPTURE_NO_CONTROL;
	out->path = cli_text(cli, "write");
	out->snaplen = ask->snaplen;
	out->file_max = (uint64_t)cli_number(cli, "file-size", 0);
	out->files = (uint32_t)cli_number(cli, "files", out->file_max ? 2 : 0);
	if (out->files && (!out->path || strcmp(out->path, "-") == 0))
		return cli_usage(cli, "--files, --file-size: --write FILE says which");
	if (out->files && !out->file_max)
		return cli_usage(cli, "--files: --file-size says how large each may become");
	if (out->path && strcmp(out->path, "-") == 0 && isatty(STDOUT_FILENO))
		return cli_usage(cli, "--write -: standard output is a terminal");
	return 0;
}

static int capture_all(struct capture *c, const struct capture_ask *ask, const char *filter,
		       const struct capture_out_config *config)
{
	struct cli *cli = c->cli;
	int64_t duration = cli_number(cli, "duration", 0);
	int r, rc = capture_ask(cli, ask, filter, c->ports, &c->daemon);

	if (rc)
		return rc;
	c->ring = ask->ring;
	r = source_open(c->daemon.ring, &c->source);
	if (r < 0)
		return cli_fail(cli, "the ring: %s", strerror(-r));
	c->start_ns = clock_mono_ns();
	c->until_ns = duration ? c->start_ns + (uint64_t)duration : 0;
	if (c->to_file)
		r = capture_out_open(&c->out, config, source_wall_ns(c->source, c->start_ns),
				     &c->err);
	if (r < 0 && c->err.text[0])
		return cli_fail(cli, "%s", c->err.text); /* there is nothing to sum up */
	if (r == 0) {
		cli_note(cli, "capturing %s%s", c->daemon.of, c->until_ns ? "" : ", until Ctrl-C");
		r = run_loop(c);
	}
	if (r >= 0)
		r = run_end(c);
	return report(c, r);
}

static int run(struct cli *cli)
{
	struct capture c = {.cli = cli, .signals = -1, .daemon = {.sock = -1, .ring = -1}};
	cleanup_free char *filter = filter_text(cli);
	struct capture_out_config config = {.filter = filter};
	struct capture_ask ask;
	int rc = read_options(cli, &ask, &config);

	if (rc)
		return rc;
	c.ports = calloc(1, sizeof(*c.ports));
	c.out.fd = -1;
	c.to_file = config.path != NULL;
	c.to_text = !c.to_file && !cli_given(cli, "json");
	c.flags = ask.flags;
	c.count_max = (uint64_t)cli_number(cli, "count", 0);
	c.signals = open_signals();
	if (!filter || !c.ports || c.signals < 0)
		rc = cli_fail(cli, "out of memory");
	else
		rc = capture_all(&c, &ask, filter, &config);
	source_close(c.source);
	capture_source_close(&c.daemon);
	capture_out_close(&c.out);
	if (c.ports)
		capture_ports_done(c.ports);
	free(c.ports);
	if (c.signals >= 0)
		close(c.signals);
	return rc;
}

static const char *const ways[] = {"a-to-b", "b-to-a", "both", NULL};

static const struct cli_option options[] = {
	{.name = "write",
	 .letter = 'w',
	 .value = "FILE",
	 .type = CLI_TEXT,
	 .live = CLI_FILE,
	 .help = "write pcapng to FILE; -: to standard output, for wireshark -k -i -"},
	{.name = "count",
	 .letter = 'c',
	 .value = "N",
	 .type = CLI_INT,
	 .min = 1,
	 .max = INT64_MAX,
	 .help = "end after N datagrams"},
	{.name = "duration",
	 .value = "D",
	 .type = CLI_DURATION,
	 .min = NSEC_PER_MSEC,
	 .max = 365 * 24 * 3600 * (int64_t)NSEC_PER_SEC,
	 .help = "end after this time (30s, 5m)"},
	{.name = "snaplen",
	 .letter = 's',
	 .value = "BYTES",
	 .type = CLI_INT,
	 .min = 1,
	 .max = CAPTURE_SNAPLEN_MAX,
	 .help = "keep at most so much of each frame (default: all)"},
	{.name = "direction",
	 .value = "WAY",
	 .type = CLI_ENUM,
	 .choices = ways,
	 .help = "of a link: a-to-b, b-to-a or both (default)"},
	{.name = "drops", .help = "only what is dropped, and why"},
	{.name = "no-control", .help = "leave hellos and routing messages out"},
	{.name = "buffer",
	 .value = "SIZE",
	 .type = CLI_SIZE,
	 .min = CAPTURE_RING_MIN,
	 .max = CAPTURE_RING_MAX,
	 .help = "for what comes faster than it is written (default 4M; becomes a power of two)"},
	{.name = "file-size",
	 .letter = 'C',
	 .value = "SIZE",
	 .type = CLI_SIZE,
	 .min = 64 << 10,
	 .max = INT64_C(1) << 40,
	 .help = "go on in another file before one is larger: FILE.1, FILE.2 ..."},
	{.name = "files",
	 .letter = 'W',
	 .value = "N",
	 .type = CLI_INT,
	 .min = 2,
	 .max = 10000,
	 .help = "how many, then the oldest is written over (default 2)"},
	{0},
};

static const struct cli_verb verbs[] = {
	{
		.name = "",
		.help = "capture what crosses a link or a router's ports",
		.more = "A link is captured as things arrive at its ends; R at all ports of a "
			"router; R:PORT "
			"at one:\nthe name of a link's device, or 'edge', where its own programs "
			"are. What is "
			"dropped is\ncaptured with its cause. FILTER is in the words of "
			"pcap-filter(7), see "
			"vlsp(1). Without\n--write each datagram is a line.",
		.args = {{.name = "L|R[:PORT]",
			  .help = "a link (id, name, A:B), a router, or a port of it",
			  .live = CLI_TAPPED},
			 {.name = "FILTER",
			  .help = "which datagrams: udp port 7 and src r1",
			  .optional = true,
			  .many = true}},
		.options = options,
		.flags = CLI_JSON,
		.run = run,
	},
	{0},
};

const struct cli_noun noun_capture = {
	.name = "capture",
	.help = "capture what crosses a link or a router's ports",
	.verbs = verbs,
};
