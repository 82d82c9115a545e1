/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes to the supervisor from outside: the start of an application (the input is the memory
 * that goes with it), what a program prints, and what it sends by its link (the same bytes, in
 * pieces). Checked: what is decoded is encoded and decoded the same; the log is made of whole
 * lines, keeps its limit, and holds every byte that it was fed but line feeds; values are well
 * formed, and each question has a number of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/supervisor/link.h"
#include "daemon/supervisor/logfile.h"
#include "lib/wire/app_codec.h"
#include "tests/fuzz/fuzz.h"

#define LOG_MAX 100000u

static char dir[64];
static int dir_fd;

static void same(const struct app_spec *x, const struct app_spec *y)
{
	CHECK(memcmp(&x->head, &y->head, sizeof(x->head)) == 0);
	for (size_t i = 0; i < APP_TEXTS; i++)
		CHECK(strcmp(x->texts[i], y->texts[i]) == 0);
	for (size_t i = 0; i < APP_LISTS; i++) {
		size_t k = 0;

		for (; x->lists[i][k]; k++)
			CHECK(y->lists[i][k] && strcmp(x->lists[i][k], y->lists[i][k]) == 0);
		CHECK(!y->lists[i][k] && k == x->head.counts[i]);
	}
	for (size_t i = 0; i < x->head.gid_count; i++)
		CHECK(x->gids[i] == y->gids[i]);
	for (size_t i = 0; i < x->head.file_count; i++) {
		CHECK(strcmp(x->files[i].path, y->files[i].path) == 0);
		CHECK(x->files[i].size == y->files[i].size && x->files[i].mode == y->files[i].mode);
		CHECK(!x->files[i].size ||
		      memcmp(x->files[i].content, y->files[i].content, x->files[i].size) == 0);
	}
}

static void decode(const uint8_t *data, size_t size)
{
	void *copy = NULL, *back;
	struct app_spec *spec, *again;
	size_t back_size;
	int r;

	CHECK(posix_memalign(&copy, 8, size + 1) == 0);
	memcpy(copy, data, size);
	r = app_spec_decode(copy, size, &spec);
	if (r == 0) {
		CHECK(app_spec_encode(spec, &back, &back_size) == 0);
		CHECK(back_size == size && memcmp(back, copy, size) == 0);
		CHECK(app_spec_decode(back, back_size, &again) == 0);
		same(spec, again);
		free(again);
		free(back);
		free(spec);
	} else {
		CHECK(r == -EPROTO);
	}
	free(copy);
}

static void print(struct input in)
{
	static char log[LOG_MAX + 1];
	size_t fed = 0, kept = 0;
	struct logfile *file;
	ssize_t n;
	int fd;

	CHECK(logfile_new(dir_fd, 1, LOG_MAX, &file) == 0);
	while (in.left) {
		size_t size = in.at[0] % 64 + 1;

		if (size > in.left)
			size = in.left;
		for (size_t i = 0; i < size; i++)
			fed += in.at[i] != '\n';
		CHECK(logfile_feed(file, (enum logfile_stream)(in.at[0] >> 7), (const char *)in.at,
				   size) <= LOG_MAX);
		in.at += size;
		in.left -= size;
	}
	logfile_flush(file);
	logfile_last(file, log, 50);
	CHECK(strlen(log) < 50);
	logfile_free(file);
	fd = openat(dir_fd, "1.log", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && (n = read(fd, log, LOG_MAX)) >= 0);
	close(fd);
	CHECK(n == 0 || log[n - 1] == '\n');
	for (char *line = log, *end; line < log + n; line = end + 1) {
		const char *at = memchr(line, ' ', 30);

		end = memchr(line, '\n', (size_t)(log + n - line));
		CHECK(at && (at[1] == 'o' || at[1] == 'e') && at[2] == ' ');
		CHECK(end - at - 3 <= LOGFILE_LINE);
		kept += (size_t)(end - at - 3);
	}
	CHECK(kept == fed);
	logfile_remove(dir_fd, 1);
}

/* --- the link --------------------------------------------------------------------------------- */

static struct loop *loop;
static uint32_t last_ask;

static void on_ready(void *arg)
{
	(void)arg;
}

static void on_ask(void *arg, uint32_t ask, const char *packet, size_t size)
{
	(void)arg;
	CHECK(ask > last_ask);
	last_ask = ask;
	CHECK(size <= APP_LINK_MAX && !memchr(packet, '\0', size));
}

static void check_values(const struct link *link)
{
	static char text[LINK_TEXT];
	size_t size = link_values(link, text), count = 0;

	CHECK(size == strlen(text));
	for (char *line = text, *end; *line; line = end + 1, count++) {
		char *equals = strchr(line, '=');

		end = strchr(line, '\n');
		CHECK(end && equals && equals < end);
		CHECK(equals > line && equals - line < APP_LINK_KEY);
		CHECK(end - equals - 1 < APP_LINK_VALUE);
		for (const char *p = line; p < end; p++)
			CHECK((unsigned char)*p >= ' ' && *p != 0x7f);
	}
	CHECK(count <= LINK_VALUES);
}

static void talk(struct input in)
{
	static const struct link_ops ops = {.ready = on_ready, .values = on_ready, .ask = on_ask};
	struct link *link;
	int fd;

	last_ask = 0;
	CHECK(link_new(loop, &ops, NULL, &link) == 0);
	CHECK(link_open(link, &fd) == 0);
	while (in.left) {
		size_t size = in.at[0] + 1u;

		in.at++;
		in.left--;
		if (size > in.left)
			size = in.left;
		if (size)
			(void)send(fd, in.at, size, MSG_DONTWAIT);
		if (size && in.at[0] % 4 == 0)
			(void)link_set(link, (const char *)in.at, size);
		in.at += size;
		in.left -= size;
		CHECK(loop_once(loop, 0) >= 0);
	}
	for (uint32_t i = 1; i <= last_ask; i++)
		CHECK(link_answer(link, i, "x", 1, NULL, 0) != -EPROTO);
	CHECK(link_answer(link, last_ask + 1, "x", 1, NULL, 0) == -ENOENT);
	check_values(link);
	close(fd);
	CHECK(loop_once(loop, 0) >= 0);
	link_free(link);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	decode(data, size);
	print((struct input){data, size});
	talk((struct input){data, size});
	return 0;
}

static void dir_remove(void)
{
	loop_free(loop);
	rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	strcpy(dir, "/dev/shm/vlsp-fuzz.XXXXXX");
	CHECK(mkdtemp(dir));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(dir_fd >= 0 && loop_new(&loop) == 0);
	return atexit(dir_remove);
}
