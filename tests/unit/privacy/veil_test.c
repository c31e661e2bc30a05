/* SPDX-License-Identifier: Apache-2.0
 *
 * What is personal in a text, and that a model sees none of it while the customer gets it back.
 */
#include "runtime/locale/locale.h"
#include "runtime/privacy/privacy.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

struct fix {
    struct pl_locale_tools *t;
    struct pl_arena a;
};

static int setup(void **state) {
    static struct fix f;
    f.t = pl_locale_tools_new();
    pl_arena_init(&f.a, 0);
    *state = &f;
    return f.t == NULL;
}

static int teardown(void **state) {
    struct fix *f = *state;
    pl_locale_tools_free(&f->t);
    pl_arena_free(&f->a);
    return 0;
}

static const struct pl_personal_known known[] = {
    {PL_PERSONAL_NAME, {"María López", sizeof "María López" - 1}},
    {PL_PERSONAL_NAME, {"王小明", sizeof "王小明" - 1}},
    {PL_PERSONAL_NAME, {"فاطمة الزهراء", sizeof "فاطمة الزهراء" - 1}},
    {PL_PERSONAL_ADDRESS,
     {"Hauptstraße 12a, 10115 Berlin", sizeof "Hauptstraße 12a, 10115 Berlin" - 1}},
    {PL_PERSONAL_PRIVATE, {"blue diary", sizeof "blue diary" - 1}},
    {PL_PERSONAL_NAME, {"Jürgen Weißgerber", sizeof "Jürgen Weißgerber" - 1}},
    {PL_PERSONAL_NAME, {"Mehmet Kılıç", sizeof "Mehmet Kılıç" - 1}},
    {PL_PERSONAL_NAME, {"أحمد القحطاني", sizeof "أحمد القحطاني" - 1}},
    {PL_PERSONAL_NAME, {"王伟", sizeof "王伟" - 1}},
    {PL_PERSONAL_SECRET, {"Zq17Wv", sizeof "Zq17Wv" - 1}},
};

/* ---- finding: [kind:text] where something personal stands ---- */

static const char *const finds[] = {
    "write to [EMAIL:ana.b+shop@example.co.uk]. Thanks",
    "[EMAIL:josé@correo.es], [EMAIL:x@y]",
    "我的邮箱是[EMAIL:ana@example.com]谢谢",
    "call [PHONE:+49 (30) 1234567] or [PHONE:(555) 123-4567]",
    "اتصل بي على [PHONE:٠٥٠١٢٣٤٥٦٧]",
    "[PHONE:５５５１２３４５６７]",
    "my IBAN is [IBAN:DE89 3704 0044 0532 0130 00], thanks",
    "[IBAN:GB82WEST12345698765432]",
    "from [IP:192.168.1.20] and [IP:2001:db8::1], not 1.2.3",
    "I am [NAME:Maria Lopez], yes, [NAME:LÓPEZ]!",
    "我叫[NAME:王小明]",
    "أنا [NAME:فاطمة]",
    "it goes to [ADDRESS:HAUPTSTRASSE 12a] in [ADDRESS:10115 Berlin]",
    "Berlin is nice",
    "about my [PRIVATE:Blue Diary]",
    "[EMAIL:maria@lopez.es] is [NAME:María]",
    "wide [EMAIL:ana＠example.com], all of it [EMAIL:ａｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ]",
    "[PHONE:01712345678, 01729876543]",
    "on 22.11.2026 [PHONE:01712345678] rang, [PHONE:01712345678 22.11.2026] too",
    "tel[PHONE:05551234567], flat B12 [PHONE:0171 2345678], ORDER123456789 [PHONE:0171 2345678]",
    "an IBAN with a mistake, DE00 [PHONE:1234 5678 9012 3456 78]",
    "[IBAN:DE89\n3704\u00a00044 0532 0130 00], IBAN[IBAN:DE89370400440532013000]",
    "[IBAN:ＤＥ８９３７０４００４４０５３２０１３０００] [IBAN:DE٨٩٣٧٠٤٠٠٤٤٠٥٣٢٠١٣٠٠٠]",
    "[NAME:Juergen Weissgerber] and [NAME:Weißgerbers] and [NAME:JÜRGEN]",
    "[NAME:Mehmet'in] ve [NAME:Mehmete] ve [NAME:KILIÇ]",
    "سلم [NAME:لأحمد والقحطاني] ثم [NAME:للقحطاني]",
    "我叫[NAME:王伟]，你好",
    "in der [ADDRESS:Hauptstr. 12a, 10115] B.",
    "my code is [SECRET:Zq17Wv]",
    "card [CARD:4111 1111 1111 1111] [PHONE:0171 2345678], [IBAN:DE89370400440532013000] "
    "[PHONE:0171 2345678]",
    "SSN [ID:219-09-9999], ssn [ID:219099999]",
    "what [PHONE:219099999] is",
    "[ID:AB 12 34 56 C], [ID:86 095 742 719], [ID:2 55 08 14 168 025 38], [ID:255081416802538]",
    "[ID:12345678Z], [ID:X-1234567-L], [ID:rssmra85t10a562s]",
    "NIF [ID:123 456 789], bsn: [ID:111222333], a significant [PHONE:123456789]",
    "[ID:44051401359], [ID:10000000146], [ID:111.444.777-35], [ID:11.222.333/0001-81]",
    "[ID:11010519491231002X], [ID:900101-1234567], マイナンバー[ID:1234 5678 9018]",
    "[ID:2341 2341 2346], СНИЛС [ID:112-233-445 95], ИНН [ID:7707083893], ИНН [ID:500100732259]",
    "[ID:756.9217.0769.85], [ID:85.07.30-033.28]",
    /* a check digit is wrong, or there are more groups */
    "[PHONE:2341 2341 2346 2341] or [PHONE:2341 2341 2341 2346] or [PHONE:2341-2341 2346]",
    "[PHONE:86095742718] or [PHONE:12345678]A, RSSMRA85T10A562T, [PHONE:44051401358]",
    "[PHONE:111.444.777-36] or [PHONE:+44051401359]",
    /* not personal */
    "ORDER12345678Z, AB1234567C",
    "ORDER123456789 on 2026-11-22 for 129.99, or 22.11.2026 09:00",
    "RET123456789 has 5 units, 4.8/5, 342 reviews",
    "at 10:30:15 of 5 units, sizes 40, 41, 42, 43, 44, 45, 46, 47",
    "",
};

static void put_found(struct pl_buf *b, struct pl_str s, const struct pl_personal *v, size_t n) {
    static const char *const words[] = {
#define PERSONAL(name, word) word,
#include "runtime/privacy/personal.def"
#undef PERSONAL
    };
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        pl_buf_add(b, s.p + done, v[i].start - done);
        pl_buf_printf(b, "[%s:%.*s]", words[v[i].kind], (int)(v[i].end - v[i].start),
                      s.p + v[i].start);
        done = v[i].end;
    }
    pl_buf_add(b, s.p + done, s.n - done);
    pl_buf_byte(b, 0);
}

/* The text of a row without its marks. */
static struct pl_str plain(struct pl_arena *a, const char *row) {
    struct pl_buf b = {0};
    for (const char *p = row; *p; p++) {
        if (*p == '[')
            p = strchr(p, ':');
        else if (*p != ']')
            pl_buf_byte(&b, (uint8_t)*p);
    }
    struct pl_str s = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}

static void finds_what_is_personal(void **state) {
    struct fix *f = *state;
    for (size_t i = 0; i < PL_LEN(finds); i++) {
        const struct pl_personal *v;
        size_t n;
        struct pl_str s = plain(&f->a, finds[i]);
        assert_int_equal(pl_privacy_find(f->t, &f->a, s, known, PL_LEN(known), &v, &n), PL_OK);
        struct pl_buf b = {0};
        put_found(&b, s, v, n);
        assert_string_equal(b.p, finds[i]);
        pl_buf_free(&b);
    }
}

/* ---- hiding and putting back ---- */

static const char key[] = "a conversation's own key";

static struct pl_veil *veil(struct fix *f, const char *k) {
    return pl_veil_new(f->t, &f->a, pl_str_c(k), known, PL_LEN(known));
}

static void a_model_sees_none_and_the_customer_all(void **state) {
    struct fix *f = *state;
    const char *text = "I'm María López, ana@example.com, ⟦EMAIL_00000000⟧, +34 600 123 456";
    struct pl_veil *v = veil(f, key);
    struct pl_str hidden, again;
    assert_int_equal(pl_veil_hide(v, pl_str_c(text), &hidden), PL_OK);
    static const char *const parts[] = {"María", "López", "ana", "example", "600"};
    for (size_t i = 0; i < PL_LEN(parts); i++)
        assert_int_equal(pl_str_find(hidden, pl_str_c(parts[i])), SIZE_MAX);
    assert_int_equal(pl_veil_hide(veil(f, key), pl_str_c(text), &again), PL_OK);
    assert_true(pl_str_eq(hidden, again)); /* the same in every turn */
    assert_int_equal(pl_veil_hide(veil(f, "another conversation's key"), pl_str_c(text), &again),
                     PL_OK);
    assert_false(pl_str_eq(hidden, again));
    for (size_t cut = 0; cut <= hidden.n; cut++) {
        struct pl_buf b = {0};
        pl_veil_show(v, (struct pl_str){hidden.p, cut}, false, &b);
        pl_veil_show(v, (struct pl_str){hidden.p + cut, hidden.n - cut}, true, &b);
        pl_buf_byte(&b, 0);
        assert_string_equal(b.p,
                            "I'm María López, ana@example.com, [EMAIL_00000000], +34 600 123 456");
        pl_buf_free(&b);
    }
    assert_int_equal(pl_veil_foreign(v), 0);
}

static void show(struct pl_veil *v, const char *text, const char *expected) {
    struct pl_buf whole = {0}, bytes = {0};
    pl_veil_show(v, pl_str_c(text), true, &whole);
    for (size_t i = 0; text[i]; i++)
        pl_veil_show(v, (struct pl_str){text + i, 1}, text[i + 1] == 0, &bytes);
    pl_buf_byte(&whole, 0);
    pl_buf_byte(&bytes, 0);
    assert_string_equal(whole.p, expected);
    assert_string_equal(bytes.p, expected);
    pl_buf_free(&whole);
    pl_buf_free(&bytes);
}

static void foreign_placeholders_are_left_out(void **state) {
    struct fix *f = *state;
    struct pl_veil *v = veil(f, key);
    show(v, "to ⟦EMAIL_7f3a09c2⟧!", "to !");
    assert_int_equal(pl_veil_foreign(v), 2); /* whole, and byte by byte */
    show(v, "a ⟦", "a ");
    show(v, "a ⟦⟧ b", "a  b");
    show(v, "a ⟦EMAIL_", "a ");
    show(v, "⟨x⟩ ≤ ⟪y⟫ ⟧", "⟨x⟩ ≤ ⟪y⟫ ⟧");
    show(v, "⟦⟦PHONE_1⟧ ok", " ok");
    show(v, "⟦AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA b", "AAAAAAAAAAAAA b");
}

/* All kinds at once, cut into two and into three at every byte; nothing foreign beside them is. */
static void all_own_come_back_however_cut(void **state) {
    struct fix *f = *state;
    const char *text = "Maria Lopez <ana@example.com>, DE89 3704 0044 0532 0130 00, 192.168.1.20, "
                       "+34 600 123 456, Hauptstr. 12a, my blue diary, 我叫王小明, أنا فاطمة";
    struct pl_veil *v = veil(f, key);
    struct pl_str hidden;
    assert_int_equal(pl_veil_hide(v, pl_str_c(text), &hidden), PL_OK);
    for (size_t i = 0; i <= hidden.n; i++)
        for (size_t k = i; k <= hidden.n; k += i % 8 == 0 ? 1 : 37) {
            struct pl_buf b = {0};
            pl_veil_show(v, (struct pl_str){hidden.p, i}, false, &b);
            pl_veil_show(v, (struct pl_str){hidden.p + i, k - i}, false, &b);
            pl_veil_show(v, (struct pl_str){hidden.p + k, hidden.n - k}, true, &b);
            assert_true(pl_str_is(pl_buf_slice(&b), text));
            pl_buf_free(&b);
        }
    assert_int_equal(pl_veil_foreign(v), 0);
}

/* Nearly one of ours is none of ours: each of its signs changed, left out, twice, in other case. */
static void look_alikes_are_foreign(void **state) {
    struct fix *f = *state;
    struct pl_veil *v = veil(f, key);
    struct pl_str own;
    assert_int_equal(pl_veil_hide(v, PL_STR("ana@example.com"), &own), PL_OK);
    for (size_t i = 0; i < own.n; i++)
        for (int how = 0; how < 4; how++) {
            struct pl_buf near = {0}, out = {0};
            uint8_t c = (uint8_t)own.p[i], other = c == '0' ? '1' : '0';
            if (how == 2 && (i == 0 || i + 1 == own.n))
                continue; /* that is one, and a byte beside */
            if (how == 3 && !((c | 32) >= 'a' && (c | 32) <= 'z')) continue;
            pl_buf_str(&near, (struct pl_str){own.p, i});
            if (how != 1) pl_buf_byte(&near, how == 0 ? other : how == 3 ? c ^ 32 : c);
            if (how == 2) pl_buf_byte(&near, c);
            pl_buf_str(&near, (struct pl_str){own.p + i + 1, own.n - i - 1});
            pl_veil_show(v, pl_buf_slice(&near), true, &out);
            if (pl_str_find(pl_buf_slice(&out), PL_STR("ana@")) != SIZE_MAX)
                fail_msg("put back: %.*s", (int)near.n, near.p);
            pl_buf_free(&near);
            pl_buf_free(&out);
        }
    show(v, "⟦⟦EMAIL_⟦EMAIL_7f3a09c2⟧⟧⟧", "⟧⟧");
}

static void a_value_is_covered_as_a_whole(void **state) {
    struct fix *f = *state;
    struct pl_veil *v = veil(f, key);
    struct pl_str one, two;
    assert_int_equal(pl_veil_cover(v, PL_PERSONAL_PRIVATE, PL_STR("a b"), &one), PL_OK);
    assert_int_equal(pl_veil_cover(v, PL_PERSONAL_NAME, PL_STR("a b"), &two), PL_OK);
    assert_false(pl_str_eq(one, two));
    struct pl_buf b = {0};
    pl_veil_show(v, one, false, &b);
    pl_veil_show(v, two, true, &b);
    assert_true(pl_str_eq(pl_buf_slice(&b), PL_STR("a ba b")));
    pl_buf_free(&b);
}

static void cards_are_gone_for_good(void **state) {
    struct fix *f = *state;
    struct pl_str out;
    assert_int_equal(pl_veil_hide(veil(f, key), PL_STR("4111 1111 1111 1111"), &out), PL_OK);
    assert_true(pl_str_eq(out, PL_STR("•••• 1111")));
}

static void without_memory_nothing_is_believed(void **state) {
    struct fix *f = *state;
    struct pl_arena small;
    pl_arena_init(&small, 4096);
    struct pl_veil *v = pl_veil_new(f->t, &small, pl_str_c(key), NULL, 0);
    struct pl_str text = PL_STR("ana@example.com ben@example.com ");
    struct pl_buf b = {0};
    for (int i = 0; i < 200; i++) pl_buf_str(&b, text);
    struct pl_str out = {0};
    assert_int_equal(pl_veil_hide(v, pl_buf_slice(&b), &out), PL_NOMEM);
    assert_int_equal(out.n, 0);
    pl_buf_free(&b);
    pl_arena_free(&small);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_personal),
        cmocka_unit_test(a_model_sees_none_and_the_customer_all),
        cmocka_unit_test(foreign_placeholders_are_left_out),
        cmocka_unit_test(all_own_come_back_however_cut),
        cmocka_unit_test(look_alikes_are_foreign),
        cmocka_unit_test(a_value_is_covered_as_a_whole),
        cmocka_unit_test(cards_are_gone_for_good),
        cmocka_unit_test(without_memory_nothing_is_believed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
