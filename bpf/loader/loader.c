// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opens, loads and pins the BPF object of an instance, and takes it away. libbpf's own talk goes to
 * the debug log; of a refusal by the verifier the last lines are kept for the user. Called by the
 * local host back end when the daemon starts and stops.
 */
#include "bpf/loader/loader_priv.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "vlsp.skel.h"

#define BPFFS	  "/sys/fs/bpf"
#define PINS	  BPFFS "/vlsp"
#define TAIL_SIZE 320

/* The end of the verifier's last refusal; valid during bld_open only. */
static __thread char refusal[TAIL_SIZE];

/* Keeps the last lines before the verifier's statistics ("processed N insns ..."). */
static void keep_refusal(const char *text)
{
	const char *end = strstr(text, "\nprocessed "), *begin;

	if (!end)
		end = text + strlen(text);
	begin = end;
	for (int lines = 0; begin > text && end - begin < TAIL_SIZE - 2; begin--) {
		if (*begin == '\n' && begin != end && ++lines == 3) {
			begin++;
			break;
		}
	}
	snprintf(refusal, sizeof(refusal), "%.*s", (int)(end - begin), begin);
	for (char *p = refusal; *p; p++) {
		if (*p == '\n')
			*p = ';';
	}
}

__attribute__((format(printf, 2, 0))) static int print(enum libbpf_print_level level,
						       const char *fmt, va_list args)
{
	char *text = NULL;
	size_t length;
	int r = vasprintf(&text, fmt, args);

	(void)level;
	if (r < 0)
		return r;
	if (strstr(text, "PROG LOAD LOG"))
		keep_refusal(text);
	length = strlen(text);
	if (length > 0 && text[length - 1] == '\n')
		text[length - 1] = '\0';
	log_debug("%s", text);
	free(text);
	return r;
}

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

static int mount_bpffs(bool *ret_mounted, struct err *err)
{
	struct statfs fs;

	*ret_mounted = false;
	if (statfs(BPFFS, &fs) < 0)
		return err_errno(err, errno, BPFFS);
	if (fs.f_type == BPF_FS_MAGIC)
		return 0;
	if (mount("bpf", BPFFS, "bpf", 0, "mode=0700") < 0)
		return err_errno(err, errno, "mounting the BPF file system on " BPFFS);
	*ret_mounted = true;
	return 0;
}

/* . and .., and what some kernels put into every BPF file system */
static bool is_always_there(const char *name)
{
	static const char *const names[] = {".", "..", "maps.debug", "progs.debug"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = true;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (!is_always_there(entry->d_name))
			empty = false;
	}
	closedir(dir);
	return empty;
}

/* Takes the directories away if they are empty, and the mount if it is ours and empty. */
static void remove_dirs(struct bld *bld)
{
	rmdir(bld->dir);
	rmdir(PINS);
	if (bld->mounted && is_empty(BPFFS))
		umount2(BPFFS, MNT_DETACH);
}

static int make_dirs(struct bld *bld, const char *instance, struct err *err)
{
	if (mkdir(PINS, 0700) < 0 && errno != EEXIST)
		return err_errno(err, errno, PINS);
	if (mkdir(bld->dir, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return err_errno(err, errno, "%s", bld->dir);
	if (!is_empty(bld->dir))
		return err_set(
			err, EEXIST,
			"%s has programs already: does instance \"%s\" run, or did it crash?",
			bld->dir, instance);
	return 0;
}

static int pin(struct bld *bld, struct err *err)
{
	struct bpf_map *map;
	struct bpf_program *prog;
	char path[256];
	int r;

	bpf_object__for_each_map(map, bld->skel->obj)
	{
		snprintf(path, sizeof(path), "%s/%s", bld->dir, bpf_map__name(map));
		r = bpf_map__pin(map, path);
		if (r < 0)
			return err_errno(err, r, "%s", path);
	}
	bpf_object__for_each_program(prog, bld->skel->obj)
	{
		snprintf(path, sizeof(path), "%s/%s", bld->dir, bpf_program__name(prog));
		r = bpf_program__pin(prog, path);
		if (r < 0)
			return err_errno(err, r, "%s", path);
	}
	return 0;
}

static void unpin(struct bld *bld)
{
	struct bpf_map *map;
	struct bpf_program *prog;
	char path[256];

	bpf_object__for_each_map(map, bld->skel->obj)
	{
		snprintf(path, sizeof(path), "%s/%s", bld->dir, bpf_map__name(map));
		unlink(path);
	}
	bpf_object__for_each_program(prog, bld->skel->obj)
	{
		snprintf(path, sizeof(path), "%s/%s", bld->dir, bpf_program__name(prog));
		unlink(path);
	}
}

/* The template that the counters' chunks are like; libbpf 1.1 cannot size the object's own. */
static int set_chunk_size(struct bld *bld)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	bld->chunk_like = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vlsp_count_like", sizeof(uint32_t),
					 sizeof(struct vlsp_count), VLSP_COUNT_CHUNK * bld->ncpu,
					 &opts);
	if (bld->chunk_like < 0)
		return bld->chunk_like;
	return bpf_map__set_inner_map_fd(bld->skel->maps.vlsp_count, bld->chunk_like);
}

static int load(struct bld *bld, struct err *err)
{
	int r;

	bld->skel = vlsp__open();
	if (!bld->skel)
		return err_errno(err, errno, "reading the BPF object");
	r = set_chunk_size(bld);
	if (r < 0)
		return err_errno(err, r, "sizing the BPF counters");
	refusal[0] = '\0';
	r = vlsp__load(bld->skel);
	if (r < 0 && refusal[0])
		return err_set(err, -r, "the kernel's verifier refused a BPF program: %s", refusal);
	if (r == -EPERM)
		return err_errno(err, r, "loading BPF programs (CAP_BPF and CAP_NET_ADMIN needed)");
	if (r < 0)
		return err_errno(err, r, "loading BPF programs");
	return 0;
}

static size_t mapped_size(const struct bpf_map *map)
{
	return (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
}

static int map_shared(const struct bpf_map *map, void **ret_mapping)
{
	void *p = mmap(NULL, mapped_size(map), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map),
		       0);

	if (p == MAP_FAILED)
		return -errno;
	*ret_mapping = p;
	return 0;
}

static int prepare(struct bld *bld, struct err *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	int r = map_shared(bld->skel->maps.vlsp_addr, (void **)&bld->addr);

	if (r == 0)
		r = map_shared(bld->skel->maps.vlsp_hello, (void **)&bld->hello);
	if (r < 0)
		return err_errno(err, r, "mapping BPF maps");
	bld->nothing = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vlsp_fib_none", sizeof(uint32_t),
				      sizeof(struct vlsp_fib), VLSP_FIB_MIN, &opts);
	if (bld->nothing < 0)
		return err_errno(err, bld->nothing, "the empty FIB");
	r = outer_new(bpf_map__fd(bld->skel->maps.vlsp_fib), VLSP_SLOT_MAX, &bld->fibs);
	if (r == 0)
		r = outer_new(bpf_map__fd(bld->skel->maps.vlsp_count), BLD_CHUNKS, &bld->counts);
	if (r < 0)
		return err_errno(err, r, "BPF loader");
	return 0;
}

static struct bld *bld_new(const char *instance)
{
	struct bld *bld = calloc(1, sizeof(*bld));

	if (!bld)
		return NULL;
	bld->nothing = bld->chunk_like = -1;
	pthread_mutex_init(&bld->chunk_lock, NULL);
	bld->slots = malloc(VLSP_SLOT_MAX * sizeof(*bld->slots));
	if (!bld->slots || asprintf(&bld->dir, PINS "/%s", instance) < 0) {
		free(bld->slots);
		free(bld);
		return NULL;
	}
	for (uint32_t i = 0; i < VLSP_SLOT_MAX; i++)
		bld->slots[i] = (struct bld_slot){.fib = -1, .next = -1};
	return bld;
}

/* Everything but pins and directories. */
static void bld_free(struct bld *bld)
{
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
	if (bld->chunk_like >= 0)
		close(bld->chunk_like);
	if (bld->hello)
		munmap(bld->hello, mapped_size(bld->skel->maps.vlsp_hello));
	if (bld->addr)
		munmap(bld->addr, mapped_size(bld->skel->maps.vlsp_addr));
	if (bld->skel)
		vlsp__destroy(bld->skel);
	pthread_mutex_destroy(&bld->chunk_lock);
	free(bld->slots);
	free(bld->dir);
	free(bld);
}

int bld_open(const char *instance, uint32_t network, unsigned prefix_len, struct bld **ret_bld,
	     struct err *err)
{
	struct bld *bld;
	int ncpu, r;

	r = check_instance(instance, err);
	if (r < 0)
		return r;
	libbpf_set_print(print);
	ncpu = libbpf_num_possible_cpus();
	if (ncpu < 0)
		return err_errno(err, ncpu, "number of possible CPUs");
	bld = bld_new(instance);
	if (!bld)
		return err_errno(err, ENOMEM, "BPF loader");
	bld->ncpu = ncpu;
	r = mount_bpffs(&bld->mounted, err);
	if (r < 0)
		goto fail_mount;
	r = make_dirs(bld, instance, err);
	if (r < 0)
		goto fail_dirs;
	r = load(bld, err);
	if (r < 0)
		goto fail_dirs;
	r = prepare(bld, err);
	if (r < 0)
		goto fail_dirs;
	r = bld_network_set(bld, network, prefix_len);
	if (r < 0) {
		err_errno(err, r, "virtual network");
		goto fail_dirs;
	}
	r = pin(bld, err);
	if (r < 0)
		goto fail_pin;
	*ret_bld = bld;
	return 0;

fail_pin:
	unpin(bld);
fail_dirs:
	remove_dirs(bld);
fail_mount:
	bld_free(bld);
	return r;
}

void bld_close(struct bld *bld)
{
	if (!bld)
		return;
	unpin(bld);
	remove_dirs(bld);
	bld_free(bld);
}

int bld_settle(struct bld *bld)
{
	int fibs = outer_settle(bld->fibs), counts = outer_settle(bld->counts);

	return fibs < 0 ? fibs : counts;
}

int bld_prog_in(const struct bld *bld)
{
	return bpf_program__fd(bld->skel->progs.vlsp_in);
}

int bld_prog_out(const struct bld *bld)
{
	return bpf_program__fd(bld->skel->progs.vlsp_out);
}

int bld_map_hello(const struct bld *bld)
{
	return bpf_map__fd(bld->skel->maps.vlsp_hello);
}

int bld_map_addr(const struct bld *bld)
{
	return bpf_map__fd(bld->skel->maps.vlsp_addr);
}

int bld_map_fd_router(const struct bld *bld)
{
	return bpf_map__fd(bld->skel->maps.vlsp_router);
}

int bld_map_fd_port(const struct bld *bld)
{
	return bpf_map__fd(bld->skel->maps.vlsp_port);
}

int bld_map_fd_conf(const struct bld *bld)
{
	return bpf_map__fd(bld->skel->maps.vlsp_conf);
}
