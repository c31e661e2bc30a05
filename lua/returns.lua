-- SPDX-License-Identifier: Apache-2.0
-- Returns: may this order go back, and the label for it.

local hindrances = { NOT_DELIVERED = "not_delivered", CANCELLED = "cancelled", TOO_LATE = "too_late" }

local function items_of(e)
  local items = {}
  for i, line in ipairs(e.items) do
    items[i] = {
      id = line.productId,
      name = line.name,
      size = line.size,
      quantity = line.quantity,
      price = { amount = line.price, currency = e.currency },
      photo = line.image,
    }
  end
  return items
end

return {
  check = function(order)
    local reply = http.get("shop", "/api/returns/" .. http.escape(order) .. "/eligibility")
    if reply.status == 404 then return fail("not_found") end
    if reply.status ~= 200 then return fail("unavailable") end
    local e = reply.json
    return {
      ok = e.eligible,
      why = hindrances[e.reason],
      started = e.returnStarted,
      window = e.windowDays .. "d",
      refund = { amount = e.refundAmount, currency = e.currency },
      days_min = e.refundDaysMin,
      days_max = e.refundDaysMax,
      items = items_of(e),
    }
  end,

  create = function(order, reason, item)
    local reply = http.post("shop", "/api/returns", { json = { orderId = order, reason = reason, productId = item } })
    if reply.status == 404 or reply.status == 422 then return fail("refused") end
    if reply.status ~= 200 then return fail("unavailable") end
    local r = reply.json
    return { tracking = r.trackingNumber, minutes = r.labelMinutes, carrier = r.carrier }
  end,
}
