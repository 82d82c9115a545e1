// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading and writing of topology files. Used by the verbs of topology. */
#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"

const char *const file_formats[] = {"json", "yaml", "graphml", "dot", NULL};

const char *file_source(const char *name)
{
	return strcmp(name, "-") == 0 ? "stdin" : name;
}

static int too_large(struct cli *cli, const char *source)
{
	return cli_fail(cli, "%s: larger than %u MB", source, TOPO_FILE_MAX >> 20);
}

/* Grows as it reads: pipes have no size. One byte more than allowed tells what is too large. */
static int read_all(struct cli *cli, int fd, size_t room, const char *source, char **ret_text,
		    size_t *ret_size)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	ssize_t n = 1;
	char *more;

	while (n != 0) {
		if (!text || size == room) {
			room = text ? room * 2 : room;
			more = realloc(text, room + 1);
			if (!more)
				return cli_fail(cli, "%s: out of memory", source);
			text = more;
		}
		n = read(fd, text + size, room - size);
		if (n < 0 && errno != EINTR)
			return cli_fail(cli, "%s: %s", source, strerror(errno));
		if (n > 0)
			size += (size_t)n;
		if (size > TOPO_FILE_MAX)
			return too_large(cli, source);
	}
	if (size == 0)
		return cli_fail(cli, "%s: is empty", source);
	text[size] = '\0';
	*ret_text = text;
	*ret_size = size;
	text = NULL;
	return 0;
}

int file_read(struct cli *cli, const char *name, char **ret_text, size_t *ret_size)
{
	const char *source = file_source(name);
	cleanup_close int fd = -1;
	struct stat st;

	if (strcmp(name, "-") == 0)
		return read_all(cli, STDIN_FILENO, 1 << 16, source, ret_text, ret_size);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return cli_fail(cli, "%s: %s", source, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return cli_fail(cli, "%s: is a directory, not a topology file", source);
	if (S_ISREG(st.st_mode) && st.st_size > (off_t)TOPO_FILE_MAX)
		return too_large(cli, source);
	return read_all(cli, fd, S_ISREG(st.st_mode) ? (size_t)st.st_size + 1 : 1 << 16, source,
			ret_text, ret_size);
}

int file_write(struct cli *cli, const char *name, const char *text, size_t size)
{
	FILE *file;
	int bad;

	if (!name || strcmp(name, "-") == 0) {
		fwrite(text, 1, size, cli->out);
		return 0; /* the end of the program looks whether it could be written */
	}
	file = fopen(name, "we");
	if (!file)
		return cli_fail(cli, "%s: %s", name, strerror(errno));
	bad = fwrite(text, 1, size, file) != size;
	if (fclose(file) != 0 || bad)
		return cli_fail(cli, "%s: %s", name, strerror(errno));
	return 0;
}

/* "json" of "/x/net.json"; NULL: there is none. */
static const char *suffix(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');

	return dot && dot > base && dot[1] ? dot + 1 : NULL;
}

int file_format(const struct cli *cli, enum topo_format *ret_format)
{
	const char *name = cli_text(cli, "format"), *output = cli_text(cli, "output");

	if (!name && output)
		name = suffix(output);
	if (!name || strcmp(name, "yml") == 0)
		name = "yaml";
	if (topo_format_parse(name, ret_format) < 0)
		return cli_usage(cli,
				 "%s: the suffix is of no known format (json, yaml, yml, graphml, "
				 "dot); choose one with --format",
				 output);
	return 0;
}

int file_read_named(void *arg, const char *path, char **ret_text, size_t *ret_size, struct err *err)
{
	struct file_place *place = arg;
	const char *slash = strrchr(place->name, '/');
	cleanup_free char *full = NULL, *text = NULL;
	cleanup_close int fd = -1;
	struct stat st;
	size_t size = 0;
	ssize_t n = 1;

	if (asprintf(&full, "%.*s%s", slash && path[0] != '/' ? (int)(slash - place->name + 1) : 0,
		     place->name, path) < 0)
		return err_set(err, ENOMEM, "out of memory");
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, "%.200s", full);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%.200s: is %s, not a file", full,
			       S_ISDIR(st.st_mode) ? "a directory" : "a device or the like");
	if (st.st_size > TOPO_FILE_MAX)
		return err_set(err, EINVAL, "%.200s: larger than %u MB", full, TOPO_FILE_MAX >> 20);
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return err_set(err, ENOMEM, "out of memory");
	while (size < (size_t)st.st_size && n > 0) {
		n = read(fd, text + size, (size_t)st.st_size - size);
		if (n < 0)
			return err_errno(err, errno, "%.200s", full);
		size += (size_t)n;
	}
	text[size] = '\0';
	place->count++;
	*ret_text = text;
	*ret_size = size;
	text = NULL;
	return 0;
}

/* Whether a trace or an application may name a file: then the text is read here, too. */
static bool may_name_files(const char *text, size_t size)
{
	return (memmem(text, size, "traces", 6) && memmem(text, size, "file", 4)) ||
	       (memmem(text, size, "apps", 4) && memmem(text, size, "from", 4));
}

int file_read_topology(struct cli *cli, const char *name, char **ret_text, size_t *ret_size)
{
	struct file_place place = {.name = name};
	struct topo_files files = {.read = file_read_named, .arg = &place};
	cleanup_free char *text = NULL;
	struct topo_doc *doc;
	struct err err = {0};
	size_t size;
	int rc = file_read(cli, name, &text, &size), r = 0;

	if (rc)
		return rc;
	if (may_name_files(text, size)) {
		if (topo_read_files(text, size, file_source(name), &files, &doc, &err) < 0)
			return cli_fail(cli, "%s", err.text);
		if (place.count) {
			free(text);
			text = NULL;
			r = topo_write(doc, TOPO_FORMAT_JSON, &text, &size);
		}
		topo_doc_free(doc);
		if (r < 0)
			return cli_fail(cli, "%s: %s", file_source(name), strerror(-r));
	}
	*ret_text = text;
	*ret_size = size;
	text = NULL;
	return 0;
}

int file_read_events(struct cli *cli, const char *name, char **ret_text, size_t *ret_size)
{
	struct file_place place = {.name = name};
	struct topo_files files = {.read = file_read_named, .arg = &place};
	cleanup_free char *text = NULL;
	struct topo_events *events;
	struct err err = {0};
	size_t size;
	int rc = file_read(cli, name, &text, &size);

	if (rc)
		return rc;
	if (may_name_files(text, size)) {
		if (topo_events_read(text, size, file_source(name), &files, &events, &err) < 0)
			return cli_fail(cli, "%s", err.text);
		if (place.count) {
			free(text);
			text = strdup(events->text);
		}
		topo_events_free(events);
		if (!text)
			return cli_fail(cli, "out of memory");
		size = strlen(text);
	}
	*ret_text = text;
	*ret_size = size;
	text = NULL;
	return 0;
}
