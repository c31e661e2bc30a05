-- SPDX-License-Identifier: Apache-2.0
-- "Tell me when it is back."

return {
  restock = function(id, email)
    local reply = http.post("shop", "/api/notifications/restock", { json = { productId = id, email = email } })
    if reply.status ~= 200 then return fail("unavailable") end
  end,
}
