// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Objects of users. What they may be is narrow: programs of type SCHED_CLS, of which one is loaded,
 * and maps. Called by daemon/host/local_object.c in a worker.
 */
#include "bpf/loader/user.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/loader/talk.h"
#include "lib/base/cleanup.h"

#define PATH_SIZE 192
#define NAMES	  200 /* bytes of a list of names */

/* "a, b, c" of all programs, for a message. */
static const char *list_of(const struct bpf_object *object, char names[NAMES])
{
	struct bpf_program *prog;
	size_t used = 0;

	names[0] = '\0';
	bpf_object__for_each_program(prog, object)
	{
		int n = snprintf(names + used, NAMES - used, "%s%s", used ? ", " : "",
				 bpf_program__name(prog));

		if (n < 0 || (size_t)n >= NAMES - used)
			break;
		used += (size_t)n;
	}
	return names;
}

/* All have to be of the one type; all but that one are left out. */
static int choose(const struct bpf_object *object, const char *path, const char *name,
		  struct bpf_program **ret_prog, struct err *err)
{
	struct bpf_program *prog, *chosen = NULL;
	char names[NAMES];
	unsigned count = 0;

	bpf_object__for_each_program(prog, object)
	{
		if (bpf_program__type(prog) != BPF_PROG_TYPE_SCHED_CLS)
			return err_set(err, EINVAL,
				       "%s: program %s of section \"%s\" is no classifier: a "
				       "function is in section \"tc\" or \"classifier\"",
				       path, bpf_program__name(prog),
				       bpf_program__section_name(prog));
		count++;
		if (!name || strcmp(bpf_program__name(prog), name) == 0)
			chosen = prog;
	}
	if (count == 0)
		return err_set(err, EINVAL, "%s: has no program", path);
	if (!chosen)
		return err_set(err, EINVAL, "%s: has no program %s, but %s", path, name,
			       list_of(object, names));
	if (!name && count > 1)
		return err_set(err, EINVAL,
			       "%s: has several programs, %s: which one has to be said by its "
			       "first argument",
			       path, list_of(object, names));
	bpf_object__for_each_program(prog, object) bpf_program__set_autoload(prog, prog == chosen);
	/* What calls it expects this, whatever its section says. */
	(void)bpf_program__set_expected_attach_type(chosen, 0);
	*ret_prog = chosen;
	return 0;
}

/* Where maps are pinned is our decision; maps that are programs of another kind are refused. */
static int check_maps(const struct bpf_object *object, const char *path, struct err *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			return err_set(err, EINVAL, "%s: map %s: a function has no operations",
				       path, bpf_map__name(map));
		if (bpf_map__set_pin_path(map, NULL) < 0)
			return err_errno(err, ENOMEM, "%s", path);
	}
	return 0;
}

static int load_error(int r, const char *path, struct err *err)
{
	if (bld_talk_refusal()[0])
		return err_set(err, EACCES, "%s: the kernel's verifier refused it: %s", path,
			       bld_talk_refusal());
	if (bld_talk_warning()[0])
		return err_set(err, -r, "%s: %s", path, bld_talk_warning());
	return err_errno(err, r, "%s", path);
}

/* --- pins ------------------------------------------------------------------------------------- */

/* Of what has a name like "count.bss", which is no name there, the end; others as they are. */
static void pin_path(const char *dir, const char *name, char path[PATH_SIZE])
{
	const char *dot = strrchr(name, '.');

	snprintf(path, PATH_SIZE, "%s/%s", dir, dot ? dot + 1 : name);
}

static int pin(int fd, const char *path, const struct bld_journal *journal, struct err *err)
{
	char entry[PATH_SIZE + 12];
	int r;

	snprintf(entry, sizeof(entry), "%s %u", path, bld_id(fd));
	r = journal->add(journal->arg, "pin", entry);
	if (r < 0)
		return err_errno(err, r, "writing down that %s is made", path);
	r = bpf_obj_pin(fd, path);
	if (r == 0)
		return 0;
	journal->del(journal->arg, "pin", entry);
	return err_errno(err, r, "%s", path);
}

static int pin_all(const struct bpf_object *object, const struct bpf_program *prog, const char *dir,
		   const struct bld_journal *journal, struct err *err)
{
	char path[PATH_SIZE];
	struct bpf_map *map;
	int r;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_errno(err, errno, "%s", dir);
	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__fd(map) < 0)
			continue; /* nothing uses it */
		pin_path(dir, bpf_map__name(map), path);
		r = pin(bpf_map__fd(map), path, journal, err);
		if (r < 0)
			return r;
	}
	pin_path(dir, "prog", path);
	return pin(bpf_program__fd(prog), path, journal, err);
}

void bld_user_remove(const char *dir, const struct bld_journal *journal)
{
	DIR *list = opendir(dir);
	struct dirent *entry;

	if (!list)
		return;
	while ((entry = readdir(list))) {
		char path[PATH_SIZE], line[PATH_SIZE + 12];
		cleanup_close int fd = -1;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%.63s", dir, entry->d_name);
		fd = bpf_obj_get(path);
		snprintf(line, sizeof(line), "%s %u", path, fd < 0 ? 0 : bld_id(fd));
		if (fd < 0 || !journal->has(journal->arg, "pin", line) || unlink(path) < 0)
			continue; /* somebody else's */
		journal->del(journal->arg, "pin", line);
	}
	closedir(list);
	rmdir(dir);
}

int bld_user_load(const char *path, const char *program, const char *dir,
		  const struct bld_journal *journal, int *ret_prog, struct err *err)
{
	struct bpf_object *object;
	struct bpf_program *prog = NULL;
	int r, fd;

	if (access(path, R_OK) < 0)
		return err_errno(err, errno, "%s", path);
	bld_talk_begin();
	object = bpf_object__open_file(path, NULL);
	if (!object)
		return load_error(-errno, path, err);
	r = choose(object, path, program, &prog, err);
	if (r == 0)
		r = check_maps(object, path, err);
	if (r < 0)
		goto close;
	r = bpf_object__load(object);
	if (r < 0) {
		r = load_error(r, path, err);
		goto close;
	}
	r = pin_all(object, prog, dir, journal, err);
	if (r < 0)
		goto unpin;
	fd = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 3);
	if (fd < 0) {
		r = err_errno(err, errno, "%s", path);
		goto unpin;
	}
	*ret_prog = fd;
	bpf_object__close(object);
	return 0;
unpin:
	bld_user_remove(dir, journal);
close:
	bpf_object__close(object);
	return r;
}
