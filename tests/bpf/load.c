// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loader by hand, for tests/bpf/chain.sh: loads an instance's programs and obeys commands from
 * stdin, one a line, each answered by one line ("ok", counters, or "error: ..."). What is pinned is
 * taken over ("ok, adopted"). Ends at end of file and takes everything away, or, after "keep",
 * nothing. load INSTANCE NETWORK/LENGTH
 *
 *   router SLOT ADDRESS EDGE     port PORT SLOT ADDRESS FLAGS     route SLOT TO_SLOT PORT
 *   settle                       count PORT                       keep, quit
 *   ring INDEX BYTES             chain SLOT [INDEX]...            fn INDEX
 *   cut DPORT|none               tap PORT INDEX FLAGS             tapped INDEX
 *
 * Functions of a chain have rings and an open policy. A tap has a ring of 1 MB, and copies 64
 * bytes.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>

#include "bpf/loader/functions.h"
#include "bpf/loader/loader.h"
#include "lib/base/name.h"

static int answer(int r, const struct err *err)
{
	if (r < 0)
		printf("error: %s\n", err && err->text[0] ? err->text : strerror(-r));
	else
		printf("ok\n");
	return r;
}

static void count(struct bld *bld, uint32_t port)
{
	struct vlsp_count c;

	bld_count_read(bld, port, &c);
	printf("rx %llu %llu tx %llu %llu", c.rx_packets, c.rx_bytes, c.tx_packets, c.tx_bytes);
	for (unsigned i = 0; i < VLSP_DROP_CAUSES; i++)
		printf(" %s %llu", bld_drop_name(i), c.drop[i]);
	printf("\n");
}

static int set_chain(struct bld *bld, const char *line)
{
	struct vlsp_chain chain = {0};
	uint32_t slot, index;
	int n;

	if (sscanf(line, "chain %u%n", &slot, &n) != 1)
		return -EINVAL;
	for (line += n; sscanf(line, "%u%n", &index, &n) == 1; line += n) {
		if (chain.count == VLSP_CHAIN_MAX)
			return -EINVAL;
		chain.fn[chain.count++] = (struct vlsp_fn){.index = index, .kind = VLSP_FN_RING};
	}
	return bld_chain_set(bld, slot, &chain);
}

static int set_cut(struct bld *bld, uint16_t dport)
{
	const struct vlsp_match match = {.flags = VLSP_MATCH_DPORT | VLSP_MATCH_EITHER,
					 .dport_min = dport,
					 .dport_max = dport};

	return bld_cut_set(bld, &match, dport ? 1 : 0);
}

static int set_tap(struct bld *bld, uint32_t port, uint32_t index, uint32_t flags)
{
	int r = bld_tap_ring(bld, index, 1 << 20);

	return r < 0 ? r : bld_tap_port(bld, port, index, (uint16_t)flags, 64);
}

/* Of functions and taps; -ENOSYS: it is another one. */
static int command_of_functions(struct bld *bld, const char *line)
{
	struct vlsp_tap_count tapped;
	struct vlsp_fn_count count;
	uint32_t a, b, c;
	int r;

	if (strncmp(line, "chain ", 6) == 0)
		return answer(set_chain(bld, line), NULL);
	if (sscanf(line, "ring %u %u", &a, &b) == 2) {
		r = bld_fn_ring(bld, a, b);
		return answer(r < 0 ? r : 0, NULL);
	}
	if (sscanf(line, "cut %u", &a) == 1 || strcmp(line, "cut none\n") == 0)
		return answer(set_cut(bld, line[4] == 'n' ? 0 : (uint16_t)a), NULL);
	if (sscanf(line, "tap %u %u %u", &a, &b, &c) == 3)
		return answer(set_tap(bld, a, b, c), NULL);
	if (sscanf(line, "fn %u", &a) == 1 && bld_fn_count_read(bld, a, &count) == 0)
		return printf("given %llu dropped %llu skipped %llu\n", count.packets,
			      count.dropped, count.skipped);
	if (sscanf(line, "tapped %u", &a) == 1 && bld_tap_count_read(bld, a, &tapped) == 0)
		return printf("matched %llu lost %llu\n", tapped.matched, tapped.lost);
	return -ENOSYS;
}

static int command(struct bld *bld, const char *line)
{
	struct err err = {0};
	char text[64];
	uint32_t a, b, c, address;

	if (sscanf(line, "router %u %63s %u", &a, text, &b) == 3 && !addr_parse(text, &address))
		return answer(bld_router_add(bld, a, address, b, VLSP_FIB_MIN, &err), &err);
	if (sscanf(line, "port %u %u %63s %u", &a, &b, text, &c) == 4 &&
	    !addr_parse(text, &address)) {
		struct vlsp_port port = {.slot = b, .address = htonl(address), .flags = c};

		return answer(bld_port_set(bld, a, &port), NULL);
	}
	if (sscanf(line, "route %u %u %u", &a, &b, &c) == 3) {
		struct vlsp_fib entry = {.port = c, .metric = 1};

		return answer(bpf_map_update_elem(bld_router_fib(bld, a), &b, &entry, 0), NULL);
	}
	if (strcmp(line, "settle\n") == 0)
		return answer(bld_settle(bld), NULL);
	if (sscanf(line, "count %u", &a) == 1) {
		count(bld, a);
		return 0;
	}
	if (command_of_functions(bld, line) != -ENOSYS)
		return 0;
	return answer(-EINVAL, NULL);
}

int main(int argc, char **argv)
{
	struct err err = {0};
	struct bld *bld;
	char line[256];
	uint32_t network;
	unsigned length;

	if (argc != 3 || prefix_parse(argv[2], &network, &length, &err) < 0) {
		fprintf(stderr, "load INSTANCE NETWORK/LENGTH %s\n", err.text);
		return 2;
	}
	if (bld_open(argv[1], network, length, NULL, &bld, &err) < 0) {
		printf("error: %s\n", err.text);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf(bld_adopted(bld) ? "ok, adopted\n" : "ok\n");
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n") != 0) {
		if (strcmp(line, "keep\n") == 0) {
			bld_close(bld, true);
			return 0;
		}
		command(bld, line);
	}
	bld_close(bld, false);
	return 0;
}
