/* SPDX-License-Identifier: Apache-2.0
 *
 * usage: pl_model_load IMAGE outage TURNS SCALE [WORD]
 *        pl_model_load IMAGE blackout SECONDS SCALE
 *        pl_model_load IMAGE streams URL TIMES STREAMS SECONDS
 *
 * SCALE divides all times. With a WORD only kinds of outages with it in their names are played, and
 * times are not looked at. 0: as promised; 1: wrong; 2: it could not be measured; 3: right, but
 * slower than promised.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/load/model_load.h"

static struct rig rig;

static int number(const char *text) {
    return (int)strtol(text, NULL, 10);
}

int main(int argc, char **argv) {
    int code = 2;
    if (argc < 5) {
        fprintf(stderr, "usage: pl_model_load IMAGE outage|blackout|streams ...\n");
        return 2;
    }
    rig_open(&rig, argv[1]);
    if (strcmp(argv[2], "outage") == 0)
        code = outages(&rig, number(argv[3]), number(argv[4]), argc > 5 ? argv[5] : NULL);
    if (strcmp(argv[2], "blackout") == 0) code = blackout(&rig, number(argv[3]), number(argv[4]));
    if (strcmp(argv[2], "streams") == 0 && argc == 7)
        code = streams(&rig, argv[3], argv[4], (size_t)number(argv[5]), number(argv[6]));
    rig_close(&rig);
    return code;
}
