-- SPDX-License-Identifier: Apache-2.0
-- Payments of an order: state, another try, money back.

local function payment_of(p)
  return {
    id = p.paymentId,
    status = p.status:lower(),
    amount = { amount = p.amount, currency = p.currency },
  }
end

local function changed(reply)
  if reply.status == 404 or reply.status == 422 then return fail("refused") end
  if reply.status ~= 200 then return fail("unavailable") end
  return payment_of(reply.json)
end

return {
  status = function(order)
    local reply = http.get("shop", "/api/payments/" .. http.escape(order) .. "/status")
    if reply.status == 404 then return fail("not_found") end
    if reply.status ~= 200 then return fail("unavailable") end
    return payment_of(reply.json)
  end,

  retry = function(order)
    return changed(http.post("shop", "/api/payments/" .. http.escape(order) .. "/retry"))
  end,

  refund = function(order)
    return changed(http.post("shop", "/api/payments/refunds", { json = { orderId = order } }))
  end,
}
