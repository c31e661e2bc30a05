-- SPDX-License-Identifier: Apache-2.0
-- The shopping cart of the demo shop.

return {
  add = function(id, size)
    local reply = http.post("shop", "/api/cart", { json = { productId = id, size = size, quantity = 1 } })
    if reply.status == 422 then return fail("sold_out") end
    if reply.status ~= 200 then return fail("unavailable") end
    local cart = reply.json
    return {
      id = cart.cartId,
      count = cart.count,
      total = { amount = cart.total, currency = cart.currency },
    }
  end,
}
