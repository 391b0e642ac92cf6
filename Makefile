# klog: GNU make.  A new source, program, test or page needs no edit here.
#
#   make            the programs, in build/bin
#   make check      install what is missing, build, lint, every quick test
#   make check-long the same with the long tests
#   make lint       prints nothing when all is well
#   make format     bring the sources into the form lint asks for
#   make SANITIZE=1 everything with address and undefined sanitizers
#
# V=1 prints whole command lines.

DEPS_BUILD = gcc make libc6-dev libzstd-dev zlib1g-dev liblz4-dev \
	libsnappy-dev libisal-dev libyajl-dev libpcre2-dev libsodium-dev
DEPS_TEST = bats binutils btrfs-progs clang clang-format clang-tidy cppcheck \
	e2fsprogs fish fuse3 jq kcat libclang-rt-14-dev libfuse3-dev mandoc patch \
	openssh-server python3 shellcheck strace valgrind xfsprogs zsh

PREFIX = /usr/local
DESTDIR =
CC = gcc
JOBS := $(shell nproc)
SANITIZE =
FUZZ =
V =

.DEFAULT_GOAL = all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ifeq ($(FUZZ),1)
BUILD = build/fuzz
CHECKS = -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
else ifeq ($(SANITIZE),1)
BUILD = build/asan
CHECKS = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
else
BUILD = build
CHECKS =
endif

WARN = -Wall -Wextra -Wshadow -Wconversion -Werror
CORE_FLAGS = -std=c11 -D_GNU_SOURCE -Ilibcore -include libcore/banned.h
CMD_FLAGS = $(CORE_FLAGS) -Icmd
CFLAGS = -O2 -g
# Instrumented code makes gcc see what is not there: no warnings then.
ALL_CFLAGS = $(if $(CHECKS),-w,$(WARN)) -fstack-protector-strong $(CFLAGS) $(CHECKS)
ALL_LDFLAGS = $(CHECKS) $(LDFLAGS) -Wl,--as-needed
# A library is linked only into the programs that use it (--as-needed).
# Symbols are bound when first called: start-up time counts.
LIBS_JSON = -lyajl
LIBS = -lzstd -lz -llz4 -lisal $(LIBS_JSON) -lpcre2-8 -lsodium -lpthread -ldl

# ---- what there is ----

CORE_SRC := $(wildcard libcore/*.c)
SHARED_SRC := $(filter-out cmd/klog.c cmd/klog-%.c, $(wildcard cmd/*.c))
PROGS := $(sort $(patsubst cmd/%.c,%, $(wildcard cmd/klog.c cmd/klog-*.c)) \
	$(patsubst cmd/%/,%, $(dir $(wildcard cmd/klog-*/*.c))))
PROG_SRC := $(wildcard cmd/klog.c cmd/klog-*.c cmd/klog-*/*.c)
UNITS := $(patsubst tests/unit/%.c,%, $(wildcard tests/unit/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,%, $(wildcard tests/fuzz/*.c))
# Where libfuse is not there, the tests that need this disk are skipped.
FUSE_SRC := $(if $(wildcard /usr/include/fuse3/fuse.h),\
	tests/blockcut/fusedisk.c)
POWERCUT_SRC := $(wildcard tests/powercut/*.c)
CLEAN_SRC := $(wildcard tests/clean/*.c)
TEST_SRC := $(wildcard tests/unit/*.c tests/fuzz/*.c tests/fuzz/*/*.c) \
	$(FUSE_SRC) $(CLEAN_SRC) \
	$(POWERCUT_SRC)
MAN := $(wildcard man/*.[1-8])
ALL_SRC := $(CORE_SRC) $(SHARED_SRC) $(PROG_SRC) $(TEST_SRC)
HEADERS := $(wildcard libcore/*.h cmd/*.h cmd/klog-*/*.h tests/*/*.h)

OBJ = $(BUILD)/obj
BINS := $(PROGS:%=$(BUILD)/bin/%)
UNIT_BINS := $(UNITS:%=$(BUILD)/tests/unit/%)
FUZZ_BINS := $(FUZZERS:%=$(BUILD)/tests/fuzz/%)
POWERCUT = $(BUILD)/tests/powercut/model
FUSE_BINS := $(FUSE_SRC:%.c=$(BUILD)/%)
CLEAN_BINS := $(CLEAN_SRC:%.c=$(BUILD)/%)
ARCHIVES = $(BUILD)/libcmd.a $(BUILD)/libcore.a
objects = $(patsubst %.c,$(OBJ)/%.o,$(1))

ifeq ($(V),1)
Q =
say = @:
else
Q = @
say = @printf '  %-4s %s\n'
endif

.PHONY: all deps deps-build check check-long lint bench demo install \
	uninstall clean tests completions format fuzzers valgrind FORCE \
	lint-built lint-all lint-tree

all: $(BINS) $(ARCHIVES)
tests: all $(UNIT_BINS) $(FUZZ_BINS) $(FUSE_BINS) $(CLEAN_BINS) $(POWERCUT)
fuzzers: $(FUZZ_BINS)

# ---- compiling ----

# Rewritten only if compiler or flags changed; every object depends on it.
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(CC) $(CMD_FLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LIBS)' | \
		cmp -s - $@ || \
		echo '$(CC) $(CMD_FLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LIBS)' > $@

$(OBJ)/libcore/%.o: libcore/%.c $(BUILD)/flags
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(CORE_FLAGS) $(ALL_CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(OBJ)/%.o: %.c $(BUILD)/flags
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(CMD_FLAGS) $(ALL_CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# The list of members is a dependency: a file taken away leaves the archive.
$(BUILD)/%.members: FORCE
	@mkdir -p $(BUILD)
	@echo '$(MEMBERS)' | cmp -s - $@ || echo '$(MEMBERS)' > $@
$(BUILD)/libcore.members: MEMBERS = $(CORE_SRC)
$(BUILD)/libcmd.members: MEMBERS = $(SHARED_SRC)

$(BUILD)/libcore.a: $(call objects,$(CORE_SRC)) $(BUILD)/libcore.members
$(BUILD)/libcmd.a: $(call objects,$(SHARED_SRC)) $(BUILD)/libcmd.members
$(BUILD)/%.a:
	$(say) AR $@
	@rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

define link
$(say) LD $@
@mkdir -p $(@D)
$(Q)$(CC) $(ALL_LDFLAGS) $(LINK_EXTRA) -o $@ $(filter %.o,$^) $(ARCHIVES) \
	$(LIBS)
endef

program = $(BUILD)/bin/$(1): \
	$(call objects,$(wildcard cmd/$(1).c cmd/$(1)/*.c)) $(ARCHIVES)
$(foreach p,$(PROGS),$(eval $(call program,$(p))))
$(BINS):
	$(link)

$(UNIT_BINS): $(BUILD)/tests/unit/%: $(OBJ)/tests/unit/%.o $(ARCHIVES)
	$(link)

# With FUZZ=1 libFuzzer brings main(), else a driver that replays the corpus.
ifeq ($(FUZZ),1)
$(FUZZ_BINS): LINK_EXTRA = -fsanitize=fuzzer
else
$(FUZZ_BINS): $(OBJ)/tests/fuzz/replay/main.o
endif
$(FUZZ_BINS): $(BUILD)/tests/fuzz/%: $(OBJ)/tests/fuzz/%.o $(ARCHIVES)
	$(link)

$(FUSE_BINS): private LIBS += -lfuse3
$(FUSE_BINS) $(CLEAN_BINS): $(BUILD)/%: $(OBJ)/%.o $(ARCHIVES)
	$(link)

# The core's system calls are led to a file system in memory.
$(POWERCUT): LINK_EXTRA = @tests/powercut/wraps
$(POWERCUT): $(call objects,$(POWERCUT_SRC)) $(ARCHIVES) tests/powercut/wraps
	$(link)

-include $(patsubst %.c,$(OBJ)/%.d,$(ALL_SRC))

# ---- testing ----

deps:
	@tests/install-deps $(DEPS_BUILD) $(DEPS_TEST)
deps-build:
	@tests/install-deps $(DEPS_BUILD)

SUB = $(MAKE) --no-print-directory -j$(JOBS)

check: deps
	@$(SUB) tests
	@$(SUB) SANITIZE=1 tests
	@tests/run-suites -j $(JOBS) quick

check-long: deps
	@$(SUB) tests
	@$(SUB) SANITIZE=1 tests
	@$(SUB) FUZZ=1 CC=clang fuzzers
	@$(SUB) valgrind
	@LINT_NODES=225000 tests/run-suites -j $(JOBS) long

# Programs of the same names that run the real ones under valgrind.
valgrind: all
	@rm -rf build/valgrind && mkdir -p build/valgrind/bin
	@for p in $(PROGS); do \
		printf '%s\n' '#!/bin/sh' \
		    'exec valgrind -q --error-exitcode=99 --leak-check=full \' \
		    "	--errors-for-leak-kinds=definite $(CURDIR)/build/bin/$$p \"\$$@\"" \
		    > build/valgrind/bin/$$p && \
		chmod +x build/valgrind/bin/$$p || exit 1; \
	done

bench: all $(FUSE_BINS)
	@KLOG_BIN=$(CURDIR)/$(BUILD)/bin QUICK=$(QUICK) tests/bench/run

demo: deps-build
	@$(SUB) all
	@PATH="$(CURDIR)/$(BUILD)/bin:$$PATH" sh examples/demo

# ---- lint: silent when all is well ----

LINT = build/lint
SHELL_SRC := $(wildcard .ci/run tests/cmd/*.bats tests/*/*.bash) \
	$(shell grep -lIE '^\#!.*[/ ](ba|da)?sh' -r tests examples 2>/dev/null)

lint:
	@$(SUB) all >/dev/null
	@$(SUB) -s -k --output-sync=target lint-all

# The same when the programs are built, so that nothing changes under tests.
lint-built:
	@$(SUB) -s -k --output-sync=target lint-all

lint-all: lint-tree $(ALL_SRC:%=$(LINT)/%.ok) $(HEADERS:%=$(LINT)/%.ok) \
	$(MAN:%=$(LINT)/%.ok) $(sort $(SHELL_SRC:%=$(LINT)/%.ok))

$(LINT)/libcore/%.c.ok: libcore/%.c .clang-tidy .clang-format tests/lint/c
	@tests/lint/c $< $@ $(CORE_FLAGS) $(WARN)
$(LINT)/%.c.ok: %.c .clang-tidy .clang-format tests/lint/c
	@tests/lint/c $< $@ $(CMD_FLAGS) $(WARN)
$(LINT)/%.h.ok: %.h .clang-format tests/lint/format
	@mkdir -p $(@D) && tests/lint/format $< && touch $@
$(LINT)/man/%.ok: man/% tests/lint/page
	@mkdir -p $(@D) && tests/lint/page $< && touch $@
$(LINT)/%.ok: %
	@mkdir -p $(@D) && shellcheck -x -P SCRIPTDIR $< && touch $@

-include $(ALL_SRC:%=$(LINT)/%.d)

# What needs the whole tree, or is quick enough to do every time.
lint-tree:
	@tests/lint/layers libcore
	@tests/lint/silent build/libcore.a
	@tests/lint/sizes $(ALL_SRC) $(HEADERS)
	@tests/lint/words
	@tests/lint/bats
	@tests/lint/options build/bin $(PROGS)

format:
	@$(if $(ALL_SRC)$(HEADERS),tests/lint/format --fix $(ALL_SRC) $(HEADERS))

# ---- completions: generated from the option tables, committed ----

completions: all
	@tests/lint/options --write build/bin $(PROGS)

# ---- installing ----

BINDIR = $(PREFIX)/bin
MANDIR = $(PREFIX)/share/man
DOCDIR = $(PREFIX)/share/doc/klog
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR = $(PREFIX)/share/zsh/$(if $(filter \
	/usr /usr/,$(PREFIX)),vendor-completions,site-functions)
FISHDIR = $(PREFIX)/share/fish/vendor_completions.d
EXAMPLES := $(shell find examples -type f 2>/dev/null)

# One "source target mode" a word, so that uninstall removes just that.
page = man$(subst .,,$(suffix $(1)))/$(notdir $(1))
INSTALLED = $(foreach p,$(PROGS),$(BUILD)/bin/$(p):$(BINDIR)/$(p):755) \
	$(foreach m,$(MAN),$(m):$(MANDIR)/$(call page,$(m)):644) \
	$(foreach c,$(notdir $(wildcard completions/bash/*)),$(strip \
		completions/bash/$(c):$(BASHDIR)/$(c):644)) \
	$(foreach c,$(notdir $(wildcard completions/zsh/_*)),$(strip \
		completions/zsh/$(c):$(ZSHDIR)/$(c):644)) \
	$(foreach c,$(notdir $(wildcard completions/fish/*)),$(strip \
		completions/fish/$(c):$(FISHDIR)/$(c):644)) \
	$(foreach f,$(wildcard README.md LICENSE),$(f):$(DOCDIR)/$(f):644) \
	$(foreach f,$(EXAMPLES),$(f):$(DOCDIR)/$(f):$(strip \
		$(if $(shell test -x $(f) && echo x),755,644)))

install: all
	@for word in $(INSTALLED); do \
		mode=$${word##*:} rest=$${word%:*}; \
		install -D -m $$mode "$${rest%%:*}" \
		    "$(DESTDIR)$${rest#*:}" || exit 1; \
	done

uninstall:
	@for word in $(INSTALLED); do \
		rest=$${word%:*}; \
		rm -f "$(DESTDIR)$${rest#*:}" || exit 1; \
	done
	@if [ -d "$(DESTDIR)$(DOCDIR)" ]; then \
		find "$(DESTDIR)$(DOCDIR)" -depth -type d -empty -delete; \
	fi

clean:
	rm -rf build
