/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "shop_priv.h"

const struct shop_product shop_products[] = {
    {42,
     "Nike Air Max 2024",
     "shoes",
     "#c0392b",
     11049,
     12999,
     48,
     342,
     {{"8", 3}, {"9", 7}, {"10", 5}, {"11", 2}, {"12", 0}}},
    {43,
     "Nike Air Max 90",
     "shoes",
     "#7f8c8d",
     11999,
     11999,
     47,
     518,
     {{"8", 2}, {"9", 4}, {"10", 6}, {"11", 1}}},
    {44,
     "Nike Pegasus 41",
     "shoes",
     "#2980b9",
     13999,
     13999,
     46,
     207,
     {{"9", 5}, {"10", 8}, {"11", 3}}},
    {51, "Adidas Samba", "shoes", "#2c3e50", 9999, 9999, 49, 1204, {{"8", 0}, {"9", 1}, {"10", 0}}},
    {52, "Adidas Ultraboost", "shoes", "#16a085", 15299, 17999, 45, 431, {{"9", 6}, {"10", 9}}},
    {53,
     "New Balance 574",
     "shoes",
     "#8e44ad",
     8999,
     8999,
     46,
     655,
     {{"8", 4}, {"9", 4}, {"10", 4}}},
    {60, "Trail Runner GTX", "shoes", "#27ae60", 14900, 14900, 44, 88, {{"9", 2}, {"10", 2}}},
    {70,
     "Merino Hiking Socks",
     "clothing",
     "#d35400",
     1899,
     1899,
     47,
     962,
     {{"S", 40}, {"M", 55}, {"L", 31}}},
    {71,
     "Waterproof Jacket",
     "clothing",
     "#f39c12",
     12900,
     15900,
     43,
     174,
     {{"S", 3}, {"M", 8}, {"L", 6}, {"XL", 2}}},
    {72,
     "Running T-Shirt",
     "clothing",
     "#1abc9c",
     2999,
     2999,
     42,
     301,
     {{"S", 12}, {"M", 20}, {"L", 9}}},
    {80, "Everyday Backpack", "bags", "#34495e", 7950, 7950, 48, 540, {{"one size", 25}}},
    {81, "Canvas Tote Bag", "bags", "#bdc3c7", 2450, 2450, 41, 77, {{"one size", 0}}},
    {90,
     "Steel Water Bottle",
     "gear",
     "#95a5a6",
     2795,
     3295,
     49,
     1530,
     {{"500 ml", 60}, {"750 ml", 42}}},
};
const size_t shop_nproducts = PL_LEN(shop_products);

const struct shop_order shop_orders[] = {
    {.id = "ORDER123456789",
     .user = "USER-1001",
     .status = "OUT_FOR_DELIVERY",
     .place = "Local distribution center",
     .eta_days = 0,
     .delivered_days_ago = -1,
     .tracking = "TRK7749301855",
     .payment = "PAID",
     .lines = {{80, "one size", 1}, {70, "M", 2}}},
    {.id = "ORDER987654321",
     .user = "USER-1002",
     .status = "DELIVERED",
     .place = NULL,
     .eta_days = -1,
     .delivered_days_ago = 6,
     .tracking = "TRK5520147733",
     .payment = "PAID",
     .return_tracking = "RET123456789",
     .lines = {{42, "10", 1}}},
    {.id = "ORDER555000111",
     .user = "USER-1003",
     .status = "SHIPPED",
     .place = "Leipzig hub",
     .eta_days = 2,
     .delivered_days_ago = -1,
     .tracking = "TRK1180045520",
     .payment = "PAID",
     .lines = {{71, "L", 1}}},
    {.id = "ORDER555000222",
     .user = "USER-1003",
     .status = "PLACED",
     .place = NULL,
     .eta_days = 4,
     .delivered_days_ago = -1,
     .tracking = NULL,
     .payment = "FAILED",
     .lines = {{90, "750 ml", 2}}},
    {.id = "ORDER555000333",
     .user = "USER-1004",
     .status = "PACKED",
     .place = "Warehouse",
     .eta_days = 3,
     .delivered_days_ago = -1,
     .tracking = NULL,
     .payment = "PAID",
     .lines = {{53, "9", 1}, {72, "M", 1}}},
    {.id = "ORDER444000111",
     .user = "USER-1001",
     .status = "DELIVERED",
     .place = NULL,
     .eta_days = -1,
     .delivered_days_ago = 45,
     .tracking = "TRK8812004417",
     .payment = "PAID",
     .lines = {{44, "9", 1}}},
    {.id = "ORDER333000111",
     .user = "USER-1002",
     .status = "DELIVERED",
     .place = NULL,
     .eta_days = -1,
     .delivered_days_ago = 3,
     .tracking = "TRK6630091200",
     .payment = "PAID",
     .lines = {{53, "9", 1}, {72, "M", 3}}},
    {.id = "ORDER444000222",
     .user = "USER-1004",
     .status = "CANCELLED",
     .place = NULL,
     .eta_days = -1,
     .delivered_days_ago = -1,
     .tracking = NULL,
     .payment = "REFUNDED",
     .lines = {{52, "10", 1}}},
};
const size_t shop_norders = PL_LEN(shop_orders);

const struct shop_user shop_users[] = {
    {"USER-1001", "Alex Morgan", "alex@example.com", "+15550100101", "VIP", "en-US"},
    {"USER-1002", "Sam Rivera", "sam@example.com", "+15550100102", "Regular", "en-US"},
    {"USER-1003", "Lucía Fernández", "lucia@example.com", "+34600100103", "New", "es-ES"},
    {"USER-1004", "Omar Haddad", "omar@example.com", "+966500100104", "At-Risk", "ar-SA"},
};
const size_t shop_nusers = PL_LEN(shop_users);

const struct shop_product *shop_product_numbered(int number) {
    for (size_t i = 0; i < shop_nproducts; i++)
        if (shop_products[i].number == number) return &shop_products[i];
    return NULL;
}

/* "PROD-000042" or "42". */
const struct shop_product *shop_product_of(struct pl_str id) {
    int64_t number;
    if (pl_str_starts(id, PL_STR("PROD-"))) id = (struct pl_str){id.p + 5, id.n - 5};
    return pl_str_i64(id, &number) && number < 1000000 ? shop_product_numbered((int)number) : NULL;
}

/* A word of at most 31 bytes as a C string; gives what is left. */
static struct pl_str next_word(struct pl_str s, char word[32]) {
    size_t n = 0;
    while (s.n && isspace((unsigned char)*s.p)) s.p++, s.n--;
    for (; s.n && !isspace((unsigned char)*s.p); s.p++, s.n--)
        if (n < 31) word[n++] = *s.p;
    word[n] = 0;
    return s;
}

static bool has_words(const char *name, struct pl_str words) {
    char word[32];
    size_t n = 0;
    for (words = next_word(words, word); word[0]; words = next_word(words, word), n++)
        if (!strcasestr(name, word)) return false;
    return n > 0;
}

/* Of several, the first in the list: the newest model comes first. */
const struct shop_product *shop_product_named(struct pl_str name) {
    for (size_t i = 0; i < shop_nproducts; i++)
        if (has_words(shop_products[i].name, name)) return &shop_products[i];
    return NULL;
}
