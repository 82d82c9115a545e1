// SPDX-License-Identifier: GPL-2.0-or-later
/* hello-libvlsp: answers whoever says hello. hello-libvlsp ROUTER: says it there, prints the
 * answer. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <vlsp/vlsp.h>

int main(int argc, char **argv)
{
	struct vlsp_address at = {.port = 7007};
	struct vlsp_socket *s = vlsp_socket_open();
	struct vlsp_info info;
	char text[100] = "";

	if (s && argc > 1 && vlsp_resolve(argv[1], &at.host) == 0 && vlsp_connect(s, &at) == 0 &&
	    vlsp_set(s, VLSP_TIMEOUT, 2000) == 0 && vlsp_send(s, "hello", 5) == 5 &&
	    vlsp_recv(s, text, sizeof(text) - 1, NULL) >= 0)
		return puts(text) < 0;
	if (s && argc == 1 && vlsp_bind(s, &at) == 0)
		while (vlsp_recv(s, text, sizeof(text), &info) >= 0)
			vlsp_sendto(s, "hello from libvlsp", 18, &info.from);
	errx(1, "%s", vlsp_strerror(errno));
}
