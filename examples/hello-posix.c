// SPDX-License-Identifier: GPL-2.0-or-later
/* hello-posix: answers whoever says hello. hello-posix ROUTER: says it there, prints the answer. */
#include <err.h>
#include <netdb.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct addrinfo udp = {.ai_flags = AI_PASSIVE, .ai_family = AF_INET}, *at;
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	char text[100] = "";

	if (getaddrinfo(argv[1], "7007", &udp, &at) != 0)
		errx(1, "no router of that name");
	if (argc > 1 && connect(s, at->ai_addr, at->ai_addrlen) == 0 &&
	    send(s, "hello", 5, 0) == 5 && recv(s, text, sizeof(text) - 1, 0) >= 0)
		return puts(text) < 0;
	if (argc == 1 && bind(s, at->ai_addr, at->ai_addrlen) == 0)
		while (recvfrom(s, text, sizeof(text), 0, (struct sockaddr *)&from, &size) >= 0)
			sendto(s, "hello from POSIX", 16, 0, (struct sockaddr *)&from, size);
	err(1, "hello");
}
