-- SPDX-License-Identifier: Apache-2.0
-- Products of the demo shop: names for the recogniser, one product, similar ones, price watch.

-- `was` and `discount` only while there is one; stock is that of the size asked for, or of all sizes.
local function product_of(p, size)
  local stock = 0
  for s, n in pairs(p.stock) do
    if size == nil or s == size then stock = stock + n end
  end
  local info = {
    id = p.productId,
    name = p.name,
    price = { amount = p.price, currency = p.currency },
    stock = stock,
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

return {
  names = function()
    local reply = http.get("shop", "/api/products")
    if reply.status ~= 200 then return fail("unavailable") end
    return reply.json.names
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
