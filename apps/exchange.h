/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What server and client say to each other: heads in text as HTTP's, in datagrams. A request is one
 *datagram, padded to its size; a response is as many as its length needs, each with a head that
 *says which part it is.
 *
 *	GET /5000 VDP/1.0\r\n		VDP/1.0 200\r\n
 *	id: 17\r\n			id: 17\r\n
 *	\r\n				part: 1400 5000\r\n	(offset, length of all)
 *	padding				\r\n
 *					bytes
 */
#ifndef VLSP_APPS_EXCHANGE_H
#define VLSP_APPS_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXCHANGE_PART                                                                              \
	1300 /* bytes of a response in one datagram; the last part has what is left                \
	      */
#define EXCHANGE_HEAD	      128 /* room for any head */
#define EXCHANGE_RESPONSE_MAX (1 << 20)

struct exchange_request {
	uint64_t id, length; /* of the response that is asked for; 0: as the server likes */
};
struct exchange_part {
	uint64_t id, offset, length;
	unsigned status;   /* 200; 400: the request was not understood */
	const char *bytes; /* behind the head */
	size_t size;
};

/* Both: the head's length, without padding or bytes. to has EXCHANGE_HEAD bytes. */
size_t exchange_write_request(char *to, const struct exchange_request *request);
size_t exchange_write_part(char *to, const struct exchange_part *part);
/* Whether data is that. A part is one of those that a response of its length has. */
bool exchange_read_request(const char *data, size_t size, struct exchange_request *ret_request);
bool exchange_read_part(const char *data, size_t size, struct exchange_part *ret_part);
/* It may have been meant as a request: whoever sent it is told if it is none. Other servers, which
 * answer what they do not understand, are not. */
bool exchange_is_answered(const char *data, size_t size);

#endif
