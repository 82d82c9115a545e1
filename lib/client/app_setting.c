// SPDX-License-Identifier: LGPL-2.1-or-later
/* Keys and values of settings and reports (app_link.h). */
#include <errno.h>
#include <string.h>

#include "lib/base/utf8.h"
#include "lib/client/app_link.h"

bool app_link_key_ok(const char *key, size_t size)
{
	return size >= 1 && size < APP_LINK_KEY &&
	       strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._-") >= size;
}

int app_link_setting_check(const char *key, size_t size, const char *value, struct err *err)
{
	char clean[APP_LINK_VALUE];

	if (!app_link_key_ok(key, size))
		return err_set(err, EINVAL, "key: 1 to %d of a-z 0-9 . _ -", APP_LINK_KEY - 1);
	if (strlen(value) >= sizeof(clean))
		return err_set(err, EINVAL, "value: longer than %d bytes", APP_LINK_VALUE - 1);
	strcpy(clean, value);
	utf8_clean(clean);
	if (strcmp(clean, value) != 0)
		return err_set(err, EINVAL,
			       "value: has a line feed or another control character, or is not "
			       "UTF-8");
	return 0;
}
