-- SPDX-License-Identifier: Apache-2.0
-- Parcels: where one is, and text messages about it.

return {
  track = function(tracking)
    local reply = http.get("shop", "/api/shipping/" .. http.escape(tracking))
    if reply.status == 404 then return fail("not_found") end
    if reply.status ~= 200 then return fail("unavailable") end
    local s = reply.json
    return {
      tracking = s.trackingNumber,
      carrier = s.carrier,
      status = s.status:lower(),
      place = s.currentLocation,
      eta = s.estimatedDelivery,
    }
  end,

  subscribe = function(order, phone)
    local reply = http.post("shop", "/api/shipping/subscribe", { json = { orderId = order, phone = phone } })
    if reply.status ~= 200 then return fail("unavailable") end
  end,
}
