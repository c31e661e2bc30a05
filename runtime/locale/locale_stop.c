/* SPDX-License-Identifier: Apache-2.0
 *
 * Words that say little by themselves.
 */
#include "runtime/locale/locale_priv.h"

#include <string.h>

/* Folded, a blank at both ends of every word. */
static const struct {
    const char *language, *words;
} stops[] = {
    {"en",
     " the and for you your with that this have has had will would can could may are was were "
     "our not from they them their there its it's you'll you're we'll we're please also any "
     "all but get got how who what when where which into out about then than been being does "
     "did just more most some such too very only here yes should must able let make need want "
     "using use happy help glad welcome course thanks thank sorry hello hope great good question "
     "know else until more less see find like click visit tell think what's "},
    {"es",
     " los las una uno unos unas que con por para del sus tus mis como esta este estos estas "
     "puede puedes pueden tiene tienes hay ser son era fue desde hasta cuando donde todo toda "
     "todos muy mas pero tambien sin sobre entre nos les usted ustedes favor "},
    {"de",
     " der die das den dem des ein eine einen einem einer und oder mit von vom zum zur fur ist "
     "sind war wird werden kann konnen sie ihr ihre ihren wir uns auf aus bei nach als auch "
     "nur noch wenn dann haben hat bitte "},
    {"fr", " les des une dans avec pour par sur vous votre vos nous notre nos est sont etait sera "
           "peut pouvez que qui quand aussi plus tout tous toute mais ces cette cet "},
    {"it",
     " gli una uno del della dei delle con per che chi sono era puo puoi potete suo sua vostro "
     "nostro anche piu tutto tutti questa questo quando dove "},
    {"pt",
     " uma uns umas dos das com por para que seu sua seus suas voce voces pode podem esta este "
     "sao era quando onde mais tambem tudo todos "},
    {"ar",
     " في من على الى عن مع هذا هذه ذلك التي الذي ان او ثم كل قد لك لكم يمكنك يمكن كما عند بعد "
     "قبل اذا ما هل كان تكون يكون نعم "},
};

/* strstr looks at many bytes at a time: this is asked for every word of every text. */
bool pl_locale_among(const char *words, struct pl_str word) {
    char key[64];
    if (word.n == 0 || word.n > sizeof key - 3 || memchr(word.p, 0, word.n)) return false;
    key[0] = ' ';
    memcpy(key + 1, word.p, word.n);
    key[word.n + 1] = ' ';
    key[word.n + 2] = 0;
    return strstr(words, key) != NULL;
}

bool pl_locale_is_stop(struct pl_str language, struct pl_str folded) {
    size_t signs = 0;
    for (size_t at = 0; at < folded.n; signs++) pl_utf8_next(folded, &at);
    bool letters = folded.n > 0 && (uint8_t)folded.p[0] >= 'a' && (uint8_t)folded.p[0] <= 'z';
    for (size_t i = 0; i < PL_LEN(stops); i++)
        if (pl_str_eq(language, pl_str_c(stops[i].language)))
            return (letters && signs < 3) || pl_locale_among(stops[i].words, folded);
    return false;
}
