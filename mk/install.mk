# SPDX-License-Identifier: GPL-2.0-or-later
# Installation: make install|uninstall [PREFIX=/usr/local] [DESTDIR=]. One list, INSTALLED, says where everything
# goes, and LINKS the symbolic links of the library; uninstall removes these and the directories that are ours
# alone, and nothing else.

BINDIR     := $(PREFIX)/bin
SBINDIR    := $(PREFIX)/sbin
LIBEXECDIR := $(PREFIX)/libexec/vlsp
SHAREDIR   := $(PREFIX)/share/vlsp
MANDIR     := $(PREFIX)/share/man
UNITDIR    := $(PREFIX)/lib/systemd/system
LIBDIR     := $(PREFIX)/lib
INCLUDEDIR := $(PREFIX)/include
COMPDIR    := $(PREFIX)/share/bash-completion/completions

# Wireshark has one directory for the plugins of all users, wherever VLSP is: an installation for the whole machine puts
# the dissector there, too. WIRESHARK_DIR= names another one, or none.
ifeq ($(origin WIRESHARK_DIR),undefined)
WIRESHARK_DIR := $(if $(filter /usr /usr/local,$(PREFIX)),$(or $(shell pkg-config --variable=plugindir wireshark \
		 2>/dev/null | sed 's|/[0-9.]*$$||'),/usr/lib/$(shell $(CC) -print-multiarch)/wireshark/plugins))
endif

MAN_SRCS := $(sort $(wildcard Documentation/man/*.scd))
MAN_BINS := $(patsubst Documentation/man/%.scd,$(O)/man/%,$(MAN_SRCS))
SCHEMA   := $(wildcard Documentation/*.schema.json)

# MODE:SOURCE:DESTINATION
man_rows  := $(foreach m,$(MAN_BINS),0644:$(m):$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))
INSTALLED := 0755:$(O)/vlsp:$(BINDIR)/vlsp \
	     0755:$(O)/vlspd:$(SBINDIR)/vlspd \
	     0755:$(O)/vlsp-router:$(LIBEXECDIR)/vlsp-router \
	     0755:$(O)/vlsp-relay:$(LIBEXECDIR)/vlsp-relay \
	     0755:$(O)/vlsp-supervisor:$(LIBEXECDIR)/vlsp-supervisor \
	     0755:packaging/vlsp-clean.sh:$(LIBEXECDIR)/vlsp-clean \
	     0644:packaging/completion/vlsp.bash:$(COMPDIR)/vlsp \
	     0644:$(O)/vlspd.service:$(UNITDIR)/vlspd.service \
	     $(foreach s,$(SCHEMA),0644:$(s):$(SHAREDIR)/$(notdir $(s))) \
	     0644:packaging/wireshark/vdp.lua:$(SHAREDIR)/wireshark/vdp.lua \
	     $(if $(WIRESHARK_DIR),0644:packaging/wireshark/vdp.lua:$(WIRESHARK_DIR)/vdp.lua) \
	     0644:include/vlsp/vlsp.h:$(INCLUDEDIR)/vlsp/vlsp.h \
	     0755:$(SHLIB):$(LIBDIR)/$(notdir $(SHLIB)) \
	     0644:$(O)/vlsp.pc:$(LIBDIR)/pkgconfig/vlsp.pc \
	     0644:$(O)/apps/about:$(LIBEXECDIR)/apps/about \
	     $(foreach a,$(APPS),0755:$(a):$(LIBEXECDIR)/apps/$(notdir $(a))) \
	     $(man_rows)

# A page of section 3 is found by each name of its NAME line.
man_names = $(shell sed -n '/^. NAME/{n;n;s/ - .*//;s/,//g;p}' $(1))
man_links = $(foreach n,$(filter-out $(basename $(notdir $(1:.scd=))),$(call man_names,$(1))),$(notdir $(1:.scd=)):$(MANDIR)/man3/$(n).3)

# TARGET:DESTINATION
LINKS := $(notdir $(SHLIB)):$(LIBDIR)/$(SHLIB_NAME) \
	 $(SHLIB_NAME):$(LIBDIR)/libvlsp.so \
	 $(foreach m,$(filter %.3.scd,$(MAN_SRCS)),$(call man_links,$(m)))

$(O)/man/%: Documentation/man/%.scd
	$(call say,MAN,$<)mkdir -p $(@D) && scdoc <$< >$@

$(O)/vlspd.service: packaging/systemd/vlspd.service.in $(O)/.prefix
	$(call say,GEN,$@)sed 's|@SBINDIR@|$(SBINDIR)|' $< >$@

$(O)/vlsp.pc: packaging/vlsp.pc.in $(O)/.prefix
	$(call say,GEN,$@)sed 's|@PREFIX@|$(PREFIX)|;s|@VERSION@|$(VERSION)|' $< >$@

# vlspd knows PREFIX: another one compiles that file again.
$(O)/obj/daemon/main_vlspd.o: $(O)/.prefix
$(O)/.prefix: FORCE
	@mkdir -p $(@D); [ "$$(cat $@ 2>/dev/null)" = '$(PREFIX)' ] || echo '$(PREFIX)' >$@

# The completion script is part of the program (.incbin).
$(O)/obj/cli/completion.o: packaging/completion/vlsp.bash

.PHONY: install uninstall FORCE
install: all $(MAN_BINS) $(O)/vlspd.service $(O)/vlsp.pc
	$(Q)set -e; for row in $(INSTALLED); do \
		mode=$${row%%:*}; rest=$${row#*:}; \
		install -D -m $$mode "$${rest%%:*}" "$(DESTDIR)$${rest#*:}"; \
		echo "  INSTALL $(DESTDIR)$${rest#*:}"; \
	done; \
	for row in $(LINKS); do \
		ln -sf "$${row%%:*}" "$(DESTDIR)$${row#*:}"; \
		echo "  INSTALL $(DESTDIR)$${row#*:}"; \
	done; \
	$(LDCONFIG)

# Programs find a new library where the loader looks by itself; a staged tree is somebody else's to finish.
LDCONFIG = case "$(DESTDIR)$(LIBDIR):$$(id -u)" in /usr/lib:0 | /usr/local/lib:0) ldconfig ;; esac

uninstall:
	$(Q)set -e; for row in $(INSTALLED); do \
		rm -f "$(DESTDIR)$${row##*:}"; \
	done; \
	for row in $(LINKS); do \
		rm -f "$(DESTDIR)$${row#*:}"; \
	done; \
	for dir in $(LIBEXECDIR)/apps $(LIBEXECDIR) $(SHAREDIR)/wireshark $(SHAREDIR) $(INCLUDEDIR)/vlsp \
		$(WIRESHARK_DIR) $(dir $(WIRESHARK_DIR)); do \
		[ ! -d "$(DESTDIR)$$dir" ] || rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$dir"; \
	done; \
	$(LDCONFIG)
