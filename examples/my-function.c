// SPDX-License-Identifier: GPL-2.0-or-later
// A network function: what crosses the router for UDP port 7 becomes upper case.
//   cc my-function.c $(pkg-config --cflags --libs vlsp) -o my-function
//   vlsp app start r2 $PWD/my-function
#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <vlsp/vlsp.h>

int main(void)
{
	struct vlsp_intercept_spec spec = {.match = "udp dport 7"};
	struct vlsp_intercept *intercept;
	struct vlsp_packet packet;
	struct vlsp_fields f;
	char text[256] = "";
	unsigned count = 0;

	intercept = vlsp_intercept_open(&spec, text);
	if (!intercept)
		return fprintf(stderr, "my-function: %s\n", text), 1;
	vlsp_app_ready();
	for (;;) {
		struct pollfd waiting = {vlsp_intercept_fd(intercept), POLLIN, 0};

		while (vlsp_intercept_next(intercept, &packet) == 1) {
			if (vlsp_packet_fields(&packet, &f) == 0 && f.dport == 7) {
				for (size_t i = 0; i < f.payload_size; i++)
					f.payload[i] = toupper(f.payload[i]);
				vlsp_packet_set_payload(&packet, f.payload, f.payload_size);
			}
			vlsp_intercept_pass(intercept, &packet);
			vlsp_app_report("count", "%u", ++count);
		}
		poll(&waiting, 1, -1);
	}
}
