// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The conversation with the daemon (lib/wire/app.h). After each connection all is told, so that
 * nothing need be remembered of the time without a daemon. Called by supervisor.c and app.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/supervisor/supervisor_priv.h"
#include "lib/base/log.h"

#define CONNECT_MS 5000
#define SEALS	   (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

/* --- to the daemon ---------------------------------------------------------------------------- */

/* Without a daemon it is not told: the next one is told everything. */
static void say(struct supervisor *supervisor, enum frame_type type, const void *head,
		size_t head_size, const char *text, size_t size)
{
	static uint8_t body[FRAME_MAX - sizeof(struct frame_head)];

	memcpy(body, head, head_size);
	if (size > sizeof(body) - head_size)
		size = sizeof(body) - head_size;
	memcpy(body + head_size, text, size);
	(void)chan_send(supervisor->chan, type, body, (uint32_t)(head_size + size));
}

void talk_state(struct app *app, const struct app_state *state, const char *text)
{
	say(app->supervisor, FRAME_APP_STATE, state, sizeof(*state), text, strlen(text));
}

void talk_values(struct app *app)
{
	static char text[LINK_TEXT];
	size_t size = link_values(app->link, text);

	say(app->supervisor, FRAME_APP_DATA, &app->id, sizeof(app->id), text, size);
}

void talk_ask(struct app *app, uint32_t ask, const char *packet, size_t size)
{
	struct app_ask head = {.id = app->id, .ask = ask};

	say(app->supervisor, FRAME_APP_ASK, &head, sizeof(head), packet, size);
}

static void drop_pending(struct supervisor *supervisor)
{
	while (supervisor->pending.count)
		close(supervisor->pending.fds[--supervisor->pending.count]);
}

static void connected(void *arg)
{
	struct supervisor *supervisor = arg;
	struct frame_hello hello = {
		.version = FRAME_VERSION, .slot = APP_SLOT, .pid = (uint32_t)getpid()};
	struct list *pos;

	drop_pending(supervisor);
	(void)chan_send(supervisor->chan, FRAME_HELLO, &hello, sizeof(hello));
	list_for_each (pos, &supervisor->apps) {
		struct app *app = list_entry(pos, struct app, node);

		talk_state(app, &app->told, app->text);
		if (link_has_values(app->link))
			talk_values(app);
		link_ask_again(app->link);
	}
	(void)chan_send(supervisor->chan, FRAME_APP_KNOWN, NULL, 0);
}

/* --- from the daemon -------------------------------------------------------------------------- */

static void cannot_start(struct supervisor *supervisor, uint32_t id, int error)
{
	struct app_state state = {.id = id, .phase = APP_FAILED, .status = -1};
	char text[100];

	log_error("application %u cannot be started: %s", id, strerror(-error));
	snprintf(text, sizeof(text), "its supervisor cannot start it: %s", strerror(-error));
	say(supervisor, FRAME_APP_STATE, &state, sizeof(state), text, strlen(text));
}

static int map(int fd, void **ret_data, size_t *ret_size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *data;

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 || st.st_size <= 0 ||
	    st.st_size > APP_SPEC_MAX)
		return -EPROTO;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	*ret_data = data;
	*ret_size = (size_t)st.st_size;
	return 0;
}

static void take_start(struct supervisor *supervisor, uint32_t id, int fd)
{
	void *data = NULL;
	size_t size = 0;
	int r = supervisor->quit ? -ESHUTDOWN : fd < 0 ? -EBADF : map(fd, &data, &size);

	if (r < 0) {
		cannot_start(supervisor, id, r);
		return;
	}
	r = app_add(supervisor, id, data, size);
	if (r < 0)
		munmap(data, size);
	if (r < 0 && r != -EEXIST)
		cannot_start(supervisor, id, r);
}

/* 0: it is kept. */
static int take_fd(struct supervisor *supervisor, const struct app_ask *ask, int fd)
{
	struct pending *pending = &supervisor->pending;

	if (pending->count && memcmp(&pending->ask, ask, sizeof(*ask)) != 0)
		drop_pending(supervisor);
	if (fd < 0 || pending->count == FDS_MAX)
		return -EBADF;
	pending->ask = *ask;
	pending->fds[pending->count++] = fd;
	return 0;
}

static void take_tell(struct supervisor *supervisor, const struct app_ask *ask, const char *text,
		      size_t size)
{
	struct pending *pending = &supervisor->pending;
	const struct app *app = app_get(supervisor, ask->id);
	bool theirs = pending->count && memcmp(&pending->ask, ask, sizeof(*ask)) == 0;
	int r = app ? link_answer(app->link, ask->ask, text, size, pending->fds,
				  theirs ? pending->count : 0)
		    : -ENOENT;

	if (r < 0)
		log_debug("application %u: answer %u: %s", ask->id, ask->ask, strerror(-r));
	drop_pending(supervisor);
}

static void take_set(const struct app *app, const char *text, size_t size)
{
	int r = app ? link_set(app->link, text, size) : -ESRCH;

	if (r < 0)
		log_debug("application %u: it is not set: %s", app ? app->id : 0, strerror(-r));
}

/* The number that a frame begins with, of at least that size. */
static bool head(void *to, size_t want, const void *body, uint32_t length)
{
	if (length < want)
		return false;
	memcpy(to, body, want);
	return true;
}

/* 0: the descriptor has a new owner. */
static int take(struct supervisor *supervisor, uint16_t type, const void *body, uint32_t length,
		int fd)
{
	const char *text = body;
	struct app_stop stop;
	struct app_ask ask;
	struct app *app;
	uint32_t id;

	switch (type) {
	case FRAME_APP_START:
		if (!head(&id, sizeof(id), body, length))
			return -EPROTO;
		take_start(supervisor, id, fd);
		break;
	case FRAME_APP_STOP:
		if (!head(&stop, sizeof(stop), body, length))
			return -EPROTO;
		app = app_get(supervisor, stop.id);
		if (!app)
			break;
		app->stopped |= !life_is_over(&app->life);
		app_stop(app, stop.now);
		break;
	case FRAME_APP_SET:
		if (!head(&id, sizeof(id), body, length))
			return -EPROTO;
		take_set(app_get(supervisor, id), text + sizeof(id), length - sizeof(id));
		break;
	case FRAME_APP_FD:
		return head(&ask, sizeof(ask), body, length) ? take_fd(supervisor, &ask, fd)
							     : -EPROTO;
	case FRAME_APP_TELL:
		if (!head(&ask, sizeof(ask), body, length))
			return -EPROTO;
		take_tell(supervisor, &ask, text + sizeof(ask), length - sizeof(ask));
		break;
	case FRAME_APP_FORGET:
		app = head(&id, sizeof(id), body, length) ? app_get(supervisor, id) : NULL;
		if (app)
			app_forget(app);
		break;
	case FRAME_QUIT:
		supervisor_quit(supervisor);
		break;
	default:
		return -EPROTO;
	}
	return -EEXIST;
}

static void frame(void *arg, uint16_t type, const void *body, uint32_t length, int fd)
{
	chan_frame_done("supervisor", type, take(arg, type, body, length, fd), fd);
}

static const struct chan_ops ops = {.connected = connected, .frame = frame};

int talk_open(struct supervisor *supervisor, const char *socket)
{
	int r = chan_new(supervisor->loop, socket, &ops, supervisor, &supervisor->chan);

	return r < 0 ? r : chan_connect(supervisor->chan, CONNECT_MS);
}
