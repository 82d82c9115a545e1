// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Giving interfaces back to the host as they were. A device comes home with the tag that it has,
 * then gets its addresses, and last its own alias: one that is at home and bears the tag was on its
 * way when somebody was killed, and the way is gone to its end. Used for batches, closing, clean.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host/local_iface.h"
#include "daemon/host/local_journal.h"
#include "daemon/host/local_ns.h"
#include "lib/base/log.h"
#include "lib/nlk/link.h"
#include "lib/nlk/ns.h"

#define ADDRESSES_MAX 32 /* of one device that are restored */
#define LINE_SIZE     4096

struct record {
	char line[LINE_SIZE]; /* as it stands in the journal */
	char router[NAME_SIZE], name[TOPO_IFACE_NAME_SIZE], host[TOPO_IFACE_NAME_SIZE];
	bool up;
	uint32_t index;
	struct nlk_held held[ADDRESSES_MAX];
	size_t held_count;
	const char *alias; /* within line */
};

static bool is_mode(const struct local_iface_env *env, const struct nlk_iface *device,
		    enum topo_iface_mode mode)
{
	char tag[LOCAL_IFACE_TAG_SIZE];

	local_iface_tag(tag, env->instance, mode, "");
	return strncmp(device->alias, tag, strlen(tag)) == 0;
}

/* --- records -----------------------------------------------------------------------------------
 */

static void put_addresses(const struct local_survey *home, uint32_t index, char *text, size_t size)
{
	size_t used = 0, n = 0;

	snprintf(text, size, "-");
	for (size_t i = 0; i < home->held_count && n < ADDRESSES_MAX; i++) {
		const struct nlk_held *held = &home->held[i];
		char one[PREFIX_TEXT_SIZE];

		if (held->index != index)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s%s", n++ ? "," : "",
					 prefix_text_format(&held->prefix, one),
					 held->broadcast ? "b" : "");
	}
}

int local_iface_note_move(const struct local_iface_env *env, const char *router,
			  const struct topo_iface *iface, const struct local_survey *home,
			  const struct nlk_iface *device)
{
	char addresses[ADDRESSES_MAX * PREFIX_TEXT_SIZE], line[LINE_SIZE];
	bool odd = strchr(device->alias, '\n') || device->alias[0] == ' ';
	const char *what = line;

	put_addresses(home, device->index, addresses, sizeof(addresses));
	snprintf(line, sizeof(line), "%s %s %s %s %u %s %s", router, iface->name, iface->host,
		 device->up ? "up" : "down", device->index, addresses, odd ? "" : device->alias);
	return local_journal_add(env->names->journal, "iface", &what, 1);
}

int local_iface_note_tap(const struct local_iface_env *env, const char *router, const char *host)
{
	char line[NAME_SIZE + TOPO_IFACE_NAME_SIZE + 2];
	const char *what = line;

	snprintf(line, sizeof(line), "%s %s", router, host);
	return local_journal_add(env->names->journal, "tap", &what, 1);
}

static void strike(const struct local_iface_env *env, const char *kind, const char *line)
{
	(void)local_journal_del(env->names->journal, kind, &line, 1); /* is looked at again */
}

static void take_addresses(struct record *record, char *text)
{
	char *save = NULL;

	for (char *one = strtok_r(text, ",", &save); one && record->held_count < ADDRESSES_MAX;
	     one = strtok_r(NULL, ",", &save)) {
		struct nlk_held *held = &record->held[record->held_count];
		size_t n = strlen(one);

		held->broadcast = n && one[n - 1] == 'b' && strchr(one, '/') && one[n - 2] != '/';
		if (held->broadcast)
			one[n - 1] = '\0';
		record->held_count += prefix_text_parse(one, &held->prefix) == 0;
	}
}

/* false: it makes no sense. */
static bool record_read(const char *line, struct record *record)
{
	char state[8] = "", addresses[LINE_SIZE] = "";
	int at = 0;

	memset(record, 0, sizeof(*record));
	if (strlen(line) >= sizeof(record->line))
		return false;
	strcpy(record->line, line);
	if (sscanf(record->line, "%63s %15s %15s %7s %u %4000s%n", record->router, record->name,
		   record->host, state, &record->index, addresses, &at) != 6)
		return false;
	record->up = strcmp(state, "up") == 0;
	record->alias = record->line[at] == ' ' ? record->line + at + 1 : record->line + at;
	take_addresses(record, addresses);
	return true;
}

struct search {
	const char *router, *host; /* host NULL: the first of the router's */
	struct record record;
	bool found;
};

static void see_record(void *arg, const char *line)
{
	struct search *search = arg;
	struct record record;

	if (search->found || !record_read(line, &record) ||
	    strcmp(record.router, search->router) != 0 ||
	    (search->host && strcmp(record.host, search->host) != 0))
		return;
	search->record = record;
	search->record.alias = search->record.line + (record.alias - record.line);
	search->found = true;
}

static bool find_record(const struct local_iface_env *env, struct search *search)
{
	search->found = false;
	local_journal_each(env->names->journal, "iface", see_record, search);
	return search->found;
}

/* --- coming home -------------------------------------------------------------------------------
 */

/* A netlink socket at home; the thread is there then. */
static int go_home(const struct local_iface_env *env)
{
	int r = nlk_ns_enter(env->home);

	return r < 0 ? r : nlk_open();
}

/* At home and tagged: state, addresses, alias. An address that it has already is fine. */
static int settle(int sock, const struct nlk_iface *device, const struct record *record)
{
	struct nlk_link_change state = {.set = record->up ? NLK_LINK_UP : NLK_LINK_DOWN};
	struct nlk_link_change alias = {.set = NLK_LINK_ALIAS, .alias = record->alias};
	struct nlk_batch batch;
	int r, one;

	nlk_batch_init(&batch);
	nlk_link_set(&batch, device->index, &state);
	r = nlk_batch_send(&batch, sock, NULL, NULL);
	for (size_t i = 0; i < record->held_count; i++) {
		struct nlk_held held = record->held[i];

		held.index = device->index;
		nlk_held_add(&batch, &held);
		one = nlk_batch_send(&batch, sock, NULL, NULL);
		if (one < 0 && one != -EEXIST && r == 0)
			r = one;
	}
	nlk_link_set(&batch, device->index, &alias);
	one = nlk_batch_send(&batch, sock, NULL, NULL);
	nlk_batch_done(&batch);
	return r < 0 ? r : one;
}

/* From the router's namespace, whose socket this is. */
static int send_home(const struct local_iface_env *env, int sock, const struct nlk_iface *device,
		     const struct record *record, const char *name)
{
	struct nlk_move move = {
		.ns = env->home, .name = name, .index = record->index, .alias = device->alias};
	struct nlk_batch batch;
	int r;

	nlk_batch_init(&batch);
	nlk_iface_move(&batch, device->index, &move);
	r = nlk_batch_send(&batch, sock, NULL, NULL);
	if (r == -EBUSY || (r == -EEXIST && move.index)) { /* its number is another's by now */
		move.index = 0;
		nlk_iface_move(&batch, device->index, &move);
		r = nlk_batch_send(&batch, sock, NULL, NULL);
	}
	nlk_batch_done(&batch);
	return r;
}

/* Of a tag without a line in the journal: what the tag says. */
static void record_guess(struct record *record, const char *alias)
{
	const char *host = strrchr(alias, ':');

	memset(record, 0, sizeof(*record));
	snprintf(record->host, sizeof(record->host), "%.15s", host ? host + 1 : alias);
	record->up = true;
	record->alias = "";
}

/* In what state it is found at home, it is brought to what it was. */
static int arrive(const struct local_iface_env *env, const char *tag, const struct record *record,
		  struct err *err)
{
	struct local_survey home = {0};
	const struct nlk_iface *device;
	int sock = go_home(env), r;

	if (sock < 0)
		return err_errno(err, sock, "interface %s: netlink", record->host);
	r = local_survey_take(&home, sock);
	device = r == 0 ? local_survey_alias(&home, tag) : NULL;
	if (device && settle(sock, device, record) < 0)
		log_warn("interface %s: not all of its addresses could be given back",
			 record->host);
	if (r == 0 && record->line[0])
		strike(env, "iface", record->line);
	local_survey_done(&home);
	close(sock);
	return r < 0 ? err_errno(err, r, "interface %s: the host's network", record->host) : 0;
}

/* Its name, or one that is free: coming home under another is better than not at all. */
static int home_name(const struct local_iface_env *env, const char *host, const char **ret_name)
{
	struct local_survey home = {0};
	int sock = go_home(env), r;

	if (sock < 0)
		return sock;
	r = local_survey_take(&home, sock);
	if (r == 0)
		*ret_name = local_survey_name(&home, host) ? "vlsp%d" : host;
	local_survey_done(&home);
	close(sock);
	return r;
}

static int move_back(const struct local_iface_env *env, const char *router, int sock,
		     const struct nlk_iface *device, struct err *err)
{
	const char *mark = strrchr(device->alias, ':'), *name = NULL;
	struct search search = {.router = router, .host = mark ? mark + 1 : ""};
	struct record *record = &search.record;
	int r;

	if (!find_record(env, &search))
		record_guess(record, device->alias);
	r = home_name(env, record->host, &name);
	if (r == 0)
		r = send_home(env, sock, device, record, name);
	if (r < 0)
		return err_errno(err, r,
				 "interface %s of router %s: cannot be given back to the "
				 "host",
				 device->name, router);
	if (name != record->host)
		log_warn("interface %s of router %s: the host has another %s by now; it is called "
			 "vlsp and a number",
			 device->name, router, record->host);
	return arrive(env, device->alias, record, err);
}

/* --- TAP devices -------------------------------------------------------------------------------
 */

/* Only one with our tag: somebody may have taken the name. */
static int delete_tap(const struct local_iface_env *env, const char *host, struct err *err)
{
	char tag[LOCAL_IFACE_TAG_SIZE];
	struct local_survey home = {0};
	const struct nlk_iface *device;
	struct nlk_batch batch;
	int sock = go_home(env), r;

	if (sock < 0)
		return err_errno(err, sock, "TAP device %s: netlink", host);
	local_iface_tag(tag, env->instance, TOPO_IFACE_TAP, host);
	r = local_survey_take(&home, sock);
	device = r == 0 ? local_survey_name(&home, host) : NULL;
	/* Without an alias it was being made when somebody was killed. */
	if (device && strcmp(device->kind, "tun") == 0 &&
	    (strcmp(device->alias, tag) == 0 || !device->alias[0])) {
		nlk_batch_init(&batch);
		nlk_link_del(&batch, device->index);
		r = nlk_batch_send(&batch, sock, NULL, NULL);
		nlk_batch_done(&batch);
	}
	local_survey_done(&home);
	close(sock);
	return r < 0 && r != -ENODEV ? err_errno(err, r, "TAP device %s", host) : 0;
}

static int give_up_tap(const struct local_iface_env *env, const char *router, const char *host,
		       struct err *err)
{
	char line[NAME_SIZE + TOPO_IFACE_NAME_SIZE + 2];
	int r = delete_tap(env, host, err);

	snprintf(line, sizeof(line), "%s %s", router, host);
	if (r == 0)
		strike(env, "tap", line);
	return r;
}

void local_iface_note_again(const struct local_iface_env *env, const char *router,
			    const struct nlk_iface *device)
{
	const char *host = strrchr(device->alias, ':') + 1;
	struct search search = {.router = router, .host = host};
	char line[LINE_SIZE];
	const char *what = line;

	if (is_mode(env, device, TOPO_IFACE_TAP)) {
		(void)local_iface_note_tap(env, router, host);
	} else if (is_mode(env, device, TOPO_IFACE_MOVE) && !find_record(env, &search)) {
		snprintf(line, sizeof(line), "%s %s %s up 0 - ", router, device->name, host);
		(void)local_journal_add(env->names->journal, "iface", &what, 1);
	}
}

/* --- detaching ---------------------------------------------------------------------------------
 */

int local_iface_detach(const struct local_iface_env *env, const char *router, int sock,
		       const struct nlk_iface *device, struct err *err)
{
	struct nlk_batch batch;
	int r;

	if (is_mode(env, device, TOPO_IFACE_MOVE))
		return move_back(env, router, sock, device, err);
	nlk_batch_init(&batch);
	nlk_link_del(&batch, device->index);
	r = nlk_batch_send(&batch, sock, NULL, NULL);
	nlk_batch_done(&batch);
	if (r < 0 && r != -ENODEV)
		return err_errno(err, r, "interface %s of router %s", device->name, router);
	if (is_mode(env, device, TOPO_IFACE_TAP))
		return give_up_tap(env, router, strrchr(device->alias, ':') + 1, err);
	return 0;
}

/* What is in the namespace and has to leave it. */
static int release_inside(const struct local_iface_env *env, const char *router, struct err *err)
{
	struct local_survey inside = {0};
	struct local_ns_open ns;
	int r = local_ns_open(env->names, router, &ns);

	if (r == -ENOENT || r == -EINVAL)
		return 0;
	if (r < 0)
		return err_errno(err, r, "router %s: its namespace", router);
	r = local_survey_take(&inside, ns.sock);
	if (r < 0)
		err_errno(err, r, "router %s: its interfaces", router);
	for (size_t i = 0; r == 0 && i < inside.iface_count; i++) {
		const struct nlk_iface *device = &inside.ifaces[i];

		if (is_mode(env, device, TOPO_IFACE_MOVE) || is_mode(env, device, TOPO_IFACE_TAP))
			r = local_iface_detach(env, router, ns.sock, device, err);
	}
	local_survey_done(&inside);
	close(ns.sock);
	close(ns.ns);
	return r;
}

struct taps {
	const char *router;
	char host[TOPO_IFACE_NAME_SIZE]; /* "": none */
};

static void see_tap(void *arg, const char *line)
{
	char router[NAME_SIZE] = "", host[TOPO_IFACE_NAME_SIZE] = "";
	struct taps *taps = arg;

	if (sscanf(line, "%63s %15s", router, host) == 2 && strcmp(router, taps->router) == 0)
		memcpy(taps->host, host, sizeof(host));
}

/* What stands in the journal and was not inside: on its way home, never taken, or unplugged. */
static int release_noted(const struct local_iface_env *env, const char *router, struct err *err)
{
	struct search search = {.router = router};
	struct taps taps = {.router = router};
	char tag[LOCAL_IFACE_TAG_SIZE];
	int r = 0;

	for (unsigned i = 0; r == 0 && i < TOPO_IFACES_MAX && find_record(env, &search); i++) {
		local_iface_tag(tag, env->instance, TOPO_IFACE_MOVE, search.record.host);
		r = arrive(env, tag, &search.record, err);
	}
	for (unsigned i = 0; r == 0 && i < TOPO_IFACES_MAX; i++) {
		taps.host[0] = '\0';
		local_journal_each(env->names->journal, "tap", see_tap, &taps);
		if (!taps.host[0])
			break;
		r = give_up_tap(env, router, taps.host, err);
	}
	return r;
}

void local_iface_forget(const struct local_iface_env *env, const char *router,
			const struct topo_iface *iface)
{
	struct search search = {.router = router, .host = iface->host};
	char tag[LOCAL_IFACE_TAG_SIZE];
	struct err ignored;

	/* What cannot be done is looked at again when the router goes. */
	local_iface_tag(tag, env->instance, iface->mode, iface->host);
	if (iface->mode == TOPO_IFACE_TAP)
		(void)give_up_tap(env, router, iface->host, &ignored);
	else if (iface->mode == TOPO_IFACE_MOVE && find_record(env, &search))
		(void)arrive(env, tag, &search.record, &ignored);
}

int local_iface_release(const struct local_iface_env *env, const char *router, struct err *err)
{
	int r = release_inside(env, router, err);

	return r < 0 ? r : release_noted(env, router, err);
}

struct noted {
	char (*routers)[NAME_SIZE];
	size_t count, room;
	int status;
};

static bool is_noted(const struct noted *noted, const char *router)
{
	for (size_t i = 0; i < noted->count; i++)
		if (strcmp(noted->routers[i], router) == 0)
			return true;
	return false;
}

static void see_router(void *arg, const char *line)
{
	struct noted *noted = arg;
	char router[NAME_SIZE] = "";

	if (sscanf(line, "%63s", router) != 1 || is_noted(noted, router))
		return;
	if (noted->count == noted->room) {
		size_t room = 2 * noted->room + 8;
		char(*routers)[NAME_SIZE] = reallocarray(noted->routers, room, NAME_SIZE);

		if (!routers) {
			noted->status = -ENOMEM;
			return;
		}
		noted->routers = routers;
		noted->room = room;
	}
	memcpy(noted->routers[noted->count++], router, sizeof(router));
}

int local_iface_release_many(const struct local_iface_env *env, const char *const *routers,
			     size_t count, bool all, struct err *err)
{
	struct noted noted = {0};
	int r;

	local_journal_each(env->names->journal, "iface", see_router, &noted);
	local_journal_each(env->names->journal, "tap", see_router, &noted);
	r = noted.status < 0 ? err_errno(err, noted.status, "interfaces") : 0;
	for (size_t i = 0; r == 0 && i < count; i++)
		if (all || is_noted(&noted, routers[i]))
			r = local_iface_release(env, routers[i], err);
	for (size_t i = 0; r == 0 && i < noted.count; i++)
		if (!local_names_exists(env->names, noted.routers[i]))
			r = local_iface_release(env, noted.routers[i], err);
	free(noted.routers);
	return r;
}
