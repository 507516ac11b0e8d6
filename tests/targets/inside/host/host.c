// A program of C with Go in it: linked in (LINKED), or in the libraries its arguments name.
//
//	host [cold|gone|panic] [leak N] LIBRARY...
//
// "cold" leaves no page of a file in memory that nobody can write to, "gone" ends the first thread
// before the others, "panic" has Go panic in the last library, "leak N" has N goroutines leaked in
// each.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef void (*function)(void);
typedef void (*counted)(int);

#ifdef LINKED
#include "libinside.h"
static void *open_library(const char *path) { return (void *)path; }
static void *find(void *library, const char *name) {
	(void)library;
	if (strcmp(name, "Serve") == 0) return Serve;
	if (strcmp(name, "Leak") == 0) return Leak;
	if (strcmp(name, "Wait") == 0) return Wait;
	if (strcmp(name, "Through") == 0) return Through;
	if (strcmp(name, "Panic") == 0) return Panic;
	return strcmp(name, "Settle") == 0 ? (void *)Settle : (void *)Dump;
}
#else
static void *open_library(const char *path) {
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return library;
}
static void *find(void *library, const char *name) { return dlsym(library, name); }
#endif

static void *run(void *f) {
	((function)f)();
	return NULL;
}

static void start(function f) {
	pthread_t thread;
	pthread_create(&thread, NULL, run, f);
}

// As the kernel does where memory is short: what is as in its file has to be read again. What the
// linker wrote to before it made the page read-only stays.
static void forget(void) {
	const uint64_t of_file = 1ULL << 61;
	const unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);
	const int pagemap = open("/proc/self/pagemap", O_RDONLY);
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	while (fgets(line, sizeof line, maps) != NULL) {
		unsigned long start, end;
		char access[5], file[4096];
		if (sscanf(line, "%lx-%lx %4s %*x %*s %*u %4095s", &start, &end, access, file) != 4) continue;
		if (strcmp(access, "r--p") != 0 || file[0] != '/') continue;
		for (unsigned long at = start; at < end; at += page) {
			uint64_t entry = 0;
			pread(pagemap, &entry, sizeof entry, (off_t)(at / page * sizeof entry));
			if (entry & of_file) madvise((void *)at, page, MADV_DONTNEED);
		}
	}
	fclose(maps);
	close(pagemap);
}

int main(int argc, char **argv) {
	int cold = 0, gone = 0, panics = 0, leaks = 0;
	void *library = NULL;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "cold") == 0) {
			cold = 1;
		} else if (strcmp(argv[i], "gone") == 0) {
			gone = 1;
		} else if (strcmp(argv[i], "panic") == 0) {
			panics = 1;
		} else if (strcmp(argv[i], "leak") == 0 && i + 1 < argc) {
			leaks = atoi(argv[++i]);
		} else {
			library = open_library(argv[i]);
			((counted)find(library, "Serve"))(3);
			((counted)find(library, "Leak"))(leaks);
			start((function)find(library, "Wait"));
			start((function)find(library, "Through"));
			((function)find(library, "Settle"))();
			((function)find(library, "Dump"))();
		}
	}
	if (cold) forget();
	printf("READY\n");
	fflush(stdout);
	if (panics) ((function)find(library, "Panic"))();
	if (gone) pthread_exit(NULL);
	for (;;) pause();
}
