-- SPDX-License-Identifier: Apache-2.0
-- Products of the demo shop: names for the recogniser, one product, similar ones, price watch.

-- "10", "xl" and "500ml" are the sizes "10", "XL" and "500 ml".
local function plain(size)
  return size:lower():gsub("%s", "")
end

-- `was` and `discount` only while there is one; stock is that of the size asked for, or of all sizes; `size` is
-- the size asked for as the shop writes it, if the product is made in it at all.
local function product_of(p, size)
  local stock, known = 0, nil
  for s, n in pairs(p.stock) do
    local same = size ~= nil and plain(s) == plain(size)
    if size == nil or same then stock = stock + n end
    if same then known = s end
  end
  local info = {
    id = p.productId,
    name = p.name,
    price = { amount = p.price, currency = p.currency },
    stock = stock,
    size = known,
    sizes = p.sizes,
    rating = p.rating,
    reviews = p.reviewCount,
    photo = p.image,
    page = p.url,
  }
  if p.listPrice > p.price then
    info.was = { amount = p.listPrice, currency = p.currency }
    info.discount = math.floor((1 - p.price / p.listPrice) * 100 + 0.5)
  end
  return info
end

-- Letters and digits alone: "nike airmax" and "Nike Air Max" are the same.
local function letters(text)
  return (text:lower():gsub("[^%w]", ""))
end

-- How much of a name stands in what was written, from 0 to 1, by its pieces of three letters: "Nike Air Maxx" and
-- "I want the adidas ultra boost" have all of a name in them, a typo costs three pieces.
local function likeness(name, written)
  local found, all = 0, 0
  for i = 1, #name - 2 do
    all = all + 1
    if written:find(name:sub(i, i + 2), 1, true) then found = found + 1 end
  end
  return all > 0 and found / all or 0
end

local function names_of(reply)
  if reply.status ~= 200 then return nil end
  return reply.json.names
end

return {
  -- Nicknames are understood too, but only products are offered.
  names = function()
    local reply = http.get("shop", "/api/products")
    local names = names_of(reply)
    if names == nil then return fail("unavailable") end
    for _, name in ipairs(reply.json.nicknames or {}) do names[#names + 1] = name end
    return names
  end,

  search = function(words)
    local names = names_of(http.get("shop", "/api/products"))
    if names == nil then return fail("unavailable") end
    local near, written = {}, letters(words)
    for i, name in ipairs(names) do
      local like = likeness(letters(name), written)
      if like >= 0.6 then near[#near + 1] = { name = name, like = like, at = i } end
    end
    table.sort(near, function(a, b)
      if a.like ~= b.like then return a.like > b.like end
      return a.at < b.at
    end)
    local found = {}
    for i = 1, math.min(3, #near) do found[i] = near[i].name end
    return found
  end,

  find = function(name, size)
    local reply = http.get("shop", "/api/products", { query = { name = name } })
    if reply.status == 404 then return fail("not_found") end
    if reply.status ~= 200 then return fail("unavailable") end
    return product_of(reply.json, size)
  end,

  similar = function(id)
    local reply = http.get("shop", "/api/products/" .. http.escape(id) .. "/similar")
    if reply.status ~= 200 then return fail("unavailable") end
    local products = {}
    for i, p in ipairs(reply.json.products) do products[i] = product_of(p) end
    return products
  end,

  watch = function(id, email)
    local reply = http.post("shop", "/api/products/" .. http.escape(id) .. "/watch",
                            { json = { email = email } })
    if reply.status ~= 200 then return fail("unavailable") end
  end,
}
