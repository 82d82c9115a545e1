// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What libvlsp reads. The first byte says what: 'o' IPv4 options of a datagram; 'a' an address
 * (length in 1 byte), and behind it the hosts file; 'p' packets of a supervisor, of a length (2
 * bytes) each. Checked: options are found where a plain search finds them; what is accepted can be
 * written and read again; names come from the last part about routers; each setting that is
 * well-formed arrives once, in order, and nothing else does.
 */
#include "lib/client/meta.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "include/vlsp/vlsp.h"
#include "lib/base/mark.h"
#include "lib/client/app_link.h"
#include "tests/fuzz/fuzz.h"

/* --- the world ------------------------------------------------------------------------------ */

static struct input hosts;

int vlsp_self(struct vlsp_self *ret_self)
{
	*ret_self = (struct vlsp_self){.router = "me", .host = 0x0a000001};
	return 0;
}

FILE *fopen(const char *path, const char *mode)
{
	if (strcmp(path, "/etc/hosts") != 0)
		return fopen64(path, mode);
	if (!hosts.left) {
		errno = ENOENT;
		return NULL;
	}
	return fmemopen((void *)hosts.at, hosts.left, mode);
}

/* --- options -------------------------------------------------------------------------------- */

static void options(struct input in)
{
	struct vdp_meta meta = {.flow = 1}, head;
	uint8_t list[40] = {0};
	size_t size = in.left < sizeof(list) ? in.left : sizeof(list);

	memcpy(list, in.at, size);
	if (!meta_find(list, size, &meta)) {
		CHECK(meta.flow == 1 && !meta.magic);
		return;
	}
	/* it is there, as it was found */
	meta_write(&head, 0);
	CHECK(meta.type == head.type && meta.length == head.length && meta.magic == head.magic);
	for (size_t at = 0; at + sizeof(meta) <= size; at++)
		if (memcmp(list + at, &meta, sizeof(meta)) == 0)
			return;
	CHECK(!"found, but not there");
}

/* --- addresses ------------------------------------------------------------------------------ */

static void addresses(struct input in)
{
	struct input text = input_take(&in, input_byte(&in));
	struct vlsp_address address = {7, 7}, again;
	char *copy = input_text(text), back[VLSP_ADDRESS_TEXT];

	hosts = in;
	if (vlsp_address_parse(copy, &address) < 0) {
		CHECK(errno == EINVAL || errno == ENOENT);
		CHECK(address.host == 7 && address.port == 7);
	} else {
		vlsp_address_format(&address, back);
		CHECK(vlsp_address_parse(back, &again) == 0);
		CHECK(address.host == again.host && address.port == again.port);
	}
	free(copy);
}

/* --- packets -------------------------------------------------------------------------------- */

#define SETTINGS_MAX 64

static int supervisor = -1;

static void supervise(void)
{
	char number[12];
	int fds[2];

	if (supervisor >= 0)
		return;
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0);
	supervisor = fds[0];
	snprintf(number, sizeof(number), "%d", fds[1]);
	setenv(APP_LINK_ENV, number, 1);
}

/* As app_link.h says it. */
static bool well_formed(const char *text)
{
	const char *equals = strchr(text, '=');
	const char *key = text + strlen("SET\n");

	if (strncmp(text, "SET\n", strlen("SET\n")) != 0 || !equals || equals == key)
		return false;
	return equals - key < APP_LINK_KEY && strlen(equals + 1) < APP_LINK_VALUE;
}

static void packets(struct input in)
{
	char *sent[SETTINGS_MAX], key[APP_LINK_KEY], value[APP_LINK_VALUE], text[300];
	size_t count = 0, got = 0;
	int r;

	supervise();
	for (unsigned i = 0; in.left && i < SETTINGS_MAX; i++) {
		struct input packet = input_take(&in, input_u16(&in) % APP_LINK_MAX);

		if (!packet.left)
			continue;
		CHECK(send(supervisor, packet.at, packet.left, MSG_DONTWAIT) >= 0);
		sent[count] = input_text(packet);
		if (well_formed(sent[count]))
			count++;
		else
			free(sent[count]);
	}
	do {
		r = app_link_next(key, value);
		CHECK(r == 0 || r == 1 || r == -EPROTO);
		if (r != 1)
			continue;
		CHECK(got < count);
		snprintf(text, sizeof(text), "SET\n%s=%s", key, value);
		CHECK(strcmp(text, sent[got]) == 0);
		free(sent[got++]);
	} while (r != 0);
	CHECK(got == count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	switch (input_byte(&in)) {
	case 'o':
		options(in);
		break;
	case 'a':
		addresses(in);
		break;
	case 'p':
		packets(in);
		break;
	}
	return 0;
}
