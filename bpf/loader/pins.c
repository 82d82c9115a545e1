// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The BPF file system: the instance's directory there, and which maps and programs are pinned in
 * it. Called by loader.c. Removes only what is pinned still and is what we made.
 */
#include "bpf/loader/loader_priv.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define BPFFS	  "/sys/fs/bpf"
#define PINS	  BPFFS "/vlsp"
#define PATH_SIZE 128
#define MAPS_USED 32 /* more maps than a program uses */

struct shape {
	const char *name;
	uint32_t type, value_size, entries, flags;
	bool each; /* as many entries for each of the CPUs that vlsp_conf says */
};

#define MAPS_OF	      BPF_MAP_TYPE_ARRAY_OF_MAPS, sizeof(uint32_t)
#define PROGS	      BPF_MAP_TYPE_PROG_ARRAY, sizeof(uint32_t)
#define ARRAY(record) BPF_MAP_TYPE_ARRAY, sizeof(struct record)
#define HASH(record)  BPF_MAP_TYPE_HASH, sizeof(struct record)

static const struct shape shapes[BLD_PINS] = {
	[BLD_ROUTER] = {"vlsp_router", ARRAY(vlsp_router), VLSP_SLOT_MAX, 0, false},
	[BLD_CONF] = {"vlsp_conf", ARRAY(vlsp_conf), 1, 0, false},
	[BLD_ADDR] = {"vlsp_addr", ARRAY(vlsp_addr), VLSP_ADDR_MAX, BPF_F_MMAPABLE, false},
	[BLD_PORT] = {"vlsp_port", ARRAY(vlsp_port), VLSP_PORT_MAX, 0, false},
	[BLD_HELLO] = {"vlsp_hello", ARRAY(vlsp_hello), VLSP_PORT_MAX, BPF_F_MMAPABLE, false},
	[BLD_FIB] = {"vlsp_fib", MAPS_OF, VLSP_SLOT_MAX, 0, false},
	[BLD_COUNT] = {"vlsp_count", MAPS_OF, BLD_CHUNKS, 0, false},
	[BLD_SHAPE] = {"vlsp_shape", HASH(vlsp_shape), VLSP_PORT_MAX, 0, false},
	[BLD_FATE] = {"vlsp_fate", HASH(vlsp_fate), VLSP_PORT_MAX, 0, false},
	[BLD_WAKE] = {"vlsp_wake", ARRAY(vlsp_wake), 1, BPF_F_MMAPABLE, false},
	[BLD_RING] = {"vlsp_ring", MAPS_OF, 1, 0, false},
	[BLD_CHAIN] = {"vlsp_chain", HASH(vlsp_chain), VLSP_SLOT_MAX, 0, false},
	[BLD_FN_RING] = {"vlsp_fn_ring", MAPS_OF, VLSP_FN_MAX, 0, false},
	[BLD_FN_PROG] = {"vlsp_fn_prog", PROGS, VLSP_FN_MAX, 0, false},
	[BLD_FN_COUNT] = {"vlsp_fn_count", ARRAY(vlsp_fn_count), VLSP_FN_MAX, BPF_F_MMAPABLE, true},
	[BLD_CUT] = {"vlsp_cut", ARRAY(vlsp_cut), 1, 0, false},
	[BLD_TAP] = {"vlsp_tap", HASH(vlsp_taps), VLSP_PORT_MAX, 0, false},
	[BLD_TAP_RING] = {"vlsp_tap_ring", MAPS_OF, VLSP_TAP_MAX, 0, false},
	[BLD_TAP_FILTER] = {"vlsp_tap_filter", PROGS, VLSP_TAP_MAX, 0, false},
	[BLD_TAP_COUNT] = {"vlsp_tap_count", ARRAY(vlsp_tap_count), VLSP_TAP_MAX, BPF_F_MMAPABLE,
			   true},
	[BLD_SELF] = {"vlsp_self", PROGS, VLSP_SELF_PROGRAMS, 0, false},
	[BLD_IN] = {.name = "vlsp_in", .type = BPF_PROG_TYPE_SCHED_CLS},
	[BLD_OUT] = {.name = "vlsp_out", .type = BPF_PROG_TYPE_SCHED_CLS},
	[BLD_BACK] = {.name = "vlsp_back", .type = BPF_PROG_TYPE_SCHED_CLS},
};

const char *bld_pin_name(enum bld_pin pin)
{
	return shapes[pin].name;
}

/* --- the directory --------------------------------------------------------------------------- */

static int mount_bpffs(struct bld *bld, struct err *err)
{
	struct statfs fs;
	int r = 0;

	if (statfs(BPFFS, &fs) < 0)
		return err_errno(err, errno, BPFFS);
	if (fs.f_type == BPF_FS_MAGIC) {
		bld->mounted = bld->journal && bld->journal->has(bld->journal->arg, "mount", BPFFS);
		return 0;
	}
	if (bld->journal)
		r = bld->journal->add(bld->journal->arg, "mount", BPFFS);
	if (r == 0 && mount("bpf", BPFFS, "bpf", 0, "mode=0700") < 0)
		r = -errno;
	if (r < 0)
		return err_errno(err, r, "mounting the BPF file system on " BPFFS);
	bld->mounted = true;
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

static int make_dir(const char *path, struct err *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_errno(err, errno, "%s", path);
	return 0;
}

int bld_pins_open_dir(struct bld *bld, const char *instance, struct err *err)
{
	int r = mount_bpffs(bld, err);

	if (r == 0)
		r = make_dir(PINS, err);
	if (r == 0)
		r = make_dir(bld->dir, err);
	if (r < 0)
		return r;
	bld->dir_fd = open(bld->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (bld->dir_fd < 0)
		return err_errno(err, errno, "%s", bld->dir);
	if (flock(bld->dir_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	r = errno == EWOULDBLOCK ? EEXIST : errno;
	close(bld->dir_fd);
	bld->dir_fd = -1;
	if (r == EEXIST)
		return err_set(err, EEXIST, "%s is in use: does instance \"%s\" run?", bld->dir,
			       instance);
	return err_errno(err, r, "locking %s", bld->dir);
}

void bld_pins_close_dir(struct bld *bld)
{
	if (bld->dir_fd >= 0) { /* else somebody else uses it */
		rmdir(bld->dir);
		close(bld->dir_fd);
		bld->dir_fd = -1;
	}
	rmdir(PINS);
	if (!bld->mounted || !is_empty(BPFFS) || umount2(BPFFS, MNT_DETACH) < 0)
		return;
	bld->mounted = false;
	if (bld->journal)
		bld->journal->del(bld->journal->arg, "mount", BPFFS);
}

/* --- pins ------------------------------------------------------------------------------------ */

static void path_of(const struct bld *bld, int pin, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/%s", bld->dir, shapes[pin].name);
}

/* As the journal has it. */
static void entry_of(const char *path, uint32_t id, char entry[PATH_SIZE + 12])
{
	snprintf(entry, PATH_SIZE + 12, "%s %u", path, id);
}

/* The kernel names a descriptor's kind; information on one kind asked of another is nonsense. */
static bool is_kind(int fd, const char *kind)
{
	char path[32], text[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, text, sizeof(text) - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	return strstr(text, kind) != NULL;
}

static bool map_has_shape(int fd, const struct shape *shape)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	return is_kind(fd, "bpf-map") && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
	       info.type == shape->type && info.key_size == sizeof(uint32_t) &&
	       info.value_size == shape->value_size &&
	       (shape->each ? info.max_entries % shape->entries == 0
			    : info.max_entries == shape->entries) &&
	       (info.map_flags & BPF_F_MMAPABLE) == shape->flags;
}

/* A program that works on maps which are not pinned beside it is not of this set. */
static bool program_has_shape(const struct bld *bld, int fd, const struct shape *shape)
{
	uint32_t maps[MAPS_USED] = {0};
	struct bpf_prog_info info = {.nr_map_ids = MAPS_USED, .map_ids = (uintptr_t)maps};
	uint32_t size = sizeof(info);

	if (!is_kind(fd, "bpf-prog") || bpf_obj_get_info_by_fd(fd, &info, &size) < 0 ||
	    info.type != shape->type || info.nr_map_ids > MAPS_USED)
		return false;
	for (uint32_t i = 0; i < info.nr_map_ids; i++) {
		bool ours = false, complete = true;

		for (int pin = 0; pin < BLD_IN; pin++) {
			complete &= bld->fds[pin] >= 0;
			ours |= bld->fds[pin] >= 0 && bld_id(bld->fds[pin]) == maps[i];
		}
		if (complete && !ours)
			return false;
	}
	return true;
}

int bld_pins_get(struct bld *bld, struct err *err)
{
	int count = 0;

	for (int pin = 0; pin < BLD_PINS; pin++) {
		char path[PATH_SIZE];
		int fd;

		path_of(bld, pin, path);
		fd = bpf_obj_get(path);
		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return err_errno(err, fd, "%s", path);
		bld->fds[pin] = fd;
		if (pin < BLD_IN ? !map_has_shape(fd, &shapes[pin])
				 : !program_has_shape(bld, fd, &shapes[pin]))
			return err_set(
				err, EPROTO,
				"%s is not what this version of vlspd makes: end it with the "
				"version that made it, or by vlspd clean",
				path);
		count++;
	}
	return count;
}

int bld_pins_put(struct bld *bld, struct err *err)
{
	const struct bld_journal *journal = bld->journal;

	for (int pin = 0; pin < BLD_PINS; pin++) {
		char path[PATH_SIZE], entry[PATH_SIZE + 12];
		int r = 0;

		path_of(bld, pin, path);
		entry_of(path, bld_id(bld->fds[pin]), entry);
		if (journal)
			r = journal->add(journal->arg, "pin", entry);
		if (r < 0)
			return err_errno(err, r, "writing down that %s is made", path);
		r = bpf_obj_pin(bld->fds[pin], path);
		if (r < 0 && journal)
			journal->del(journal->arg, "pin", entry);
		if (r < 0)
			return err_errno(err, r, "%s", path);
	}
	return 0;
}

int bld_pins_note(const struct bld *bld)
{
	const struct bld_journal *journal = bld->journal;
	int r = 0;

	for (int pin = 0; journal && r == 0 && pin < BLD_PINS; pin++) {
		char path[PATH_SIZE], entry[PATH_SIZE + 12];

		path_of(bld, pin, path);
		entry_of(path, bld_id(bld->fds[pin]), entry);
		if (!journal->has(journal->arg, "pin", entry))
			r = journal->add(journal->arg, "pin", entry);
	}
	return r;
}

void bld_pins_remove(struct bld *bld, bool known)
{
	const struct bld_journal *journal = bld->journal;

	for (int pin = BLD_PINS - 1; pin >= 0; pin--) {
		char path[PATH_SIZE], entry[PATH_SIZE + 12];
		uint32_t id;
		int there;

		if (bld->fds[pin] < 0)
			continue;
		id = bld_id(bld->fds[pin]);
		path_of(bld, pin, path);
		entry_of(path, id, entry);
		if (known && journal && !journal->has(journal->arg, "pin", entry))
			continue;
		there = bpf_obj_get(path);
		if (there >= 0 && bld_id(there) == id)
			unlink(path);
		if (there >= 0)
			close(there);
		if (journal && journal->has(journal->arg, "pin", entry))
			journal->del(journal->arg, "pin", entry);
	}
}
