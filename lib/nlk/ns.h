/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network namespaces of the calling thread. Other threads of the process are not affected. */
#ifndef VLSP_LIB_NLK_NS_H
#define VLSP_LIB_NLK_NS_H

/* Descriptor of the namespace that the calling thread is in, the caller closes it; or -errno. */
int nlk_ns_current(void);

/* Puts the calling thread into a new namespace (only lo inside, down) and returns its descriptor,
 * or -errno with the thread where it was. */
int nlk_ns_new(void);

/* Puts the calling thread into the namespace of that descriptor. 0 or -errno. */
int nlk_ns_enter(int ns);

/* Opens the namespace bound to path. Descriptor, -EINVAL if that is no network namespace, -errno.
 */
int nlk_ns_open(const char *path);

/* Gives the calling thread's namespace a name: makes the file path and binds the namespace on it.
 * -EEXIST when there is such a file (it is not touched). The namespace then lives until
 * nlk_ns_unbind(), without any process. */
int nlk_ns_bind(const char *path);
/* Removes the name; the namespace goes when nothing else holds it. 0 or -errno. */
int nlk_ns_unbind(const char *path);

#endif
