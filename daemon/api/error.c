// SPDX-License-Identifier: GPL-2.0-or-later
/* What an errno from below means over HTTP. The one place that decides it. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/api/api_priv.h"

static const struct {
	int code, status;
} table[] = {
	{EINVAL, 400},
	{EPERM, 403},
	{EACCES, 403},
	{ENOENT, 404},
	{EEXIST, 409},
	{EBUSY, 409},
	{EFBIG, 413},
	{ENOSPC, 422},
	{ERANGE, 422},
	{E2BIG, 422},
	{EOPNOTSUPP, 422},
	{ENODEV, 422},
	{ESRCH, 422},
	{ENOTCONN, 422},
	{ENOEXEC, 422}, /* an application failed */
	{ENOTEMPTY, 409},
	{ENOMEM, 503},
	{ECANCELED, 503},
	{ESHUTDOWN, 503},
	{ETIMEDOUT, 503},
	{EAGAIN, 503},
	{ENOTUNIQ, 409},
	/* The last two: what the store says, by daemon/ctl/keep.h. */
	{EDQUOT, 507},
	{EROFS, 503},
};

int api_status_of(int code)
{
	code = abs(code);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return table[i].status;
	return 500;
}
