// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opens the BPF object of an instance: loads and pins it, or takes over what is pinned (adopt.c);
 * and takes it away, or leaves it. Called by the local host back end when the daemon starts and
 * stops.
 */
#include "bpf/loader/loader_priv.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/loader/talk.h"
#include "lib/base/cleanup.h"
#include "vlsp.skel.h"

static int check_instance(const char *instance, struct err *err)
{
	if (!*instance || strlen(instance) > 63)
		return err_set(err, EINVAL, "instance name must have 1 to 63 characters");
	/* The BPF file system takes no dots in names. */
	if (strpbrk(instance, "/.\n"))
		return err_set(err, EINVAL, "instance name \"%s\" must not contain '/' or '.'",
			       instance);
	return 0;
}

/* The template that the counters' chunks are like, which is what the verifier sees of vlsp_count;
 * libbpf 1.1 cannot size the object's own. The caller's to close. */
static int chunk_like_new(const struct bld *bld)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "vlsp_count_like", sizeof(uint32_t),
			      sizeof(struct vlsp_count), VLSP_COUNT_CHUNK * bld->ncpu, &opts);
}

/* The descriptors of what was loaded, ours. */
static int take_fds(struct bld *bld, const struct vlsp *skel)
{
	for (int pin = 0; pin < BLD_PINS; pin++) {
		const char *name = bld_pin_name((enum bld_pin)pin);
		int fd = pin < BLD_IN ? bpf_object__find_map_fd_by_name(skel->obj, name)
				      : bpf_program__fd(
						bpf_object__find_program_by_name(skel->obj, name));

		bld->fds[pin] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (bld->fds[pin] < 0)
			return fd < 0 ? -ENOENT : -errno;
	}
	return 0;
}

static int load_error(int r, struct err *err)
{
	if (bld_talk_refusal()[0])
		return err_set(err, -r, "the kernel's verifier refused a BPF program: %s",
			       bld_talk_refusal());
	if (r == -EPERM)
		return err_errno(err, r, "loading BPF programs (CAP_BPF and CAP_NET_ADMIN needed)");
	return err_errno(err, r, "loading BPF programs");
}

static int load(struct bld *bld, struct err *err)
{
	struct vlsp *skel = vlsp__open();
	int like, r;

	if (!skel)
		return err_errno(err, errno, "reading the BPF object");
	like = chunk_like_new(bld);
	r = like < 0 ? like : bpf_map__set_inner_map_fd(skel->maps.vlsp_count, like);
	if (r == 0)
		r = bpf_map__set_max_entries(skel->maps.vlsp_fn_count, VLSP_FN_MAX * bld->ncpu);
	if (r == 0)
		r = bpf_map__set_max_entries(skel->maps.vlsp_tap_count, VLSP_TAP_MAX * bld->ncpu);
	if (r < 0) {
		err_errno(err, r, "sizing the BPF counters");
		goto end;
	}
	r = vlsp__load(skel);
	if (r < 0) {
		load_error(r, err);
		goto end;
	}
	r = take_fds(bld, skel);
	if (r < 0)
		err_errno(err, r, "the BPF object's maps");
end:
	if (like >= 0)
		close(like);
	vlsp__destroy(skel);
	return r;
}

static int map_shared(int fd, size_t size, void **ret_mapping)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	*ret_mapping = p;
	return 0;
}

#define ADDR_SIZE  (VLSP_ADDR_MAX * sizeof(struct vlsp_addr))
#define HELLO_SIZE (VLSP_PORT_MAX * sizeof(struct vlsp_hello))

/* What is needed to work with the maps, whoever made them. */
static int prepare(struct bld *bld, struct err *err)
{
	int r = map_shared(bld->fds[BLD_ADDR], ADDR_SIZE, (void **)&bld->addr);

	if (r == 0)
		r = map_shared(bld->fds[BLD_HELLO], HELLO_SIZE, (void **)&bld->hello);
	if (r < 0)
		return err_errno(err, r, "mapping BPF maps");
	r = outer_new(bld->fds[BLD_FIB], VLSP_SLOT_MAX, OUTER_THREADS_MAX, &bld->fibs);
	if (r == 0)
		r = outer_new(bld->fds[BLD_COUNT], BLD_CHUNKS, OUTER_THREADS_MAX, &bld->counts);
	if (r == 0)
		r = bld_functions_open(bld);
	return r < 0 ? err_errno(err, r, "BPF loader") : 0;
}

static struct bld *bld_new(const char *instance, const struct bld_journal *journal)
{
	struct bld *bld = calloc(1, sizeof(*bld));

	if (!bld)
		return NULL;
	bld->nothing = bld->dir_fd = bld->ring = -1;
	bld->journal = journal;
	for (int pin = 0; pin < BLD_PINS; pin++)
		bld->fds[pin] = -1;
	pthread_mutex_init(&bld->chunk_lock, NULL);
	bld->slots = malloc(VLSP_SLOT_MAX * sizeof(*bld->slots));
	bld->ports = calloc(VLSP_PORT_MAX, sizeof(*bld->ports));
	if (!bld->slots || !bld->ports ||
	    asprintf(&bld->dir, "/sys/fs/bpf/vlsp/%s", instance) < 0) {
		free(bld->ports);
		free(bld->slots);
		free(bld);
		return NULL;
	}
	for (uint32_t i = 0; i < VLSP_SLOT_MAX; i++)
		bld->slots[i] = (struct bld_slot){.fib = -1, .next = -1};
	return bld;
}

static void close_fds(struct bld *bld)
{
	for (int pin = 0; pin < BLD_PINS; pin++) {
		if (bld->fds[pin] >= 0)
			close(bld->fds[pin]);
		bld->fds[pin] = -1;
	}
}

/* Everything but pins and directories. */
static void bld_free(struct bld *bld)
{
	bld_functions_close(bld);
	outer_free(bld->counts);
	outer_free(bld->fibs);
	for (uint32_t i = 0; i < VLSP_SLOT_MAX; i++) {
		if (bld->slots[i].fib >= 0)
			close(bld->slots[i].fib);
		if (bld->slots[i].next >= 0)
			close(bld->slots[i].next);
	}
	for (uint32_t i = 0; i < BLD_CHUNKS; i++) {
		if (!bld->chunks[i].rows)
			continue;
		munmap(bld->chunks[i].rows, bld_chunk_size(bld));
		close(bld->chunks[i].fd);
	}
	if (bld->nothing >= 0)
		close(bld->nothing);
	if (bld->ring >= 0)
		close(bld->ring);
	if (bld->hello)
		munmap(bld->hello, HELLO_SIZE);
	if (bld->addr)
		munmap(bld->addr, ADDR_SIZE);
	close_fds(bld);
	if (bld->dir_fd >= 0)
		close(bld->dir_fd);
	pthread_mutex_destroy(&bld->chunk_lock);
	free(bld->ports);
	free(bld->slots);
	free(bld->dir);
	free(bld);
}

/* An opening or closing that was cut short left some pins: they go, if nobody can be using them. */
static int remove_some(struct bld *bld, struct err *err)
{
	int used = bld->fds[BLD_ROUTER] < 0 ? 1 : bld_table_in_use(bld);

	if (used < 0)
		return err_errno(err, used, "%s/vlsp_router", bld->dir);
	if (used)
		return err_set(err, EUCLEAN,
			       "some of the pins in %s have been taken away: remove the rest by "
			       "vlspd clean",
			       bld->dir);
	bld_pins_remove(bld, true);
	close_fds(bld);
	return 0;
}

static int make(struct bld *bld, uint32_t network, unsigned prefix_len, struct err *err)
{
	int r = load(bld, err);

	if (r == 0)
		r = prepare(bld, err);
	if (r < 0)
		return r;
	r = bld_nothing_new(bld);
	if (r < 0)
		return err_errno(err, r, "the empty FIB");
	r = bld_network_set(bld, network, prefix_len);
	if (r < 0)
		return err_errno(err, r, "virtual network");
	r = bld_pins_put(bld, err);
	if (r < 0)
		bld_pins_remove(bld, false);
	return r;
}

/* With the directory open and locked. */
static int make_or_adopt(struct bld *bld, uint32_t network, unsigned prefix_len, struct err *err)
{
	int count = bld_pins_get(bld, err), r;

	if (count < 0)
		return count;
	if (count > 0 && count < BLD_PINS) {
		r = remove_some(bld, err);
		if (r < 0)
			return r;
		count = 0;
	}
	if (count == 0)
		return make(bld, network, prefix_len, err);
	r = prepare(bld, err);
	return r < 0 ? r : bld_adopt(bld, network, prefix_len, err);
}

int bld_open(const char *instance, uint32_t network, unsigned prefix_len,
	     const struct bld_journal *journal, struct bld **ret_bld, struct err *err)
{
	struct bld *bld;
	int ncpu, r;

	r = check_instance(instance, err);
	if (r < 0)
		return r;
	r = bld_network_check(network, prefix_len);
	if (r < 0)
		return err_errno(err, r, "virtual network");
	bld_talk_begin();
	ncpu = libbpf_num_possible_cpus();
	if (ncpu < 0)
		return err_errno(err, ncpu, "number of possible CPUs");
	bld = bld_new(instance, journal);
	if (!bld)
		return err_errno(err, ENOMEM, "BPF loader");
	bld->ncpu = (uint32_t)ncpu;
	r = bld_pins_open_dir(bld, instance, err);
	if (r == 0)
		r = make_or_adopt(bld, network, prefix_len, err);
	if (r < 0) {
		bld_pins_close_dir(bld);
		bld_free(bld);
		return r;
	}
	*ret_bld = bld;
	return 0;
}

/* Nobody takes a closing that is cut short for a network that runs. FIBs stay: see routers.c. */
static void clear_slots(struct bld *bld)
{
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		const struct vlsp_router gone = {.edge = bld->slots[slot].edge_port};

		if (bld->slots[slot].address)
			bpf_map_update_elem(bld->fds[BLD_ROUTER], &slot, &gone, BPF_ANY);
	}
}

void bld_close(struct bld *bld, bool keep)
{
	if (!bld)
		return;
	if (keep) {
		bld_settle(bld);
	} else {
		clear_slots(bld);
		bld_pins_remove(bld, false);
		bld_pins_close_dir(bld);
	}
	bld_free(bld);
}

bool bld_adopted(const struct bld *bld)
{
	return bld->adopted;
}

int bld_settle(struct bld *bld)
{
	struct outer *others[] = {bld->counts, bld->fn_rings.outer, bld->tap_rings.outer};
	int r = outer_settle(bld->fibs), other;

	if (r == 0)
		r = bld_slots_settle(bld);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		other = outer_settle(others[i]);
		r = r < 0 ? r : other;
	}
	return r;
}

int bld_prog_in(const struct bld *bld)
{
	return bld->fds[BLD_IN];
}

int bld_prog_out(const struct bld *bld)
{
	return bld->fds[BLD_OUT];
}

int bld_prog_back(const struct bld *bld)
{
	return bld->fds[BLD_BACK];
}

int bld_map_hello(const struct bld *bld)
{
	return bld->fds[BLD_HELLO];
}

int bld_map_addr(const struct bld *bld)
{
	return bld->fds[BLD_ADDR];
}
