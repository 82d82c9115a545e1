// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of libvlsp: its version, and what an errno means here. Where the C library's words would mislead
 * ("Machine is not on the network"), they are replaced, by words that are true of all functions
 * that document the errno: sockets, vlsp_app_*, functions, requests. Called by applications.
 */
#include "include/vlsp/vlsp.h"

#include <errno.h>
#include <string.h>

static const struct {
	int code;
	const char *text;
} meanings[] = {
	{ENONET, "This process is not on a virtual router"},
	{ENOTCONN, "Not connected"},
	{ENOENT, "Nothing of that name is there"},
	{EADDRINUSE, "That port is in use on this router"},
	{EADDRNOTAVAIL, "That is not this router's address"},
	{EMSGSIZE, "That is too large"},
	{ENETUNREACH, "No way to that address"},
	{EHOSTUNREACH, "The datagram did not get there: no way, or its time to live was over"},
	{ECONNREFUSED, "Nobody is there"},
	{ETIMEDOUT, "Nothing came in time"},
	{EAGAIN, "Nothing is there now, or nothing is taken now"},
	{ECANCELED, "Closed meanwhile"},
	{EINVAL, "That is not valid here"},
	{ENOSPC, "No more of these are possible"},
};

const char *vlsp_version(void)
{
	return VLSP_VERSION;
}

const char *vlsp_strerror(int error)
{
	const char *text;

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].code == error)
			return meanings[i].text;
	text = strerrordesc_np(error);
	return text ? text : "Unknown error";
}
