/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RUNTIME/journal as a crash, or somebody, left it: the input is what is in the file (behind a
 * right first line, unless it begins with 'v'). Checked: whatever stands in it, it opens or says
 * whose it is; what it says stands is what it says after one more line, and after it was rewritten;
 * lines that make no sense stay.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/host/local_journal.h"
#include "tests/fuzz/fuzz.h"

#define INSTANCE "fuzz-1"

static const char *const kinds[] = {"netns", "link", "pin",   "cgroup",
				    "mount", "file", "iface", "tap"};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct sum { /* of what stands, in any order */
	unsigned count;
	uint64_t hash;
};

static char dir[64], path[100];

static void add(void *arg, const char *what)
{
	struct sum *sum = arg;
	uint64_t hash = 14695981039346656037u;

	CHECK(what[0] && !strchr(what, '\n'));
	for (; *what; what++)
		hash = (hash ^ (uint8_t)*what) * 1099511628211u;
	sum->hash += hash;
	sum->count++;
}

static struct sum sum_of(const struct local_journal *journal)
{
	struct sum sum = {0};

	for (size_t i = 0; i < KINDS; i++)
		local_journal_each(journal, kinds[i], add, &sum);
	return sum;
}

static bool same(struct sum a, struct sum b)
{
	return a.count == b.count && a.hash == b.hash;
}

static void file_write(struct input in)
{
	static const char head[] = "vlsp-journal 1 " INSTANCE "\n";
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	bool whole = in.left && in.at[0] == 'v';

	CHECK(fd >= 0);
	if (!whole)
		CHECK(write(fd, head, sizeof(head) - 1) == sizeof(head) - 1);
	if (in.left)
		CHECK(write(fd, in.at, in.left) == (ssize_t)in.left);
	close(fd);
}

static struct local_journal *open_again(size_t bad)
{
	struct local_journal *journal;
	struct err err = {0};
	size_t now;

	CHECK(local_journal_open(dir, INSTANCE, &journal, &now, &err) == 0);
	CHECK(now == bad);
	return journal;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const more[] = {"one", "two words"};
	struct input in = {data, size};
	struct local_journal *journal;
	struct err err = {0};
	struct sum before, after;
	size_t bad = 0;
	int r;

	file_write(in);
	r = local_journal_open(dir, INSTANCE, &journal, &bad, &err);
	if (r < 0) {
		CHECK(err.code == -r && err.text[0]);
		return 0;
	}
	before = sum_of(journal);
	local_journal_close(journal, false);
	journal = open_again(bad); /* reading changes nothing */
	CHECK(same(sum_of(journal), before));
	CHECK(local_journal_del(journal, "file", more, 2) == 0);
	before = sum_of(journal);
	CHECK(local_journal_add(journal, "file", more, 2) == 0);
	CHECK(local_journal_has(journal, "file", more[1]));
	after = sum_of(journal);
	CHECK(after.count == before.count + 2);
	if (size % 2)
		CHECK(local_journal_compact(journal) == 0);
	local_journal_close(journal, false);
	journal = open_again(bad);
	CHECK(same(sum_of(journal), after));
	CHECK(local_journal_del(journal, "file", more, 2) == 0);
	CHECK(same(sum_of(journal), before));
	local_journal_close(journal, true);
	CHECK((access(path, F_OK) == 0) == (before.count > 0 || bad > 0));
	return 0;
}

static void dir_remove(void)
{
	unlink(path);
	rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	strcpy(dir, "/dev/shm/vlsp-fuzz.XXXXXX");
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/journal", dir);
	return atexit(dir_remove);
}
