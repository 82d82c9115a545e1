/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of vlsp capture: its ports, where frames come from, and where they go. */
#ifndef VLSP_CLI_CAPTURE_H
#define VLSP_CLI_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "include/shared/function.h"
#include "include/shared/maps.h"
#include "lib/base/err.h"
#include "lib/capture/pcapng.h"
#include "lib/wire/capture.h"

struct cli;

#define CAPTURE_NAME_SIZE 96 /* "r1:to-r2" */

/* A port, and what came by it. */
struct capture_port {
	struct capture_end end;
	char name[CAPTURE_NAME_SIZE];
	uint64_t captured, told; /* told: in statistics of the file */
	uint32_t interface;	 /* in the file that is written; UINT32_MAX: not yet */
};

struct capture_ports {
	struct capture_port *list;
	size_t count, room;
	uint32_t by_port[VLSP_PORT_MAX]; /* index + 1; 0: none */
};

/* A port that is not known, or is another now. 0 or -ENOMEM. */
int capture_ports_set(struct capture_ports *ports, const struct capture_end *end);
struct capture_port *capture_ports_find(struct capture_ports *ports, uint32_t port);
void capture_ports_done(struct capture_ports *ports);

/* A text of somebody else's: ends within size, and says nothing to a terminal. */
void capture_clean(char *text, size_t size);

/* What the frame's end of a link, or its edge, does with it: arrives there, or leaves (a drop,
 * too).
 */
bool capture_arrives(const struct vlsp_tap_frame *frame);
/* Of a drop its cause; of what crosses a shaped link, the shape. "": nothing to say. Returns buf.
 */
const char *capture_comment(const struct capture_port *port, const struct vlsp_tap_frame *frame,
			    char *buf, size_t size);

/* --- capture_text.c: for people --- */

/* One line: time (ns since 1970), port, direction, datagram, comment. */
void capture_text_print(FILE *out, uint64_t time_ns, const struct capture_port *port,
			const struct vlsp_tap_frame *frame);
/* The datagram alone: "10.0.0.1.1000 > 10.0.0.2.7: udp 26, ttl 64, flow 0x..". */
void capture_text_frame(FILE *out, const uint8_t *data, size_t captured, size_t length);

/* --- capture_out.c: pcapng --- */

struct capture_out_config {
	const char *path; /* "-": standard output */
	const char *filter;
	uint32_t snaplen;
	uint32_t files;	   /* 0: one file without limit */
	uint64_t file_max; /* bytes of each */
};

struct capture_tally { /* frames, their bytes on the wire, and what of them was dropped */
	uint64_t frames, bytes;
	uint64_t drops[VLSP_DROP_CAUSES];
};

struct capture_out {
	struct capture_out_config config;
	struct pcapng pcapng;
	int fd;
	char path[4200];  /* of the file that is written */
	uint32_t opened;  /* files so far */
	uint64_t written; /* bytes of the file that is written, what is in memory included */
	uint32_t interfaces;
	uint64_t start_ns;
	struct capture_pending *pending; /* the frames in memory, in their order */
	size_t pending_count;
	struct capture_tally unwritten; /* was given here and is in no file: writing failed */
};

/* 0 or -errno with text. */
int capture_out_open(struct capture_out *out, const struct capture_out_config *config,
		     uint64_t now_ns, struct err *err);
/* 0 or -errno; -EPIPE: whoever read is gone. */
int capture_out_frame(struct capture_out *out, struct capture_ports *ports,
		      struct capture_port *port, uint64_t time_ns,
		      const struct vlsp_tap_frame *frame, struct err *err);
int capture_out_statistics(struct capture_out *out, struct capture_ports *ports, uint64_t now_ns,
			   const struct capture_counts *counts, bool ends, struct err *err);
/* Writes what is in memory, if it is much, or always. What fails cuts a file behind its last whole
 * block; a file without one is deleted. */
int capture_out_flush(struct capture_out *out, bool always, struct err *err);
void capture_out_close(struct capture_out *out);

/* --- capture_ask.c: the daemon --- */

struct capture_source { /* what it gave */
	int sock, ring;
	char of[CAPTURE_OF_SIZE];
	struct capture_counts counts;
	bool counted; /* counts have come since they were asked for */
	bool ended;   /* the daemon ended it */
	char why[300];
};

/* Asks, and waits for the answer. 0 or the exit code, after the reason was printed. */
int capture_ask(struct cli *cli, const struct capture_ask *ask, const char *filter,
		struct capture_ports *ports, struct capture_source *ret_source);
void capture_source_close(struct capture_source *source);
/* Takes what the daemon has sent meanwhile. 0 or -errno. */
int capture_source_take(struct capture_source *source, struct capture_ports *ports);

#endif
