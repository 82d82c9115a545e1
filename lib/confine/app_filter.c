// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System calls that an application on a router is refused, by seccomp(2): those by which it would
 * get privileges over namespaces of its own (and with them much more of the kernel to attack), that
 * type into the terminal of who started it, and sockets of families that know no network
 * namespaces, such as those to the machine that ours is a guest of. What needs capabilities anyway
 * is left to the kernel. Used by app.c.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "lib/base/cleanup.h"
#include "lib/confine/app_priv.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "x86-64 and arm64 only"
#endif

#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)

#define NR	 offsetof(struct seccomp_data, nr)
#define ARG(n)	 (offsetof(struct seccomp_data, args) + (n)*8) /* low half: little endian */
#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define RET(v)	 BPF_STMT(BPF_RET | BPF_K, (v))
#define NO(code) RET(SECCOMP_RET_ERRNO | (code))
/* if the value is k, the next instruction, otherwise behind it */
#define IF(k)	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (k), 0, 1)
#define CALL(c) IF(__NR_##c), NO(EPERM)

static struct sock_filter program[] = {
	LOAD(offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
	NO(ENOSYS), /* another table of numbers: 32-bit programs */
	LOAD(NR),
#if defined(__x86_64__)
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* x32 */
	NO(ENOSYS),
#endif
	CALL(bpf),
	CALL(perf_event_open),
	CALL(userfaultfd),
	CALL(add_key),
	CALL(keyctl),
	CALL(request_key),
	CALL(setns),
	CALL(mount),
	CALL(umount2),
	CALL(pivot_root),
	CALL(open_tree),
	CALL(move_mount),
	CALL(fsopen),
	CALL(fspick),
	CALL(mount_setattr),
	/* Its flags cannot be looked at; programs do without. Nor can what is asked of the other.
	 */
	IF(__NR_clone3),
	NO(ENOSYS),
	IF(__NR_io_uring_setup),
	NO(ENOSYS),

	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 4),
	LOAD(ARG(0)),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1),
	NO(EPERM),
	LOAD(NR),

	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_unshare, 0, 4),
	LOAD(ARG(0)),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES | CLONE_NEWTIME, 0, 1),
	NO(EPERM),
	LOAD(NR),

	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_ioctl, 0, 6),
	LOAD(ARG(1)),
	IF(TIOCSTI),
	NO(EPERM),
	IF(TIOCLINUX),
	NO(EPERM),
	LOAD(NR),

	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 1, 0),
	RET(SECCOMP_RET_ALLOW),
	LOAD(ARG(0)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 5, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 4, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 3, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_PACKET, 1, 0), /* needs a capability */
	NO(EAFNOSUPPORT),
	RET(SECCOMP_RET_ALLOW),
};

int app_filter(void)
{
	struct sock_fprog all = {.len = ARRAY_SIZE(program), .filter = program};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all, 0, 0) < 0 ? -errno : 0;
}
