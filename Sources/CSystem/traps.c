#define _GNU_SOURCE
#include "CSystem.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

// What the calling thread is at, for a message that must be written without memory or locks.
static __thread char note[96];

void holdfast_trap_note(const char *text) {
    strncpy(note, text, sizeof note - 1);
}

static void write_all(const char *text) {
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written <= 0) return;
        text += written;
        length -= (size_t)written;
    }
}

static void on_trap(int signal_number) {
    if (note[0] != '\0') {
        write_all("the process was ended by a broken invariant during ");
        write_all(note);
        write_all("\n");
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

int holdfast_announce_traps(void) {
    const int signals[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_trap;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (sigaction(signals[i], &action, NULL) != 0) return -1;
    return 0;
}
