-- SPDX-License-Identifier: Apache-2.0
-- Hooks that hurt.

return {
  loop = function()
    while true do end
  end,

  eat = function()
    local all = {}
    while true do all[#all + 1] = string.rep("x", 1000) .. #all end
  end,

  -- A pattern that needs more steps than there will ever be time for, deep inside C.
  crash = function()
    return string.rep("a", 100000):match(string.rep("a-", 50) .. "b") or "none"
  end,

  wait = function()
    local reply = http.get("shop", "/api/orders/ORDER123456789")
    if reply.status ~= 200 then return fail("unavailable") end
    return "heard"
  end,

  swings = function(text, locale, folded)
    if folded:find("swing for ever", 1, true) then while true do end end
    local from, to = folded:find("sw%-%d")
    if not from then return {} end
    return { { from = from, to = to, value = text:sub(from, to) } }
  end,
}
