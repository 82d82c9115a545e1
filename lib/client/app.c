// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of libvlsp: what an application tells its supervisor, and what it is told. Called by
 * applications.
 */
#include "include/vlsp/vlsp.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/client/app_link.h"

#define KEYS_MAX 64

static struct {
	pthread_mutex_t lock;
	unsigned count;
	char keys[KEYS_MAX][APP_LINK_KEY];
} reported = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int result(int r)
{
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

int vlsp_app_ready(void)
{
	static const char text[] = "READY=1";

	return result(app_link_send(text, strlen(text)));
}

/* With lock held. */
static bool key_is_new(const char *key)
{
	for (unsigned i = 0; i < reported.count; i++)
		if (strcmp(reported.keys[i], key) == 0)
			return false;
	return true;
}

static int report(const char *key, const char *value)
{
	char text[16 + APP_LINK_KEY + APP_LINK_VALUE];
	bool new;
	int r = 0, n = snprintf(text, sizeof(text), "DATA\n%s=%s", key, value);

	pthread_mutex_lock(&reported.lock);
	new = key_is_new(key);
	if (new &&reported.count == KEYS_MAX)
		r = -ENOSPC;
	if (r == 0)
		r = app_link_send(text, (size_t)n);
	if (r == 0 && new)
		strcpy(reported.keys[reported.count++], key);
	pthread_mutex_unlock(&reported.lock);
	return r;
}

int vlsp_app_report(const char *key, const char *fmt, ...)
{
	char value[APP_LINK_VALUE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (n < 0 || !app_link_key_ok(key, strlen(key)) || strchr(value, '\n'))
		return result(-EINVAL);
	if ((size_t)n >= sizeof(value))
		return result(-EMSGSIZE);
	return result(report(key, value));
}

int vlsp_app_fd(void)
{
	return result(app_link_fd());
}

int vlsp_app_next(char key[33], char value[201])
{
	return result(app_link_next(key, value));
}
