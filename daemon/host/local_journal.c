// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The journal as a file that only grows until it is rewritten, and as a tree of what stands in it.
 * It need not outlive the machine's run, so nothing waits for a disk. Used by local.c, the batches
 * and by clean-up; any thread.
 */
#include "daemon/host/local_journal.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define HEAD	     "vlsp-journal 1 "
#define SIZE_MAX_OK  (256L << 20)
#define COMPACT_MORE 4096 /* lines that no longer mean anything */

struct local_journal {
	pthread_mutex_t lock;
	char *path, *instance;
	int fd;
	void *tree; /* tsearch(3) of "KIND WHAT" */
	size_t count, gone;
	char **bad; /* lines that make no sense, kept */
	size_t bad_count;
};

struct text { /* lines to be written */
	char *bytes;
	size_t length, room;
};

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* --- writing -----------------------------------------------------------------------------------
 */

static int text_add(struct text *text, const char *a, const char *b)
{
	size_t more = strlen(a) + strlen(b) + 1;

	if (text->length + more + 1 > text->room) {
		size_t room = 2 * (text->length + more) + 256;
		char *bytes = realloc(text->bytes, room);

		if (!bytes)
			return -ENOMEM;
		text->bytes = bytes;
		text->room = room;
	}
	text->length += (size_t)sprintf(text->bytes + text->length, "%s%s\n", a, b);
	return 0;
}

/* All of it or nothing. */
static int write_all(int fd, const struct text *text)
{
	off_t before = lseek(fd, 0, SEEK_END);
	ssize_t n;

	if (before < 0)
		return -errno;
	n = write(fd, text->bytes, text->length);
	if (n == (ssize_t)text->length)
		return 0;
	n = n < 0 ? -errno : -ENOSPC;
	if (ftruncate(fd, before) < 0) /* a torn line is dropped by who reads it next */
		return -EIO;
	return (int)n;
}

/* --- the tree ----------------------------------------------------------------------------------
 */

static int enter(struct local_journal *journal, const char *entry)
{
	char **found, *copy;

	if (tfind(entry, &journal->tree, compare))
		return 0;
	copy = strdup(entry);
	found = copy ? tsearch(copy, &journal->tree, compare) : NULL;
	if (!found) {
		free(copy);
		return -ENOMEM;
	}
	journal->count++;
	return 0;
}

static void leave(struct local_journal *journal, const char *entry)
{
	char **found = tfind(entry, &journal->tree, compare);
	char *copy = found ? *found : NULL;

	if (!copy)
		return;
	tdelete(entry, &journal->tree, compare);
	free(copy);
	journal->count--;
	journal->gone += 2;
}

/* "KIND WHAT": a known kind and something behind it. */
static bool entry_ok(const char *entry)
{
	static const char *const kinds[] = {"netns ", "link ", "pin ",	 "cgroup ",
					    "mount ", "file ", "iface ", "tap "};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t n = strlen(kinds[i]);

		if (strncmp(entry, kinds[i], n) == 0 && entry[n])
			return true;
	}
	return false;
}

/* --- reading -----------------------------------------------------------------------------------
 */

static int keep_bad(struct local_journal *journal, const char *line)
{
	char **bad = reallocarray(journal->bad, journal->bad_count + 1, sizeof(*bad));

	if (!bad)
		return -ENOMEM;
	journal->bad = bad;
	bad[journal->bad_count] = strdup(line);
	return bad[journal->bad_count] ? (journal->bad_count++, 0) : -ENOMEM;
}

static int take_line(struct local_journal *journal, const char *line)
{
	if ((line[0] == '+' || line[0] == '-') && line[1] == ' ' && entry_ok(line + 2)) {
		if (line[0] == '+')
			return enter(journal, line + 2);
		leave(journal, line + 2);
		return 0;
	}
	return keep_bad(journal, line);
}

/* The first line says whose the rest is. */
static int take_head(struct local_journal *journal, const char *line, struct err *err)
{
	int version;

	if (strncmp(line, HEAD, strlen(HEAD)) == 0) {
		if (strcmp(line + strlen(HEAD), journal->instance) == 0)
			return 0;
		return err_set(err, EPROTO, "%s is of instance \"%.80s\", not of \"%s\"",
			       journal->path, line + strlen(HEAD), journal->instance);
	}
	if (sscanf(line, "vlsp-journal %d ", &version) == 1)
		return err_set(err, EPROTO,
			       "%s was written by another version of vlspd (format %d)",
			       journal->path, version);
	return take_line(journal, line) < 0 ? err_errno(err, ENOMEM, "%s", journal->path) : 0;
}

static int read_text(struct local_journal *journal, char *text, size_t length, struct err *err)
{
	bool first = true;
	int r = 0;

	for (char *line = text, *end; r == 0 && line < text + length; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + length - line));
		if (!end) { /* torn: the thing was never made */
			if (ftruncate(journal->fd, line - text) < 0)
				return err_errno(err, errno, "%s", journal->path);
			break;
		}
		*end = '\0';
		r = first ? take_head(journal, line, err) : take_line(journal, line);
		if (r < 0 && !first)
			err_errno(err, r, "%s", journal->path);
		first = false;
	}
	return r;
}

static int read_file(struct local_journal *journal, const struct stat *st, struct err *err)
{
	cleanup_free char *text = malloc((size_t)st->st_size + 1);
	size_t length = 0;

	if (!text)
		return err_errno(err, ENOMEM, "%s", journal->path);
	while (length < (size_t)st->st_size) {
		ssize_t n = pread(journal->fd, text + length, (size_t)st->st_size - length,
				  (off_t)length);

		if (n < 0)
			return err_errno(err, errno, "%s", journal->path);
		if (n == 0)
			break;
		length += (size_t)n;
	}
	return read_text(journal, text, length, err);
}

/* A file that somebody else put there is not believed. */
static int open_file(struct local_journal *journal, struct err *err)
{
	struct text head = {0};
	struct stat st;
	int r;

	journal->fd = open(journal->path,
			   O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (journal->fd < 0)
		return err_errno(err, errno, "%s", journal->path);
	if (fstat(journal->fd, &st) < 0)
		return err_errno(err, errno, "%s", journal->path);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) ||
	    st.st_size > SIZE_MAX_OK)
		return err_set(err, EPROTO, "%s is not a journal of this daemon", journal->path);
	if (st.st_size > 0) {
		r = read_file(journal, &st, err);
		if (r < 0 || fstat(journal->fd, &st) < 0 || st.st_size > 0)
			return r;
	}
	r = text_add(&head, HEAD, journal->instance);
	if (r == 0)
		r = write_all(journal->fd, &head);
	free(head.bytes);
	return r < 0 ? err_errno(err, r, "%s", journal->path) : 0;
}

int local_journal_open(const char *runtime_dir, const char *instance,
		       struct local_journal **ret_journal, size_t *ret_bad, struct err *err)
{
	struct local_journal *journal = calloc(1, sizeof(*journal));
	int r;

	if (!journal)
		return err_errno(err, ENOMEM, "journal");
	pthread_mutex_init(&journal->lock, NULL);
	journal->fd = -1;
	journal->instance = strdup(instance);
	if (asprintf(&journal->path, "%s/journal", runtime_dir) < 0)
		journal->path = NULL;
	r = journal->instance && journal->path ? open_file(journal, err)
					       : err_errno(err, ENOMEM, "journal");
	if (r < 0) {
		local_journal_close(journal, false);
		return r;
	}
	*ret_bad = journal->bad_count;
	*ret_journal = journal;
	return 0;
}

void local_journal_drop_bad(struct local_journal *journal)
{
	for (size_t i = 0; i < journal->bad_count; i++)
		free(journal->bad[i]);
	journal->bad_count = 0;
}

void local_journal_close(struct local_journal *journal, bool remove)
{
	if (!journal)
		return;
	if (remove && journal->count == 0 && journal->bad_count == 0)
		unlink(journal->path);
	if (journal->fd >= 0)
		close(journal->fd);
	tdestroy(journal->tree, free);
	for (size_t i = 0; i < journal->bad_count; i++)
		free(journal->bad[i]);
	free(journal->bad);
	free(journal->path);
	free(journal->instance);
	pthread_mutex_destroy(&journal->lock);
	free(journal);
}

/* --- using -------------------------------------------------------------------------------------
 */

static int entry_make(const char *kind, const char *what, char **ret_entry)
{
	char *entry;

	if (strchr(what, '\n') || asprintf(&entry, "%s %s", kind, what) < 0)
		return -EINVAL;
	if (!entry_ok(entry)) {
		free(entry);
		return -EINVAL;
	}
	*ret_entry = entry;
	return 0;
}

static int put(struct local_journal *journal, char sign, const char *kind, const char *const *what,
	       size_t count)
{
	const char mark[] = {sign, ' ', '\0'};
	struct text text = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		cleanup_free char *entry = NULL;
		bool there;

		r = entry_make(kind, what[i], &entry);
		if (r < 0)
			break;
		there = tfind(entry, &journal->tree, compare) != NULL;
		if (there != (sign == '+'))
			r = text_add(&text, mark, entry);
	}
	if (r == 0 && text.length)
		r = write_all(journal->fd, &text);
	for (size_t i = 0; r == 0 && i < count; i++) {
		cleanup_free char *entry = NULL;

		r = entry_make(kind, what[i], &entry);
		if (r == 0 && sign == '+')
			r = enter(journal, entry);
		else if (r == 0)
			leave(journal, entry);
	}
	free(text.bytes);
	return r;
}

static int compact(struct local_journal *journal);

int local_journal_add(struct local_journal *journal, const char *kind, const char *const *what,
		      size_t count)
{
	int r;

	pthread_mutex_lock(&journal->lock);
	r = put(journal, '+', kind, what, count);
	pthread_mutex_unlock(&journal->lock);
	return r;
}

int local_journal_del(struct local_journal *journal, const char *kind, const char *const *what,
		      size_t count)
{
	int r;

	pthread_mutex_lock(&journal->lock);
	r = put(journal, '-', kind, what, count);
	if (r == 0 && journal->gone > COMPACT_MORE && journal->gone > 2 * journal->count)
		(void)compact(journal); /* the long one serves as well */
	pthread_mutex_unlock(&journal->lock);
	return r;
}

bool local_journal_has(const struct local_journal *journal, const char *kind, const char *what)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&journal->lock;
	cleanup_free char *entry = NULL;
	bool found;

	if (entry_make(kind, what, &entry) < 0)
		return false;
	pthread_mutex_lock(lock);
	found = tfind(entry, &journal->tree, compare) != NULL;
	pthread_mutex_unlock(lock);
	return found;
}

struct list_of {
	const char *kind;
	size_t kind_length;
	char **entries; /* copies */
	size_t count, room;
};

static void collect(const void *node, VISIT visit, void *arg)
{
	const char *entry = *(char *const *)node;
	struct list_of *list = arg;

	if (visit != postorder && visit != leaf)
		return;
	if (list->kind &&
	    (strncmp(entry, list->kind, list->kind_length) != 0 || entry[list->kind_length] != ' '))
		return;
	if (list->count < list->room && (list->entries[list->count] = strdup(entry)))
		list->count++;
}

/* A copy of what stands there, of one kind or (NULL) all, in order; lock held. */
static void list_make(const struct local_journal *journal, const char *kind, struct list_of *list)
{
	*list = (struct list_of){.kind = kind, .kind_length = kind ? strlen(kind) : 0};
	list->entries = calloc(journal->count + 1, sizeof(*list->entries));
	list->room = list->entries ? journal->count : 0;
	twalk_r(journal->tree, collect, list);
}

static void list_free(struct list_of *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->entries[i]);
	free(list->entries);
}

void local_journal_each(const struct local_journal *journal, const char *kind,
			void (*fn)(void *arg, const char *what), void *arg)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&journal->lock;
	struct list_of list;

	pthread_mutex_lock(lock);
	list_make(journal, kind, &list);
	pthread_mutex_unlock(lock);
	for (size_t i = 0; i < list.count; i++)
		fn(arg, list.entries[i] + list.kind_length + 1);
	list_free(&list);
}

static int compact_text(const struct local_journal *journal, struct text *text)
{
	struct list_of list;
	int r = text_add(text, HEAD, journal->instance);

	list_make(journal, NULL, &list);
	if (list.count != journal->count)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < list.count; i++)
		r = text_add(text, "+ ", list.entries[i]);
	for (size_t i = 0; r == 0 && i < journal->bad_count; i++)
		r = text_add(text, journal->bad[i], "");
	list_free(&list);
	return r;
}

static int compact(struct local_journal *journal)
{
	struct text text = {0};
	char temp[PATH_MAX];
	int fd, r;

	if (snprintf(temp, sizeof(temp), "%s.new", journal->path) >= (int)sizeof(temp))
		return -ENAMETOOLONG;
	r = compact_text(journal, &text);
	if (r < 0) {
		free(text.bytes);
		return r;
	}
	if (unlink(temp) < 0 && errno != ENOENT)
		r = -errno;
	fd = r < 0 ? -1
		   : open(temp, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			  0600);
	if (r == 0)
		r = fd < 0 ? -errno : write_all(fd, &text);
	if (r == 0 && rename(temp, journal->path) < 0)
		r = -errno;
	free(text.bytes);
	if (r < 0) {
		if (fd >= 0) {
			close(fd);
			unlink(temp);
		}
		return r;
	}
	close(journal->fd);
	journal->fd = fd;
	journal->gone = 0;
	return 0;
}

int local_journal_compact(struct local_journal *journal)
{
	int r;

	pthread_mutex_lock(&journal->lock);
	r = compact(journal);
	pthread_mutex_unlock(&journal->lock);
	return r;
}
