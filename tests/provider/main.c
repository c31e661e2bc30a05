/* SPDX-License-Identifier: Apache-2.0
 *
 * The provider as a program: fake_provider [--port P] [--streams DIR] [--record FILE] [--times
 * FILE] [SITE=MANNER ...] fake_provider --port 8090 "a=cut at=5 share=0.1" Faults are changed while
 * it runs: curl -d "stall at=4" http://127.0.0.1:8090/a/fault
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/provider/provider.h"

static int usage(FILE *to, int code) {
    fputs("usage: fake_provider [--port P] [--streams DIR] [--record FILE] [--times FILE]\n"
          "                     [SITE=MANNER ...]\n"
          "  SITE is a letter, MANNER a fault of tests/provider/fault.def: \"a=cut at=5\"\n",
          to);
    return code;
}

/* Every option is a known one and has its value. */
static bool are_sound(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-') continue;
        bool known = strcmp(argv[i], "--port") == 0 || strcmp(argv[i], "--streams") == 0 ||
                     strcmp(argv[i], "--record") == 0 || strcmp(argv[i], "--times") == 0;
        if (!known || ++i == argc) return false;
    }
    return true;
}

int main(int argc, char **argv) {
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return usage(stdout, 0);
    if (!are_sound(argc, argv)) return usage(stderr, 2);

    const char *streams = "tests/provider/streams", *record = NULL, *times = NULL;
    struct provider_manner m;
    int port = 0, signal_number;
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--port") == 0)
            port = (int)strtol(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--streams") == 0)
            streams = argv[i + 1];
        else if (strcmp(argv[i], "--record") == 0)
            record = argv[i + 1];
        else if (strcmp(argv[i], "--times") == 0)
            times = argv[i + 1];
        else
            break;
    }
    struct provider *p = provider_start(streams, port);
    if (!p) {
        fprintf(stderr, "fake_provider: cannot listen on port %d\n", port);
        return 2;
    }
    if ((record && !provider_record(p, record)) || (times && !provider_times(p, times))) {
        fprintf(stderr, "fake_provider: cannot write %s\n", times ? times : record);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            i++;
            continue;
        }
        bool sound = argv[i][0] >= 'a' && argv[i][0] <= 'z' && argv[i][1] == '=' &&
                     provider_manner_parse(argv[i] + 2, &m);
        if (!sound) {
            fprintf(stderr, "fake_provider: '%s' is no SITE=MANNER; see fault.def\n", argv[i]);
            return 2;
        }
        provider_set(p, argv[i][0], m);
    }
    printf("fake provider: http://127.0.0.1:%d/a/v1\n", provider_port(p));
    fflush(stdout);
    sigwait(&stop, &signal_number);
    provider_stop(&p);
    return 0;
}
