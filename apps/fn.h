/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each network function does alike: its options, opening, waiting, counting.
 *
 *	app_start(&app, argc, argv);
 *	fn_open(NULL);
 *	app_ready();
 *	while (fn_next(&packet, NULL))
 *		...
 *	return app_end();
 */
#ifndef VLSP_APPS_FN_H
#define VLSP_APPS_FN_H

#include "apps/common.h"

extern const char *fn_match; /* what was given, or the application's default */
extern uint64_t fn_order, fn_queue;
extern bool fn_closed;

/* Options of applications whose match is the user's choice, and of all. */
#define FN_MATCH                                                                                   \
	{                                                                                          \
		"--match", "MATCH", "datagrams that it gets (default: all)", parse_text, &fn_match \
	}
#define FN_OPTIONS                                                                                 \
	{"--order", "N", "its place among the router's functions, 0 to 255", parse_count,          \
	 &fn_order},                                                                               \
		{"--queue", "BYTES", "of datagrams that may wait for it (default 1M)",             \
		 fn_parse_queue, &fn_queue},                                                       \
	{                                                                                          \
		"--closed", NULL, "without it datagrams are dropped, not passed", NULL, &fn_closed \
	}

#define FN_MAX 4 /* intercepts of one application */

/* One more intercept, of that match (NULL: fn_match), or app_fail(). Its number, from 0 on. */
unsigned fn_open(const char *match);
/* The next datagram, of any of them; ret_which may be NULL. false: SIGTERM. */
bool fn_next(struct vlsp_packet *packet, unsigned *ret_which);
/* The datagram that was taken last. What cannot be sent is counted in app_unsent. */
void fn_pass(const struct vlsp_packet *packet);
void fn_drop(const struct vlsp_packet *packet);
/* Turns a UDP datagram round and gives it another payload: goes to whoever sent it. */
void fn_answer(struct vlsp_packet *packet, const void *payload, size_t size);
/* Of UDP that is no fragment: it is as long as it says, and its checksum, if it has one, is right
 * or left to be completed. What is given another payload gets a right one, whatever it had. */
bool fn_is_sound(const struct vlsp_packet *packet, const struct vlsp_fields *fields);
/* Reports "passed", "dropped", "answered". */
void fn_report(void);

/* A queue's size into a uint64_t of bytes; what is wanted, or NULL. */
const char *fn_parse_queue(const char *text, void *value);
/* A rate above 0 into a double of bit/s; what is wanted, or NULL (apps/parse.h). */
const char *fn_parse_rate(const char *text, void *value);
/* A bucket's size into a uint64_t of bytes: the emptiest datagram fits into it. */
const char *fn_parse_burst(const char *text, void *value);

/* A bucket of tokens that fills at rate a second up to burst. */
struct fn_bucket {
	double tokens;
	uint64_t filled_ns; /* 0: it has not begun, and is full */
};
/* Whether there are so many, which are taken then. */
bool fn_bucket_take(struct fn_bucket *bucket, double rate, double burst, double tokens,
		    uint64_t now_ns);

#endif
