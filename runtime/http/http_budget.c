/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/http/http_priv.h"

/* Empties the seconds that have passed since the last look. */
static size_t turn(struct pl_http_budget *b, int64_t now_us) {
    int64_t second = now_us / 1000000;
    int64_t passed = second - b->second;
    if (passed >= 60 || b->second == 0) {
        memset(b->requests, 0, sizeof b->requests);
        memset(b->retries, 0, sizeof b->retries);
        b->second = second;
    }
    for (; b->second < second; b->second++) {
        b->requests[(b->second + 1) % 60] = 0;
        b->retries[(b->second + 1) % 60] = 0;
    }
    return (size_t)(b->second % 60);
}

void pl_http_budget_count(struct pl_http_budget *b, int64_t now_us) {
    b->requests[turn(b, now_us)]++;
}

bool pl_http_budget_take(struct pl_http_budget *b, int64_t now_us) {
    size_t at = turn(b, now_us);
    uint32_t requests = 0, retries = 0;
    for (size_t i = 0; i < 60; i++) {
        requests += b->requests[i];
        retries += b->retries[i];
    }
    uint32_t allowed = requests / 10 > 1 ? requests / 10 : 1;
    if (retries >= allowed) return false;
    b->retries[at]++;
    return true;
}
