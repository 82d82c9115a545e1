// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ports (link ends and edges): their records in vlsp_port and their counters, which live in chunks
 * that are made when the first port of one appears. Called by the local host back end.
 */
#include "bpf/loader/taps_priv.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

size_t bld_chunk_size(const struct bld *bld)
{
	return (size_t)VLSP_COUNT_CHUNK * bld->ncpu * sizeof(struct vlsp_count);
}

int bld_chunk_take(struct bld *bld, uint32_t chunk, int fd)
{
	void *rows = mmap(NULL, bld_chunk_size(bld), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (rows == MAP_FAILED)
		return -errno;
	bld->chunks[chunk].fd = fd;
	bld->chunks[chunk].rows = rows;
	return 0;
}

/* Lock held. */
static int chunk_new(struct bld *bld, uint32_t chunk)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	char name[16];
	int fd, r;

	snprintf(name, sizeof(name), "vlsp_count_%u", chunk % BLD_CHUNKS);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), sizeof(struct vlsp_count),
			    VLSP_COUNT_CHUNK * bld->ncpu, &opts);
	if (fd < 0)
		return fd;
	r = outer_set(bld->counts, chunk, fd);
	if (r == 0)
		r = bld_chunk_take(bld, chunk, fd);
	if (r < 0)
		close(fd);
	return r;
}

/* The port's rows, one a CPU; NULL if there are none. */
static struct vlsp_count *rows_of(struct bld *bld, uint32_t port)
{
	struct vlsp_count *rows = NULL;

	if (port < VLSP_PORT_MAX)
		rows = bld->chunks[port / VLSP_COUNT_CHUNK].rows;
	return rows ? rows + (size_t)(port % VLSP_COUNT_CHUNK) * bld->ncpu : NULL;
}

/* Lock held. */
static int chunk_need(struct bld *bld, uint32_t port)
{
	return rows_of(bld, port) ? 0 : chunk_new(bld, port / VLSP_COUNT_CHUNK);
}

int bld_chunk_need(struct bld *bld, uint32_t port)
{
	int r;

	if (port >= VLSP_PORT_MAX)
		return -EINVAL;
	pthread_mutex_lock(&bld->chunk_lock);
	r = chunk_need(bld, port);
	pthread_mutex_unlock(&bld->chunk_lock);
	return r;
}

int bld_count_prepare(struct bld *bld, uint32_t port)
{
	int r;

	pthread_mutex_lock(&bld->chunk_lock);
	r = chunk_need(bld, port);
	if (r == 0)
		memset(rows_of(bld, port), 0, bld->ncpu * sizeof(struct vlsp_count));
	pthread_mutex_unlock(&bld->chunk_lock);
	return r;
}

static uint32_t is_shaped(const struct vlsp_port *record)
{
	return (record->flags & (VLSP_PORT_SHAPED | VLSP_PORT_QUEUE)) != 0;
}

/* As the programs are to see it. */
static int write_port(struct bld *bld, uint32_t port, const struct vlsp_port *record)
{
	int r = bpf_map_update_elem(bld->fds[BLD_PORT], &port, record, BPF_ANY);

	if (r == 0)
		bld->ports[port] = *record;
	return r;
}

/* What it has besides what the caller says: its router's chain, its taps. */
static void add_marks(const struct bld *bld, uint32_t port, struct vlsp_port *record)
{
	const struct bld_tapped tapped = bld_port_tapped(bld, port, record->flags);

	record->flags = (record->flags & ~BLD_MARKS) | tapped.flags;
	record->tap = tapped.hint;
	if (bld->slots[record->slot].flags & VLSP_ROUTER_CHAIN)
		record->flags |= VLSP_PORT_CHAIN;
}

int bld_port_mark(struct bld *bld, uint32_t port, uint32_t mask, uint32_t flags)
{
	struct vlsp_port record = bld->ports[port];

	record.flags = (record.flags & ~mask) | flags;
	return record.flags == bld->ports[port].flags ? 0 : write_port(bld, port, &record);
}

int bld_port_tap(struct bld *bld, uint32_t port, const struct bld_tapped *tapped)
{
	struct vlsp_port record = bld->ports[port];

	record.flags &= ~(VLSP_PORT_TAP | VLSP_PORT_TAP_OUT);
	record.flags |= tapped->flags;
	record.tap = tapped->hint;
	return memcmp(&record, &bld->ports[port], sizeof(record)) == 0
		       ? 0
		       : write_port(bld, port, &record);
}

int bld_port_set(struct bld *bld, uint32_t port, const struct vlsp_port *record)
{
	struct vlsp_port old, next = *record;
	int r;

	if (port < VLSP_PORT_FIRST || port >= VLSP_PORT_MAX || record->slot >= VLSP_SLOT_MAX)
		return -EINVAL;
	old = bld->ports[port];
	add_marks(bld, port, &next);
	if (!(old.flags & VLSP_PORT_VALID)) {
		r = bld_count_prepare(bld, port);
		if (r < 0)
			return r;
		memset(&bld->hello[port], 0, sizeof(bld->hello[port]));
	}
	r = write_port(bld, port, &next);
	if (r == 0)
		bld->shaped += is_shaped(record) - is_shaped(&old);
	return r;
}

void bld_port_del(struct bld *bld, uint32_t port)
{
	static const struct vlsp_port none;
	struct vlsp_port old;

	if (port >= VLSP_PORT_MAX)
		return;
	old = bld->ports[port];
	write_port(bld, port, &none);
	bld->shaped -= is_shaped(&old);
	if (old.flags & VLSP_PORT_TAP)
		bld_taps_forget(bld, port);
	if (old.flags & VLSP_PORT_SHAPED)
		bld_shape_del(bld, port);
}

int bld_port_read(const struct bld *bld, uint32_t port, struct vlsp_port *ret_record)
{
	struct vlsp_port record;
	int r;

	if (port >= VLSP_PORT_MAX)
		return -ENOENT;
	r = bpf_map_lookup_elem(bld->fds[BLD_PORT], &port, &record);
	if (r < 0)
		return r;
	if (!(record.flags & VLSP_PORT_VALID))
		return -ENOENT;
	record.flags &= ~BLD_MARKS;
	memset(&record.tap, 0, sizeof(record.tap));
	*ret_record = record;
	return 0;
}

void bld_count_read(struct bld *bld, uint32_t port, struct vlsp_count *ret_count)
{
	const volatile struct vlsp_count *row = rows_of(bld, port);

	memset(ret_count, 0, sizeof(*ret_count));
	for (uint32_t cpu = 0; row && cpu < bld->ncpu; cpu++, row++) {
		ret_count->rx_packets += row->rx_packets;
		ret_count->rx_bytes += row->rx_bytes;
		ret_count->tx_packets += row->tx_packets;
		ret_count->tx_bytes += row->tx_bytes;
		for (unsigned i = 0; i < VLSP_DROP_CAUSES; i++)
			ret_count->drop[i] += row->drop[i];
	}
}
