/* SPDX-License-Identifier: Apache-2.0
 *
 * Wall clock time by ICU's time zone rules, in the Gregorian calendar.
 */
#include "runtime/locale/locale_priv.h"

#include <string.h>

#define MOST_ZONES 256

static bool zone_name(struct pl_str zone, char out[64], UChar u[64], int32_t *n) {
    if (zone.n == 0 || zone.n >= 64 || !pl_locale_ascii(zone)) return false;
    memcpy(out, zone.p, zone.n);
    out[zone.n] = 0;
    if (strlen(out) != zone.n) return false;
    u_charsToUChars(out, u, (int32_t)zone.n + 1);
    *n = (int32_t)zone.n;
    return true;
}

bool pl_locale_zone_known(struct pl_str zone) {
    char name[64];
    UChar u[64], canonical[128];
    int32_t n = 0;
    if (!zone_name(zone, name, u, &n)) return false;
    UErrorCode err = U_ZERO_ERROR;
    UBool system = 0;
    ucal_getCanonicalTimeZoneID(u, n, canonical, PL_LEN(canonical), &system, &err);
    return U_SUCCESS(err) && system;
}

UCalendar *pl_locale__calendar(struct pl_locale_tools *t, struct pl_str zone) {
    struct pl_locale_zone z = {0};
    UChar u[64];
    int32_t n = 0;
    if (!zone_name(zone, z.name, u, &n)) zone_name(PL_STR("Etc/UTC"), z.name, u, &n);
    for (size_t i = 0; i < t->zones.n; i++)
        if (strcmp(t->zones.v[i].name, z.name) == 0) return t->zones.v[i].cal;
    UErrorCode err = U_ZERO_ERROR;
    z.cal = ucal_open(u, n, "en_US", UCAL_GREGORIAN, &err); /* an unknown zone is GMT to ICU */
    pl_assert(U_SUCCESS(err));
    ucal_setAttribute(z.cal, UCAL_REPEATED_WALL_TIME, UCAL_WALLTIME_FIRST);
    ucal_setAttribute(z.cal, UCAL_SKIPPED_WALL_TIME, UCAL_WALLTIME_NEXT_VALID);
    ucal_setGregorianChange(z.cal, -1e18, &err); /* proleptic, as value's dates are */
    if (t->zones.n < MOST_ZONES) {
        PL_PUSH(&t->zones, z);
    } else {
        ucal_close(t->zones.v[MOST_ZONES - 1].cal);
        t->zones.v[MOST_ZONES - 1] = z;
    }
    return z.cal;
}

struct pl_local pl_locale_to_local(struct pl_locale_tools *t, struct pl_str zone, int64_t ms) {
    UCalendar *c = pl_locale__calendar(t, zone);
    UErrorCode err = U_ZERO_ERROR;
    ucal_setMillis(c, (UDate)ms, &err);
    int32_t offset = ucal_get(c, UCAL_ZONE_OFFSET, &err) + ucal_get(c, UCAL_DST_OFFSET, &err);
    return (struct pl_local){
        .year = (int16_t)ucal_get(c, UCAL_YEAR, &err),
        .month = (uint8_t)(ucal_get(c, UCAL_MONTH, &err) + 1),
        .day = (uint8_t)ucal_get(c, UCAL_DATE, &err),
        .hour = (uint8_t)ucal_get(c, UCAL_HOUR_OF_DAY, &err),
        .minute = (uint8_t)ucal_get(c, UCAL_MINUTE, &err),
        .second = (uint8_t)ucal_get(c, UCAL_SECOND, &err),
        .weekday = (uint8_t)((ucal_get(c, UCAL_DAY_OF_WEEK, &err) + 5) % 7), /* Sunday is 1 */
        .offset_minutes = offset / 60000,
    };
}

int64_t pl_locale_local_to_utc(struct pl_locale_tools *t, struct pl_str zone, struct pl_local w) {
    UCalendar *c = pl_locale__calendar(t, zone);
    UErrorCode err = U_ZERO_ERROR;
    ucal_clear(c);
    ucal_setDateTime(c, w.year, w.month - 1, w.day, w.hour, w.minute, w.second, &err);
    return (int64_t)ucal_getMillis(c, &err);
}
