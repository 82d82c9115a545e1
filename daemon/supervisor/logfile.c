// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keeping an application's output (logfile.h). What the disk does not take is lost, and that is
 * said in the file once it takes something again. Called by output.c.
 */
#include "daemon/supervisor/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/utf8.h"

#define ROOM	 (64u << 10) /* that is written at a time */
#define HEAD_MAX 64	     /* of a line: time and stream */
#define LAST_MAX 120	     /* bytes that are remembered of a line */

struct part { /* of a line that has not ended */
	size_t size;
	char text[LOGFILE_LINE];
};

struct logfile {
	int dir, fd;
	uint32_t id;
	uint64_t size, max;
	uint64_t lost;	/* lines */
	uint64_t noted; /* of them, in room */
	uint64_t put;	/* bytes, ever */
	struct part part[LOGFILE_STREAMS];
	char last[LOGFILE_LAST][LAST_MAX + 1];
	unsigned last_count; /* ever, since begin */
	size_t used;	     /* of room: only within a call */
};

static char room[ROOM]; /* of the one that is being fed */

static void name_of(uint32_t id, const char *end, char name[32])
{
	snprintf(name, 32, "%u.log%s", id, end);
}

/* Readable for whoever may read the directory: its group. */
static int file_open(struct logfile *file)
{
	struct stat st, dir;
	char name[32];

	name_of(file->id, "", name);
	file->fd = openat(file->dir, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
			  0640);
	if (file->fd < 0)
		return -errno;
	if (fstat(file->fd, &st) < 0 || fstat(file->dir, &dir) < 0 ||
	    (st.st_gid != dir.st_gid && fchown(file->fd, (uid_t)-1, dir.st_gid) < 0))
		return -errno;
	file->size = (uint64_t)st.st_size;
	return 0;
}

int logfile_new(int dir, uint32_t id, uint32_t max_bytes, struct logfile **ret_file)
{
	struct logfile *file = calloc(1, sizeof(*file));
	int r;

	if (!file)
		return -ENOMEM;
	file->dir = dir;
	file->id = id;
	file->max = max_bytes;
	r = file_open(file);
	if (r < 0) {
		logfile_free(file);
		return r;
	}
	*ret_file = file;
	return 0;
}

void logfile_free(struct logfile *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	free(file);
}

void logfile_remove(int dir, uint32_t id)
{
	char name[32];

	name_of(id, "", name);
	(void)unlinkat(dir, name, 0); /* there may be none */
	name_of(id, ".1", name);
	(void)unlinkat(dir, name, 0);
}

/* --- writing ---------------------------------------------------------------------------------- */

static unsigned long lines_in(const char *text, size_t size)
{
	unsigned long count = 0;

	for (const char *p = text; (p = memchr(p, '\n', size - (size_t)(p - text))); p++)
		count++;
	return count;
}

static void write_out(struct logfile *file)
{
	const char *at = room;
	size_t left = file->used;

	file->used = 0;
	while (left) {
		ssize_t n = file->fd < 0 ? -1 : write(file->fd, at, left);

		if (n < 0 && file->fd >= 0 && errno == EINTR)
			continue;
		if (n < 0) {
			/* a note that was lost is no line, but its number counts */
			file->lost += lines_in(at, left) + (file->noted ? file->noted - 1 : 0);
			break;
		}
		file->size += (uint64_t)n;
		at += n;
		left -= (size_t)n;
	}
	file->noted = 0;
}

static void rotate(struct logfile *file)
{
	char from[32], to[32];

	write_out(file);
	name_of(file->id, "", from);
	name_of(file->id, ".1", to);
	/* If it cannot go, it is emptied: the limit holds. */
	if (renameat(file->dir, from, file->dir, to) < 0)
		(void)unlinkat(file->dir, from, 0);
	if (file->fd >= 0)
		close(file->fd);
	file->size = 0;
	if (file_open(file) < 0 && file->fd >= 0) {
		close(file->fd);
		file->fd = -1;
	}
}

static void put(struct logfile *file, const char *text, size_t size)
{
	if (file->used + size > sizeof(room))
		write_out(file);
	memcpy(room + file->used, text, size);
	file->used += size;
	file->put += size;
}

static size_t head(char text[HEAD_MAX], char stream)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (size_t)snprintf(text, HEAD_MAX, "%lld.%06ld %c ", (long long)now.tv_sec,
				now.tv_nsec / 1000, stream);
}

static void put_line(struct logfile *file, char stream, const char *text, size_t size)
{
	char time[HEAD_MAX];
	size_t n = head(time, stream);

	if (file->size + file->used + n + size + 1 > file->max && file->size + file->used)
		rotate(file);
	put(file, time, n);
	put(file, text, size);
	put(file, "\n", 1);
}

static void remember(struct logfile *file, const char *text, size_t size)
{
	char *to = file->last[file->last_count++ % LOGFILE_LAST];
	bool cut = size > LAST_MAX;

	if (cut)
		size = LAST_MAX - 3;
	memcpy(to, text, size);
	to[size] = '\0';
	utf8_clean(to);
	if (cut)
		strcpy(to + size, "...");
}

static void line(struct logfile *file, enum logfile_stream stream, const char *text, size_t size)
{
	char note[80];

	if (file->lost && !file->used) {
		int n = snprintf(note, sizeof(note), "(%llu lines could not be kept)",
				 (unsigned long long)file->lost);

		put_line(file, 'e', note, (size_t)n);
		file->noted = file->lost;
		file->lost = 0;
	}
	put_line(file, stream == LOGFILE_ERR ? 'e' : 'o', text, size);
	remember(file, text, size);
}

/* --- lines ------------------------------------------------------------------------------------ */

static void part_end(struct logfile *file, enum logfile_stream stream)
{
	struct part *part = &file->part[stream];

	line(file, stream, part->text, part->size);
	part->size = 0;
}

size_t logfile_feed(struct logfile *file, enum logfile_stream stream, const char *data, size_t size)
{
	struct part *part = &file->part[stream];
	uint64_t before = file->put;

	while (size) {
		const char *end = memchr(data, '\n', size);
		size_t n = end ? (size_t)(end - data) : size;

		if (n && part->size == LOGFILE_LINE)
			part_end(file, stream);
		if (n > LOGFILE_LINE - part->size)
			n = LOGFILE_LINE - part->size;
		memcpy(part->text + part->size, data, n);
		part->size += n;
		data += n;
		size -= n;
		if (size && *data == '\n') {
			part_end(file, stream);
			data++;
			size--;
		}
	}
	write_out(file);
	return (size_t)(file->put - before);
}

void logfile_flush(struct logfile *file)
{
	for (int stream = 0; stream < LOGFILE_STREAMS; stream++)
		if (file->part[stream].size)
			part_end(file, (enum logfile_stream)stream);
	write_out(file);
}

void logfile_begin(struct logfile *file)
{
	file->last_count = 0;
}

void logfile_last(const struct logfile *file, char *text, size_t size)
{
	unsigned first = file->last_count > LOGFILE_LAST ? file->last_count - LOGFILE_LAST : 0;
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = first; i < file->last_count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i == first ? "" : " | ",
					 file->last[i % LOGFILE_LAST]);
}
