-- SPDX-License-Identifier: Apache-2.0
-- Orders of the demo shop: find, list, cancel, change the address.
-- A function gets the hook's arguments and returns what its declaration in lua/README.md says.

local function money(amount, currency)
  return { amount = amount, currency = currency }
end

-- The shop's words for a status are upper case; the flows' are lower case.
local function order_of(o)
  local items = {}
  for i, line in ipairs(o.items) do
    items[i] = {
      id = line.productId,
      name = line.name,
      size = line.size,
      quantity = line.quantity,
      price = money(line.price, o.currency),
      photo = line.image,
    }
  end
  return {
    id = o.orderId,
    status = o.status:lower(),
    place = o.currentLocation,
    eta = o.estimatedDelivery,
    delivered_at = o.deliveredAt,
    tracking = o.trackingNumber,
    total = money(o.total, o.currency),
    items = items,
  }
end

local function list(query)
  local reply = http.get("shop", "/api/orders", { query = query })
  if reply.status ~= 200 then return fail("unavailable") end
  local orders = {}
  for i, o in ipairs(reply.json.orders) do orders[i] = order_of(o) end
  return orders
end

local function path_of(id)
  return "/api/orders/" .. http.escape(id)
end

-- What a change of an order may answer: 200 done; 404 and 422 the shop says no; all else is unclear, and
-- the server then finds out with the same key.
local function changed(reply)
  if reply.status == 404 or reply.status == 422 then return fail("refused") end
  if reply.status ~= 200 then return fail("unavailable") end
end

return {
  find = function(id)
    local reply = http.get("shop", path_of(id))
    if reply.status == 404 then return fail("not_found") end
    if reply.status ~= 200 then return fail("unavailable") end
    return order_of(reply.json)
  end,

  of_customer = function(customer)
    return list({ userId = customer })
  end,

  cancel = function(id)
    return changed(http.post("shop", path_of(id) .. "/cancel"))
  end,

  of_email = function(email)
    return list({ email = email })
  end,

  set_address = function(id, street, town)
    local address = town and street .. ", " .. town or street
    return changed(http.patch("shop", path_of(id), { json = { shippingAddress = address } }))
  end,
}
