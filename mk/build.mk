# SPDX-License-Identifier: GPL-2.0-or-later
# Objects, the internal archive, the BPF skeleton and the programs.
#
# DIRS may be narrowed to build only some directories while others are being worked on.

DIRS ?= $(sort $(patsubst %/,%,$(dir $(wildcard lib/*/*.c daemon/*/*.c bpf/loader/*.c cli/*.c))))
MAINS := $(wildcard daemon/main_*.c daemon/router/main.c daemon/relay/main.c daemon/supervisor/main.c cli/main.c)
APP_LIB := $(filter $(wildcard apps/*.c),$(patsubst %.h,%.c,$(wildcard apps/*.h)))
SRCS  := $(filter-out $(MAINS) lib/client/libcurl.c,$(foreach d,$(DIRS),$(wildcard $(d)/*.c))) $(APP_LIB)
OBJS  := $(SRCS:%.c=$(O)/obj/%.o)
LIB   := $(O)/libvlsp-internal.a

PROGRAMS := $(if $(wildcard daemon/main_vlspd.c),$(O)/vlspd) \
	    $(if $(wildcard daemon/router/main.c),$(O)/vlsp-router) \
	    $(if $(wildcard daemon/relay/main.c),$(O)/vlsp-relay) \
	    $(if $(wildcard daemon/supervisor/main.c),$(O)/vlsp-supervisor) \
	    $(if $(wildcard cli/main.c),$(O)/vlsp)

$(O)/obj/%.o: %.c
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(OBJS)
	$(call say,AR,$@)rm -f $@ && ar rcs $@ $(OBJS)

$(O)/vlspd: $(O)/obj/daemon/main_vlspd.o $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS_vlspd) -o $@

$(O)/vlsp-router: $(O)/obj/daemon/router/main.o $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS_vlsp-router) -o $@

$(O)/vlsp-relay: $(O)/obj/daemon/relay/main.o $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS_vlsp-relay) -o $@

$(O)/vlsp-supervisor: $(O)/obj/daemon/supervisor/main.o $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS_vlsp-supervisor) -o $@

$(O)/vlsp: $(O)/obj/cli/main.o $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS_vlsp) -o $@

# libvlsp.so: lib/client, and what it needs of lib/base. It needs nothing but the C library: lib/client/libcurl.c.
SHLIB_SRCS := $(wildcard lib/client/*.c) lib/base/bpfring.c lib/base/checksum.c lib/base/err.c lib/base/name.c \
	      lib/base/utf8.c lib/topo/match.c
SHLIB_OBJS := $(SHLIB_SRCS:%.c=$(O)/pic/%.o)
SHLIB      := $(O)/libvlsp.so.$(VERSION)
SHLIB_NAME := libvlsp.so.$(firstword $(subst ., ,$(VERSION)))

$(O)/pic/%.o: %.c
	$(call say,PIC,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -MMD -MP -c $< -o $@

$(SHLIB): $(SHLIB_OBJS) lib/client/libvlsp.map
	$(call say,LD,$@)$(CC) $(CFLAGS) -shared -Wl,-soname,$(SHLIB_NAME) -Wl,--version-script=lib/client/libvlsp.map \
		$(if $(filter asan fuzz,$(MODE)),,-Wl,-z,defs) $(SHLIB_OBJS) $(LDFLAGS) -lpthread -o $@

$(O)/libvlsp.so: $(SHLIB)
	$(Q)ln -sf $(notdir $(SHLIB)) $(O)/$(SHLIB_NAME) && ln -sf $(SHLIB_NAME) $@

# Applications: one file each, which knows include/vlsp only; what they share has a header. The library is found beside
# build/apps, and from PREFIX/libexec/vlsp/apps in PREFIX/lib, wherever the tree is put.
APPS    := $(patsubst %.c,$(O)/%,$(filter-out $(APP_LIB),$(wildcard apps/*.c)))
APP_ARC := $(O)/libapps.a

$(APP_ARC): $(APP_LIB:%.c=$(O)/obj/%.o)
	$(call say,AR,$@)rm -f $@ && ar rcs $@ $^

.SECONDARY: $(APPS:$(O)/%=$(O)/obj/%.o)
$(O)/apps/%: $(O)/obj/apps/%.o $(APP_ARC) | $(O)/libvlsp.so
	$(call say,APP,$@)mkdir -p $(@D) && $(CC) $(CFLAGS) $^ -L$(O) -lvlsp \
		-Wl,-rpath,'$$ORIGIN/..:$$ORIGIN/../../../lib' $(LDFLAGS) -lm -lpthread -o $@

# What each is for, as it says itself: "NAME<tab>A LINE". Read by vlspd. RUNNER: what runs programs of another machine.
$(O)/apps/about: $(APPS)
	$(call say,GEN,$@)for app in $(sort $(APPS)); do \
		printf '%s\t%s\n' "$${app##*/}" "$$($(RUNNER) $$app --help | sed -n 2p)" || exit 1; done >$@

# BPF: one object, one skeleton, embedded in vlspd.
CPU        := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
BPF_ARCH   := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(CPU)))
BPF_CFLAGS := -g -O2 -target bpf -D__TARGET_ARCH_$(BPF_ARCH) -I. -I/usr/include/$(CPU)-linux-gnu -Wall -Wextra -Werror -Wno-address-of-packed-member
BPF_HDRS   := $(wildcard bpf/inc/*.h include/shared/*.h)

$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(BPF_HDRS)
	$(call say,BPF,$<)mkdir -p $(@D) && $(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(O)/gen/%.skel.h: $(O)/bpf/%.bpf.o
	$(call say,SKEL,$@)mkdir -p $(@D) && $(BPFTOOL) gen skeleton $< name $* > $@

.SECONDARY: $(patsubst bpf/%.bpf.c,$(O)/bpf/%.bpf.o,$(wildcard bpf/*.bpf.c))

$(filter $(O)/obj/bpf/loader/%.o,$(OBJS)): $(patsubst bpf/%.bpf.c,$(O)/gen/%.skel.h,$(wildcard bpf/*.bpf.c))

.PHONY: clean deps
clean:
	rm -rf build

-include $(OBJS:.o=.d) $(SHLIB_OBJS:.o=.d) $(APPS:$(O)/%=$(O)/obj/%.d) $(patsubst %.c,$(O)/obj/%.d,$(MAINS))
