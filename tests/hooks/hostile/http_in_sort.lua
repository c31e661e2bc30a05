-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Asks the shop from a comparator, which cannot wait.

return {
  run = function()
    local t = { 2, 1, 3 }
    table.sort(t, function(a, b) return http.get("shop", "/").status > a + b end)
    return 1
  end,
}
