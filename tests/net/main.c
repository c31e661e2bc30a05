/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/net/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

void net_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int net_free_port(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) != 0)
        DIE("no free port");
    close(fd);
    return ntohs(at.sin_port);
}

/* The quick form is for the check, the long one for tools/torture.sh. */
static const struct {
    const char *name;
    void (*run)(struct site *s, const struct net_options *o);
    struct net_options quick, full;
} parts[] = {
    {"cut", cut_run, {.turns = 240}, {.turns = 10000}},
    {"drain",
     drain_run,
     {.sockets = 60, .rate = 200, .seconds = 1},
     {.sockets = 5000, .rate = 1000, .seconds = 20}},
    {"hostile",
     hostile_run,
     {.sockets = 60, .turns = 2},
     {.sockets = 10000, .turns = 1000, .full = true}},
    {"slow",
     slow_run,
     {.sockets = 20, .rate = 100, .seconds = 1},
     {.sockets = 5000, .rate = 1000, .seconds = 10, .full = true}},
};

static bool option(struct net_options *o, const char *name, const char *value) {
    const struct {
        const char *name;
        long *to;
    } rows[] = {{"--sockets", &o->sockets},
                {"--rate", &o->rate},
                {"--seconds", &o->seconds},
                {"--turns", &o->turns}};
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        if (strcmp(rows[i].name, name) != 0) continue;
        *rows[i].to = atol(value);
        return *rows[i].to > 0;
    }
    return false;
}

static int usage(void) {
    fprintf(stderr, "usage: net_torture quick | PART [--sockets N] [--rate N] [--seconds N] "
                    "[--turns N]\nparts:");
    for (size_t i = 0; i < PL_LEN(parts); i++) fprintf(stderr, " %s", parts[i].name);
    fputc('\n', stderr);
    return 2;
}

int main(int argc, char **argv) {
    static struct site site;
    bool quick = argc == 2 && strcmp(argv[1], "quick") == 0;
    size_t first = 0, behind = PL_LEN(parts);
    struct net_options full = {0};
    if (!quick) {
        while (argc > 1 && first < PL_LEN(parts) && strcmp(argv[1], parts[first].name) != 0)
            first++;
        if (argc < 2 || first == PL_LEN(parts)) return usage();
        behind = first + 1;
        full = parts[first].full;
        for (int i = 2; i < argc; i += 2)
            if (i + 1 == argc || !option(&full, argv[i], argv[i + 1])) return usage();
    }
    give_up_after(quick ? 140 : 3600);
    net_descriptors();
    site_open(&site, "flows");
    site_shop(&site, NULL);
    for (size_t i = first; i < behind; i++) parts[i].run(&site, quick ? &parts[i].quick : &full);
    site_close(&site);
    return 0;
}
