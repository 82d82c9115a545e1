/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libbpf says goes to the debug log; the last of it that tells a person why something failed
 * is kept, by thread.
 */
#ifndef VLSP_BPF_LOADER_TALK_H
#define VLSP_BPF_LOADER_TALK_H

/* From now on; to be called before libbpf is asked for something that may fail. */
void bld_talk_begin(void);
/* The last lines of the verifier's refusal, with "; " between them; "" if it refused nothing. */
const char *bld_talk_refusal(void);
/* The last warning; "" if there was none. */
const char *bld_talk_warning(void);

#endif
