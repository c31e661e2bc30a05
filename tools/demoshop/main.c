/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shop_priv.h"

static const char help[] =
    "usage: demoshop [--port N] [--host A] [--data FILE] [--zone Z] [--fault F]\n"
    "\n"
    "A small shop over HTTP: orders, products, returns, shipping, customers, payments.\n"
    "\n"
    "  --port N     0 takes a free one; default 8081. The address is printed.\n"
    "  --host A     an IPv4 address of this machine; default 127.0.0.1\n"
    "  --data FILE  keeps what was done, so that a restart knows it\n"
    "  --zone Z     where the shop is; default Europe/Berlin\n"
    "  --fault F    slow=300ms,error=0.1,garbage=0.05,lost=1.0 (any of these)\n"
    "               error: answers 500 without acting; garbage: an answer that is no JSON;\n"
    "               lost: acts on a write, then closes the connection without an answer\n"
    "\n"
    "At run time: POST /debug/fault?prefix=/api/returns with such a text, or none;\n"
    "POST /debug/unreturn?order=ID: as if the order had never been sent back.\n"
    "GET /debug/acted?key=K tells how often a write with that key was acted upon.\n";

struct options {
    int port;
    const char *host, *data, *zone;
    struct shop_fault fault;
};

/* 0: go on; else exit code + 1. */
static int read_options(int argc, char **argv, struct options *o) {
    static const struct option longs[] = {
        {"port", 1, NULL, 'p'}, {"host", 1, NULL, 'o'},  {"data", 1, NULL, 'd'},
        {"zone", 1, NULL, 'z'}, {"fault", 1, NULL, 'f'}, {"help", 0, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        int64_t n = 0;
        switch (c) {
        case 'p':
            if (!pl_str_i64(pl_str_c(optarg), &n) || n < 0 || n > 65535) {
                fprintf(stderr, "demoshop: --port takes a number from 0 to 65535\n");
                return 3;
            }
            o->port = (int)n;
            break;
        case 'o': o->host = optarg; break;
        case 'd': o->data = optarg; break;
        case 'z': o->zone = optarg; break;
        case 'f':
            if (shop_fault_parse(pl_str_c(optarg), &o->fault)) break;
            fprintf(stderr, "demoshop: --fault takes slow=300ms,error=0.1,garbage=0.05,lost=1.0\n");
            return 3;
        case 'h': fputs(help, stdout); return 1;
        default: fputs(help, stderr); return 3;
        }
    }
    return 0;
}

int main(int argc, char **argv) {
    struct options o = {.port = 8081, .host = "127.0.0.1", .zone = "Europe/Berlin"};
    int stop = read_options(argc, argv, &o);
    if (stop) return stop - 1;
    setenv("TZ", o.zone, 1);
    tzset();
    struct shop shop = {0};
    enum pl_err err = shop_open(&shop, o.data);
    PL_PUSH(&shop.faults, o.fault);
    if (err) fprintf(stderr, "demoshop: %s: %s\n", o.data ? o.data : "start", pl_err_text(err));
    if (!err) {
        err = shop_serve(&shop, o.host, o.port);
        if (err)
            fprintf(stderr, "demoshop: cannot listen on %s:%d: %s\n", o.host, o.port,
                    strerror(errno));
    }
    shop_close(&shop);
    return err ? 2 : 0;
}
